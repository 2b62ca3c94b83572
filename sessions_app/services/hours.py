from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from mentorship.kernel.jobs import nudge
from mentorship.kernel.locking import lock_people
from mentorship.kernel.tasks import run_job
from mentorship.people.models import User
from sessions_app.models import WeeklyRule


@transaction.atomic
def set_hours(*, mentor: User, rules: Iterable[tuple[int, int, int]]) -> None:
    """Replace the mentor's weekly hours by these (weekday, start_minute, end_minute).

    Only what can be booked from now on changes: sessions keep their times. The lock is the one a booking takes, so a
    booking sees the old week or the new one, and two saves do not add up.
    """
    lock_people([mentor.pk])
    WeeklyRule.objects.filter(mentor=mentor).delete()
    WeeklyRule.objects.bulk_create(
        WeeklyRule(mentor=mentor, weekday=day, start_minute=start, end_minute=end)
        for day, start, end in sorted(set(rules))
    )
    # The marketplace's projection stands above this floor; its job is known here by name only.
    nudge(run_job, "refresh_listings")
