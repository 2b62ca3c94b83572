"""Money goes back once, whatever gets lost; and whatever went back, or may, is seen."""

from __future__ import annotations

import pytest

from mentorship.kernel import clock
from payments.models import Payment, Refund
from payments.providers.base import DisputeFacts, DisputeStatus, ProviderTrouble, RefundFacts, RefundStatus, Reversals
from payments.providers.stripe import Stripe
from payments.services.refunding import refund_order, try_again
from payments.services.refunds import send_due
from tests.cast import HOUR, NOW
from tests.standins.base import json_answer
from tests.standins.stripe import Stripe as Company

pytestmark = pytest.mark.django_db
S = RefundStatus


def wish(payment: Payment, amount: int = 7000, **fields: object) -> Refund:
    """A refund as the worker finds it."""
    return Refund.objects.create(
        order=payment.order,
        payment=payment,
        amount_minor=amount,
        currency=payment.currency,
        cause=f"test:{Refund.objects.count()}",
        created_at=NOW,
        next_attempt_at=clock.machine_now() + HOUR,
        **fields,
    )


def made(company: Company) -> list[dict]:
    return [row for row in company.rows.values() if row["object"] == "refund"]


def sent_keys(company: Company) -> list[str]:
    return [c.headers["Idempotency-Key"] for c in company.calls if (c.method, c.path) == ("POST", "/v1/refunds")]


class TestRefund:
    def test_it_is_made_once(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        refund = wish(payment)
        facts = stripe.refund(refund)
        (row,) = made(company)
        assert facts == RefundFacts(S.SUCCEEDED, row["id"], 7000, "EUR", refund.pk)
        assert (row["amount"], row["metadata"]) == (7000, {"refund_id": str(refund.pk)})
        assert stripe.refund(refund) == facts
        assert len(made(company)) == 1
        assert sent_keys(company) == [f"refund-{refund.pk}"]

    @pytest.mark.parametrize("how", [{"status": 500}, {"status": 0}, {"status": 429}])
    def test_a_lost_answer_pays_once(self, company: Company, payment: Payment, stripe: Stripe, how: dict) -> None:
        refund = wish(payment)
        company.fail_next(1, after_commit=True, only="/refunds", **how)  # the look before
        company.fail_next(1, after_commit=True, only="/refunds", **how)
        for _ in range(3):
            try:
                facts = stripe.refund(refund)
            except ProviderTrouble:
                continue
        assert facts.status is S.SUCCEEDED
        assert len(made(company)) == 1

    @pytest.mark.parametrize("with_effect", [True, False])
    def test_a_failure_saved_under_the_key_pays_once(
        self, company: Company, payment: Payment, stripe: Stripe, with_effect: bool
    ) -> None:
        refund = wish(payment)
        company.break_next(1, with_effect=with_effect)
        with pytest.raises(ProviderTrouble, match="500"):
            stripe.refund(refund)
        assert len(sent_keys(company)) == 1
        assert stripe.refund(refund).status is S.SUCCEEDED
        assert len(made(company)) == 1

    def test_long_after_the_key_is_forgotten_it_is_still_found(
        self, company: Company, payment: Payment, stripe: Stripe
    ) -> None:
        refund = wish(payment)
        stripe.refund(refund)
        company._saved.clear()
        assert stripe.refund(refund).status is S.SUCCEEDED
        assert len(made(company)) == 1

    def test_two_refunds_of_the_same_sum_are_two(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        first, second = wish(payment), wish(payment)
        assert stripe.refund(first).reference != stripe.refund(second).reference
        assert len(made(company)) == 2

    @pytest.mark.parametrize(("ok", "then"), [(True, S.SUCCEEDED), (False, S.FAILED)])
    def test_a_slow_one_is_asked_about(
        self, company: Company, payment: Payment, stripe: Stripe, ok: bool, then: S
    ) -> None:
        company.slow_refunds = True
        refund = wish(payment)
        facts = stripe.refund(refund)
        assert facts.status is S.PENDING
        refund.provider_reference = facts.reference
        assert stripe.refund(refund).status is S.PENDING
        company.finish_refund(facts.reference, ok=ok)
        facts = stripe.refund(refund)
        assert facts.status is then
        assert facts.error == ("" if ok else "Stripe: expired_or_canceled_card")

    @pytest.mark.parametrize(
        ("said", "status"),
        [("requires_action", S.PENDING), ("canceled", S.FAILED), ("brand_new", S.PENDING), (None, S.PENDING)],
    )
    def test_every_status_means_something(
        self, company: Company, payment: Payment, stripe: Stripe, said: str | None, status: S
    ) -> None:
        refund = wish(payment)
        refund.provider_reference = stripe.refund(refund).reference
        company.rows[refund.provider_reference]["status"] = said
        assert stripe.refund(refund).status is status

    def test_tried_again_after_it_failed(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        """With a new key: under the old one Stripe would only repeat that it made the one that failed."""
        company.slow_refunds = True
        refund = wish(payment)
        company.finish_refund(stripe.refund(refund).reference, ok=False)
        company.slow_refunds = False
        assert stripe.refund(refund).status is S.SUCCEEDED
        assert sent_keys(company) == [f"refund-{refund.pk}", f"refund-{refund.pk}-2"]
        assert [r.status for r in stripe.fetch_reversals(payment).refunds] == [S.SUCCEEDED]

    def test_nothing_is_left(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        company.refund(payment.provider_payment_id)
        refund = wish(payment)
        facts = stripe.refund(refund)
        assert (facts.status, facts.reference, facts.refund_id) == (S.FAILED, "", refund.pk)
        assert "charge_already_refunded" in facts.error

    def test_more_than_is_left(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        company.refund(payment.provider_payment_id, 27000)
        facts = stripe.refund(wish(payment))
        assert facts.status is S.FAILED
        assert "greater than unrefunded amount" in facts.error

    def test_what_is_disputed_is_refused_and_can_be_refunded_when_won(
        self, company: Company, payment: Payment, stripe: Stripe
    ) -> None:
        dispute, refund = company.dispute(payment.provider_payment_id), wish(payment)
        assert "charge_disputed" in stripe.refund(refund).error
        company.close_dispute(dispute, won=True)
        # The refusal is saved under the first key.
        assert stripe.refund(refund).status is S.SUCCEEDED

    @pytest.mark.parametrize("status", [429, 500, 401, 409])
    def test_what_another_hour_may_change_is_trouble(
        self, company: Company, payment: Payment, stripe: Stripe, status: int
    ) -> None:
        refund = wish(payment)
        company.fail_next(9, status=status)
        with pytest.raises(ProviderTrouble, match=str(status)):
            stripe.refund(refund)
        assert made(company) == []

    @pytest.mark.parametrize(
        ("status", "code", "then"),
        [
            (400, "balance_insufficient", None),
            (429, "lock_timeout", None),
            (404, "resource_missing", None),
            (400, "charge_not_refundable", S.FAILED),
            (400, "", S.FAILED),
            (402, "card_declined", S.FAILED),
        ],
    )
    def test_refused_for_now_or_for_good(
        self, company: Company, payment: Payment, stripe: Stripe, status: int, code: str, then: S | None
    ) -> None:
        nothing = json_answer({"object": "list", "url": "/v1/refunds", "has_more": False, "data": []})
        error = {"type": "invalid_request_error", "code": code, "message": "no"}
        company.say_next(nothing, json_answer({"error": error}, status))
        if then is None:
            with pytest.raises(ProviderTrouble):
                stripe.refund(wish(payment))
        else:
            assert stripe.refund(wish(payment)).status is then

    def test_in_the_wires_units(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        """5 UGX are 500 on the wire, and 500 on the wire are 5 UGX."""
        company.twist(payment.order.provider_reference, amount=28000, currency="UGX")
        Payment.objects.update(currency="UGX")
        payment.refresh_from_db()
        facts = stripe.refund(wish(payment, 5))
        assert (facts.amount, facts.currency, made(company)[0]["amount"]) == (5, "UGX", 500)


class TestThroughOurServices:
    def test_refunded_in_full(self, company: Company, payment: Payment, mia) -> None:
        assert payment.order is not None
        refund = refund_order(order_id=payment.order.pk, by=mia, reason="ill", now=NOW)
        assert send_due(NOW) == 1
        refund.refresh_from_db()
        assert (refund.status, refund.provider_reference) == ("SUCCEEDED", made(company)[0]["id"])

    def test_failed_tried_again_done(self, company: Company, payment: Payment, mia) -> None:
        assert payment.order is not None
        dispute = company.dispute(payment.provider_payment_id)
        refund = refund_order(order_id=payment.order.pk, by=mia, reason="ill", now=NOW)
        assert send_due(NOW) == 0
        refund.refresh_from_db()
        assert refund.status == "FAILED"
        company.close_dispute(dispute, won=True)
        try_again(refund_id=refund.pk)
        assert send_due(NOW) == 1


class TestReversals:
    def test_none(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        assert stripe.fetch_reversals(payment) == Reversals()

    def test_ours_and_theirs(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        refund = wish(payment)
        ours, theirs = stripe.refund(refund).reference, company.refund(payment.provider_payment_id, 100)
        assert stripe.fetch_reversals(payment).refunds == (
            RefundFacts(S.SUCCEEDED, ours, 7000, "EUR", refund.pk),
            RefundFacts(S.SUCCEEDED, theirs, 100, "EUR"),
        )

    @pytest.mark.parametrize("metadata", [{"refund_id": "x"}, {"refund_id": "9" * 40}, {"refund_id": ""}, {}, None])
    def test_metadata_that_is_not_ours(self, company: Company, payment: Payment, stripe: Stripe, metadata) -> None:
        company.rows[company.refund(payment.provider_payment_id, 100)]["metadata"] = metadata
        assert stripe.fetch_reversals(payment).refunds[0].refund_id is None

    def test_two_that_stand_for_one_of_ours_are_both_seen(
        self, company: Company, payment: Payment, stripe: Stripe
    ) -> None:
        refund = wish(payment)
        first = stripe.refund(refund)
        second = company.refund(payment.provider_payment_id, 7000)
        company.rows[second]["metadata"] = {"refund_id": str(refund.pk)}
        assert stripe.fetch_reversals(payment).refunds == (first, RefundFacts(S.SUCCEEDED, second, 7000, "EUR"))

    def test_more_than_a_page(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        ids = [company.refund(payment.provider_payment_id, 1) for _ in range(120)]
        assert [refund.reference for refund in stripe.fetch_reversals(payment).refunds] == ids

    def test_a_list_without_end_is_trouble(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        for _ in range(501):
            company.refund(payment.provider_payment_id, 1)
        company.calls.clear()
        with pytest.raises(ProviderTrouble, match="lists more than 500"):
            stripe.fetch_reversals(payment)
        assert len(company.calls) == 5

    @pytest.mark.parametrize(("won", "status"), [(True, DisputeStatus.WON), (False, DisputeStatus.LOST)])
    def test_a_dispute_opened_and_decided(
        self, company: Company, payment: Payment, stripe: Stripe, won: bool, status: DisputeStatus
    ) -> None:
        dispute = company.dispute(payment.provider_payment_id, 5000)
        opened = DisputeFacts(DisputeStatus.OPEN, dispute, 5000, "EUR", "fraudulent")
        assert stripe.fetch_reversals(payment).disputes == (opened,)
        company.close_dispute(dispute, won=won)
        assert [d.status for d in stripe.fetch_reversals(payment).disputes] == [status]

    def test_what_stripe_charges_for_it_is_known(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        company.dispute_fee = 1500
        company.dispute(payment.provider_payment_id)
        (dispute,) = stripe.fetch_reversals(payment).disputes
        assert (dispute.fee, dispute.fee_currency) == (1500, "EUR")

    def test_an_inquiry_is_none_until_it_becomes_one(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        inquiry = company.dispute(payment.provider_payment_id, inquiry=True)
        assert stripe.fetch_reversals(payment).disputes == ()
        company.rows[inquiry]["status"] = "under_review"
        assert stripe.fetch_reversals(payment).disputes[0].status is DisputeStatus.OPEN

    def test_an_inquiry_that_is_closed_is_none(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        inquiry = company.dispute(payment.provider_payment_id, inquiry=True)
        company.close_dispute(inquiry, won=True)
        assert company.rows[inquiry]["status"] == "warning_closed"
        assert stripe.fetch_reversals(payment).disputes == ()

    def test_a_prevented_one_loses_no_money(self, company: Company, payment: Payment, stripe: Stripe) -> None:
        company.close_dispute(company.dispute(payment.provider_payment_id), won=False, prevented=True)
        assert stripe.fetch_reversals(payment).disputes[0].status is DisputeStatus.WON

    @pytest.mark.parametrize(
        "change", [{"payment_intent": "pi_other"}, {"amount": "1"}, {"id": "x"}, {"currency": None}]
    )
    def test_an_odd_list_is_trouble(self, company: Company, payment: Payment, stripe: Stripe, change: dict) -> None:
        row = company.rows[company.refund(payment.provider_payment_id, 100)]
        company.say_next(
            json_answer({"object": "list", "url": "/v1/refunds", "has_more": False, "data": [row | change]})
        )
        with pytest.raises(ProviderTrouble):
            stripe.fetch_reversals(payment)
