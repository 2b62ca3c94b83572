"""Where a student waits, as the student room shows it: places in lines, and the seats on offer among what needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mentorship.kernel.ordinals import ordinal
from seats.models import WaitingPlace
from seats.services import places_of


@dataclass(frozen=True)
class Waiting:
    """One place in one line."""

    place: WaitingPlace
    now: datetime

    @property
    def mentor(self) -> Any:
        return self.place.mentor

    @property
    def url(self) -> str:
        return f"{self.mentor.mentor_profile.get_absolute_url()}#line"

    @property
    def position_words(self) -> str:
        """ "2nd"."""
        return ordinal(self.place.position)  # type: ignore[attr-defined]

    @property
    def offered_until(self) -> datetime | None:
        """Until when a seat is kept for the student; None while they wait."""
        return self.place.kept_until if self.place.is_offered(self.now) else None


def waiting_places(student: Any, now: datetime) -> list[Waiting]:
    """For `rooms/waiting_rows.html`; offers first. One query."""
    return [Waiting(place, now) for place in places_of(student, now)]


def offers_of(waiting: list[Waiting]) -> list[dict[str, Any]]:
    """For `components/needs_you.html`: each seat on offer, with its end."""
    return [
        {
            "title": f"Take your seat with {one.mentor.first_name}",
            "text": "It is kept for you; then it goes to the next in line",
            "until": one.offered_until,
            "url": one.url,
        }
        for one in waiting
        if one.offered_until is not None
    ]
