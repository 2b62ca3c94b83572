"""A mentor is away: every session it touches is settled by one decision, and a long one moves the packs' expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from mentorship.kernel import jobs
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.kernel.tasks import run_job
from mentorship.people.models import User
from notifications.models import Notification
from notifications.services import Notice, notify_many, withdraw
from packs.models import SessionPack
from packs.services import give_days, take_days_back
from sessions_app.models import Vacation
from sessions_app.services.away import (
    CANCEL,
    KEEP,
    PROPOSE,
    REQUEST,
    Away,
    Touched,
    day,
    moves_expiry,
    packs_to_move,
    settled,
    span_of,
    touched_by,
    what_if_away,
)
from sessions_app.services.cancelling import cancel
from sessions_app.services.proposing import propose_move
from sessions_app.services.requesting import reject, suggest

__all__ = [
    "CANCEL",
    "KEEP",
    "PROPOSE",
    "Away",
    "Removal",
    "add_vacation",
    "moves_expiry",
    "remove_vacation",
    "span_of",
    "touched_by",
    "what_if_away",
    "what_if_removed",
]
AWAY = "I am away on that day."


@transaction.atomic
def add_vacation(
    *,
    mentor: User,
    first_day: date,
    last_day: date,
    decisions: Mapping[UUID, str],
    times: Mapping[UUID, datetime] | None = None,
    note: str = "",
    expect: str | None = None,
    now: datetime,
) -> Vacation:
    """Close these days: all of it, or nothing. `decisions` names everything they touch: "keep", "cancel" (a credit comes
    back; a request is declined) or "propose" another time, which is in `times`.

    From 7 days on, the expiry of the open packs that reach into it moves by its length; the students are told. What a
    pause or a freeze shares with it counts once: see `packs.services.shifting.stood`. `expect` is the `Away.expect` that
    was shown. Raises Malformed (dates, a decision), Refusal `vacation_overlaps`, `answer_changed` when something else is
    touched than was shown, and what proposing a time raises.
    """
    away = what_if_away(mentor=mentor, first_day=first_day, last_day=last_day, now=now)
    lock_people({mentor.pk, *(one.student.pk for one in away.touched)})
    # Booking takes the mentor's lock: what is touched now stays so.
    mentor.refresh_from_db(fields=["zone_name"])
    away = what_if_away(mentor=mentor, first_day=first_day, last_day=last_day, now=now)
    if (expect is not None and expect != away.expect) or {one.id for one in away.touched} != set(decisions):
        raise Refusal("answer_changed", "Meanwhile something else lies in these days. Please decide on each again.")
    decided = settled(away, dict(decisions), dict(times or {}))
    # All packs before any session: the order of locks.
    lock(SessionPack.objects.filter(pk__in={p.pk for p in away.packs} | {o.pack.pk for o in away.touched if o.pack}))
    vacation = Vacation.objects.create(mentor=mentor, first_day=first_day, last_day=last_day, note=note, created_at=now)
    for one, verb in decided:
        if verb == CANCEL:
            _cancel(one, mentor, note, now)
    if moves_expiry(vacation.days):
        _give_days(
            vacation, away.start, now
        )  # after the cancelling: a make-up pack that came of it is valid longer too
    for one, verb in decided:
        if verb == PROPOSE:
            _propose(one, (times or {})[one.id], mentor, note, now)
    _tell_away(vacation, {one.student.pk for one in away.touched}, until=away.end, now=now)
    jobs.nudge(run_job, "refresh_listings")
    return vacation


def _give_days(vacation: Vacation, start: datetime, now: datetime) -> None:
    moved = lock(packs_to_move(vacation.mentor, start, now))
    give_days(
        moved,
        start,
        timedelta(days=vacation.days),
        cause=f"vacation:{vacation.pk}",
        reason=f"{vacation.mentor.first_name} is away for {vacation.days} days",
        now=now,
    )
    vacation.moved_packs = [pack.pk for pack in moved]
    vacation.save(update_fields=["moved_packs"])


def _cancel(one: Touched, mentor: User, note: str, now: datetime) -> None:
    if one.what == REQUEST:
        reject(request_id=one.id, by=mentor, reason=note or AWAY, now=now)
    else:
        cancel(session_id=one.id, by=mentor, reason=note or AWAY, expect=one.code, now=now)


def _propose(one: Touched, at: datetime, mentor: User, note: str, now: datetime) -> None:
    if one.what == REQUEST:
        suggest(request_id=one.id, by=mentor, times=[at], notes=note or AWAY, now=now)
    else:
        propose_move(session_id=one.id, starts_at=at, by=mentor, note=note or AWAY, now=now)


def _tell_away(vacation: Vacation, touched: set[int], *, until: datetime, now: datetime) -> None:
    """Once for each student with an open pack or something in these days: when, and what became of their packs."""
    moved: dict[int, list[SessionPack]] = {}
    for pack in SessionPack.objects.filter(pk__in=vacation.moved_packs).order_by("expires_at"):
        moved.setdefault(pack.student_id, []).append(pack)
    ids = touched | set(SessionPack.objects.open(now).filter(mentor=vacation.mentor).values_list("student", flat=True))
    notices = []
    for student in User.objects.filter(pk__in=ids).order_by("pk"):
        packs = moved.get(student.pk, [])
        context: dict[str, Any] = {"note": vacation.note}
        if packs:
            context |= {"days": vacation.days, "expires_at": packs[0].expires_at}
        notices.append(_notice(vacation, student, until, now, **context))
    notify_many("mentor_away", notices)


def _notice(vacation: Vacation, student: User, until: datetime, now: datetime, **context: Any) -> Notice:
    return Notice(
        recipient=student,
        about=f"vacation:{vacation.pk}",
        dedupe_key=f"mentor_away:{vacation.pk}:{context.get('what', '')}:{student.pk}",
        now=now,
        not_after=until,
        context={
            "role": "student",
            "mentor_name": vacation.mentor.display_name,
            "first_day": day(vacation.first_day),
            "last_day": day(vacation.last_day),
            "url": f"/student/calendar?mentor={vacation.mentor_id}",
            **context,
        },
    )


@dataclass(frozen=True)
class Removal:
    """What opening the days again does. `packs` go back to the expiry they had."""

    packs: tuple[SessionPack, ...]
    has_begun: bool
    by: timedelta

    @property
    def expect(self) -> str:
        return f"{'begun' if self.has_begun else 'ahead'}:{'.'.join(str(pack.pk) for pack in self.packs)}"


def what_if_removed(vacation: Vacation, *, now: datetime) -> Removal:
    """What removing it does at `now`. One that has begun keeps what it moved."""
    start, _ = span_of(vacation.mentor, vacation.first_day, vacation.last_day)
    by = timedelta(days=vacation.days)
    if start <= now or not vacation.moved_packs:
        return Removal((), start <= now, by)
    # A pack that would be over without the moved days keeps them: nobody loses credits by another's change of mind. And
    # one that was extended meanwhile has an expiry of its own.
    packs = SessionPack.objects.open(now).filter(pk__in=vacation.moved_packs, expires_at__gt=now + by)
    packs = packs.exclude(purchases__created_at__gt=vacation.created_at)
    return Removal(tuple(packs.order_by("pk")), False, by)


@transaction.atomic
def remove_vacation(*, vacation_id: int, mentor: User, expect: str | None = None, now: datetime) -> None:
    """Open the days again. One that has not begun takes back what it moved. Cancelled sessions stay cancelled.

    Raises NotFound, Refusal `answer_changed` (`expect` is the `Removal.expect` that was shown).
    """
    lock_people([mentor.pk])
    found = lock(Vacation.objects.filter(pk=vacation_id, mentor=mentor).select_related("mentor"))
    if not found:
        raise NotFound("There is no such vacation.")
    vacation = found[0]
    removal = what_if_removed(vacation, now=now)
    if expect is not None and expect != removal.expect:
        raise Refusal("answer_changed", "Meanwhile this does something else. Please read it again.")
    packs = lock(SessionPack.objects.filter(pk__in=[pack.pk for pack in removal.packs]))
    reason, cause = f"{mentor.first_name} is not away after all", f"vacation:{vacation.pk}"
    take_days_back(packs, removal.by, cause=cause, reason=reason, now=now)
    _tell_back(vacation, {pack.student_id: pack.expires_at - removal.by for pack in packs}, now=now)
    vacation.delete()
    jobs.nudge(run_job, "refresh_listings")


def _tell_back(vacation: Vacation, expiries: Mapping[int, datetime], *, now: datetime) -> None:
    """To whom it was said that the mentor is away. Whose mail has not left yet hears nothing of either."""
    _, end = span_of(vacation.mentor, vacation.first_day, vacation.last_day)
    about = f"vacation:{vacation.pk}"
    withdraw(about, now=now)
    told = Notification.objects.shown().filter(about=about).values("recipient")
    notify_many(
        "mentor_away",
        [
            _notice(vacation, student, end, now, what="over", expires_at=expiries.get(student.pk))
            for student in User.objects.filter(pk__in=told).order_by("pk")
        ],
    )
