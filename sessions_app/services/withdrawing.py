"""The student takes a request back; what was kept for it is free at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentorship.kernel.refusals import NotYours
from notifications.services import withdraw
from sessions_app.models import BookingRequest, Session
from sessions_app.services.cancelling import cancel
from sessions_app.services.consequences import Consequence
from sessions_app.services.request_words import tell
from sessions_app.services.requesting import check_waiting, lock_request
from sessions_app.services.seat_kept import and_the_offer, if_yes_ends, let_seat_go, seat_without

Status = BookingRequest.Status


def what_if_withdrawn(request: BookingRequest, *, now: datetime) -> Consequence:
    """What the student's withdrawal would do right now. Raises Refusal `wrong_state` (paid, rejected, expired)."""
    if request.is_payable(now):
        return if_yes_ends(request, now=now)
    check_waiting(request, now)
    name, seat = request.mentor.first_name, seat_without(request, now=now)
    code, words = "waiting", f"{name} has not answered yet. Nothing was paid."
    if request.suggested_at is not None:
        code, words = (
            "suggested",
            f"{name} has suggested other times; they would be gone with the request. Nothing was paid.",
        )
    elif seat.offer is None:
        words = f"{name} has not answered yet. Nothing is kept for you and nothing was paid."
    return and_the_offer(Consequence(code, words, False), seat, now)


@transaction.atomic
def withdraw_request(*, request_id: UUID, by: Any, now: datetime, expect: str | None = None) -> BookingRequest:
    """The student changes their mind; what was kept for the payment is free at once. Twice changes nothing.

    `expect` is the consequence the student was shown. Raises NotFound, NotYours (the mentor), Refusal `wrong_state`
    (paid, rejected, expired), `answer_changed`.
    """
    request = lock_request(request_id, by)
    if by.pk != request.student_id:
        raise NotYours("Only the student can withdraw a request.")
    if request.status == Status.WITHDRAWN:
        return request
    consequence = what_if_withdrawn(request, now=now).must_be(expect)
    withdraw(f"request:{request.pk}", now)  # what was not told yet would be told of a request that is none any more
    _end(request, by=by, now=now, was_approved=consequence.kind == "kept")
    if consequence.kind != "kept" or request.session_id is None:  # else both are told that its time is cancelled
        tell(request, "request_withdrawn", request.mentor, now=now)
    return request


def _end(request: BookingRequest, *, by: Any, now: datetime, was_approved: bool) -> None:
    """Close it, and let go of what was kept for its payment."""
    request.status, request.ended_at = Status.WITHDRAWN, now
    request.save(update_fields=["status", "ended_at"])
    if request.session is not None and request.session.status == Session.Status.AWAITING_PAYMENT:
        cancel(session_id=request.session.pk, by=by, now=now, reason="the request was withdrawn")
    if request.takes_seat:
        let_seat_go(student_id=request.student_id, mentor_id=request.mentor_id, by=by, now=now, seated_too=was_approved)
