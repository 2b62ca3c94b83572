"""A student asks for a refund; the mentor refunds (`refunding.refund_order`) or says why not."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.models import User
from notifications.services import notify, withdraw
from payments.models import Dispute, Order
from payments.services.confirm import lock_order
from payments.services.refund_plan import RefundPlan, plan_refund

MAX = 300


@transaction.atomic
def ask_for_refund(*, order_id: UUID, student: User, reason: str, now: datetime) -> Order:
    """The mentor is told and finds it under "Needs you". Asking again while it is open changes nothing.

    Raises NotFound (a stranger's), Malformed (no reason), Refusal `nothing_to_refund`, `wrong_state` (in dispute).
    """
    if not Order.objects.filter(pk=order_id, student=student).exists():
        raise NotFound
    reason = words(reason)
    order = lock_order(order_id)
    if order.refund_asked_at is not None:
        return order
    plan = check_refundable(order, now)
    order.refund_asked_at, order.refund_wish = now, reason
    order.save(update_fields=["refund_asked_at", "refund_wish"])
    notify(
        "refund_asked",
        recipient=order.mentor,
        about=f"order:{order.pk}",
        dedupe_key=f"refund_asked:{order.pk}:{now.isoformat()}",
        now=now,
        role="mentor",
        student_name=student.display_name,
        title=order.title,
        order_number=order.number,
        amount_display=plan.amount_display,
        reason=reason,
        url=f"/tutor/orders/{order.pk}/refund",
    )
    return order


@transaction.atomic
def decline_refund(*, order_id: UUID, mentor: User, reason: str, now: datetime) -> Order:
    """The mentor says no, and the student is told why. Twice changes nothing. Raises NotFound, Malformed (no reason)."""
    if not Order.objects.filter(pk=order_id, mentor=mentor).exists():
        raise NotFound
    reason = words(reason)
    order = lock_order(order_id)
    if order.refund_asked_at is None:
        return order
    asked_at, order.refund_asked_at, order.refund_wish = order.refund_asked_at, None, ""
    order.save(update_fields=["refund_asked_at", "refund_wish"])
    withdraw(f"order:{order.pk}", now, kinds=["refund_asked"])
    notify(
        "refund_declined",
        recipient=order.student,
        about=f"order:{order.pk}",
        dedupe_key=f"refund_declined:{order.pk}:{asked_at.isoformat()}",
        now=now,
        role="student",
        mentor_name=mentor.display_name,
        title=order.title,
        order_number=order.number,
        reason=reason,
        url=order.get_absolute_url(),
    )
    return order


def check_refundable(order: Order, now: datetime) -> RefundPlan:
    """The plan of all that can go back. Raises Refusal `nothing_to_refund`, `wrong_state`."""
    if order.disputes.filter(status=Dispute.Status.OPEN).exists():
        raise Refusal("wrong_state", "This payment is disputed at the bank: what becomes of it is decided there.")
    plan = plan_refund(order, now=now)
    if plan.payment is None or not plan.sessions or not plan.amount_minor:
        raise Refusal("nothing_to_refund", "There is nothing left to refund: what is settled stays paid.")
    return plan


def words(reason: str) -> str:
    """A reason as it is stored. Raises Malformed for none."""
    reason = " ".join(reason.replace("\0", "").split())
    if not reason or len(reason) > MAX:
        raise Malformed(f"Please say why, in at most {MAX} characters.")
    return reason
