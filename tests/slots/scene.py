"""Hours and taken time for slot tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mentorship.people.models import MentorProfile, User
from packs.models import SessionPack
from sessions_app.models import CalendarBlock, Session, WeeklyRule
from sessions_app.slots import block_spans, free_slots
from tests import cast

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def mentor(name: str, zone: str = "UTC", **fields: Any) -> MentorProfile:
    """A mentor of the cast as a profile, without any hours yet."""
    return cast.mentor(name, zone, hours=None, **fields).mentor_profile


def hours(mentor: MentorProfile, weekday: int, start: float, end: float) -> WeeklyRule:
    """A weekly window from `start` to `end` o'clock; an end past 24 reaches into the next day."""
    return WeeklyRule.objects.create(
        mentor=mentor.user, weekday=weekday, start_minute=round(start * 60), end_minute=round(end * 60)
    )


def always(mentor: MentorProfile, start: float = 0, end: float = 24) -> None:
    for weekday in range(7):
        hours(mentor, weekday, start, end)


def local_day(day: str, zone: str, days: int = 1) -> tuple[datetime, datetime]:
    first = date.fromisoformat(day)
    here = ZoneInfo(zone)
    return (
        datetime.combine(first, time(), here).astimezone(UTC),
        datetime.combine(first + timedelta(days=days), time(), here).astimezone(UTC),
    )


def walls(mentor: MentorProfile, day: str, *, minutes: int = 60, days: int = 1, **options: Any) -> list[str]:
    """The wall-clock starts offered on this day of the mentor's, asked a week before it."""
    start, end = local_day(day, mentor.user.zone_name, days)
    options.setdefault("now", start - timedelta(days=7))
    slots = free_slots(mentor=mentor, start=start, end=end, duration_minutes=minutes, **options)
    return [slot.starts_at.astimezone(mentor.zone).strftime("%H:%M") for slot in slots]


def pack(mentor: MentorProfile, student: User, *, expires_at: datetime, minutes: int = 60) -> SessionPack:
    return SessionPack.objects.create(
        mentor=mentor.user,
        student=student,
        title="Pack of 4",
        duration_minutes=minutes,
        sessions_total=4,
        takes_seat=False,
        created_at=expires_at - timedelta(days=90),
        expires_at=expires_at,
    )


def taken(
    mentor: MentorProfile, student: User, starts_at: datetime, minutes: int = 60, unpaid_until: datetime | None = None
) -> Session:
    """A session with both people's blocks: booked, or waiting for its payment until then."""
    ends_at = starts_at + timedelta(minutes=minutes)
    state: dict[str, Any] = {"status": Session.Status.AWAITING_PAYMENT, "payment_deadline": unpaid_until}
    if unpaid_until is None:
        state = {"status": Session.Status.SCHEDULED, "credit": Session.Credit.HELD}
        state["pack"] = pack(mentor, student, expires_at=starts_at + timedelta(days=30), minutes=minutes)
    session = Session.objects.create(
        mentor=mentor.user,
        student=student,
        title="Pack of 4",
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=starts_at - timedelta(days=20),
        **state,
    )
    spans = block_spans(mentor, starts_at, ends_at)
    for person, span in zip((mentor.user, student), spans, strict=True):
        CalendarBlock.objects.create(person=person, session=session, span=span)
    return session
