"""A mentor's seats as chairs: number, who sits there, and what is left of the pack or of the grace."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mentorship.kernel import local_time
from mentorship.kernel.templatetags.ui import initials
from mentorship.pages.listings import CHAIRS
from mentorship.pages.mentorships import Mentorship
from seats.models import Seat

WORDS = {"taken": "taken", "grace": "in grace", "offered": "offered", "held": "being paid", "free": "free"}


def occupied_seats(mentor: Any, now: datetime) -> list[Seat]:
    """The seats that count against the capacity, by number, with their students."""
    return list(Seat.objects.occupying(now).filter(mentor=mentor).select_related("student").order_by("number"))


def chairs(
    capacity: int, seats: list[Seat], found: list[Mentorship], now: datetime, url: str = ""
) -> list[dict[str, Any]]:
    """One dict a seat for components/seat_row.html: those that are occupied, and free ones up to the capacity."""
    of_student = {one.person.pk: one for one in found}
    taken = {seat.number: _chair(seat, of_student.get(seat.student_id), now, url) for seat in seats}
    free = max(0, capacity - len(taken))
    numbers = sorted(taken) + [n for n in range(1, capacity + len(taken) + 1) if n not in taken][:free]
    return [taken.get(n) or _free(n) for n in sorted(numbers)]


def counts(row: list[dict[str, Any]]) -> str:
    """ "7 taken · 1 in grace · 1 free"."""
    states = [chair["state"] for chair in row]
    return " · ".join(f"{states.count(state)} {word}" for state, word in WORDS.items() if state in states)


def _chair(seat: Seat, one: Mentorship | None, now: datetime, url: str) -> dict[str, Any]:
    state, name = CHAIRS[Seat.Status(seat.status)], seat.student.display_name
    caption = _caption(seat, one, now, state)
    return {
        "number": seat.number,
        "state": state,
        "initials": initials(name),
        "caption": caption,
        "fraction": seat.grace_fraction(now) if state == "grace" else None,
        "label": f"Seat {seat.number}, {name}, {WORDS[state]}: {caption}",
        "url": f"{url}#seat-{seat.number}" if url else "",
    }


def _caption(seat: Seat, one: Mentorship | None, now: datetime, state: str) -> str:
    if state in ("grace", "held", "offered"):
        return local_time.span(seat.kept_until - now, short=True) if seat.kept_until else ""
    rows = [row for row in (one.pack_rows if one else []) if row.pack and row.pack.takes_seat]
    return rows[0].progress if rows else "paid"


def _free(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "state": "free",
        "initials": "",
        "caption": "free",
        "fraction": None,
        "label": f"Seat {number}: free",
        "url": "",
    }
