"""The signs of the product as SVG: chairs, pack dots, the ring of grace. Markup only; the words beside them are the caller's.

Colours come from CSS classes, sizes and parts from presentation attributes, so a strict CSP without inline styles holds.
"""

from __future__ import annotations

from functools import lru_cache

SEAT_STATES = ("taken", "grace", "offered", "held", "free")
DOTS_AT_MOST = 12

# One drawing for the emblem, the small row and the big row: a back, a seat and two feet in a box of 48 x 58.
_BACK = '<path class="chair-back" d="M6.5 33V10A7.5 7.5 0 0 1 14 2.5h20a7.5 7.5 0 0 1 7.5 7.5v23"/>'
_SEAT = '<rect class="chair-seat" x="3" y="33" width="42" height="11" rx="4.5"/>'
_FEET = '<path class="chair-feet" d="M10.5 44.5v10M37.5 44.5v10"/>'


@lru_cache(maxsize=2048)
def chair(state: str, initials: str = "", fraction: float = 0.0) -> str:
    """One big chair. `fraction` is what is left of the grace (0..1), drawn as the filled part of the seat."""
    if state not in SEAT_STATES:
        raise ValueError(f"unknown seat state {state!r}")
    left = ""
    if state == "grace":
        width = round(38 * max(0.0, min(1.0, fraction)), 1)
        left = f'<rect class="chair-left" x="5" y="35" width="{width}" height="7" rx="2.5"/>'
    text = f'<text class="chair-text" x="24" y="23.5" text-anchor="middle">{initials}</text>' if initials else ""
    return (
        f'<svg class="chair chair--{state}" viewBox="0 0 48 58" width="48" height="58" aria-hidden="true" '
        f'focusable="false">{_BACK}{_SEAT}{left}{_FEET}{text}</svg>'
    )


@lru_cache(maxsize=4096)
def chair_strip(states: tuple[str, ...]) -> str:
    """A row of small chairs in one drawing, 19 units each: cheap enough for a page of cards."""
    parts = []
    for place, state in enumerate(states):
        if state not in SEAT_STATES:
            raise ValueError(f"unknown seat state {state!r}")
        parts.append(
            f'<g class="seat-s seat-s--{state}" transform="translate({place * 19 + 1} 1)">'
            '<path class="seat-s-body" d="M2.5 9.5V3.5A2.5 2.5 0 0 1 5 1h4.5A2.5 2.5 0 0 1 12 3.5v6"/>'
            '<rect class="seat-s-body" x="1" y="9.5" width="12.5" height="4" rx="1.5"/>'
            '<path class="seat-s-feet" d="M3.5 13.5v2.5M11 13.5v2.5"/></g>'
        )
    width = max(1, len(states) * 19 - 3)
    return (
        f'<svg class="seat-strip" viewBox="0 0 {width} 18" width="{width}" height="18" aria-hidden="true" '
        f'focusable="false">{"".join(parts)}</svg>'
    )


@lru_cache(maxsize=4096)
def dots(used: int, held: int, free: int) -> str:
    """A pack: full is used, half is booked, ring is free. Above twelve sessions one bar with the same three parts."""
    total = used + held + free
    if total > DOTS_AT_MOST:
        return _bar(used, held, total)
    marks = []
    for place in range(total):
        x = 9 + place * 24
        ring = f'<circle class="dot-ring" cx="{x}" cy="9" r="7.5"/>'
        if place < used:
            marks.append(f'<circle class="dot-full" cx="{x}" cy="9" r="8.5"/>')
        elif place < used + held:
            marks.append(f'{ring}<path class="dot-half" d="M{x} 1.5a7.5 7.5 0 0 0 0 15z"/>')
        else:
            marks.append(ring)
    width = max(1, total * 24 - 6)
    return (
        f'<svg class="dots-picture" viewBox="0 0 {width} 18" width="{width}" height="18" aria-hidden="true" '
        f'focusable="false">{"".join(marks)}</svg>'
    )


def _bar(used: int, held: int, total: int) -> str:
    full = round(156 * used / total, 1)
    half = round(156 * held / total, 1)
    return (
        '<svg class="dots-picture" viewBox="0 0 160 18" width="160" height="18" aria-hidden="true" focusable="false">'
        '<rect class="dot-ring" x="1" y="4" width="158" height="10" rx="5"/>'
        f'<rect class="dot-full" x="2" y="5" width="{full}" height="8" rx="4"/>'
        f'<rect class="dot-held" x="{2 + full}" y="5" width="{half}" height="8"/></svg>'
    )


@lru_cache(maxsize=2048)
def ring(label: str, fraction: float) -> str:
    """A ring that empties: `fraction` (0..1) is what is left, the label (escaped by the caller) stands inside."""
    left = round(100 * max(0.0, min(1.0, fraction)), 1)
    return (
        '<svg class="ring" viewBox="0 0 52 52" width="52" height="52" aria-hidden="true" focusable="false">'
        '<circle class="ring-track" cx="26" cy="26" r="22.5"/>'
        f'<circle class="ring-left" cx="26" cy="26" r="22.5" pathLength="100" stroke-dasharray="{left} 100" '
        'transform="rotate(-90 26 26)"/>'
        f'<text class="ring-text" x="26" y="30.5" text-anchor="middle">{label}</text></svg>'
    )


def pack_words(used: int, held: int, free: int) -> str:
    """The same pack in words: "1 left to book · 1 booked · 2 used", "all booked: 2 to come · 2 used", "all 4 used"."""
    if used and not held and not free:
        return "1 used" if used == 1 else f"all {used} used"
    if held and not free:
        coming = f"all booked: {held} to come · {used} used" if used else f"all {held} booked"
        return "booked" if held == 1 and not used else coming
    parts = [(free, "left to book"), (held, "booked"), (used, "used")]
    return " · ".join(f"{count} {word}" for count, word in parts if count) or "no sessions"
