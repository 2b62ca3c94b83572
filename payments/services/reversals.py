"""Money that left, or may leave, at the provider: refunds begun there, our own ones' fate, disputes. Applied as truth."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum

from mentorship.kernel import clock, money
from mentorship.kernel.locking import lock
from notifications.services import Notice, notify_many
from packs.models import CreditEntry, SessionPack
from packs.services import freeze, thaw
from payments import ledger, providers
from payments.models import Dispute, Order, Payment, Refund
from payments.providers.base import DisputeFacts, DisputeStatus, RefundFacts, RefundStatus, Reversals
from payments.services.confirm import lock_order
from payments.services.refund_plan import gone_of, lost_of, plan_refund
from payments.services.refunding import lock_everything_of, take_back
from payments.services.refunds import fail_refund, settle_facts, tell_of_refund
from seats.services import freeze_seat, thaw_seat

log = structlog.get_logger(__name__)
DECIDE = "Decide how many sessions are taken back with it."
Status = Dispute.Status


def look_for_reversals(payment: Payment, *, now: datetime) -> None:
    """Ask the provider what went back of this payment, and apply it. Raises ProviderTrouble; nothing is lost then."""
    apply_reversals(payment, providers.by_name(payment.provider).fetch_reversals(payment), now=now)


def apply_reversals(payment: Payment, reversals: Reversals, *, now: datetime) -> None:
    """Each in its own transaction, any number of times: what is known already changes nothing."""
    for refund in reversals.refunds:
        _apply_refund(payment.pk, refund, now)
    for dispute in reversals.disputes:
        _apply_dispute(payment.pk, dispute, now)


def _lock_payment(payment_id: int, now: datetime) -> tuple[Order | None, Payment]:
    """The order first, with everything that hangs on it, then the payment."""
    order_id = Payment.objects.values_list("order_id", flat=True).get(pk=payment_id)
    order = lock_order(order_id) if order_id else None
    if order is not None:
        lock_everything_of(order, now=now)
    return order, lock(Payment.objects.filter(pk=payment_id).select_related("order"))[0]


@transaction.atomic
def _apply_refund(payment_id: int, facts: RefundFacts, now: datetime) -> None:
    order, payment = _lock_payment(payment_id, now)
    if _is_another_currency(payment, facts.currency):
        return
    ours = payment.refunds.filter(pk=facts.refund_id).first() if facts.refund_id else None
    ours = ours or payment.refunds.exclude(provider_reference="").filter(provider_reference=facts.reference).first()
    if ours is not None and ours.by_hand and facts.status is RefundStatus.SUCCEEDED:
        _book_late_success(ours, order, payment, facts, now)
    elif ours is not None:
        an_older_attempt = facts.status is RefundStatus.FAILED and facts.reference != ours.provider_reference
        if not an_older_attempt:
            settle_facts(ours.pk, facts, now)
    elif facts.status is RefundStatus.SUCCEEDED:
        _book_foreign_refund(order, payment, facts, now)


def _is_another_currency(payment: Payment, currency: str) -> bool:
    """What cannot be booked against this payment is not booked; an admin looks at it."""
    if currency == payment.currency:
        return False
    log.warning("reversal_in_another_currency", payment=payment.pk, currency=currency)
    why = f"{payment.provider} says that something in {currency} went back of a payment in {payment.currency}."
    Order.objects.filter(payments=payment).update(attention=why)
    return True


def _book_late_success(ours: Refund, order: Order | None, payment: Payment, facts: RefundFacts, now: datetime) -> None:
    """The provider had seemed to fail, we paid by hand, and it has paid all the same: that money has left, too."""
    if payment.refunds.filter(provider_reference=facts.reference).exclude(pk=ours.pk).exists():
        return
    _book_foreign_refund(order, payment, facts, now)
    why = f"{ours.amount_display} went back twice: by hand, and at the provider after all."
    Order.objects.filter(refunds=ours).update(attention=why)


def _book_foreign_refund(order: Order | None, payment: Payment, facts: RefundFacts, now: datetime) -> None:
    """Begun in the provider's dashboard: the money has left, so it is booked in full, whatever it was for."""
    refund = Refund.objects.create(
        order=order,
        payment=payment,
        amount_minor=facts.amount,
        currency=facts.currency,
        cause=f"provider:{payment.provider}:{facts.reference}"[:100],
        reason=f"Refunded at {payment.provider}.",
        status=Refund.Status.SUCCEEDED,
        provider_reference=facts.reference,
        created_at=now,
        done_at=now,
        next_attempt_at=clock.machine_now(),
    )
    ledger.post_refund(refund, now=now)
    log.info("refunded_at_the_provider", payment=payment.pk, refund=refund.pk)
    if order is None or payment.status != Payment.Status.CONFIRMED:
        return
    refund.sessions = _take_credits(order, reason=refund.reason, amount=refund.amount_minor, now=now)
    refund.save(update_fields=["sessions"])
    if refund.sessions:
        Order.objects.filter(pk=order.pk).update(refund_asked_at=None, refund_wish="")
    tell_of_refund(refund, order, now=now)


def _take_credits(order: Order, *, reason: str, amount: int, now: datetime) -> int:
    """All the money is gone: every unsettled credit goes too. Only a part is: an admin decides. Returns how many went."""
    if gone_of(order) < order.amount_minor:
        if not plan_refund(order, now=now).most:
            return 0  # nothing is left that could be taken
        sum_gone = money.display(amount, order.currency)
        why = f"{sum_gone} went back at the provider. {DECIDE}"
        Order.objects.filter(pk=order.pk).update(attention=why)
        return 0
    plan = plan_refund(order, now=now)
    take_back(plan, by=None, reason=reason, now=now)
    Order.objects.filter(pk=order.pk, attention__endswith=DECIDE).update(attention="")  # nothing is left to decide
    return plan.sessions


def take_what_came_back(now: datetime) -> int:
    """Credits that were booked when all their money left, and came back since: the mentor did not come, or cancelled.

    They are no longer paid for. Looked for here, because packs and sessions know nothing of money. Returns how many.
    """
    entries = CreditEntry.objects.filter(purchase__order_id=OuterRef("pk")).order_by().values("purchase")
    free = entries.annotate(n=Sum(F("total_delta") - F("held_delta") - F("used_delta"))).values("n")
    left = Q(refunds__cause__startswith="provider:") | Q(disputes__status=Status.LOST)
    orders = Order.objects.filter(left, status=Order.Status.FULFILLED, amount_minor__gt=0).annotate(free=Subquery(free))
    ids = orders.filter(free__gt=0).distinct().order_by("pk").values_list("pk", flat=True)
    return sum(_take_what_came_back(pk, now) for pk in list(ids))


@transaction.atomic
def _take_what_came_back(order_id: UUID, now: datetime) -> int:
    order = lock_order(order_id)
    lock_everything_of(order, now=now)
    if gone_of(order) < order.amount_minor:
        return 0
    plan = plan_refund(order, now=now)
    take_back(plan, by=None, reason="Its money went back.", now=now)
    return plan.sessions


@transaction.atomic
def _apply_dispute(payment_id: int, facts: DisputeFacts, now: datetime) -> None:
    order, payment = _lock_payment(payment_id, now)
    if _is_another_currency(payment, facts.currency):
        return
    dispute, new = Dispute.objects.get_or_create(
        provider=payment.provider,
        provider_reference=facts.reference,
        defaults={
            "order": order,
            "payment": payment,
            "amount_minor": facts.amount,
            "currency": facts.currency,
            "reason": facts.reason[:100],
            "opened_at": now,
        },
    )
    if new:
        _open(dispute, order, now)
    ledger.post_dispute_fee(dispute, facts.fee, facts.fee_currency, now=now)
    if dispute.status == Status.OPEN and facts.status is DisputeStatus.WON:
        _win(dispute, order, now)
    elif dispute.status in (Status.OPEN, Status.WON) and facts.status is DisputeStatus.LOST:
        _lose(dispute, order, facts.amount, now)
    elif dispute.status != Status.OPEN and facts.status.value not in (dispute.status, Status.OPEN):
        why = f"A dispute that was {dispute.get_status_display()} is now {facts.status.lower()} at the provider."
        Order.objects.filter(disputes=dispute).update(attention=why)


def _packs_of(order: Order) -> list[SessionPack]:
    """The packs that hold credits of this order's purchase, make-up packs too."""
    with_credits = CreditEntry.objects.filter(purchase__order_id=order.pk).order_by().values("pack")
    return list(SessionPack.objects.filter(pk__in=with_credits).order_by("pk"))


def _open(dispute: Dispute, order: Order | None, now: datetime) -> None:
    """Nothing can be booked, and all clocks stand, until it is decided. (Money that paid for nothing freezes nothing.)"""
    if order is None:
        return
    if dispute.payment.status != Payment.Status.CONFIRMED:
        _tell(dispute, order, "opened", now)
        return
    for pack in _packs_of(order):
        freeze(pack, cause=dispute.cause, now=now)
        if pack.takes_seat:
            freeze_seat(student_id=pack.student_id, mentor_id=pack.mentor_id, now=now)
    _tell(dispute, order, "opened", now)


def _close(dispute: Dispute, order: Order | None, status: str, now: datetime) -> None:
    dispute.status, dispute.closed_at = status, now
    dispute.save(update_fields=["status", "closed_at", "amount_minor", "sessions"])
    if order is None:
        return
    # All it froze, and whatever inherited that freeze (a make-up pack of another purchase in the same pack).
    frozen = SessionPack.objects.filter(freezes__cause=dispute.cause, freezes__until=None)
    for pack in frozen.order_by("pk"):
        thaw(pack, cause=dispute.cause, now=now)
    thaw_seat(student_id=order.student_id, mentor_id=order.mentor_id, now=now)
    _tell(dispute, order, status.lower(), now)


def _win(dispute: Dispute, order: Order | None, now: datetime) -> None:
    _close(dispute, order, Status.WON, now)


def _lose(dispute: Dispute, order: Order | None, amount: int, now: datetime) -> None:
    """The money is gone, and is booked in full. With all of it go the unsettled credits."""
    dispute.amount_minor = amount
    _close(dispute, order, Status.LOST, now)
    ledger.post_lost_dispute(dispute, now=now)
    _void_refunds(dispute.payment)
    if order is not None and dispute.payment.status == Payment.Status.CONFIRMED:
        dispute.sessions = _take_credits(order, reason="A dispute was lost.", amount=amount, now=now)
        dispute.save(update_fields=["sessions"])


def _void_refunds(payment: Payment) -> None:
    """The bank was faster: refunds that have not left yet, and for which nothing is left, will never be made."""
    lost = lost_of(payment)
    for refund in payment.refunds.filter(status=Refund.Status.REQUESTED, provider_reference="").order_by("-pk"):
        if lost + payment.refunds.all().going_back() > payment.amount_minor:
            fail_refund(refund.pk, "The bank has taken the money back.")


def _tell(dispute: Dispute, order: Order, what: str, now: datetime) -> None:
    about, key = f"order:{order.pk}", f"dispute:{dispute.pk}:{what}"
    context = {
        "amount_display": dispute.amount_display,
        "title": order.title,
        "order_number": order.number,
        "what": what,
        "student_name": order.student.display_name,
        "mentor_name": order.mentor.display_name,
    }
    to_student = {**context, "role": "student", "url": order.get_absolute_url()}
    to_mentor = {**context, "role": "mentor", "url": "/tutor/wallet"}
    notify_many(
        "dispute",
        [
            Notice(order.student, about, f"{key}:student", now, to_student),
            Notice(order.mentor, about, f"{key}:mentor", now, to_mentor),
        ],
    )
