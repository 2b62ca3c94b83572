"""Proof that every sum is right, whatever the story was."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Sum

from packs.models import SessionPack
from payments import ledger
from payments.models import Dispute, LedgerEntry, LedgerTransaction, Order, Payment, Refund
from sessions_app.models import Session
from tests.cast import counters


def assert_sound() -> None:
    """Raises AssertionError where ledger, payments, credits and sessions do not fit each other."""
    _balanced()
    _providers_hold_what_came_and_did_not_go()
    _orders_keep_what_was_paid()
    _credits_explain_themselves()


def _balanced() -> None:
    rows = LedgerEntry.objects.order_by().values("transaction", "currency").annotate(n=Sum("amount_minor"))
    assert not [row for row in rows if row["n"]]


def _providers_hold_what_came_and_did_not_go() -> None:
    expected: defaultdict[tuple[str, str], int] = defaultdict(int)
    real = Payment.objects.exclude(status=Payment.Status.WRONG_MODE)
    for payment in real:
        expected[payment.provider, payment.currency] += payment.amount_minor
        for refund in payment.refunds.filter(status=Refund.Status.SUCCEEDED, by_hand=False):
            expected[payment.provider, payment.currency] -= refund.amount_minor
            assert LedgerTransaction.objects.filter(cause=f"refund:{refund.pk}").count() == 1
        for dispute in payment.disputes.filter(status=Dispute.Status.LOST):
            expected[payment.provider, payment.currency] -= dispute.amount_minor
    for fee in LedgerEntry.objects.filter(account=LedgerEntry.Account.FEES).select_related("transaction"):
        payment = Payment.objects.get(pk=int(fee.transaction.cause.removeprefix("fee:")))
        expected[payment.provider, fee.currency] -= fee.amount_minor
    found = defaultdict(int)
    for entry in LedgerEntry.objects.filter(account=LedgerEntry.Account.PROVIDER):
        found[entry.provider, entry.currency] += entry.amount_minor
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


def _orders_keep_what_was_paid() -> None:
    for order in Order.objects.all():
        confirmed = order.payments.filter(status=Payment.Status.CONFIRMED).first()
        gone = 0
        if confirmed is not None:
            gone += sum(r.amount_minor for r in confirmed.refunds.filter(status=Refund.Status.SUCCEEDED))
            gone += sum(d.amount_minor for d in confirmed.disputes.filter(status=Dispute.Status.LOST))
        kept = confirmed.amount_minor - gone if confirmed else 0
        owed = ledger.standing([order.pk])[order.pk]
        assert owed.kept == kept, order
        assert owed.mentors == order.mentors_of(kept), order
        assert (order.status == Order.Status.FULFILLED) == (order.pack_id is not None), order


def _credits_explain_themselves() -> None:
    for pack in SessionPack.objects.all():
        total, held, used = counters(pack)
        sessions = Session.objects.filter(pack=pack)
        assert held == sessions.filter(credit=Session.Credit.HELD).count(), pack
        assert used == sessions.filter(credit=Session.Credit.USED).count(), pack
        assert (pack.status == SessionPack.Status.REFUNDED) <= (total == used), pack
