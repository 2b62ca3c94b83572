"""One week of a mentor as one can look at it, for the SVG of `templates/availability/picture.html`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sessions_app.availability import DAY_MINUTES, MINUTE, Hours, Wall, first_moment, join, windows, without
from sessions_app.models.availability import clock

STEP = 180  # a line every three hours
LEAST_SPAN = 720
DAYS = 7
# What a bar says, in the order in which bars are drawn.
OPEN, EXTRA, CLOSED, BUSY, BOOKED = "open", "extra", "closed", "busy", "booked"
SPOKEN = {OPEN: "", EXTRA: "extra ", CLOSED: "closed ", BUSY: "busy ", BOOKED: "booked "}


@dataclass(frozen=True)
class Bar:
    """Something within one day, in minutes: `top` from the picture's first line."""

    kind: str
    top: int
    height: int
    words: str


@dataclass(frozen=True)
class Day:
    on: date
    bars: tuple[Bar, ...]
    is_away: bool
    is_past: bool = False

    @property
    def words(self) -> str:
        said = "away" if self.is_away else ", ".join(bar.words for bar in self.bars) or "nothing"
        return f"past: {said}" if self.is_past else said


@dataclass(frozen=True)
class WeekPicture:
    height: int
    lines: tuple[int, ...]
    labels: tuple[str, ...]
    days: tuple[Day, ...]

    @property
    def kinds(self) -> list[str]:
        """What is drawn, for the key. The hours of a day that is past are not open any more."""
        found = {bar.kind for day in self.days for bar in day.bars if not (day.is_past and bar.kind == OPEN)}
        return [kind for kind in SPOKEN if kind in found]

    @property
    def words(self) -> str:
        """The picture read aloud."""
        said = [f"{day.on:%A} {day.words}" for day in self.days if day.bars or day.is_away]
        return "; ".join(said) or "no hours yet"


@dataclass(frozen=True)
class Labelled:
    """A span of instants that is taken: a session with somebody, or an outside calendar's."""

    kind: str
    start: datetime
    end: datetime
    label: str = ""


def draw(
    first_day: date, hours: Hours, zone: ZoneInfo, taken: Iterable[Labelled] = (), *, today: date | None = None
) -> WeekPicture:
    """Seven days from `first_day` on: the hours of these dates, what is closed, and what is taken.

    Everything is cut at midnights and laid on as many hours as needed, at least twelve. Days before `today` are past.
    """
    cut: list[list[tuple[str, int, int, str]]] = [[] for _ in range(DAYS)]
    for kind, start, end, label in (*_hours(first_day, hours, zone), *_taken(taken, zone)):
        for number, first, last in _days(first_day, start, end):
            cut[number].append((kind, first, last, label))
    dates = [first_day + timedelta(days=n) for n in range(DAYS)]
    away = [_is_away(on, hours.closed) for on in dates]
    top, bottom = _bounds([(first, last) for day in cut for kind, first, last, _ in day if last - first < DAY_MINUTES])
    if any(kind != CLOSED and last - first == DAY_MINUTES for day in cut for kind, first, last, _ in day):
        top, bottom = 0, DAY_MINUTES
    ticks = range(top, bottom + 1, STEP)
    days = [
        Day(on, tuple(_bar(part, top, bottom) for part in day), is_away, today is not None and on < today)
        for on, day, is_away in zip(dates, cut, away, strict=True)
    ]
    return WeekPicture(bottom - top, tuple(t - top for t in ticks), tuple(clock(t) for t in ticks), tuple(days))


def _hours(first_day: date, hours: Hours, zone: ZoneInfo) -> Iterator[tuple[str, datetime, datetime, str]]:
    midnight = datetime.combine(first_day, time())
    start, end = first_moment(midnight, zone), first_moment(midnight + timedelta(days=DAYS), zone)
    week = join((w.wall_start, w.wall_end) for w in windows(Hours(week=hours.week), zone, start, end))
    closed = join(hours.closed)
    for kind, spans in (
        (OPEN, list(without(week, closed))),
        (EXTRA, list(without(list(without(join(hours.extra), closed)), week))),
        (CLOSED, closed),
    ):
        for wall_start, wall_end in spans:
            yield kind, wall_start, wall_end, ""


def _taken(taken: Iterable[Labelled], zone: ZoneInfo) -> Iterator[tuple[str, datetime, datetime, str]]:
    for one in sorted(taken, key=lambda one: (one.kind != BUSY, one.start)):
        start, end = (at.astimezone(zone).replace(tzinfo=None, fold=0) for at in (one.start, one.end))
        yield one.kind, start, end, one.label


def _days(first_day: date, start: datetime, end: datetime) -> Iterator[tuple[int, int, int]]:
    """(day of the week drawn, first minute, last minute) of the parts of a span, cut at midnights."""
    for number in range(DAYS):
        midnight = datetime.combine(first_day + timedelta(days=number), time())
        first, last = max(start, midnight), min(end, midnight + timedelta(days=1))
        if first < last:
            yield number, (first - midnight) // MINUTE, (last - midnight) // MINUTE


def _is_away(on: date, closed: Sequence[Wall]) -> bool:
    midnight = datetime.combine(on, time())
    return any(wall.start <= midnight and wall.end >= midnight + timedelta(days=1) for wall in closed)


def _bar(part: tuple[str, int, int, str], top: int, bottom: int) -> Bar:
    kind, first, last, label = part
    words = f"{SPOKEN[kind]}{clock(first)}-{clock(last)}{f' {label}' if label else ''}"
    first, last = max(first, top), min(last, bottom)
    return Bar(kind, first - top, max(last - first, 0), words)


def _bounds(spans: list[tuple[int, int]]) -> tuple[int, int]:
    first = min((start for start, _ in spans), default=540) // STEP * STEP
    last = -(-max((end for _, end in spans), default=1260) // STEP) * STEP
    while last - first < LEAST_SPAN:
        if last < DAY_MINUTES:
            last += STEP
        else:
            first -= STEP
    return first, last
