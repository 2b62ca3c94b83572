"""The seat that requests keep: as long as one of them waits for its payment, or, where it is on offer, for an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from seats.models import Seat
from seats.services import drop_hold, hold_seat, offer_ends
from sessions_app.models import BookingRequest
from sessions_app.models.request import BookingRequestQuerySet
from sessions_app.services.consequences import Consequence


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


@dataclass(frozen=True)
class SeatWithout:
    """The student's seat, were this request for it taken back: what is there, and whether something else keeps it.

    `offer` is the own end of the offer, where the waiting list has offered it.
    """

    exists: bool = False
    stays: bool = False
    offer: datetime | None = None

    @property
    def goes(self) -> bool:
        return self.exists and not self.stays


def seat_without(request: BookingRequest, *, now: datetime) -> SeatWithout:
    """As the commit lets go of it (`let_seat_go`)."""
    pair = {"student": request.student_id, "mentor": request.mentor_id}
    seat = Seat.objects.standing().with_life(now).filter(**pair).first() if request.takes_seat else None
    if seat is None:
        return SeatWithout()
    offer = offer_ends(seat)
    own = seat.status == Seat.Status.GRACE and not seat.grace_is_over(now)
    own |= seat.status == Seat.Status.ACTIVE and seat.has_live_pack
    others = BookingRequest.objects.filter(takes_seat=True, **pair).exclude(pk=request.pk)
    until = _latest(others, seat.status == Seat.Status.OFFERED, now)
    kept = max(filter(None, [until, seat.checkout_until, offer]), default=now)
    held = seat.held_until is not None and min(seat.held_until, kept) > now
    return SeatWithout(True, own or held, offer)


def if_yes_ends(request: BookingRequest, *, now: datetime) -> Consequence:
    """What becomes of what this approved request keeps, once its student takes it back."""
    name, seat = request.mentor.first_name, seat_without(request, now=now)
    kept = ["your seat"] if seat.goes and seat.offer is None else []
    kept += ["your time"] if request.session_id else []
    words = f"{name} has said yes: {' and '.join(kept)} would be free for others at once. Nothing was paid."
    if not kept:
        words = f"{name} has said yes, which would be gone. Nothing was paid."
    code = "kept:seat_stays" if seat.stays and seat.offer is None else "kept"
    return and_the_offer(Consequence(code, words, False), seat, now)


def and_the_offer(consequence: Consequence, seat: SeatWithout, now: datetime) -> Consequence:
    """What becomes of the seat that the waiting list offered, and that the request may have kept longer."""
    if seat.offer is None:
        return consequence
    if seat.offer > now:
        also, what = (
            "The seat on offer stays yours until the offer\N{RIGHT SINGLE QUOTATION MARK}s own end.",
            "offer_stays",
        )
    elif seat.stays:
        also, what = "The seat that was offered to you is still kept for what else you have begun.", "offer_kept"
    else:
        also, what = "The seat that was offered to you goes to the next in line at once.", "offer_over"
    return replace(consequence, code=f"{consequence.code}:{what}", also=also)
