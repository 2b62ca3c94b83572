"""What an approved request keeps when the page on which it was to be paid ends."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sessions_app.models import BookingRequest, Session
from sessions_app.services.requesting import pay_by


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
