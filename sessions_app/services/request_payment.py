"""The payment of an approved request: until when it is due, and what its page's end or its money does to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from mentorship.kernel.refusals import Refusal
from sessions_app.models import BookingRequest, Session

Status = BookingRequest.Status


def payment_due(approved_at: datetime, starts_at: datetime | None) -> datetime:
    """Until when a request that is approved at this instant, for this time, is to be paid: what a page says before."""
    numbers = settings.MENTORSHIP
    by = approved_at + timedelta(hours=numbers.payment_after_approval_hours)
    if starts_at is not None:
        by = min(by, starts_at - timedelta(hours=numbers.payment_least_hours_before))
    return by


def pay_by(request: BookingRequest) -> datetime:
    """Until when an approved request can be taken to its payment. A page opened before may end a little later."""
    assert request.approved_at is not None, "only what is approved is paid"
    return payment_due(request.approved_at, request.session.starts_at if request.session else None)


def page_ended(request_id: UUID, *, now: datetime) -> None:
    """The page it was to be paid on has ended: it can be paid until its own deadline, no longer until the page's.

    The caller holds the people's locks.
    """
    request = BookingRequest.objects.to_pay(now).select_related("session").filter(pk=request_id).first()
    if request is None or request.payment_deadline is None or (until := pay_by(request)) >= request.payment_deadline:
        return
    BookingRequest.objects.filter(pk=request.pk).update(payment_deadline=until)
    kept = Session.objects.filter(request=request.pk, status=Session.Status.AWAITING_PAYMENT)
    kept.update(payment_deadline=until)


def mark_paid(request_id: UUID, *, now: datetime) -> None:
    """Its money came, if late: it is approved and paid. Raises Refusal `given_up` (withdrawn, or paid by another order).

    The caller holds the people's locks.
    """
    unpaid = BookingRequest.objects.filter(pk=request_id, paid_at=None, status__in=[Status.APPROVED, Status.EXPIRED])
    if not unpaid.update(status=Status.APPROVED, paid_at=now, ended_at=None):
        raise Refusal("given_up", "This request was given up, or paid already.")
