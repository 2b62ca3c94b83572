"""Money on its way back: requested in a transaction, sent by a worker, settled by what the provider says."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from mentorship.kernel import clock, jobs
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.tasks import run_job
from notifications.services import Notice, notify_many
from payments import ledger, providers
from payments.models import Order, Payment, Refund
from payments.providers.base import PATIENCE, ProviderTrouble, RefundFacts, RefundStatus

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8
BATCH = 20
LEASE = timedelta(seconds=2 * PATIENCE)
FAILED = "A refund failed: "
LOOK_AGAIN = timedelta(hours=1)  # at a refund the provider is still working on


def request_refund(
    order: Order | None,
    payment: Payment,
    *,
    cause: str,
    reason: str,
    now: datetime,
    sessions: int = 0,
    amount_minor: int | None = None,
    by: Any = None,
) -> Refund:
    """Give this payment (or `amount_minor` of it) back; a worker asks the provider after commit. Both sides are told.

    `cause` is unique: one refund for each. `sessions` is how many of the order's sessions it covers. The caller has
    locked the order.
    """
    refund = Refund.objects.create(
        order=order,
        payment=payment,
        amount_minor=payment.amount_minor if amount_minor is None else amount_minor,
        currency=payment.currency,
        sessions=sessions,
        cause=cause,
        reason=reason[:300],
        by=by,
        created_at=now,
        next_attempt_at=clock.machine_now(),
    )
    if order is not None:
        tell_of_refund(refund, order, now=now)
    jobs.nudge(run_job, "send_refunds")
    return refund


def tell_of_refund(refund: Refund, order: Order, *, now: datetime) -> None:
    taken = refund.sessions if order.fulfilled_at else 0
    context = {
        "consequence": f"{taken} session{'s' if taken > 1 else ''} taken back." if taken else "",
        "amount_display": refund.amount_display,
        "title": order.title,
        "order_number": order.number,
        "reason": refund.reason,
        "student_name": order.student.display_name,
        "mentor_name": order.mentor.display_name,
    }
    about, key = f"order:{order.pk}", f"refund:{refund.pk}"
    to_student = {**context, "role": "student", "url": order.get_absolute_url()}
    to_mentor = {**context, "role": "mentor", "url": "/tutor/wallet"}
    notify_many(
        "refund",
        [
            Notice(order.student, about, f"{key}:student", now, to_student),
            Notice(order.mentor, about, f"{key}:mentor", now, to_mentor),
        ],
    )


def send_due(now: datetime) -> int:
    """Ask the providers for what was requested. The refund's id is the idempotency key, so asking twice pays once."""
    claimed = iter(_claim, None)
    return sum(_send(refund, now) for refund in islice(claimed, BATCH))


@transaction.atomic
def _claim() -> Refund | None:
    """One at a time: the lease has to last until its answer, for Paystack knows no idempotency key."""
    machine_now = clock.machine_now()
    due = Refund.objects.due(machine_now).select_related("payment", "payment__order").order_by("next_attempt_at")
    refund = due.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
    if refund is not None:
        Refund.objects.filter(pk=refund.pk).update(next_attempt_at=machine_now + LEASE, attempts=F("attempts") + 1)
    return refund


def _send(refund: Refund, now: datetime) -> int:
    attempt = refund.attempts + 1
    try:
        facts = providers.by_name(refund.payment.provider).refund(refund)
        settle_facts(refund.pk, facts, now)
    except Exception as failed:  # one refund that fails never keeps the others back
        log.warning(
            "refund_failed", refund=refund.pk, attempt=attempt, exc_info=not isinstance(failed, ProviderTrouble)
        )
        _missed(refund, attempt, str(failed))
        return 0
    return int(facts.status is RefundStatus.SUCCEEDED)


def settle_facts(refund_id: int, facts: RefundFacts, now: datetime) -> None:
    """Apply what the provider says about a refund of ours; any number of times."""
    if facts.status is RefundStatus.SUCCEEDED:
        settle_refund(refund_id, facts.reference, now)
    elif facts.status is RefundStatus.FAILED and _bounced(refund_id, facts, now):
        return
    elif facts.status is RefundStatus.FAILED:
        fail_refund(refund_id, facts.error or "The provider refused it.", facts.reference)
    else:
        waiting = Refund.objects.filter(pk=refund_id, status=Refund.Status.REQUESTED)
        # The provider has it and works on it: that is no failed attempt.
        waiting.update(
            provider_reference=facts.reference,
            attempts=0,
            next_attempt_at=clock.machine_now() + LOOK_AGAIN,
            error=facts.error[:500],
        )
        if facts.error:  # it waits for something that a person has to do there
            why = f"A refund waits at the provider: {facts.error}"[:300]
            Order.objects.filter(refunds=refund_id, attention="").update(attention=why)


@transaction.atomic
def settle_refund(refund_id: int, reference: str, now: datetime) -> bool:
    """The money is back: SUCCEEDED, and the ledger says so; once. A failed one that went through after all, too."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.order_id is not None:
        order = lock(Order.objects.filter(pk=refund.order_id))[0]
        lock_people([order.mentor_id])
    not_yet = Refund.objects.filter(pk=refund_id).exclude(status=Refund.Status.SUCCEEDED)
    won = not_yet.update(status=Refund.Status.SUCCEEDED, provider_reference=reference, done_at=now, error="")
    if won:
        settled = Refund.objects.select_related("order", "payment__order").get(pk=refund_id)
        ledger.post_refund(settled, now=now)
        _attention_given(settled)
        if settled.called_off_at is not None:
            why = "A refund that was called off went through all the same: its sessions were given back, too."
            Order.objects.filter(refunds=settled).update(attention=why)
    return won == 1


def _attention_given(refund: Refund) -> None:
    """That it had failed is no news any more, unless another one of the order has, too."""
    others = Refund.objects.filter(order=refund.order_id, status=Refund.Status.FAILED, called_off_at=None)
    if not others.exists():
        Order.objects.filter(refunds=refund, attention__startswith=FAILED).update(attention="")


@transaction.atomic
def _bounced(refund_id: int, facts: RefundFacts, now: datetime) -> bool:
    """Whether it had succeeded: then the money has come back (the buyer's account is closed), and is to be paid by hand."""
    order_id = Refund.objects.values_list("order_id", flat=True).get(pk=refund_id)
    lock(Order.objects.filter(pk=order_id))
    done = Refund.objects.filter(pk=refund_id, status=Refund.Status.SUCCEEDED, by_hand=False)
    if not done.exists():
        return False
    if done.filter(bounced_at=None, provider_reference=facts.reference).update(bounced_at=now, error=facts.error[:500]):
        refund = Refund.objects.select_related("order", "payment").get(pk=refund_id)
        ledger.post_bounced(refund, now=now)
        why = f"A refund of {refund.amount_display} came back from the buyer's bank. Pay it by hand."
        Order.objects.filter(pk=order_id).update(attention=why)
        log.warning("refund_bounced", refund=refund_id)
    return True


@transaction.atomic
def fail_refund(refund_id: int, error: str, reference: str = "") -> None:
    """The provider will not do it: an admin has to decide (try again, pay by hand, call it off)."""
    order_id = Refund.objects.values_list("order_id", flat=True).get(pk=refund_id)
    lock(Order.objects.filter(pk=order_id))
    failed = {"status": Refund.Status.FAILED, "error": error[:500], "provider_reference": reference}
    if Refund.objects.filter(pk=refund_id, status=Refund.Status.REQUESTED).update(**failed):
        log.warning("refund_given_up", refund=refund_id, error=error)
        Order.objects.filter(pk=order_id).update(attention=f"{FAILED}{error}"[:300])


def _missed(refund: Refund, attempt: int, error: str) -> None:
    """The provider could not be asked; again later, and after 8 times an admin is called."""
    if attempt >= MAX_ATTEMPTS:
        fail_refund(refund.pk, f"{attempt} attempts: {error}", refund.provider_reference)
        return
    wait = timedelta(seconds=min(30 * 2**attempt, 3600))
    Refund.objects.filter(pk=refund.pk, status=Refund.Status.REQUESTED).update(
        error=error[:500], next_attempt_at=clock.machine_now() + wait
    )
