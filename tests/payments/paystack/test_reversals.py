"""Money back at Paystack, which knows no idempotency for it: refunds are looked for before they are made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mentorship.kernel import clock
from payments.models import Dispute, Order, Payment, Refund, WebhookEvent
from payments.providers.base import DisputeStatus, PaymentStatus, ProviderTrouble, RefundStatus
from payments.providers.paystack import Paystack, reversals
from payments.services import inbox, refunds
from payments.services.reversals import look_for_reversals
from tests.cast import NOW
from tests.payments.paystack.conftest import ask_back
from tests.standins.paystack import Paystack as Company

pytestmark = pytest.mark.django_db


def posts(company: Company) -> list[Any]:
    return [json.loads(call.body) for call in company.calls if (call.method, call.path) == ("POST", "/refund")]


def deliver_all(company: Company, order: Order) -> None:
    """Every webhook so far reaches the inbox, and is worked off."""
    sender = Paystack()
    for event in company.events(order.provider_reference):
        read = sender.parse_webhook(event.sign(), event.body, clock.machine_now())
        inbox.store("paystack", read, event.body.decode(), now=NOW)
    inbox.process_due(NOW)


@pytest.mark.parametrize("as_text", [False, True])
def test_our_refund_is_asked_for_once_and_found_again(
    company: Company, paystack: Paystack, payment: Payment, as_text: bool
) -> None:
    company.amounts_as_text = as_text
    company.slow_refunds = True
    refund = ask_back(payment, 100_000)
    facts = paystack.refund(refund)
    assert (facts.status, facts.amount, facts.currency) == (RefundStatus.PENDING, 100_000, "NGN")
    assert facts.refund_id == refund.pk
    assert paystack.refund(refund) == facts
    refund.provider_reference = facts.reference
    company.finish_refund(facts.reference)
    assert paystack.refund(refund).status is RefundStatus.SUCCEEDED
    assert [(one["transaction"], one["amount"]) for one in posts(company)] == [(payment.provider_payment_id, 100_000)]


def test_a_lost_answer_pays_back_once(company: Company, paystack: Paystack, payment: Payment) -> None:
    refund = ask_back(payment, 200_000)
    company.fail_next(1, status=0, after_commit=True, only="/refund")  # the list itself is lost: nothing is asked for
    with pytest.raises(ProviderTrouble):
        paystack.refund(refund)
    assert posts(company) == []

    company.fail_next(1, status=200, hang=0, only="/refund")  # the list comes through,
    company.fail_next(1, status=500, after_commit=True, only="/refund")  # the answer to the POST does not
    with pytest.raises(ProviderTrouble):
        paystack.refund(refund)
    assert len(posts(company)) == 1

    assert paystack.refund(refund).status is RefundStatus.SUCCEEDED
    assert len(posts(company)) == 1 and len(company.refunds) == 1


def test_equal_refunds_are_told_apart(company: Company, paystack: Paystack, payment: Payment) -> None:
    first, second = ask_back(payment, 100_000, "one"), ask_back(payment, 100_000, "two")
    a, b = paystack.refund(first), paystack.refund(second)
    assert a.reference != b.reference
    reversals = paystack.fetch_reversals(payment)
    assert {(r.refund_id, r.reference) for r in reversals.refunds} == {
        (first.pk, a.reference),
        (second.pk, b.reference),
    }


def test_somebody_else_s_note_is_not_ours(company: Company, paystack: Paystack, payment: Payment) -> None:
    refund = ask_back(payment, 100_000)
    company.refund(payment.order.provider_reference, 100_000)
    company.refunds[-1]["merchant_note"] = f"refund {refund.pk}"
    (found,) = paystack.fetch_reversals(payment).refunds
    assert (found.refund_id, found.status) == (None, RefundStatus.SUCCEEDED)
    assert paystack.refund(refund).reference != found.reference


def test_the_list_is_read_to_its_end(
    company: Company, paystack: Paystack, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refunds of a busy shop push ours to a later page; not having seen the last page proves nothing."""
    refund = ask_back(payment, 100_000)
    paystack.refund(refund)
    other = dict(company.refunds[0], transaction=1, merchant_note="x")
    company.refunds += [dict(other, id=900_000 + n) for n in range(250)]
    assert [r.refund_id for r in paystack.fetch_reversals(payment).refunds] == [refund.pk]
    monkeypatch.setattr(reversals, "PAGES", 2)
    with pytest.raises(ProviderTrouble, match="more than 200"):
        paystack.refund(refund)
    assert len(posts(company)) == 1


@pytest.mark.parametrize("made", ["2026-06-01T12:00:00+02:00", "2026-06-01T10:00:00", "2026-06-01T10:00:00.000Z"])
def test_the_list_begins_before_the_payment(company: Company, paystack: Paystack, payment: Payment, made: str) -> None:
    company.transactions[payment.order.provider_reference]["created_at"] = made
    paystack.fetch_reversals(payment)
    assert "from=2026-06-01T09%3A00%3A00.000Z" in company.calls[-1].path


def test_older_refunds_are_not_even_asked_for(company: Company, paystack: Paystack, payment: Payment) -> None:
    paystack.refund(ask_back(payment, 100_000))
    old = dict(company.refunds[0], id=1, created_at="2020-01-01T00:00:00.000Z")
    company.refunds.insert(0, old)
    assert len(paystack.fetch_reversals(payment).refunds) == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("pending", RefundStatus.PENDING),
        ("processing", RefundStatus.PENDING),
        ("needs-attention", RefundStatus.PENDING),
        ("something new", RefundStatus.PENDING),
        ("processed", RefundStatus.SUCCEEDED),
        ("failed", RefundStatus.FAILED),
    ],
)
def test_the_fates_of_a_refund(
    company: Company, paystack: Paystack, payment: Payment, said: str, status: RefundStatus
) -> None:
    refund = ask_back(payment, 100_000)
    refund.provider_reference = paystack.refund(refund).reference
    company.refunds[0]["status"] = said
    assert paystack.refund(refund).status is status


def test_a_refusal_is_final_but_an_empty_balance_is_not(company: Company, paystack: Paystack, payment: Payment) -> None:
    refund = ask_back(payment, 100_000)
    no = {"status": False, "message": "Your balance is not enough to fulfill this request", "code": "x"}
    company.fail_next(1, status=200, only="/refund")
    company.fail_next(1, status=400, only="/refund", body=json.dumps(no))
    with pytest.raises(ProviderTrouble, match="balance"):
        paystack.refund(refund)
    company.fail_next(1, status=200, only="/refund")
    company.fail_next(1, status=200, only="/refund", body='{"status": false, "message": "?"}')
    with pytest.raises(ProviderTrouble):
        paystack.refund(refund)
    company.refund(payment.order.provider_reference)  # all of it, from the dashboard
    facts = paystack.refund(refund)
    assert (facts.status, facts.reference, facts.refund_id) == (RefundStatus.FAILED, "", refund.pk)
    assert "transaction_reversed" in facts.error


def test_a_refund_of_ours_runs_its_course(company: Company, payment: Payment, order: Order) -> None:
    refund = ask_back(payment, 500_000)
    refunds.send_due(NOW)
    refund.refresh_from_db()
    assert refund.status == Refund.Status.REQUESTED and refund.provider_reference  # "queued"
    deliver_all(company, order)
    refund.refresh_from_db()
    assert refund.status == Refund.Status.SUCCEEDED
    assert Refund.objects.count() == 1 and not WebhookEvent.objects.exclude(error="").exists()


def test_a_refund_from_the_dashboard_is_booked_once(company: Company, payment: Payment, order: Order) -> None:
    company.refund(order.provider_reference)
    assert Paystack().fetch_payment(order.provider_reference).status is PaymentStatus.PAID  # it was, and is `reversed`
    deliver_all(company, order)
    look_for_reversals(payment, now=NOW)
    booked = Refund.objects.get()
    assert (booked.amount_minor, booked.status, booked.came_from_provider) == (500_000, "SUCCEEDED", True)


def test_a_dispute_won_and_a_dispute_lost(company: Company, paystack: Paystack, payment: Payment) -> None:
    reference = payment.order.provider_reference
    won = company.dispute(reference, 100_000)
    lost = company.dispute(reference)
    assert {d.status for d in paystack.fetch_reversals(payment).disputes} == {DisputeStatus.OPEN}
    company.close_dispute(won, won=True)
    company.close_dispute(lost, won=False)
    reversals = paystack.fetch_reversals(payment)
    assert {(d.reference, d.status, d.amount) for d in reversals.disputes} == {
        (won, DisputeStatus.WON, 100_000),
        (lost, DisputeStatus.LOST, 500_000),
    }
    assert reversals.refunds == ()  # what the lost one paid back is in the list of refunds too; it is one loss


def test_a_lost_dispute_is_booked_once(company: Company, payment: Payment, order: Order) -> None:
    lost = company.dispute(order.provider_reference)
    deliver_all(company, order)
    assert Dispute.objects.get().status == Dispute.Status.OPEN
    company.close_dispute(lost, won=False)
    deliver_all(company, order)
    assert Dispute.objects.get().status == Dispute.Status.LOST
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("status", "resolution", "means"),
    [
        ("pending", None, DisputeStatus.OPEN),
        ("awaiting-bank-feedback", "declined", DisputeStatus.OPEN),
        ("resolved", None, DisputeStatus.OPEN),
        ("resolved", "what is this", DisputeStatus.OPEN),
        ("resolved", "auto-accepted", DisputeStatus.LOST),
        ("archived", "declined", DisputeStatus.WON),
    ],
)
def test_a_dispute_is_open_until_its_outcome_is_sure(
    company: Company, paystack: Paystack, payment: Payment, status: str, resolution: str, means: DisputeStatus
) -> None:
    company.dispute(payment.order.provider_reference)
    company.disputes[0] |= {"status": status, "resolution": resolution}
    assert paystack.fetch_reversals(payment).disputes[0].status is means


def test_money_the_bank_took_back_without_a_word(company: Company, paystack: Paystack, payment: Payment) -> None:
    company.refund(payment.order.provider_reference, 100_000)
    company.reverse(payment.order.provider_reference)
    known, unexplained = paystack.fetch_reversals(payment).refunds
    assert known.amount == 100_000
    assert (unexplained.reference, unexplained.amount) == (f"reversal-{payment.provider_payment_id}", 400_000)
    assert unexplained.status is RefundStatus.SUCCEEDED


def test_a_failed_refund_gave_nothing_back(company: Company, paystack: Paystack, payment: Payment) -> None:
    company.slow_refunds = True
    made = company.refund(payment.order.provider_reference)
    company.finish_refund(made, ok=False)
    (facts,) = paystack.fetch_reversals(payment).refunds
    assert facts.status is RefundStatus.FAILED and facts.error


@pytest.mark.parametrize("broken", [{"amount": -1}, {"amount": "1e3"}, {"amount": True}, {"id": None}])
def test_odd_rows_are_trouble(company: Company, paystack: Paystack, payment: Payment, broken: dict[str, Any]) -> None:
    company.refund(payment.order.provider_reference, 100_000)
    company.refunds[0] |= broken
    with pytest.raises(ProviderTrouble):
        paystack.fetch_reversals(payment)
