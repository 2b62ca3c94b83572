from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from mentorship.kernel import clock, jobs
from mentorship.kernel.locking import lock
from mentorship.kernel.tasks import run_job
from notifications.services import Notice, notify_many
from payments import ledger, providers
from payments.models import Order, Payment, Refund
from payments.providers.base import TIMEOUT

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8
BATCH = 20
LEASE = timedelta(seconds=2 * TIMEOUT * BATCH)


def request_refund(
    order: Order,
    payment: Payment,
    *,
    cause: str,
    reason: str,
    now: datetime,
    sessions: int = 0,
) -> Refund:
    """Give all of this payment back; a worker asks the provider after commit. Both sides are told.

    `cause` is unique: one refund for each. `sessions` is how many of the order's sessions it covers. The caller has
    locked the order.
    """
    refund = Refund.objects.create(
        order=order,
        payment=payment,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        sessions=sessions,
        cause=cause,
        reason=reason,
        created_at=now,
        next_attempt_at=clock.machine_now(),
    )
    context = {
        "amount_display": refund.amount_display,
        "title": order.title,
        "order_number": order.number,
        "reason": reason,
        "student_name": order.student.display_name,
        "mentor_name": order.mentor.display_name,
    }
    about, key = f"order:{order.pk}", f"refund:{refund.pk}"
    to_student = {**context, "role": "student", "url": order.get_absolute_url()}
    to_mentor = {**context, "role": "mentor", "url": "/tutor/seats"}
    notify_many(
        "refund",
        [
            Notice(order.student, about, f"{key}:student", now, to_student),
            Notice(order.mentor, about, f"{key}:mentor", now, to_mentor),
        ],
    )
    jobs.nudge(run_job, "send_refunds")
    return refund


def send_due(now: datetime) -> int:
    """Ask the providers for what was requested. The refund's id is the idempotency key, so asking twice pays once."""
    claimed = _claim()
    return sum(_send(refund, now) for refund in claimed)


@transaction.atomic
def _claim() -> list[Refund]:
    machine_now = clock.machine_now()
    due = Refund.objects.due(machine_now).select_related("payment").order_by("next_attempt_at")
    claimed = list(due.select_for_update(of=("self",), no_key=True, skip_locked=True)[:BATCH])
    Refund.objects.filter(pk__in=[r.pk for r in claimed]).update(
        next_attempt_at=machine_now + LEASE, attempts=F("attempts") + 1
    )
    return claimed


def _send(refund: Refund, now: datetime) -> int:
    attempt = refund.attempts + 1
    try:
        reference = providers.by_name(refund.payment.provider).refund(refund)
        _succeeded(refund, reference, now)
    except Exception as failed:  # one refund that fails never keeps the others back
        log.exception("refund_failed", refund=refund.pk, attempt=attempt)
        _failed(refund, attempt, str(failed))
        return 0
    return 1


@transaction.atomic
def _succeeded(refund: Refund, reference: str, now: datetime) -> None:
    lock(Order.objects.filter(pk=refund.order_id))
    won = Refund.objects.filter(pk=refund.pk, status=Refund.Status.REQUESTED).update(
        status=Refund.Status.SUCCEEDED,
        provider_reference=reference,
        done_at=now,
        error="",
    )
    if won:
        ledger.post_refund(Refund.objects.select_related("order", "payment").get(pk=refund.pk), now=now)


@transaction.atomic
def _failed(refund: Refund, attempt: int, error: str) -> None:
    lock(Order.objects.filter(pk=refund.order_id))
    wait = timedelta(seconds=min(30 * 2**attempt, 3600))
    again = {"error": error[:500], "next_attempt_at": clock.machine_now() + wait}
    if attempt >= MAX_ATTEMPTS:
        again["status"] = Refund.Status.FAILED
    changed = Refund.objects.filter(pk=refund.pk, status=Refund.Status.REQUESTED).update(**again)
    if changed and attempt >= MAX_ATTEMPTS:
        Order.objects.filter(pk=refund.order_id).update(attention=f"The refund failed {attempt} times: {error}"[:300])
