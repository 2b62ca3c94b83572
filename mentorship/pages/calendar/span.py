"""Which days a calendar shows: by view and by the day in it that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format

from sessions_app.availability import first_moment

DAY, WEEK, MONTH, LIST = VIEWS = ("day", "week", "month", "list")
FARTHEST = timedelta(days=800)
LIST_DAYS = 28
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """`count` days from `first` on, of the zone they are shown in. `anchor` is the day that was asked for."""

    view: str
    anchor: date
    first: date
    count: int
    zone: ZoneInfo

    @classmethod
    def read(cls, view: str | None, day: str | None, *, zone: ZoneInfo, now: datetime) -> Span:
        """What an address asks for; the week of today where that is missing, absurd or no date."""
        today = now.astimezone(zone).date()
        try:
            asked = date.fromisoformat(day or "")
        except ValueError:
            asked = today
        return cls.of(view if view in VIEWS else WEEK, asked if abs(asked - today) <= FARTHEST else today, zone)

    @classmethod
    def of(cls, view: str, anchor: date, zone: ZoneInfo) -> Span:
        first, count = anchor, 1
        if view == WEEK:
            first, count = _monday(anchor), 7
        elif view == LIST:
            count = LIST_DAYS
        elif view == MONTH:
            first = _monday(anchor.replace(day=1))
            count = (_monday(_next_month(anchor) - ONE_DAY) - first).days + 7
        return cls(view, anchor, first, count, zone)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.count)]

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.count - 1)

    @property
    def start(self) -> datetime:
        return self.moment(self.first)

    @property
    def end(self) -> datetime:
        return self.moment(self.last + ONE_DAY)

    def moment(self, day: date) -> datetime:
        """The first instant of this day in the zone: where midnight is skipped, the moment after it."""
        return first_moment(datetime.combine(day, time()), self.zone)

    @property
    def earlier(self) -> date:
        return (self.anchor.replace(day=1) - ONE_DAY).replace(day=1) if self.view == MONTH else self._by(-1)

    @property
    def later(self) -> date:
        return _next_month(self.anchor) if self.view == MONTH else self._by(1)

    def _by(self, steps: int) -> date:
        return (self.first if self.view == WEEK else self.anchor) + timedelta(days=self.count * steps)

    def holds(self, day: date) -> bool:
        """This day is what the view is about (a month shows the edges of its neighbours, too)."""
        if self.view == MONTH:
            return (day.year, day.month) == (self.anchor.year, self.anchor.month)
        return self.first <= day <= self.last

    def title(self, now: datetime) -> str:
        """ "Tuesday 24 November", "23 to 29 November", "November 2026"; the year where it is not this one."""
        if self.view == MONTH:
            return str(date_format(self.anchor, "F Y"))
        year = "" if self.last.year == now.astimezone(self.zone).year else " Y"
        if self.view == DAY:
            return str(date_format(self.first, f"l j F{year}"))
        same_year, same_month = self.first.year == self.last.year, self.first.month == self.last.month
        start = "j" if same_month else "j F" if same_year else "j F Y"
        return f"{date_format(self.first, start)} to {date_format(self.last, f'j F{year}')}"

    @property
    def noun(self) -> str:
        return "four weeks" if self.view == LIST else self.view


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
