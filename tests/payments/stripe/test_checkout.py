"""A page is opened once for each order, whatever gets lost on the way; nobody waits long, and nothing odd is believed."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
import requests
import time_machine

from mentorship.kernel import clock
from payments import services
from payments.models import Order
from payments.providers.base import ProviderTrouble
from payments.providers.stripe import Stripe, transport
from payments.services.pair import ProviderAway
from tests.cast import offering
from tests.payments.scene import place
from tests.standins.base import Answer, json_answer
from tests.standins.stripe import Stripe as Company

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def open_again(order: Order):
    return Stripe().create_checkout(
        order,
        return_url=order.site_url + order.return_path,
        cancel_url=order.site_url + order.get_absolute_url(),
        webhook_url="",
    )


def pages(company: Company) -> list[str]:
    return [key for key in company.rows if key.startswith("cs_")]


def test_what_the_page_is_asked_for(company: Company, order: Order) -> None:
    call = company.calls[0]
    asked = dict(parse_qsl(call.body.decode()))
    ends = int(asked.pop("expires_at"))
    assert asked == {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "28000",
        "line_items[0][price_data][product_data][name]": "4 x 60 min",
        "adaptive_pricing[enabled]": "false",
        "client_reference_id": str(order.pk),
        "metadata[order_id]": str(order.pk),
        "metadata[order_number]": order.number,
        "payment_intent_data[metadata][order_id]": str(order.pk),
        "payment_intent_data[metadata][order_number]": order.number,
        "payment_intent_data[description]": f"4 x 60 min ({order.number})",
        "success_url": f"http://testserver/checkout/return/{order.pk}",
        "cancel_url": f"http://testserver/checkout/orders/{order.pk}",
        "customer_email": "sam@example.test",
    }
    assert 31 * 60 - 5 <= ends - time.time() <= 32 * 60
    assert call.headers["Idempotency-Key"] == f"checkout-{order.pk}"
    assert call.headers["Stripe-Version"] == "2026-10-28.endive"
    assert call.headers["Authorization"] == f"Bearer {company.key}"
    assert order.provider_reference == pages(company)[0]
    assert order.checkout_url == f"{company.base_url}/pay/{order.provider_reference}"


def test_an_address_stripe_might_refuse_is_left_out(company: Company, mia, sam) -> None:
    sam.email = "sam@localhost"
    sam.save()
    place(sam, offering(mia), provider="stripe")
    assert b"customer_email" not in company.calls[0].body


@pytest.mark.parametrize("minutes", [0, 1, 5, 34])
def test_a_twin_gets_the_same_page_however_late_it_comes(company: Company, order: Order, minutes: int) -> None:
    with time_machine.travel(clock.machine_now() + minutes * MINUTE):
        again = open_again(order)
    assert (again.reference, again.url) == (order.provider_reference, order.checkout_url)
    assert len(pages(company)) == 1


def test_a_machine_whose_clock_is_behind_finds_it_too(company: Company, order: Order) -> None:
    with time_machine.travel(clock.machine_now() - MINUTE):
        assert open_again(order).reference == order.provider_reference


@pytest.mark.parametrize("how", [{"status": 500}, {"status": 503}, {"status": 0}])
def test_an_answer_lost_after_the_page_was_opened_opens_no_second_one(company: Company, mia, sam, how: dict) -> None:
    company.fail_next(1, after_commit=True, **how)
    order = place(sam, offering(mia), provider="stripe")
    assert pages(company) == [order.provider_reference]


def test_a_timeout_after_the_page_was_opened_opens_no_second_one(company: Company, mia, sam, monkeypatch) -> None:
    monkeypatch.setattr(transport, "READ", 0.3)
    company.fail_next(1, after_commit=True, hang=2)
    order = place(sam, offering(mia), provider="stripe")
    assert pages(company) == [order.provider_reference]


def test_when_all_answers_are_lost_the_same_request_again_finds_the_page(company: Company, mia, sam) -> None:
    company.fail_next(2, after_commit=True)
    shelf = offering(mia)
    with pytest.raises(ProviderAway):
        place(sam, shelf, provider="stripe", idempotency_key="k1")
    order = place(sam, shelf, provider="stripe", idempotency_key="k1")
    assert pages(company) == [order.provider_reference]


def test_a_failure_saved_under_the_key_does_not_block_the_order(company: Company, mia, sam) -> None:
    """Stripe repeats a 500 for a day. The page that call may have opened has an address that nobody knows."""
    company.break_next(1, with_effect=True)
    order = place(sam, offering(mia), provider="stripe")
    assert order.provider_reference == pages(company)[-1]
    keys = [call.headers["Idempotency-Key"] for call in company.calls]
    assert keys == [f"checkout-{order.pk}"] * 2 + [f"checkout-{order.pk}-2"]
    assert open_again(order).reference == order.provider_reference


@pytest.mark.parametrize("status", [429, 401, 403, 500])
def test_trouble_is_trouble_and_names_no_secret(company: Company, order: Order, status: int) -> None:
    company.fail_next(9, status=status)
    with pytest.raises(ProviderTrouble) as trouble:
        open_again(order)
    assert str(status) in str(trouble.value)
    assert company.key not in str(trouble.value)
    assert len(str(trouble.value)) < 300


def test_a_wrong_key_is_trouble(company: Company, order: Order, settings) -> None:
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"stripe_secret_key": "sk_test_wrong_0123456789"})
    with pytest.raises(ProviderTrouble, match="AuthenticationError 401") as trouble:
        Stripe().fetch_payment(order.provider_reference)
    assert "0123456789" not in str(trouble.value)


def test_nobody_is_there(stripe: Stripe, order: Order, company: Company) -> None:
    company.stop()
    with pytest.raises(ProviderTrouble, match="could not be reached"):
        stripe.fetch_payment(order.provider_reference)


def test_nobody_waits_longer_than_the_budget(company: Company, order: Order) -> None:
    company.fail_next(9, hang=30)
    began = time.monotonic()
    with pytest.raises(ProviderTrouble, match="could not be reached"), transport.asking(seconds=0.8) as client:
        client.v1.checkout.sessions.retrieve(order.provider_reference)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b""),
        Answer(200, b"<html>"),
        Answer(200, b"\xff\xfe"),
        Answer(200, b"[]"),
        Answer(200, b"null"),
        Answer(200, b'"cs_1"'),
        Answer(200, b"[" * 100_000),
        json_answer({}),
        json_answer({"id": "cs_other", "object": "checkout.session"}),
        json_answer({"id": None, "object": "checkout.session"}),
        json_answer({"object": "list", "data": "x"}),
        Answer(204, b""),
        Answer(400, b"{}"),
        Answer(400, b'{"error": "text"}'),
        Answer(400, b'{"error": null}'),
    ],
)
def test_an_odd_answer_is_trouble(company: Company, order: Order, stripe: Stripe, answer: Answer) -> None:
    def say(times: int) -> None:
        company.say_next(*[replace(answer, headers=dict(answer.headers)) for _ in range(times)])

    say(2)
    with pytest.raises(ProviderTrouble):
        stripe.fetch_payment(order.provider_reference)
    company._says.clear()
    say(2)
    with pytest.raises(ProviderTrouble):
        open_again(order)


def test_a_redirect_is_not_followed(company: Company, order: Order, stripe: Stripe) -> None:
    with Company() as elsewhere:
        for status in (301, 302, 307, 308):
            company.say_next(Answer(status, b"", {"Location": f"{elsewhere.base_url}/v1/checkout/sessions"}))
            with pytest.raises(ProviderTrouble, match=str(status)):
                stripe.fetch_payment(order.provider_reference)
            company.say_next(Answer(status, b"", {"Location": f"{elsewhere.base_url}/v1/checkout/sessions"}))
            with pytest.raises(ProviderTrouble, match=str(status)):
                open_again(order)
        assert elsewhere.calls == []


def test_an_answer_larger_than_a_megabyte_is_not_read(company: Company, order: Order, stripe: Stripe) -> None:
    page = company.rows[order.provider_reference]
    company.say_next(json_answer({**page, "padding": "x" * 900_000}))
    assert stripe.fetch_payment(order.provider_reference).reference == order.provider_reference
    company.say_next(json_answer({**page, "padding": "x" * 1_000_000}))
    with pytest.raises(ProviderTrouble, match="AnswerTooLarge"):
        stripe.fetch_payment(order.provider_reference)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_received": "28000"},
        {"amount_received": 280.0},
        {"amount_received": None},
        {"currency": "zzz"},
        {"currency": None},
        {"id": "ch_1"},
    ],
)
def test_money_that_cannot_be_read_is_trouble(company: Company, order: Order, stripe: Stripe, change: dict) -> None:
    intent = company.rows[company.approve(order.provider_reference)]
    company.rows[order.provider_reference]["payment_intent"] = {**intent, "latest_charge": None, **change}
    with pytest.raises(ProviderTrouble):
        stripe.fetch_payment(order.provider_reference)


@pytest.mark.parametrize(
    "reference", ["", "cs_", "ch_1", "cs_1/../../refunds", "pi_1?x=y", "cs_1\n", "cs_" + "x" * 300]
)
def test_nothing_is_asked_about_what_is_no_reference(company: Company, stripe: Stripe, reference: str) -> None:
    with pytest.raises(ProviderTrouble):
        stripe.fetch_payment(reference)
    assert company.calls == []


def test_a_replaced_orders_page_is_closed_and_closing_twice_is_harmless(company: Company, order: Order, stripe) -> None:
    stripe.expire_checkout(order.provider_reference)
    stripe.expire_checkout(order.provider_reference)
    assert company.rows[order.provider_reference]["status"] == "expired"
    with pytest.raises(ValueError, match="expired"):
        company.approve(order.provider_reference)


def test_closing_a_paid_page_is_harmless_and_an_unknown_one_is_trouble(company: Company, order: Order, stripe) -> None:
    company.approve(order.provider_reference)
    stripe.expire_checkout(order.provider_reference)
    with pytest.raises(ProviderTrouble, match="No such"):
        stripe.expire_checkout("cs_test_unknown")
    company.fail_next(9)
    with pytest.raises(ProviderTrouble):
        stripe.expire_checkout(order.provider_reference)


def test_a_person_pays_on_the_page(company: Company, order: Order) -> None:
    page = requests.get(order.checkout_url, timeout=5).text
    assert "EUR 280.00" in page
    assert "4 x 60 min" in page
    declined = requests.post(order.checkout_url, data={"outcome": "decline"}, timeout=5).text
    assert "was declined" in declined
    paid = requests.post(order.checkout_url, data={"outcome": "pay"}, timeout=5, allow_redirects=False)
    assert paid.headers["Location"] == order.site_url + order.return_path
    assert services.confirm_and_fulfil(order.pk, order.created_at).status == Order.Status.FULFILLED
    assert "closed" in requests.get(order.checkout_url, timeout=5).text
