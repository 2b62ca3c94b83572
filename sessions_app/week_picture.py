"""The week as one can look at it: where each day's hours lie, for the SVG of `templates/availability/picture.html`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sessions_app.availability import DAY_MINUTES, WEEK_MINUTES, Stretch
from sessions_app.models.availability import clock

SHORT_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
STEP = 180  # a line every three hours
LEAST_SPAN = 720


@dataclass(frozen=True)
class Bar:
    """Hours within one day, in minutes: `top` from the picture's first line."""

    top: int
    height: int
    words: str


@dataclass(frozen=True)
class WeekPicture:
    height: int
    lines: list[int]
    labels: list[str]
    days: list[tuple[str, list[Bar]]]

    @property
    def words(self) -> str:
        """The picture read aloud."""
        spoken = [f"{name} {', '.join(bar.words for bar in bars)}" for name, bars in self.days if bars]
        return "; ".join(spoken) or "no hours yet"


def draw(stretches: Iterable[Stretch]) -> WeekPicture:
    """Cut stretches at midnights and lay them on as many hours as needed, at least twelve."""
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for stretch in stretches:
        at = stretch.start
        while at < stretch.end:
            midnight = (at // DAY_MINUTES + 1) * DAY_MINUTES
            until = min(stretch.end, midnight)
            days[at % WEEK_MINUTES // DAY_MINUTES].append((at % DAY_MINUTES, until - midnight + DAY_MINUTES))
            at = until
    first, last = _bounds([span for day in days for span in day])
    bars = [
        [Bar(start - first, end - start, f"{clock(start)}-{clock(end)}") for start, end in sorted(day)] for day in days
    ]
    ticks = range(first, last + 1, STEP)
    return WeekPicture(
        height=last - first,
        lines=[tick - first for tick in ticks],
        labels=[clock(tick) for tick in ticks],
        days=list(zip(SHORT_NAMES, bars, strict=True)),
    )


def _bounds(spans: list[tuple[int, int]]) -> tuple[int, int]:
    first = min((start for start, _ in spans), default=540) // STEP * STEP
    last = -(-max((end for _, end in spans), default=1260) // STEP) * STEP
    while last - first < LEAST_SPAN:
        if last < DAY_MINUTES:
            last += STEP
        else:
            first -= STEP
    return first, last
