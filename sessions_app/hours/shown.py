"""The week of dates that a mentor looks at, with what lies in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from mentorship.people.models import User
from sessions_app.availability import Hours
from sessions_app.hours.picture import BOOKED, BUSY, DAYS, Labelled, WeekPicture, draw
from sessions_app.models import BusyTime, Session
from sessions_app.week import week_range

FARTHEST = timedelta(days=400)
ADDRESS = "/tutor/availability"
TABS = (
    ("week", ADDRESS, "Week"),
    ("dates", f"{ADDRESS}/exceptions", "Single dates"),
    ("vacations", f"{ADDRESS}/vacations", "Vacations"),
    ("rules", f"{ADDRESS}/rules", "Booking rules"),
    ("zone", f"{ADDRESS}/zone", "Time zone"),
)


def tabs(current: str) -> list[dict[str, Any]]:
    """For `components/tabs.html`."""
    return [{"url": url, "label": label, "current": name == current} for name, url, label in TABS]


@dataclass(frozen=True)
class ShownWeek:
    first_day: date
    today: date
    picture: WeekPicture

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=DAYS - 1)

    @property
    def earlier_url(self) -> str:
        return self._url(-DAYS) if self.first_day > self.today else ""

    @property
    def later_url(self) -> str:
        return self._url(DAYS) if self.first_day < _monday(self.today) + FARTHEST - timedelta(days=DAYS) else ""

    def _url(self, days: int) -> str:
        return f"{ADDRESS}?week={self.first_day + timedelta(days=days):%Y-%m-%d}"


def first_day_of(asked: str | None, mentor: User, now: datetime) -> date:
    """The Monday of the week asked for (`?week=2026-11-24`); this week's where that is past, far away or no date."""
    this_week = _monday(now.astimezone(mentor.zone).date())
    try:
        first_day = _monday(date.fromisoformat(asked or ""))
    except (ValueError, OverflowError):
        return this_week
    return first_day if this_week <= first_day <= this_week + FARTHEST else this_week


def shown_week(mentor: User, first_day: date, hours: Hours, sessions: Iterable[Session], now: datetime) -> ShownWeek:
    """The week with its hours, these sessions of the mentor's (in either role), and what outside calendars say: one query."""
    start, end = week_range(first_day, mentor.zone)
    outside = BusyTime.objects.filter(person=mentor, span__overlap=DateTimeTZRange(start, end, "[)"))
    busy = [
        Labelled(BUSY, max(span.lower, start), min(span.upper, end)) for span in outside.values_list("span", flat=True)
    ]
    booked = [
        Labelled(BOOKED, one.starts_at, one.ends_at, f"with {one.other_side(mentor.pk).first_name}")  # type: ignore[attr-defined]
        for one in sessions
        if one.starts_at < end and one.ends_at > start
    ]
    today = now.astimezone(mentor.zone).date()
    return ShownWeek(first_day, today, draw(first_day, hours, mentor.zone, [*busy, *booked], today=today))


def sessions_from(mentor: User, since: datetime, now: datetime) -> list[Session]:
    """What takes the mentor's time from then on, in either role: booked, or kept for a payment."""
    blocking = Session.objects.of(mentor).filter(status__in=Session.BLOCKING, ends_at__gt=since)
    return [
        one
        for one in blocking.select_related("student", "mentor").order_by("starts_at", "pk")
        if one.status_at(now) != Session.Status.EXPIRED
    ]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
