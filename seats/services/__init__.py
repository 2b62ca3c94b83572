"""Use-cases of seats. Taking locks the mentor, then clears what has lapsed, then checks, then writes."""

from seats.services.capacity import Availability, availabilities, availability, mentor_full
from seats.services.lapsing import release_lapsed
from seats.services.line import join, leave, line_of, place_with, places_of
from seats.services.standing_still import freeze_seat, thaw_seat
from seats.services.transitions import (
    checkout_ended,
    drop_hold,
    hold_seat,
    keep_offer,
    release_refunded,
    release_seat,
    start_grace,
    take_seat,
)
from seats.services.waiting import offer_ends, offer_free_seats

__all__ = [
    "Availability",
    "availabilities",
    "availability",
    "checkout_ended",
    "drop_hold",
    "freeze_seat",
    "hold_seat",
    "join",
    "keep_offer",
    "leave",
    "line_of",
    "mentor_full",
    "offer_ends",
    "offer_free_seats",
    "place_with",
    "places_of",
    "release_lapsed",
    "release_refunded",
    "release_seat",
    "start_grace",
    "take_seat",
    "thaw_seat",
]
