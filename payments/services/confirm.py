"""Money first: what the provider has received is recorded, in its own transaction, before anything is granted."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound
from notifications.services import notify
from payments import ledger, providers
from payments.models import Order, Payment
from payments.providers.base import PaymentFacts, PaymentStatus
from payments.services.keeping import keep_no_longer
from payments.services.refunds import request_refund
from sessions_app.services import page_ended, release_reserved

log = structlog.get_logger(__name__)


def lock_order(order_id: UUID) -> Order:
    """Raises NotFound. The caller is inside a transaction."""
    found = lock(Order.objects.filter(pk=order_id).select_related("student", "mentor", "offering"))
    if not found:
        raise NotFound("There is no such order.")
    return found[0]


def apply_facts(order_id: UUID, facts: PaymentFacts, *, now: datetime) -> None:
    """Whatever the provider says is true: paid, declined, or nothing yet."""
    if facts.status is PaymentStatus.PAID:
        confirm_payment(order_id, facts, now=now)
    elif facts.status is PaymentStatus.DECLINED:
        record_decline(order_id, now=now)


@transaction.atomic
def confirm_payment(order_id: UUID, facts: PaymentFacts, *, now: datetime) -> Order:
    """Record this money once. PENDING, EXPIRED and FAILED become PAID (late money is money).

    Money that does not fit the order is kept and flagged; nothing is granted for it. Money that pays an order a second
    time is kept and given back. Raises NotFound.
    """
    order = lock_order(order_id)
    known = Payment.objects.filter(provider=order.provider, provider_payment_id=facts.payment_id).first()
    if known is not None:
        if known.status != Payment.Status.WRONG_MODE:
            ledger.post_fee(known, facts.fee, facts.fee_currency, now=now)  # often known only later
        return order
    wrong = _mismatch(order, facts)
    if _is_wrong_mode(order.provider, facts):
        _keep(order, facts, Payment.Status.WRONG_MODE, "Test money and real money do not mix.", now)
    elif wrong:
        _keep(order, facts, Payment.Status.MISMATCHED, wrong, now)
    elif order.payments.filter(status=Payment.Status.CONFIRMED).exists():
        extra = _keep(order, facts, Payment.Status.EXTRA, "This order was paid twice.", now)
        request_refund(
            order,
            extra,
            cause=f"extra:{extra.pk}",
            reason="It was paid twice.",
            now=now,
        )
    else:
        payment = _payment(order, facts, Payment.Status.CONFIRMED, "", now)
        order.status, order.paid_at = Order.Status.PAID, now
        order.save(update_fields=["status", "paid_at"])
        ledger.post_payment(order, payment, now=now)
        ledger.post_fee(payment, facts.fee, facts.fee_currency, now=now)
        if order.amount_minor:
            tell_student(
                order,
                "payment_confirmed",
                now=now,
                url=order.return_path,
                mentor_name=order.mentor.display_name,
                receipt_url=f"{order.site_url}{order.get_absolute_url()}/receipt",
            )
    return order


def _mismatch(order: Order, facts: PaymentFacts) -> str:
    """In which way this money is not what the order asked for, or ""."""
    if facts.reference != order.provider_reference:
        return f"The payment belongs to {facts.reference!r}, the order to {order.provider_reference!r}."
    if facts.currency != order.currency or facts.amount != order.amount_minor:
        return f"{facts.amount} {facts.currency} came, {order.amount_minor} {order.currency} was asked for."
    return ""


def _is_wrong_mode(provider: str, facts: PaymentFacts) -> bool:
    return facts.live != providers.by_name(provider).live


def _payment(
    order: Order | None,
    facts: PaymentFacts,
    status: str,
    note: str,
    now: datetime,
    provider: str = "",
) -> Payment:
    return Payment.objects.create(
        order=order,
        provider=order.provider if order else provider,
        provider_payment_id=facts.payment_id,
        amount_minor=facts.amount,
        currency=facts.currency,
        status=status,
        note=note[:300],
        received_at=now,
    )


def _keep(order: Order, facts: PaymentFacts, status: str, why: str, now: datetime) -> Payment:
    payment = _payment(order, facts, status, why, now)
    if status != Payment.Status.WRONG_MODE:  # what is no money is in no book
        ledger.post_unclaimed(payment, now=now)
        ledger.post_fee(payment, facts.fee, facts.fee_currency, now=now)
    order.attention = why[:300]
    order.save(update_fields=["attention"])
    log.warning("payment_kept_aside", order=str(order.pk), payment=payment.pk, why=why)
    return payment


@transaction.atomic
def keep_unmatched(provider: str, facts: PaymentFacts, *, now: datetime) -> Payment:
    """Money that belongs to no order of ours: kept once, for an admin to look at."""
    known = Payment.objects.filter(provider=provider, provider_payment_id=facts.payment_id).first()
    if known:
        if known.status != Payment.Status.WRONG_MODE:
            ledger.post_fee(known, facts.fee, facts.fee_currency, now=now)
        return known
    note = f"No order goes by {facts.reference!r}."
    wrong_mode = _is_wrong_mode(provider, facts)
    status = Payment.Status.WRONG_MODE if wrong_mode else Payment.Status.UNMATCHED
    payment = _payment(None, facts, status, note, now, provider)
    if not wrong_mode:
        ledger.post_unclaimed(payment, now=now)
        ledger.post_fee(payment, facts.fee, facts.fee_currency, now=now)
    log.warning("payment_unmatched", provider=provider, payment=payment.pk)
    return payment


@transaction.atomic
def record_decline(order_id: UUID, *, now: datetime) -> Order:
    """PENDING becomes FAILED: its time is free again, and a seat only held for it too. Otherwise nothing happens."""
    order = lock_order(order_id)
    if order.status != Order.Status.PENDING:
        return order
    _end(order, Order.Status.FAILED, now)
    reason = "The bank or card said no."
    tell_student(
        order,
        "payment_failed",
        now=now,
        reason=reason,
        url=retry_path(order),
        mentor_name=order.mentor.display_name,
    )
    return order


@transaction.atomic
def give_up(*, student: Any, order_id: UUID, now: datetime) -> Order:
    """The student does not want it any more. Money that still comes is late money. Raises NotFound (a stranger's)."""
    if not Order.objects.filter(pk=order_id, student=student).exists():
        raise NotFound
    order = lock_order(order_id)
    if order.status == Order.Status.PENDING:
        order.replaced_at = now  # its page is asked to close, like a replaced one's
        order.save(update_fields=["replaced_at"])
        _end(order, Order.Status.EXPIRED, now)
    return order


def _end(order: Order, status: str, now: datetime) -> None:
    order.status = status
    order.save(update_fields=["status"])
    lock_people([order.student_id, order.mentor_id])
    if order.request_id is not None:
        page_ended(order.request_id, now=now)
    if order.takes_seat:
        # The seat of an approved request stays held until its own deadline: the student may try once more.
        keep_no_longer(order.student_id, order.mentor_id, but=order.pk, now=now)
    release_reserved(order_id=order.pk, now=now)


def retry_path(order: Order) -> str:
    """Where the student can try again."""
    if order.request_id:
        return f"/mentorship/requests/{order.request_id}"
    return f"/checkout/{order.offering_id}" if order.offering_id else "/mentorship"


def tell_student(order: Order, kind: str, *, now: datetime, url: str, **context: Any) -> None:
    notify(
        kind,
        recipient=order.student,
        about=f"order:{order.pk}",
        dedupe_key=f"{kind}:{order.pk}",
        now=now,
        amount_display=order.amount_display,
        title=order.title,
        order_number=order.number,
        role="student",
        url=url,
        **context,
    )
