"""Refunds that a person decides on: an admin, or the mentor within the policy (only what is not settled)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from mentorship.kernel import clock, jobs
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.kernel.tasks import run_job
from packs.models import CreditEntry, SessionPack
from packs.services import close_refunded, expire_lapsed, refund_credits, restore_credits
from payments import ledger
from payments.models import Dispute, Order, Payment, Refund
from payments.services.confirm import lock_order
from payments.services.keeping import keep_no_longer
from payments.services.refund_plan import RefundPlan, gone_of, lost_of, plan_refund
from payments.services.refunds import request_refund, settle_refund
from seats.models import Seat
from seats.services import release_refunded
from sessions_app.models import Session
from sessions_app.services import cancel_refunded, release_reserved


@transaction.atomic
def refund_order(
    *, order_id: UUID, by: Any, reason: str, now: datetime, sessions: int | None = None, expect: str | None = None
) -> Refund:
    """Give back what `plan_refund` says: credits at once, the money by a worker after commit. Both sides are told.

    `expect` is the digest of the plan the person was shown. Raises NotFound, Refusal `answer_changed` (also for a second
    click), `nothing_to_refund`, `wrong_state` (in dispute).
    """
    order = lock_order(order_id)
    lock_everything_of(order, now=now)
    plan = plan_refund(order, now=now, sessions=sessions)
    if expect is not None and expect != plan.digest:
        raise Refusal("answer_changed", "Meanwhile something has changed. Please read again what the refund would do.")
    if order.disputes.filter(status=Dispute.Status.OPEN).exists():
        # Otherwise the same money could go twice: once by us, once by the bank.
        raise Refusal("wrong_state", "This payment is disputed at the bank: what becomes of it is decided there.")
    if plan.payment is None or not plan.sessions or not plan.amount_minor:
        raise Refusal("nothing_to_refund", "There is nothing left to refund: what is settled stays paid.")
    take_back(plan, by=by, reason=reason, now=now)
    Order.objects.filter(pk=order.pk).update(refund_asked_at=None, refund_wish="")
    return request_refund(
        order,
        plan.payment,
        cause=f"order:{order.pk}:{plan.refunds_before + 1}",
        reason=reason,
        now=now,
        sessions=plan.sessions,
        amount_minor=plan.amount_minor,
        by=by,
    )


def lock_everything_of(order: Order, *, now: datetime) -> None:
    """Lock people, packs, seat and booked sessions of an order that is locked already, in the law's order.

    What has lapsed by `now` is marked so.
    """
    lock_people([order.student_id, order.mentor_id])
    packs = CreditEntry.objects.filter(purchase__order_id=order.pk).order_by().values("pack")
    lock(SessionPack.objects.filter(pk__in=packs))
    expire_lapsed(SessionPack.objects.filter(pk__in=packs), now=now)
    lock(Seat.objects.standing().filter(student=order.student_id, mentor=order.mentor_id))
    lock(Session.objects.filter(purchase__order_id=order.pk, credit=Session.Credit.HELD))


def take_back(plan: RefundPlan, *, by: Any, reason: str, now: datetime) -> None:
    """Cancel the plan's sessions and take its credits; close what is empty. The caller holds all locks."""
    if plan.purchase is None:
        order = plan.order
        release_reserved(order_id=order.pk, now=now)
        if order.takes_seat:
            keep_no_longer(order.student_id, order.mentor_id, but=order.pk, now=now)
        return
    cancel_refunded(list(plan.cancelled), by=by, reason=reason, now=now)
    why = {"purchase_id": plan.purchase.pk, "by": by, "reason": reason, "now": now}
    for session in plan.cancelled:
        assert session.pack is not None
        refund_credits(SessionPack.objects.get(pk=session.pack.pk), count=1, **why)
    for part in plan.parts:
        pack = SessionPack.objects.get(pk=part.pack.pk)
        refund_credits(pack, count=part.free, **why)
        if part.lapsed:
            refund_credits(pack, count=part.lapsed, lapses=part.lapses, **why)
    touched = {part.pack.pk for part in plan.parts} | {session.pack.pk for session in plan.cancelled if session.pack}
    for pack in SessionPack.objects.filter(pk__in=touched).order_by("pk"):
        if close_refunded(pack) and pack.takes_seat:
            release_refunded(student_id=pack.student_id, mentor_id=pack.mentor_id, by=by, now=now)


@transaction.atomic
def take_sessions(*, refund_id: int, sessions: int, by: Any, reason: str, now: datetime) -> Refund:
    """A partial refund came from the provider's side, and an admin decides how many sessions go with it.

    Raises NotFound, Refusal `wrong_state` (decided already, or no such refund), `nothing_to_refund` (fewer are left).
    """
    order, refund = _locked(refund_id)
    if order is None or refund.sessions or not refund.came_from_provider or refund.status == Refund.Status.FAILED:
        raise Refusal("wrong_state", "This refund asks for no decision.")
    lock_everything_of(order, now=now)
    plan = plan_refund(order, now=now, sessions=sessions)
    if sessions < 1 or plan.sessions != sessions:
        raise Refusal("nothing_to_refund", f"Only {plan.most} sessions are left to take.")
    take_back(plan, by=by, reason=reason, now=now)
    refund.sessions = sessions
    refund.save(update_fields=["sessions"])
    Order.objects.filter(pk=order.pk).update(attention="")
    return refund


@transaction.atomic
def try_again(*, refund_id: int) -> Refund:
    """Ask the provider once more for a refund that had failed. Raises NotFound, Refusal `wrong_state`."""
    _, refund = _locked(refund_id)
    if refund.status != Refund.Status.FAILED or refund.called_off_at is not None:
        raise Refusal("wrong_state", "Only a failed refund can be tried again.")
    _check_left(refund, refund.payment.refunds.all().going_back())
    # A reference would be that of the attempt that failed: the provider is asked for a new one.
    refund.status, refund.attempts, refund.provider_reference = Refund.Status.REQUESTED, 0, ""
    refund.next_attempt_at = clock.machine_now()
    refund.save(update_fields=["status", "attempts", "provider_reference", "next_attempt_at"])
    jobs.nudge(run_job, "send_refunds")
    return refund


@transaction.atomic
def paid_back_by_hand(*, refund_id: int, by: Any, reference: str, now: datetime) -> Refund:
    """An admin has paid it back by bank: of a manual order, one the provider would not make, or one that came back.

    Raises NotFound, Refusal `wrong_state`.
    """
    order, refund = _locked(refund_id)
    if refund.came_back:
        refund.bounce_paid_at, refund.by = now, by
        refund.save(update_fields=["bounce_paid_at", "by"])
        ledger.post_bounce_paid(refund, now=now)
        Order.objects.filter(refunds=refund).update(attention="")
        return refund
    waiting = refund.status == Refund.Status.REQUESTED and refund.payment.provider == "manual"
    if not waiting and (refund.status != Refund.Status.FAILED or refund.called_off_at is not None):
        raise Refusal("wrong_state", "This refund is not waiting to be paid by hand.")
    _check_left(refund, refund.payment.refunds.filter(status=Refund.Status.SUCCEEDED).going_back())
    if order is not None:
        lock_people([order.mentor_id])
    Refund.objects.filter(pk=refund.pk).update(by_hand=True, by=by)
    settle_refund(refund.pk, reference, now)
    refund.refresh_from_db()
    return refund


def _check_left(refund: Refund, going_back: int) -> None:
    """Raises Refusal `wrong_state` when banks and the payment's other refunds (`going_back`, minor units) left too little."""
    if going_back + lost_of(refund.payment) + refund.amount_minor > refund.payment.amount_minor:
        raise Refusal("wrong_state", "This money has gone back already, another way: call the refund off instead.")


@transaction.atomic
def call_off(*, refund_id: int, by: Any, reason: str, now: datetime) -> Refund:
    """A failed refund is given up, and its sessions go back to the pack. Raises NotFound, Refusal `wrong_state`."""
    order, refund = _locked(refund_id)
    if refund.status != Refund.Status.FAILED or refund.called_off_at is not None or order is None:
        raise Refusal("wrong_state", "Only a failed refund can be called off.")
    lock_everything_of(order, now=now)
    purchase_id = order.pack and order.pack.purchases.filter(order_id=order.pk).values_list("pk", flat=True).first()
    money_is_gone = gone_of(order) >= order.amount_minor  # some other way: then the sessions stay gone, too
    if refund.sessions and order.pack is None and not money_is_gone:
        raise Refusal(
            "wrong_state", "Nothing was granted for this money. Try the refund again, or pay it back by hand."
        )
    if refund.sessions and order.pack and purchase_id and not money_is_gone:
        pack = lock(SessionPack.objects.filter(pk=order.pack.pk))[0]
        given = restore_credits(pack, purchase_id=purchase_id, count=refund.sessions, by=by, reason=reason, now=now)
        if not given:
            raise Refusal("wrong_state", "The pack is over. Try the refund again, or pay it back by hand.")
    refund.called_off_at = now
    refund.save(update_fields=["called_off_at"])
    Order.objects.filter(pk=order.pk).update(attention="")
    return refund


@transaction.atomic
def give_money_back(*, payment_id: int, by: Any, reason: str, now: datetime) -> Refund:
    """Money that fits no order, or not its order, goes back to where it came from. Raises NotFound, `wrong_state`."""
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    order = lock_order(payment.order_id) if payment.order_id else None
    payment = lock(Payment.objects.filter(pk=payment_id))[0]
    aside = (Payment.Status.MISMATCHED, Payment.Status.UNMATCHED)
    given_up = Q(status=Refund.Status.FAILED, called_off_at__isnull=False)
    if payment.status not in aside or payment.refunds.exclude(given_up).exists():
        raise Refusal("wrong_state", "This money is not set aside, or there is a refund of it already.")
    if payment.disputes.exclude(status=Dispute.Status.WON).exists():
        raise Refusal("wrong_state", "The bank has taken this money back, or is about to.")
    if order is not None:
        Order.objects.filter(pk=order.pk, attention=payment.note).update(attention="")
    cause = f"aside:{payment.pk}:{payment.refunds.count() + 1}"
    return request_refund(order, payment, cause=cause, reason=reason, now=now, by=by)


def _locked(refund_id: int) -> tuple[Order | None, Refund]:
    """The refund's order (locked first) and the refund. Raises NotFound."""
    found = Refund.objects.filter(pk=refund_id).values_list("order_id", flat=True)
    if not found:
        raise NotFound
    order = lock_order(found[0]) if found[0] else None
    return order, lock(Refund.objects.filter(pk=refund_id).select_related("payment"))[0]
