"""A mentor is away: every session it touches is settled by one decision, and a long one moves the packs' expiry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from mentorship.kernel import jobs
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.kernel.tasks import run_job
from mentorship.people.models import User
from packs.models import SessionPack
from packs.services import shift_expiry
from sessions_app.availability import first_moment
from sessions_app.models import Session, Vacation
from sessions_app.services.cancelling import cancel

KEEP, CANCEL = "keep", "cancel"


def span_of(mentor: User, first_day: date, last_day: date) -> tuple[datetime, datetime]:
    """The instants of a vacation, [start, end): whole days of the mentor's zone."""
    start = first_moment(datetime.combine(first_day, time()), mentor.zone)
    return start, first_moment(datetime.combine(last_day + timedelta(days=1), time()), mentor.zone)


def touched_by(mentor: User, first_day: date, last_day: date, *, now: datetime) -> list[Session]:
    """The mentor's coming sessions (as the mentor) that a vacation would touch, earliest first."""
    start, end = span_of(mentor, first_day, last_day)
    coming = Session.objects.filter(mentor=mentor).coming(now).filter(starts_at__lt=end, ends_at__gt=start)
    return list(coming.select_related("student").order_by("starts_at", "pk"))


@transaction.atomic
def add_vacation(
    *, mentor: User, first_day: date, last_day: date, decisions: Mapping[UUID, str], note: str = "", now: datetime
) -> Vacation:
    """Close these days. `decisions` names every session they touch: "cancel" (its credit comes back) or "keep".

    From 7 days on, the expiry of all open packs moves by the length of the vacation. Raises Malformed (the dates),
    Refusal `answer_changed` when other sessions are touched than were shown.
    """
    if last_day < first_day or last_day < now.astimezone(mentor.zone).date():
        raise Malformed("A vacation ends after it begins, and not in the past.")
    if (last_day - first_day).days >= 366:
        raise Malformed("A vacation has at most a year.")
    touched = touched_by(mentor, first_day, last_day, now=now)
    lock_people({mentor.pk, *(session.student_id for session in touched)})
    # Booking takes the mentor's lock: what is touched now stays so.
    touched = touched_by(mentor, first_day, last_day, now=now)
    if {session.pk for session in touched} != set(decisions):
        raise Refusal("answer_changed", "Meanwhile other sessions lie in these days. Please decide on each again.")
    vacation = Vacation.objects.create(mentor=mentor, first_day=first_day, last_day=last_day, note=note, created_at=now)
    for session in touched:
        if decisions[session.pk] == CANCEL:
            cancel(session_id=session.pk, by=mentor, now=now, reason=note or "I am away on that day.")
    if vacation.days >= settings.MENTORSHIP.vacation_moves_expiry_days:
        vacation.moved_packs = _move_expiry(mentor, timedelta(days=vacation.days), now)
        vacation.save(update_fields=["moved_packs"])
    jobs.nudge(run_job, "refresh_listings")
    return vacation


def _move_expiry(mentor: User, by: timedelta, now: datetime) -> list[int]:
    packs = lock(SessionPack.objects.open(now).filter(mentor=mentor))
    shift_expiry(packs, by)
    return [pack.pk for pack in packs]


@transaction.atomic
def remove_vacation(*, vacation_id: int, mentor: User, now: datetime) -> None:
    """Open the days again. One that has not begun takes back what it moved. Cancelled sessions stay cancelled.

    Raises NotFound.
    """
    lock_people([mentor.pk])
    found = lock(Vacation.objects.filter(pk=vacation_id, mentor=mentor))
    if not found:
        raise NotFound("There is no such vacation.")
    vacation = found[0]
    start, _ = span_of(mentor, vacation.first_day, vacation.last_day)
    if now < start and vacation.moved_packs:
        # A pack that would be over without the moved days keeps them: nobody loses credits by another's change of mind.
        length = timedelta(days=vacation.days)
        packs = lock(SessionPack.objects.open(now).filter(pk__in=vacation.moved_packs, expires_at__gt=now + length))
        shift_expiry(packs, -length)
    vacation.delete()
    jobs.nudge(run_job, "refresh_listings")


def next_vacation(mentor: Any, now: datetime) -> Vacation | None:
    """The one that runs or comes next, for the mentor's page."""
    today = now.astimezone(mentor.zone).date()
    return Vacation.objects.filter(mentor=mentor, last_day__gte=today).order_by("first_day").first()
