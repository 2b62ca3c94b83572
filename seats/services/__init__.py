"""Use-cases of seats. Taking locks the mentor, then clears what has lapsed, then checks, then writes."""

from seats.services.capacity import Availability, availabilities, availability, mentor_full
from seats.services.lapsing import release_lapsed
from seats.services.transitions import drop_hold, hold_seat, release_seat, start_grace, take_seat

__all__ = [
    "Availability",
    "availabilities",
    "availability",
    "drop_hold",
    "hold_seat",
    "mentor_full",
    "release_lapsed",
    "release_seat",
    "start_grace",
    "take_seat",
]
