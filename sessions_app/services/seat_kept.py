"""The seat that requests keep: as long as one of them waits for its payment, or, where it is on offer, for an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from seats.models import Seat
from seats.services import drop_hold, offer_ends
from sessions_app.models import BookingRequest


def let_seat_go(
    *, student_id: int, mentor_id: int, by: Any, now: datetime, reason: str = Seat.Reason.HOLD_LAPSED
) -> None:
    """A request for a pack has ended, or a checkout: the seat stays only for what else keeps it.

    The caller holds the people's locks, and has written the end.
    """
    asked = BookingRequest.objects.filter(student=student_id, mentor=mentor_id, takes_seat=True)
    on_offer = Seat.objects.filter(student=student_id, mentor=mentor_id, status=Seat.Status.OFFERED).exists()
    keeping = asked.open(now) if on_offer else asked.to_pay(now)
    until = max((request.due for request in keeping), default=None)
    drop_hold(student_id=student_id, mentor_id=mentor_id, reason=reason, by=by, now=now, until=until)


def offered_until(request: BookingRequest) -> datetime | None:
    """The own end of the seat that the waiting list offers the student of this request for a pack, or None."""
    pair = {"student": request.student_id, "mentor": request.mentor_id}
    seat = Seat.objects.standing().filter(**pair).first() if request.takes_seat else None
    return offer_ends(seat) if seat is not None else None
