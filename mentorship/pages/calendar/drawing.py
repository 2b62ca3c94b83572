"""A day laid out in hours: where each entry and each stretch of ground stands, in classes that `calendar.css` knows.

Heights are the clock's: a line of the picture is a full hour on the wall. Where clocks go back, the repeated hour is one
height for two hours, so what lies in either stands side by side; where they go forward, the skipped hour is hatched. An
entry is never lower than it is long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mentorship.pages.calendar.days import Day, Piece
from mentorship.pages.calendar.reading import Found
from mentorship.pages.calendar.span import Span

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 1440
STEP = 5  # the finest line the style sheet has
USUAL = (8, 20)
WIDEST_GROUND = (6, 22)
MOST_LANES = 4
SHORT = 45
LEAST = 25  # a line of text fits


@dataclass(frozen=True)
class Bar:
    """Ground: open, closed, buffer, busy, skipped, twice or now. `words` is for who points at it; days say it in words."""

    kind: str
    css: str
    words: str = ""


@dataclass(frozen=True)
class Picture:
    first: int
    last: int

    @property
    def hours(self) -> list[str]:
        return [f"{hour:02d}:00" for hour in range(self.first, self.last + 1)]

    @property
    def css(self) -> str:
        return f"cal-h{self.last - self.first}"


def draw(days: list[Day], span: Span, found: Found, now: datetime) -> Picture:
    """Places everything on the days, and says which hours the picture has."""
    spans = {id(piece): _wall_span(piece.starts_at, piece.ends_at, span, day) for day in days for piece in day.pieces}
    picture = _bounds(list(spans.values()), [_wall_span(a, b, span, day) for day in days for a, b in day.open])
    for day in days:
        _place(day.pieces, spans, picture)
        day.ground = list(_ground(day, span, found, picture, now))
    return picture


def _minute(moment: datetime, day: Day, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return DAY_MINUTES if local.date() > day.day else local.hour * 60 + local.minute


def _wall_span(start: datetime, end: datetime, span: Span, day: Day) -> tuple[int, int]:
    """Minutes of the day's clock, [top, bottom]; as low as it is long where the clock went back in between."""
    top, bottom = _minute(start, day, span.zone), _minute(end, day, span.zone)
    bottom = max(bottom, top + int((end - start) / MINUTE))
    return top, min(bottom, DAY_MINUTES)


def _bounds(spans: list[tuple[int, int]], ground: list[tuple[int, int]]) -> Picture:
    """At least the usual hours, all hours with something in them, and open hours between early and late."""
    early, late = WIDEST_GROUND
    starts = [top // 60 for top, _ in spans] + [max(top // 60, early) for top, _ in ground]
    ends = [-(-bottom // 60) for _, bottom in spans] + [min(-(-bottom // 60), late) for _, bottom in ground]
    return Picture(min([USUAL[0], *starts]), max([USUAL[1], *ends]))


def _css(top: int, bottom: int, picture: Picture) -> str:
    top = max(0, top - picture.first * 60) // STEP * STEP
    height = max(STEP, (bottom - picture.first * 60 - top + STEP - 1) // STEP * STEP)
    return f"t{top // 60} tm{top % 60} l{height // 60} lm{height % 60}"


def _place(pieces: list[Piece], spans: dict[int, tuple[int, int]], picture: Picture) -> None:
    """What overlaps stands side by side: each group of overlapping entries shares the width of the day."""
    group: list[tuple[Piece, int]] = []
    free_from: list[int] = []  # of each lane
    for piece in sorted(pieces, key=lambda one: spans[id(one)]):
        top, bottom = spans[id(piece)]
        if free_from and top >= max(free_from):
            _share(group, spans, picture)
            group, free_from = [], []
        lane = next((n for n, until in enumerate(free_from) if until <= top), len(free_from))
        if lane == len(free_from):
            free_from.append(0)
        free_from[lane] = max(bottom, top + LEAST)
        group.append((piece, lane))
    _share(group, spans, picture)


def _share(group: list[tuple[Piece, int]], spans: dict[int, tuple[int, int]], picture: Picture) -> None:
    lanes = min(max((lane for _, lane in group), default=0) + 1, MOST_LANES)
    for piece, lane in group:
        top, bottom = spans[id(piece)]
        piece.is_short = bottom - top < SHORT
        piece.css = f"{_css(top, bottom, picture)} lane{lane % MOST_LANES} of{lanes}"


def _ground(day: Day, span: Span, found: Found, picture: Picture, now: datetime) -> Iterable[Bar]:
    start, end = span.moment(day.day), span.moment(day.day + timedelta(days=1))

    def bars(kind: str, spans: Iterable[tuple[datetime, datetime]], words: str = "") -> Iterable[Bar]:
        for a, b in spans:
            if a < end and b > start:
                top, bottom = _wall_span(max(a, start), min(b, end), span, day)
                top, bottom = max(top, picture.first * 60), min(bottom, picture.last * 60)
                if top < bottom:
                    yield Bar(kind, _css(top, bottom, picture), words)

    yield from bars("open", day.open)
    yield from bars("closed", found.closed, "closed")
    for start_busy, end_busy, words in day.busy:
        yield from bars("busy", [(start_busy, end_busy)], words)
    yield from bars("buffer", (part for piece in day.pieces for part in _buffers(piece)), "break")
    for change in day.changes:
        clock = change.clock.hour * 60 + change.clock.minute
        if change.clock.date() > day.day:  # back from midnight
            clock = DAY_MINUTES
        much = abs(int(change.by / MINUTE))
        top, bottom = (clock - much, clock) if change.is_back else (clock, clock + much)
        top, bottom = max(top, picture.first * 60), min(bottom, picture.last * 60)
        if top < bottom:
            kind = "twice" if change.is_back else "skipped"
            yield Bar(kind, _css(top, bottom, picture), kind)
    if day.is_today and picture.first * 60 <= (minute := _minute(now, day, span.zone)) <= picture.last * 60:
        yield Bar("now", _css(minute, minute, picture))


def _buffers(piece: Piece) -> list[tuple[datetime, datetime]]:
    """The mentor's breaks around a session, as its block has frozen them."""
    card = piece.entry.card
    taken = getattr(card.session, "taken", None) if card and piece.entry.kind != "proposal" else None
    if taken is None:
        return []
    return [(taken.lower, piece.entry.starts_at), (piece.entry.ends_at, taken.upper)]
