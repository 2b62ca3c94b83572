"""The days of a calendar, each with what lies on it in the zone that is shown. Midnight cuts what runs across it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mentorship.pages.calendar.clocks import Change
from mentorship.pages.calendar.entries import Entry, Mark
from mentorship.pages.calendar.reading import Beside, Found
from mentorship.pages.calendar.span import Span

MOST_MARKS = 3
IN_A_MONTH = 3


@dataclass
class Piece:
    """The part of an entry that lies on one day. `css` places it in the hours (see `drawing`)."""

    entry: Entry
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    css: str = ""
    is_short: bool = False

    @property
    def goes_on(self) -> bool:
        """It ends on a later day."""
        return self.ends_at < self.entry.ends_at

    @property
    def came_over(self) -> bool:
        """It began on an earlier day."""
        return self.starts_at > self.entry.starts_at

    @property
    def is_second(self) -> bool:
        """Its start is the second of two equal clock times."""
        return self.starts_at.astimezone(self.zone).fold == 1

    @property
    def ends_second(self) -> bool:
        return self.ends_at.astimezone(self.zone).fold == 1


@dataclass
class Day:
    day: date
    pieces: list[Piece] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    open: list[tuple[datetime, datetime]] = field(default_factory=list)
    busy: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    ground: list[object] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    hours: int = 24
    is_today: bool = False
    is_outside: bool = False
    url: str = ""

    @property
    def count(self) -> int:
        """Sessions that begin here; what is only asked for is not one."""
        return sum(piece.entry.kind in ("session", "unpaid", "other") and not piece.came_over for piece in self.pieces)

    @property
    def asked(self) -> int:
        return sum(not piece.entry.is_firm and piece.entry.kind != "unpaid" for piece in self.pieces)

    @property
    def first_pieces(self) -> list[Piece]:
        """As many as a day of a month has room for."""
        return self.pieces if len(self.pieces) <= IN_A_MONTH else self.pieces[: IN_A_MONTH - 1]

    @property
    def more(self) -> int:
        return len(self.pieces) - len(self.first_pieces)

    @property
    def is_empty(self) -> bool:
        return not (self.pieces or self.marks or self.changes or self.busy)


def days_of(
    span: Span,
    entries: Iterable[Entry],
    marks: Iterable[Mark],
    found: Found,
    clock_changes: Iterable[Change],
    now: datetime,
) -> list[Day]:
    """Every day of the span, in order."""
    today = now.astimezone(span.zone).date()
    bounds = [span.moment(day) for day in span.days] + [span.end]
    days = [
        Day(day, hours=round((bounds[n + 1] - bounds[n]) / timedelta(hours=1)), is_today=day == today)
        for n, day in enumerate(span.days)
    ]
    for n, day in enumerate(days):
        start, end = bounds[n], bounds[n + 1]
        day.is_outside = not span.holds(day.day)
        day.pieces = [
            Piece(entry, max(entry.starts_at, start), min(entry.ends_at, end), span.zone)
            for entry in entries
            if entry.starts_at < end and entry.ends_at > start
        ]
        day.open = [(max(a, start), min(b, end)) for a, b in found.open if a < end and b > start]
        day.busy = [
            (max(one.starts_at, start), min(one.ends_at, end), busy_words(one))
            for one in found.beside
            if one.kind == "busy" and one.starts_at < end and one.ends_at > start
        ]
        day.marks = _few([mark for mark in marks if mark.first <= day.day <= mark.last])
        day.changes = [change for change in clock_changes if change.day == day.day]
    return days


def busy_words(one: Beside) -> str:
    return f"busy: {one.words}" if one.words else "busy"


def _few(marks: list[Mark]) -> list[Mark]:
    """Many of one kind on a day become one line with their number."""
    few: list[Mark] = []
    for kind in dict.fromkeys(mark.kind for mark in marks):
        same = [mark for mark in marks if mark.kind == kind]
        few += same if len(same) <= MOST_MARKS else [_together(same)]
    return few


def _together(same: list[Mark]) -> Mark:
    words = {
        "expiry": "packs expire",
        "grace": "seats are kept until today",
        "pause": "packs are paused",
        "vacation": "mentors are away",
    }
    one = same[0]
    url = one.url if one.kind == "grace" else ""
    return Mark(one.kind, one.icon, f"{len(same)} {words[one.kind]}", one.first, one.last, url, None, one.is_warm)
