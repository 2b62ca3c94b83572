"""The same money must not go back twice; where it did, the books say so."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from payments import services
from payments.jobs import send_refunds
from payments.models import Order, Payment, Refund
from payments.providers.base import DisputeFacts, DisputeStatus, RefundFacts, RefundStatus, Reversals
from payments.services import call_off, give_money_back, paid_back_by_hand, refund_order, try_again
from payments.services.refunds import fail_refund
from payments.services.reversals import apply_reversals
from tests.cast import NOW, offering
from tests.payments.scene import accounts, decide, pay, place

pytestmark = pytest.mark.django_db


def failed(order, by, **how):
    refund = refund_order(order_id=order.pk, by=by, reason="why", now=NOW, **how)
    fail_refund(refund.pk, "8 attempts: no answer")
    return refund


def test_paid_by_hand_and_by_the_provider_after_all(mia, sam):
    """Every answer was lost, so an admin paid by bank; then it shows that the provider had done it the first time."""
    order = pay(place(sam, offering(mia)))
    refund = failed(order, mia, sessions=2)
    paid_back_by_hand(refund_id=refund.pk, by=mia, reference="SEPA 17", now=NOW)
    found = RefundFacts(RefundStatus.SUCCEEDED, "re_1", 14000, "EUR", refund.pk)
    for _ in range(2):
        apply_reversals(order.payments.get(), Reversals((found,)), now=NOW)
    assert accounts() == {"PROVIDER": 14000, "BANK": -14000}
    order.refresh_from_db()
    assert order.attention == "€140 went back twice: by hand, and at the provider after all."
    assert order.pack.sessions_total == 0, "all the money is gone, and with it the other two sessions"


def test_what_was_refunded_anew_is_not_tried_again(mia, sam):
    """Late money failed to go back; an admin refunded the order once more instead."""
    order = place(sam, offering(mia))
    decide(order)
    Order.objects.update(status="PAID", paid_at=NOW)
    payment = Payment.objects.create(
        order=order, provider="sandbox", provider_payment_id="p", amount_minor=28000, currency="EUR",
        status="CONFIRMED", received_at=NOW,
    )  # fmt: skip
    refund = failed(order, mia)
    with pytest.raises(Refusal, match="Nothing was granted"):
        call_off(refund_id=refund.pk, by=mia, reason="why not", now=NOW)
    refund_order(order_id=order.pk, by=mia, reason="again", now=NOW)
    with pytest.raises(Refusal, match="gone back already"):
        try_again(refund_id=refund.pk)
    call_off(refund_id=refund.pk, by=mia, reason="the other one goes", now=NOW)
    assert payment.refunds.going_back() == 28000


@pytest.fixture
def aside(mia, sam):
    """Money that was not what the order asked for."""
    order = place(sam, offering(mia))
    decide(order)
    Order.objects.update(amount_minor=27999)
    return pay_again(order)


def pay_again(order):
    services.confirm_and_fulfil(order.pk, NOW)
    return Payment.objects.get(status="MISMATCHED")


def give_back(payment, by):
    return give_money_back(payment_id=payment.pk, by=by, reason="not the price", now=NOW)


def test_money_aside_whose_refund_failed_is_refused_politely_and_goes_anew_once_called_off(aside, mia):
    refund = give_back(aside, mia)
    fail_refund(refund.pk, "no")
    with pytest.raises(Refusal, match="a refund of it already"):
        give_back(aside, mia)
    call_off(refund_id=refund.pk, by=mia, reason="anew", now=NOW)
    give_back(aside, mia)
    send_refunds(NOW)
    assert sorted(Refund.objects.values_list("status", flat=True)) == ["FAILED", "SUCCEEDED"]
    assert accounts() == {}


@pytest.mark.parametrize("status", [DisputeStatus.OPEN, DisputeStatus.LOST])
def test_money_aside_that_the_bank_takes_is_not_given_back_as_well(aside, mia, status):
    fact = DisputeFacts(status, "dp_1", 28000, "EUR")
    apply_reversals(aside, Reversals(disputes=(fact,)), now=NOW)
    with pytest.raises(Refusal, match="bank"):
        give_back(aside, mia)
    assert not Refund.objects.exists()
