from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from mentorship.demo.moving import NEVER, one_at_a_time, run_due
from mentorship.demo.seed.accounts import new_person
from mentorship.demo.seed.hours import lea_plans
from mentorship.demo.seed.mentors import MENTORS, make_mentor
from mentorship.demo.seed.stage import Student
from mentorship.demo.seed.students import STUDENTS
from mentorship.people.models import User
from notifications.models import Delivery, Notification


def seed(now: datetime) -> int:
    """Make the demo's people, each in a transaction of their own. Who exists already is left alone. Returns how many."""
    with one_at_a_time():
        known = set(User.objects.filter(email__endswith="@demo.test").values_list("email", flat=True))
        made = _admin(known) + _mentors(known, now) + _students(known, now)
        if "lea@demo.test" not in known:
            lea_plans(now)  # her students are there to hear of it
        if made:
            _let_the_past_be_past(now)
            # No server listens yet for what the sandbox has to tell; a worker will deliver it.
            run_due(now, leave_out=(*NEVER, "deliver_sandbox_webhooks"))
        return made


def _admin(known: set[str]) -> int:
    if "admin@demo.test" in known:
        return 0
    with transaction.atomic():
        new_person("admin@demo.test", "Alex Admin", is_staff=True, is_superuser=True)
    return 1


def _mentors(known: set[str], now: datetime) -> int:
    missing = [spec for spec in MENTORS if f"{spec.key}@demo.test" not in known]
    for spec in missing:
        with transaction.atomic():
            make_mentor(spec, now)
    return len(missing)


def _students(known: set[str], now: datetime) -> int:
    missing = [role for role in STUDENTS if f"{role.key}@demo.test" not in known]
    for role in missing:
        with transaction.atomic():
            role.story(Student(new_person(f"{role.key}@demo.test", role.name, role.zone), now))
    for role in missing:
        if role.later is not None:
            with transaction.atomic():
                role.later(Student(User.objects.get(email=f"{role.key}@demo.test"), now))
    return len(missing)


def _let_the_past_be_past(now: datetime) -> None:
    """What was told more than a day ago was mailed and read then; the drawer begins with today's mails."""
    yesterday = now - timedelta(days=1)
    old = Delivery.objects.filter(status=Delivery.Status.PENDING, created_at__lt=yesterday)
    old.update(status=Delivery.Status.SENT, sent_at=F("created_at"))
    Notification.objects.filter(created_at__lt=yesterday, read_at=None).update(read_at=F("created_at"))
