"""The seat that requests keep: as long as one of them waits for its payment, or, where it is on offer, for an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from seats.models import Seat
from seats.services import drop_hold, hold_seat, offer_ends
from sessions_app.models import BookingRequest
from sessions_app.models.request import BookingRequestQuerySet


def let_seat_go(
    *,
    student_id: int,
    mentor_id: int,
    by: Any,
    now: datetime,
    reason: str = Seat.Reason.HOLD_LAPSED,
    seated_too: bool = False,
) -> None:
    """A request for a pack has ended or is due earlier, or a checkout has ended: the seat stays only for what else keeps it.

    `seated_too`: it was approved, and kept the seat beyond its grace or its pack, too. The caller holds the people's
    locks, and has written the end.
    """
    asked = BookingRequest.objects.filter(student=student_id, mentor=mentor_id, takes_seat=True)
    on_offer = Seat.objects.filter(student=student_id, mentor=mentor_id, status=Seat.Status.OFFERED).exists()
    drop_hold(
        student_id=student_id,
        mentor_id=mentor_id,
        reason=reason,
        by=by,
        now=now,
        until=_latest(asked, on_offer, now),
        seated_too=seated_too,
    )


def _latest(asked: BookingRequestQuerySet, on_offer: bool, now: datetime) -> datetime | None:
    keeping = asked.open(now) if on_offer else asked.to_pay(now)
    return max((request.due for request in keeping), default=None)


def hold_for_approved(*, student_id: int, mentor_id: int, by: Any, now: datetime) -> None:
    """The seat is taken, and its holds with it: what is approved and not paid yet keeps it anew, should it end early.

    The caller holds the people's locks.
    """
    asked = BookingRequest.objects.filter(student=student_id, mentor=mentor_id, takes_seat=True)
    until = _latest(asked, False, now)
    if until is not None:
        hold_seat(student_id=student_id, mentor_id=mentor_id, until=until, by=by, now=now, approved=True)


def stays_without(request: BookingRequest, *, now: datetime) -> bool:
    """Whether the student's seat would still be kept once this request is taken back."""
    pair = {"student": request.student_id, "mentor": request.mentor_id}
    seat = Seat.objects.standing().with_life(now).filter(**pair).first()
    if seat is None:
        return False
    if seat.status == Seat.Status.GRACE and not seat.grace_is_over(now):
        return True
    if seat.status == Seat.Status.ACTIVE and seat.has_live_pack:  # type: ignore[attr-defined]
        return True
    others = BookingRequest.objects.filter(takes_seat=True, **pair).exclude(pk=request.pk)
    until = _latest(others, seat.status == Seat.Status.OFFERED, now)
    kept = max(filter(None, [until, seat.checkout_until, offer_ends(seat)]), default=now)
    return seat.held_until is not None and min(seat.held_until, kept) > now


def offered_until(request: BookingRequest) -> datetime | None:
    """The own end of the seat that the waiting list offers the student of this request for a pack, or None."""
    pair = {"student": request.student_id, "mentor": request.mentor_id}
    seat = Seat.objects.standing().filter(**pair).first() if request.takes_seat else None
    return offer_ends(seat) if seat is not None else None
