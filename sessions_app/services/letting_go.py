"""A mentorship ends: its requests are let go, whether they wait for the mentor or for the payment."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from notifications.services import withdraw
from sessions_app.models import BookingRequest, Session
from sessions_app.services.cancelling import cancel
from sessions_app.services.request_words import tell
from sessions_app.services.requesting import lock_request
from sessions_app.services.seat_kept import let_seat_go

Status = BookingRequest.Status


@transaction.atomic
def let_go(*, request_id: UUID, by: Any, reason: str, now: datetime) -> bool:
    """Reject it whatever it waits for; what was kept for its payment is free at once, and the student is told.

    `by` is an admin or the mentor. False when it was over already. Raises NotFound.
    """
    request = lock_request(request_id, None)
    if request.status_at(now) not in (Status.PENDING_MENTOR_REVIEW, Status.APPROVED) or request.paid_at is not None:
        return False
    withdraw(f"request:{request.pk}", now)
    was_approved = request.status == Status.APPROVED
    request.status, request.rejection_reason, request.rejected_at, request.ended_at = Status.REJECTED, reason, now, now
    request.save(update_fields=["status", "rejection_reason", "rejected_at", "ended_at"])
    session = request.session
    if session is not None and session.status_at(now) == Session.Status.AWAITING_PAYMENT:
        cancel(session_id=session.pk, by=by, on_behalf_of=request.mentor, reason=reason, now=now)
    if request.takes_seat:
        let_seat_go(student_id=request.student_id, mentor_id=request.mentor_id, by=by, now=now, seated_too=was_approved)
    tell(request, "request_rejected", request.student, now=now, reason=reason, what="ended")
    return True
