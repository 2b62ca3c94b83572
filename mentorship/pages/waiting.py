"""Leaving a line, where a payment or a request may be open: it stands on this floor because orders do not know of lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Refusal
from payments.models import Order
from payments.services import give_up
from seats.services import leave, place_with
from sessions_app.models import BookingRequest
from sessions_app.services import withdraw_request


@transaction.atomic
def leave_line(*, student: Any, mentor_id: int, now: datetime, expect: str = "") -> None:
    """Leave the mentor's line, or decline the seat on offer together with the payment and the requests for it.

    `expect` is what the person saw, "waiting" or "offered". Raises Refusal `answer_changed`.
    """
    paying = Order.objects.open(now).of_pair(student.pk, mentor_id).filter(takes_seat=True)
    locked = {order.pk for order in lock(paying)} if expect != "waiting" else set()
    lock_people([student.pk, mentor_id])
    place = place_with(student, mentor_id, now)
    declines = place is not None and place.is_offered(now)
    # The seat first: what keeps it ends after it, and does not let the offer lapse before it is declined.
    leave(student=student, mentor_id=mentor_id, now=now, expect=expect)
    if not declines:
        return
    if paying.exclude(pk__in=locked).exists():
        # Placed between the two locks: with the people locked it is too late to lock it.
        raise Refusal("answer_changed", "A payment was begun at this moment. Please look again before you decline.")
    for order_id in locked:
        give_up(student=student, order_id=order_id, now=now)
    asked = BookingRequest.objects.open(now).filter(student=student, mentor=mentor_id, takes_seat=True)
    for request_id in asked.values_list("pk", flat=True):
        withdraw_request(request_id=request_id, by=student, now=now)
