"""The seat that the orders of a pair keep: as long as one of them is open, or paid and not granted yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from payments.models import Order
from seats.models import Seat
from seats.services import checkout_ended, hold_seat
from sessions_app.services import hold_for_approved, let_seat_go


def keep_no_longer(student_id: int, mentor_id: int, *, but: UUID | None = None, now: datetime) -> None:
    """A payment has ended, or another takes its place: the pair's seat stays only for what else keeps it.

    `but` is the order that has ended, where its status does not say so yet. The caller holds the people's locks.
    """
    rest = Order.objects.of_pair(student_id, mentor_id).filter(takes_seat=True)
    if but is not None:
        rest = rest.exclude(pk=but)
    if rest.open(now).exists() or rest.to_fulfil().exists():
        return
    pair = {"student_id": student_id, "mentor_id": mentor_id}
    checkout_ended(**pair)
    let_seat_go(**pair, reason=Seat.Reason.PAYMENT_FAILED, by=None, now=now, seated_too=False)


def hold_for_the_rest(student_id: int, mentor_id: int, *, by: Any, now: datetime) -> None:
    """The seat is taken. Whatever else is open keeps it, too: if its pack is refunded, it is what an approval has promised.

    The caller holds the people's locks.
    """
    pair = {"student_id": student_id, "mentor_id": mentor_id}
    hold_for_approved(**pair, by=by, now=now)
    for order in Order.objects.open(now).of_pair(student_id, mentor_id).filter(takes_seat=True, request=None):
        hold_seat(**pair, until=order.expires_at, by=by, now=now, approved=False)
