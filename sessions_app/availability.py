"""Weekly rules become windows, windows become starts: pure functions over wall-clock time, without I/O.

Three ideas carry all of it:
- a week is a circle of 10,080 wall-clock minutes, on which touching and overlapping rules are merged into stretches;
- a stretch placed on a date is a window. Its instants run from the first moment at which the mentor's clock is within it to
  the last: where clocks go back that is the first of two 01:30s for a start and the second for an end, where they go forward
  it is the moment of the change;
- starts lie on a grid of wall-clock times. One that does not exist is left out, one that happens twice is two starts.
  The grid runs from the window's own beginning until the end of the next day, and from midnight on every later one: so
  a day's starts depend on the days around it only, not on how far back somebody has looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

DAY_MINUTES = 1440
WEEK_MINUTES = 7 * DAY_MINUTES
MINUTE = timedelta(minutes=1)
WEEK = timedelta(weeks=1)
Point = TypeVar("Point", int, datetime)


class Stretch(NamedTuple):
    """Merged availability on the week's circle: minutes since Monday 00:00; `end` may reach beyond the week's own end."""

    start: int
    end: int

    @property
    def is_always(self) -> bool:
        """Available around the clock: a session may run across the end of the week."""
        return self.end - self.start >= WEEK_MINUTES


class Wall(NamedTuple):
    """A span of wall-clock time, [start, end), naive, in the mentor's zone."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Hours:
    """When a mentor can be booked: the week, the extra hours of single dates, and what is closed in spite of both."""

    week: tuple[Stretch, ...] = ()
    extra: tuple[Wall, ...] = ()
    closed: tuple[Wall, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.week or self.extra)


class Window(NamedTuple):
    """One stretch on its date: wall-clock bounds, and the instants between which a session must lie."""

    wall_start: datetime
    wall_end: datetime
    opens: datetime
    closes: datetime
    is_always: bool


def join(spans: Iterable[tuple[Point, Point]]) -> list[tuple[Point, Point]]:
    """Spans on a line, ascending: touching and overlapping ones are one."""
    joined: list[tuple[Point, Point]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def without(spans: Iterable[tuple[Point, Point]], gone: Sequence[tuple[Point, Point]]) -> Iterator[tuple[Point, Point]]:
    """What is left of joined spans where the joined `gone` is cut out, ascending."""
    for start, end in spans:
        for cut_start, cut_end in gone:
            if cut_end <= start or cut_start >= end:
                continue
            if start < cut_start:
                yield start, cut_start
            start = cut_end
            if start >= end:
                break
        if start < end:
            yield start, end


def merge(rules: Iterable[tuple[int, int, int]]) -> tuple[Stretch, ...]:
    """Stretches of (weekday, start_minute, end_minute) rules: touching and overlapping ones are one, over midnights too."""
    merged = join((day * DAY_MINUTES + start, day * DAY_MINUTES + end) for day, start, end in rules)
    # Sunday night reaches into Monday: the last stretch swallows the first ones.
    while len(merged) > 1 and merged[-1][1] >= merged[0][0] + WEEK_MINUTES:
        first = merged.pop(0)
        merged[-1] = (merged[-1][0], max(merged[-1][1], first[1] + WEEK_MINUTES))
    if merged and merged[-1][1] - merged[-1][0] >= WEEK_MINUTES:
        return (Stretch(0, WEEK_MINUTES),)
    return tuple(Stretch(*span) for span in merged)


def windows(hours: Hours, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Window]:
    """The windows that may hold starts in [start, end), by date; one or two at either edge may lie outside it."""
    if not hours or start >= end:
        return
    # Three days back: the grid of a day depends on whether its window began the day before, or earlier.
    first, last = _wall(start, zone) - timedelta(days=3), _wall(end, zone) + timedelta(days=1)
    extra = [wall for wall in hours.extra if wall.end > first and wall.start < last]
    closed = [wall for wall in hours.closed if wall.end > first and wall.start < last]
    if not extra and not closed:
        yield from _weekly(hours.week, zone, first + timedelta(days=2), last)
        return
    spans = [*((w.wall_start, w.wall_end) for w in _weekly(hours.week, zone, first, last)), *extra]
    for wall_start, wall_end in without(join(spans), join(closed)):
        yield Window(wall_start, wall_end, first_moment(wall_start, zone), last_moment(wall_end, zone), False)


def _weekly(stretches: tuple[Stretch, ...], zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[Window]:
    monday = datetime.combine(_monday(first.date()), time()) - WEEK
    while monday < last:
        for stretch in stretches:
            wall_start, wall_end = monday + stretch.start * MINUTE, monday + stretch.end * MINUTE
            if wall_end > first and wall_start < last:
                opens, closes = first_moment(wall_start, zone), last_moment(wall_end, zone)
                yield Window(wall_start, wall_end, opens, closes, stretch.is_always)
        monday += WEEK


def starts(window: Window, zone: ZoneInfo, step_minutes: int, duration_minutes: int) -> list[datetime]:
    """The instants (UTC, ascending) at which a session of this elapsed length may start and end within the window."""
    step, duration = step_minutes * MINUTE, duration_minutes * MINUTE
    latest = window.closes if window.is_always else window.closes - duration
    grids = list(_grids(window, step))
    if len(grids) == 1 and window.closes - window.opens == window.wall_end - window.wall_start:  # no clock change in it
        end = min(latest, window.closes - MINUTE)
        return [window.opens + step * n for n in range((end - window.opens) // step + 1)]
    grid = ((first + step * n) for first, last in grids for n in range(-((first - last) // step)))
    return sorted(at for wall in grid for at in instants(wall, zone) if window.opens <= at <= latest)


def _grids(window: Window, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The parts of a window with a grid of their own: its first two days, then each day (around the clock: every day)."""
    first = window.wall_start
    if timedelta(days=1) % step or (first - datetime.combine(first.date(), time())) % step:
        while first < window.wall_end:
            days = 1 if window.is_always or first != window.wall_start else 2
            following = datetime.combine(first.date() + timedelta(days=days), time())
            yield first, min(following, window.wall_end)
            first = following
    else:  # from whichever midnight one counts, the times are the same
        yield first, window.wall_end


def covers(hours: Hours, zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    """Whether [start, end) lies within one window."""
    return any(
        w.opens <= start and (end <= w.closes or (w.is_always and start < w.closes))
        for w in windows(hours, zone, start, end)
    )


def instants(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """When the clock reads this: one instant, none where it is skipped, two where it is repeated."""
    earlier = wall.replace(tzinfo=zone).astimezone(UTC)
    later = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if earlier == later:
        return (earlier,)
    # In a gap the two readings come out in the wrong order (PEP 495).
    return (earlier, later) if earlier < later else ()


def first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock reads `wall`, or where that is skipped, the instant of the change."""
    while not (found := instants(wall, zone)):
        wall += MINUTE
    return found[0]


def last_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clock leaves the last minute before `wall`, the second time if it passes twice."""
    wall -= MINUTE
    while not (found := instants(wall, zone)):
        wall -= MINUTE
    return found[-1] + MINUTE


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
