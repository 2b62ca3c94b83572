"""What is true about a checkout is what Stripe's API says, in our units."""

from __future__ import annotations

from uuid import UUID

import pytest

from payments import services
from payments.models import Order, Payment
from payments.providers.base import PaymentFacts, PaymentStatus, ProviderTrouble
from payments.providers.stripe import Stripe
from tests.cast import NOW, offering
from tests.payments.scene import accounts, place
from tests.payments.stripe.conftest import at_the_company
from tests.standins.base import json_answer
from tests.standins.stripe import Stripe as Company

pytestmark = pytest.mark.django_db
S = PaymentStatus


def status(stripe: Stripe, order: Order) -> PaymentStatus:
    return stripe.fetch_payment(order.provider_reference).status


def test_paid(company: Company, order: Order, stripe: Stripe) -> None:
    assert status(stripe, order) is S.PENDING
    payment_id = company.approve(order.provider_reference)
    paid = PaymentFacts(
        S.PAID,
        order.provider_reference,
        order.pk,
        payment_id=payment_id,
        amount=28000,
        currency="EUR",
        live=False,
        fee=842,
        fee_currency="EUR",
    )
    assert stripe.fetch_payment(order.provider_reference) == paid
    assert stripe.fetch_payment(payment_id) == paid


def test_one_call_tells_everything_about_a_page(company: Company, order: Order, stripe: Stripe) -> None:
    company.approve(order.provider_reference)
    company.calls.clear()
    stripe.fetch_payment(order.provider_reference)
    assert [call.path.partition("?")[0] for call in company.calls] == [
        f"/v1/checkout/sessions/{order.provider_reference}"
    ]


def test_a_declined_card_is_no_end_while_the_page_is_open(company: Company, order: Order, stripe: Stripe) -> None:
    company.decline(order.provider_reference)
    assert status(stripe, order) is S.PENDING
    company.approve(order.provider_reference)
    assert status(stripe, order) is S.PAID


def test_abandoned_and_expired(company: Company, order: Order, stripe: Stripe) -> None:
    company.abandon(order.provider_reference)
    assert status(stripe, order) is S.PENDING
    company.abandon(order.provider_reference, expire=True)
    assert status(stripe, order) is S.EXPIRED


@pytest.mark.parametrize(("ok", "then"), [(True, S.PAID), (False, S.DECLINED)])
def test_completed_but_unpaid_is_pending(company: Company, order: Order, stripe: Stripe, ok: bool, then: S) -> None:
    company.approve(order.provider_reference, delayed=True)
    facts = stripe.fetch_payment(order.provider_reference)
    assert (facts.status, facts.amount, facts.payment_id) == (S.PENDING, 0, "")
    assert services.confirm_and_fulfil(order.pk, NOW).status == Order.Status.PENDING
    company.finish_payment(order.provider_reference, ok=ok)
    assert status(stripe, order) is then


def test_what_was_refunded_is_still_paid(company: Company, order: Order, stripe: Stripe) -> None:
    company.approve(order.provider_reference)
    company.refund(order.provider_reference)
    facts = stripe.fetch_payment(order.provider_reference)
    assert (facts.status, facts.amount) == (S.PAID, 28000)


def test_a_fee_that_is_known_later(company: Company, order: Order, stripe: Stripe) -> None:
    company.late_fees = True
    company.approve(order.provider_reference)
    facts = stripe.fetch_payment(order.provider_reference)
    assert (facts.status, facts.fee, facts.fee_currency) == (S.PAID, 0, "")
    company.settle_fee(order.provider_reference)
    facts = stripe.fetch_payment(order.provider_reference)
    assert (facts.fee, facts.fee_currency) == (842, "EUR")


@pytest.mark.parametrize(
    ("twist", "note", "status"),
    [
        ({"amount": 27999}, "27999 EUR came, 28000 EUR was asked for.", "MISMATCHED"),
        ({"amount": 2_800_000}, "2800000 EUR came", "MISMATCHED"),
        ({"currency": "USD"}, "28000 USD came", "MISMATCHED"),
        ({"live": True}, "Test money and real money do not mix.", "WRONG_MODE"),
    ],
)
def test_other_money_than_asked_for_is_kept_and_grants_nothing(
    company: Company, order: Order, twist: dict, note: str, status: str
) -> None:
    company.twist(order.provider_reference, **twist)
    company.approve(order.provider_reference)
    order = services.confirm_and_fulfil(order.pk, NOW)
    assert (order.status, order.pack) == (Order.Status.PENDING, None)
    assert note in order.attention
    assert Payment.objects.get().status == status


def test_live_is_the_keys_mode(company: Company, order: Order, settings) -> None:
    assert not Stripe().live
    for key in ("sk_live_1", "rk_live_1"):
        settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"stripe_secret_key": key})
        assert Stripe().live


def test_a_page_that_is_not_ours_names_no_order(company: Company, order: Order, stripe: Stripe) -> None:
    """Somebody made it in the dashboard: money all the same."""
    company.rows[order.provider_reference] |= {"metadata": {}, "client_reference_id": "table 7"}
    company.approve(order.provider_reference)
    facts = stripe.fetch_payment(order.provider_reference)
    assert (facts.status, facts.order_id) == (S.PAID, None)


@pytest.mark.parametrize("change", [{"mode": "subscription"}, {"payment_status": "no_payment_required"}])
def test_what_brings_us_no_money_is_not_paid(company: Company, order: Order, stripe: Stripe, change: dict) -> None:
    company.rows[order.provider_reference] |= {"status": "complete", "payment_status": "paid", **change}
    assert status(stripe, order) is S.PENDING


def test_the_order_is_found_by_either_name(company: Company, order: Order, stripe: Stripe) -> None:
    page = company.rows[order.provider_reference]
    page["client_reference_id"] = None
    assert stripe.fetch_payment(order.provider_reference).order_id == order.pk
    page |= {"metadata": {"order_id": 7}, "client_reference_id": str(UUID(int=5))}
    assert stripe.fetch_payment(order.provider_reference).order_id == UUID(int=5)


def test_a_payment_without_a_page_has_nothing_to_do_with_us(company: Company, order: Order, stripe: Stripe) -> None:
    assert stripe.fetch_payment("pi_of_another_shop") == PaymentFacts(S.PENDING, "pi_of_another_shop", None, live=False)


def test_an_unknown_page_is_trouble(company: Company, order: Order, stripe: Stripe) -> None:
    with pytest.raises(ProviderTrouble, match="404 resource_missing"):
        stripe.fetch_payment("cs_test_unknown")


def test_an_answer_about_another_payment_is_trouble(company: Company, order: Order, stripe: Stripe) -> None:
    company.approve(order.provider_reference)
    page = {"id": order.provider_reference, "object": "checkout.session"}
    company.say_next(json_answer({"object": "list", "url": "/v1/checkout/sessions", "has_more": False, "data": [page]}))
    with pytest.raises(ProviderTrouble, match="another payment"):
        stripe.fetch_payment("pi_other")


@pytest.mark.parametrize(
    ("price", "currency", "on_the_wire"),
    [(101, "JPY", 101), (5000, "UGX", 500_000), (50_000, "MGA", 500), (5120, "KWD", 5120), (500_000, "NGN", 500_000)],
)
def test_odd_currencies_all_the_way(company: Company, mia, sam, price: int, currency: str, on_the_wire: int) -> None:
    order = place(sam, offering(mia, price=price, currency=currency), provider="stripe")
    assert company.rows[order.provider_reference]["amount_total"] == on_the_wire
    company.approve(order.provider_reference)
    assert services.confirm_and_fulfil(order.pk, NOW).status == Order.Status.FULFILLED
    assert Payment.objects.get().amount_minor == price
    assert sum(accounts(currency).values()) == 0


def test_the_sdk_keeps_nothing_global(company: Company, order: Order, settings) -> None:
    import stripe

    assert stripe.api_key is None
    assert stripe.api_base == "https://api.stripe.com"
    assert not stripe.enable_telemetry
    # Two companies at once, each with its own client.
    with Company(key="sk_live_other") as other:
        at_the_company(settings, other)
        with pytest.raises(ProviderTrouble, match="No such"):
            Stripe().fetch_payment(order.provider_reference)
