"""PayPal: money that goes back, by us, from the dashboard, or by a dispute."""

from __future__ import annotations

import json

import pytest

from payments.providers.base import DisputeStatus, ProviderTrouble, RefundStatus
from payments.providers.paypal import PayPal
from tests.payments.paypal_scene import a_refund, an_order, bought, calls_to, connected


@pytest.fixture
def standin(settings):
    with connected(settings) as running:
        yield running


def ids(reversals):
    return [(one.status, one.amount, one.refund_id) for one in reversals.refunds]


def test_a_refund_on_the_wire(standin):
    payment = bought(standin)

    facts = PayPal().refund(a_refund(payment, 1250))

    assert (facts.status, facts.amount, facts.currency, facts.refund_id) == (RefundStatus.SUCCEEDED, 1250, "EUR", 41)
    [call] = calls_to(standin, "/refund")
    assert call.path == f"/v2/payments/captures/{payment.provider_payment_id}/refund"
    assert call.headers["PayPal-Request-Id"] == "refund-41"
    assert json.loads(call.body) == {"amount": {"currency_code": "EUR", "value": "12.50"}, "custom_id": "41"}


def test_asked_twice_it_pays_once(standin):
    payment = bought(standin)
    assert PayPal().refund(a_refund(payment, 1250)) == PayPal().refund(a_refund(payment, 1250))
    assert len(standin.refunds) == 1


def test_an_answer_that_was_lost_is_one_refund(standin):
    payment = bought(standin)
    standin.fail_next(1, after_commit=True)
    with pytest.raises(ProviderTrouble):
        PayPal().refund(a_refund(payment, 1250))

    assert ids(PayPal().fetch_reversals(payment)) == [(RefundStatus.SUCCEEDED, 1250, 41)]
    assert PayPal().refund(a_refund(payment, 1250)).status is RefundStatus.SUCCEEDED
    assert len(standin.refunds) == 1


@pytest.mark.parametrize(("ok", "status"), [(True, RefundStatus.SUCCEEDED), (False, RefundStatus.FAILED)])
def test_a_slow_refund_is_asked_what_became_of_it(standin, ok, status):
    payment = bought(standin)
    standin.slow_refunds = True
    begun = PayPal().refund(a_refund(payment, 1250))
    assert begun.status is RefundStatus.PENDING

    standin.finish_refund(begun.reference, ok)
    facts = PayPal().refund(a_refund(payment, 1250, provider_reference=begun.reference))

    assert (facts.status, facts.reference, facts.refund_id) == (status, begun.reference, 41)
    assert bool(facts.error) is not ok
    assert len(calls_to(standin, "/refund")) == 2  # one that asked for it, one look


@pytest.mark.parametrize(
    ("gone", "amount", "why"), [(None, 100, "Nothing is left"), (4000, 1001, "more than what is left")]
)
def test_what_is_not_there_any_more_fails_for_good(standin, gone, amount, why):
    payment = bought(standin)
    [reference] = standin.orders
    standin.refund(reference, gone)

    facts = PayPal().refund(a_refund(payment, amount))

    assert (facts.status, facts.amount, facts.reference, facts.refund_id) == (RefundStatus.FAILED, amount, "", 41)
    assert why in facts.error


def test_what_is_disputed_fails_for_good(standin):
    payment = bought(standin)
    [reference] = standin.orders
    standin.dispute(reference)
    assert "disputed" in PayPal().refund(a_refund(payment, 100)).error


def test_refused_because_it_was_done_before_is_done(standin):
    payment = bought(standin)
    PayPal().refund(a_refund(payment, 5000))
    standin._answered.clear()  # 45 days later
    facts = PayPal().refund(a_refund(payment, 5000))
    assert (facts.status, facts.refund_id) == (RefundStatus.SUCCEEDED, 41)


def test_what_may_work_later_is_trouble_not_a_failure(standin):
    standin.slow_captures = True
    payment = bought(standin)
    with pytest.raises(ProviderTrouble, match="PENDING_CAPTURE"):
        PayPal().refund(a_refund(payment, 100))


def test_no_part_of_a_forint_is_asked_for(standin):
    payment = bought(standin, an_order(50000, "HUF"))
    facts = PayPal().refund(a_refund(payment, 33333))
    assert facts.status is RefundStatus.FAILED
    assert "HUF" in facts.error
    assert not calls_to(standin, "/refund")


def test_yen_go_back_whole(standin):
    payment = bought(standin, an_order(101, "JPY"))
    assert PayPal().refund(a_refund(payment, 67)).amount == 67
    [refund] = standin.refunds.values()
    assert refund["amount"] == {"currency_code": "JPY", "value": "67"}


def test_what_the_dashboard_gave_back_is_nobodys_refund_of_ours(standin):
    payment = bought(standin)
    [reference] = standin.orders
    PayPal().refund(a_refund(payment, 1000))
    foreign = standin.refund(reference, 500)

    reversals = PayPal().fetch_reversals(payment)

    assert ids(reversals) == [(RefundStatus.SUCCEEDED, 1000, 41), (RefundStatus.SUCCEEDED, 500, None)]
    assert reversals.refunds[1].reference == foreign
    assert reversals.disputes == ()


def test_another_payments_refunds_are_not_this_ones(standin):
    payment = bought(standin)
    other = bought(standin, an_order(pk="11111111-1111-4111-8111-111111111111", number="OTHER234"))
    PayPal().refund(a_refund(other, 700))
    assert PayPal().fetch_reversals(payment).refunds == ()


def test_nothing_went_back(standin):
    reversals = PayPal().fetch_reversals(bought(standin))
    assert (reversals.refunds, reversals.disputes) == ((), ())


def test_a_dispute_is_open(standin):
    payment = bought(standin)
    [reference] = standin.orders
    case = standin.dispute(reference, 3000)
    [dispute] = PayPal().fetch_reversals(payment).disputes
    assert (dispute.status, dispute.reference) == (DisputeStatus.OPEN, case)
    assert (dispute.amount, dispute.currency) == (3000, "EUR")
    assert dispute.reason == "MERCHANDISE_OR_SERVICE_NOT_RECEIVED"


@pytest.mark.parametrize("echo", [True, False])
def test_a_lost_dispute_is_money_once(standin, echo):
    payment = bought(standin)
    [reference] = standin.orders
    standin.reversals_are_refunds = echo
    PayPal().refund(a_refund(payment, 2000))
    standin.close_dispute(standin.dispute(reference, 3000), won=False)

    reversals = PayPal().fetch_reversals(payment)

    assert ids(reversals) == [(RefundStatus.SUCCEEDED, 2000, 41)]
    assert [(one.status, one.amount) for one in reversals.disputes] == [(DisputeStatus.LOST, 3000)]


def test_the_other_side_of_a_dispute_is_not_booked_a_moment_before_its_end(standin):
    payment = bought(standin)
    [reference] = standin.orders
    case = standin.dispute(reference, 3000)
    standin.close_dispute(case, won=False)
    standin.disputes[case] |= {"status": "UNDER_REVIEW", "dispute_outcome": {}}
    reversals = PayPal().fetch_reversals(payment)
    assert reversals.refunds == ()
    assert reversals.disputes[0].status is DisputeStatus.OPEN


def test_a_won_dispute_hides_no_refund(standin):
    payment = bought(standin)
    [reference] = standin.orders
    standin.close_dispute(standin.dispute(reference, 3000), won=True)
    standin.refund(reference, 3000)
    reversals = PayPal().fetch_reversals(payment)
    assert ids(reversals) == [(RefundStatus.SUCCEEDED, 3000, None)]
    assert reversals.disputes[0].status is DisputeStatus.WON


def test_a_refund_from_before_the_dispute_is_its_own(standin):
    payment = bought(standin)
    [reference] = standin.orders
    earlier = standin.refund(reference, 2500)
    standin.refunds[earlier]["create_time"] = "2026-01-01T10:00:00Z"
    standin.reversals_are_refunds = False
    standin.close_dispute(standin.dispute(reference, 2500), won=False)
    reversals = PayPal().fetch_reversals(payment)
    assert ids(reversals) == [(RefundStatus.SUCCEEDED, 2500, None)]
    assert reversals.disputes[0].status is DisputeStatus.LOST


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("RESOLVED_BUYER_FAVOUR", DisputeStatus.LOST),
        ("ACCEPTED", DisputeStatus.LOST),
        ("RESOLVED_SELLER_FAVOUR", DisputeStatus.WON),
        ("RESOLVED_WITH_PAYOUT", DisputeStatus.WON),
        ("CANCELED_BY_BUYER", DisputeStatus.WON),
        ("DENIED", DisputeStatus.WON),
        ("SOMETHING_NEW", DisputeStatus.OPEN),
    ],
)
def test_how_a_dispute_can_end(standin, code, status):
    payment = bought(standin)
    [reference] = standin.orders
    case = standin.dispute(reference)
    standin.disputes[case] |= {"status": "RESOLVED", "dispute_outcome": {"outcome_code": code}}
    [dispute] = PayPal().fetch_reversals(payment).disputes
    assert (dispute.status, dispute.amount) == (status, 5000)


def test_only_what_was_refunded_of_a_dispute_is_lost(standin):
    payment = bought(standin)
    [reference] = standin.orders
    case = standin.dispute(reference)
    refunded = {"currency_code": "EUR", "value": "12.34"}
    outcome = {"outcome_code": "RESOLVED_BUYER_FAVOUR", "amount_refunded": refunded}
    standin.disputes[case] |= {"status": "RESOLVED", "dispute_outcome": outcome}
    [dispute] = PayPal().fetch_reversals(payment).disputes
    assert dispute.amount == 1234


def test_an_app_that_may_not_see_disputes_says_what_to_do(standin):
    payment = bought(standin)
    standin.disputes_allowed = False
    with pytest.raises(ProviderTrouble, match="switch on Disputes"):
        PayPal().fetch_reversals(payment)


def test_nothing_is_known_while_paypal_is_down(standin):
    payment = bought(standin)
    for path in ("/captures/", "/orders/", "/disputes"):
        standin.fail_next(1, only=path)
        with pytest.raises(ProviderTrouble):
            PayPal().fetch_reversals(payment)


def test_a_payment_that_is_none_of_paypals_is_asked_of_nobody(standin):
    payment = bought(standin)
    standin.calls.clear()
    payment.provider_payment_id = "../../v1/oauth2/token"
    with pytest.raises(ProviderTrouble):
        PayPal().refund(a_refund(payment, 100))
    with pytest.raises(ProviderTrouble):
        PayPal().fetch_reversals(payment)
    assert standin.calls == []


def test_a_payment_paypal_does_not_know_is_trouble(standin):
    payment = bought(standin)
    payment.provider_payment_id = "NOSUCHCAPTURE"
    with pytest.raises(ProviderTrouble):
        PayPal().refund(a_refund(payment, 100))


def test_one_that_failed_and_was_tried_again_is_what_became_of_it_at_last(standin):
    payment = bought(standin)
    standin.slow_refunds = True
    first = PayPal().refund(a_refund(payment, 1250))
    standin.finish_refund(first.reference, ok=False)
    standin.slow_refunds = False

    again = PayPal().refund(a_refund(payment, 1250, error=first.error or "it failed"))

    assert (again.status, again.refund_id) == (RefundStatus.SUCCEEDED, 41)
    assert again.reference != first.reference
    assert ids(PayPal().fetch_reversals(payment)) == [(RefundStatus.SUCCEEDED, 1250, 41)]
    assert PayPal().refund(a_refund(payment, 1250, error="the answer was lost")) == again
    standin._answered.clear()  # 45 days later
    whole = a_refund(payment, 5000, error="the answer was lost")
    assert PayPal().refund(whole).reference == again.reference
