"""PayPal, from the checkout to the money: the real wire, spoken with the stand-in."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given, strategies as st

from payments.providers.base import PaymentStatus, ProviderTrouble
from payments.providers.paypal import PayPal, facts
from tests.payments.paypal_scene import ORDER_ID, an_order, bought, calls_to, check_out, connected


@pytest.fixture
def standin(settings):
    with connected(settings) as running:
        yield running


def test_the_order_on_the_wire(standin):
    page = check_out(an_order())

    assert page.url == f"{standin.base_url}/pay/{page.reference}"
    [call] = calls_to(standin, "/v2/checkout/orders")
    assert call.headers["PayPal-Request-Id"] == str(ORDER_ID)
    assert call.headers["Prefer"] == "return=representation"
    said = json.loads(call.body)
    assert said["intent"] == "CAPTURE"
    assert said["purchase_units"] == [
        {
            "reference_id": "default",
            "custom_id": str(ORDER_ID),
            "invoice_id": "K7M2PQ9X",
            "description": "Four sessions",
            "amount": {"currency_code": "EUR", "value": "50.00"},
        }
    ]
    assert said["payment_source"]["paypal"]["experience_context"] == {
        "return_url": "https://mentors.example.org/return",
        "cancel_url": "https://mentors.example.org/cancel",
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }


def test_a_twin_gets_the_same_page(standin):
    assert check_out(an_order()) == check_out(an_order())
    assert len(standin.orders) == 1


def test_an_answer_that_was_lost_leaves_one_order(standin):
    standin.fail_next(1, after_commit=True)
    with pytest.raises(ProviderTrouble):
        check_out(an_order())

    page = check_out(an_order())

    assert list(standin.orders) == [page.reference]


def test_the_older_link_is_taken_too(standin):
    reference = check_out(an_order()).reference
    standin.orders[reference]["links"][1]["rel"] = "approve"
    assert check_out(an_order()).url.endswith(f"/pay/{reference}")


def test_a_twin_that_comes_after_the_approval_goes_on_with_our_own_page(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)
    standin.orders[reference]["links"] = []
    assert check_out(an_order()).url == "https://mentors.example.org/return"


def test_a_page_that_is_no_page_is_trouble(standin):
    reference = check_out(an_order()).reference
    standin.orders[reference]["links"][1]["href"] = "javascript:alert(1)"
    with pytest.raises(ProviderTrouble):
        check_out(an_order())


def test_a_number_that_another_shop_used_gets_a_tail(standin):
    standin.invoices.add("K7M2PQ9X")

    first, twin = check_out(an_order()), check_out(an_order())

    assert first == twin
    assert standin.orders[first.reference]["purchase_units"][0]["invoice_id"] == "K7M2PQ9X-6f1f6a9c0d0e"


def test_nobody_has_paid_yet(standin):
    facts = PayPal().fetch_payment(check_out(an_order()).reference)
    assert (facts.status, facts.order_id, facts.payment_id) == (PaymentStatus.PENDING, ORDER_ID, "")


def test_an_approved_order_is_captured_once(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)

    first, again = PayPal().fetch_payment(reference), PayPal().fetch_payment(reference)

    assert first == again
    assert (first.status, first.amount, first.currency) == (PaymentStatus.PAID, 5000, "EUR")
    assert (first.reference, first.order_id) == (reference, ORDER_ID)
    assert (first.fee, first.fee_currency) == (174, "EUR")
    assert first.payment_id in standin.captures
    assert first.live is False
    [capture] = calls_to(standin, "/capture")
    assert capture.headers["PayPal-Request-Id"] == f"capture-{reference}"


@pytest.mark.parametrize(
    ("pressed", "path", "status"),
    [
        ("pay", "/return", PaymentStatus.PAID),
        ("decline", "/return", PaymentStatus.DECLINED),
        ("back", "/cancel", PaymentStatus.PENDING),
    ],
)
def test_the_buyer_presses_and_comes_back(standin, pressed, path, status):
    page = check_out(an_order())
    assert "50.00 EUR" in requests.get(page.url, timeout=5).text

    pressed = requests.post(page.url, {"outcome": pressed}, timeout=5, allow_redirects=False)

    back = urlsplit(pressed.headers["Location"])
    assert (back.netloc, back.path) == ("mentors.example.org", path)
    assert parse_qs(back.query)["token"] == [page.reference]
    assert PayPal().fetch_payment(page.reference).status is status


def test_what_was_replaced_is_looked_at_but_not_collected(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)

    facts = PayPal().fetch_payment(reference, collect=False)

    assert facts.status is PaymentStatus.PENDING
    assert not calls_to(standin, "/capture")


def test_a_capture_whose_answer_was_lost_is_found(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)
    standin.fail_next(1, after_commit=True, only="/capture")
    with pytest.raises(ProviderTrouble):
        PayPal().fetch_payment(reference)

    assert PayPal().fetch_payment(reference).status is PaymentStatus.PAID
    assert len(standin.captures) == 1


def test_someone_else_captured_between_our_look_and_our_call(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)
    paypal = PayPal()
    other = standin._capture

    def late(order, request):
        if order["status"] == "APPROVED":
            other(order, type(request)("POST", "", {}, {"Content-Type": "application/json"}, b"{}"))
        return other(order, request)

    standin._capture = late
    assert paypal.fetch_payment(reference).status is PaymentStatus.PAID
    assert len(standin.captures) == 1


def test_a_declined_instrument_is_declined_and_nothing_is_taken(standin):
    reference = check_out(an_order()).reference
    standin.decline(reference)

    facts = PayPal().fetch_payment(reference)

    assert (facts.status, facts.payment_id, facts.order_id) == (PaymentStatus.DECLINED, "", ORDER_ID)
    assert not standin.captures


def test_a_number_paid_before_is_not_taken_a_second_time(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)
    standin.invoices.add("K7M2PQ9X")
    assert PayPal().fetch_payment(reference).status is PaymentStatus.DECLINED


def test_an_approval_taken_back_before_the_capture_is_still_pending(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)
    capture = standin._capture

    def withdrawn(order, request):
        order["status"] = "PAYER_ACTION_REQUIRED"
        return capture(order, request)

    standin._capture = withdrawn
    assert PayPal().fetch_payment(reference).status is PaymentStatus.PENDING


@pytest.mark.parametrize(("ok", "status"), [(True, PaymentStatus.PAID), (False, PaymentStatus.DECLINED)])
def test_created_201_is_not_money_a_pending_capture_waits(standin, ok, status):
    standin.slow_captures = True
    reference = check_out(an_order()).reference
    standin.approve(reference)
    assert PayPal().fetch_payment(reference).status is PaymentStatus.PENDING
    assert standin.orders[reference]["status"] == "COMPLETED"

    standin.finish_capture(reference, ok)

    assert PayPal().fetch_payment(reference).status is status


@pytest.mark.parametrize("amount", [None, 1200])
def test_what_went_back_later_was_paid_all_the_same(standin, amount):
    payment = bought(standin)
    [reference] = standin.orders
    standin.refund(reference, amount)

    facts = PayPal().fetch_payment(reference)

    assert (facts.status, facts.amount, facts.payment_id) == (PaymentStatus.PAID, 5000, payment.provider_payment_id)


def test_a_capture_leads_to_its_order(standin):
    payment = bought(standin)
    [reference] = standin.orders
    facts = PayPal().fetch_payment(f"capture:{payment.provider_payment_id}")
    assert facts == PayPal().fetch_payment(reference)


def test_a_capture_without_an_order_is_told_by_itself(standin):
    capture_id = bought(standin).provider_payment_id
    del standin.captures[capture_id]["supplementary_data"], standin.captures[capture_id]["links"]
    facts = PayPal().fetch_payment(f"capture:{capture_id}")
    assert (facts.status, facts.reference, facts.amount) == (PaymentStatus.PAID, f"capture:{capture_id}", 5000)


def test_an_order_paypal_forgot_is_expired(standin):
    reference = check_out(an_order()).reference
    standin.abandon(reference, expire=True)
    assert PayPal().fetch_payment(reference).status is PaymentStatus.EXPIRED


def test_the_truth_is_told_as_it_is(standin):
    reference = check_out(an_order()).reference
    standin.approve(reference)
    standin.twist(reference, amount=99900, currency="USD")
    facts = PayPal().fetch_payment(reference)
    assert (facts.status, facts.amount, facts.currency) == (PaymentStatus.PAID, 99900, "USD")


@pytest.mark.parametrize("reference", ["", "../../v1/oauth2/token", "A B", "capture:", "capture:x/y", "x" * 65, "é"])
def test_what_is_no_reference_asks_nobody(standin, reference):
    with pytest.raises(ProviderTrouble):
        PayPal().fetch_payment(reference)
    assert standin.calls == []


@pytest.mark.parametrize(
    "odd",
    [
        {"status": "COMPLETED"},
        {"status": "SOMETHING_NEW"},
        {"status": "COMPLETED", "purchase_units": [{"payments": {"captures": [{"id": "1", "status": "NEW"}]}}]},
        {"id": "../x"},
        {"id": 7},
    ],
)
def test_an_odd_answer_is_trouble_never_money(standin, odd):
    reference = check_out(an_order()).reference
    kept = standin.orders[reference]
    kept["purchase_units"] = []
    kept |= odd
    with pytest.raises(ProviderTrouble):
        PayPal().fetch_payment(reference)


@pytest.mark.parametrize("value", ["50.005", "5e1", "-50.00", " 50.00", "NaN", 50, 50.0, None, "9" * 20])
def test_a_sum_that_cannot_be_read_exactly_is_trouble(standin, value):
    reference = check_out(an_order()).reference
    standin.approve(reference)
    PayPal().fetch_payment(reference)
    standin.orders[reference]["purchase_units"][0]["payments"]["captures"][0]["amount"]["value"] = value
    with pytest.raises(ProviderTrouble):
        PayPal().fetch_payment(reference)


def test_expiring_asks_nobody_for_there_is_no_such_call(standin):
    reference = check_out(an_order()).reference
    standin.calls.clear()
    PayPal().expire_checkout(reference)
    assert standin.calls == []


@pytest.mark.parametrize(
    ("minor", "currency", "value"),
    [
        (1, "EUR", "0.01"),
        (33333, "USD", "333.33"),
        (101, "JPY", "101"),
        (50000, "HUF", "500"),
        (120000, "TWD", "1200"),
        (123456789, "GBP", "1234567.89"),
    ],
)
def test_every_sum_arrives_and_comes_back_exactly(standin, minor, currency, value):
    reference = check_out(an_order(minor, currency)).reference
    assert standin.orders[reference]["purchase_units"][0]["amount"]["value"] == value
    standin.approve(reference)
    facts = PayPal().fetch_payment(reference)
    assert (facts.amount, facts.currency) == (minor, currency)


@pytest.mark.parametrize(
    ("currency", "minor", "takes"),
    [
        ("EUR", 1, True),
        ("JPY", 101, True),
        ("HUF", 50000, True),
        ("HUF", 50010, False),
        ("TWD", 99, False),
        ("NGN", 500000, False),
        ("KES", 100, False),
        ("CNY", 100, False),
        ("EUR", 0, False),
        ("EUR", -5, False),
        ("XXX", 100, False),
        ("eur", 100, False),
        ("", 100, False),
    ],
)
def test_what_paypal_takes(currency, minor, takes):
    assert PayPal().takes(currency, minor) is takes


@given(minor=st.integers(1, 10**13), currency=st.sampled_from(sorted(facts.CURRENCIES)))
def test_what_it_takes_is_said_exactly(minor, currency):
    if PayPal().takes(currency, minor):
        assert facts.from_wire(facts.to_wire(minor, currency)) == (minor, currency)
    else:
        assert currency in {"HUF", "TWD"}
        assert minor % 100


def test_what_it_does_not_take_never_reaches_it(standin):
    with pytest.raises(ValueError, match="NGN"):
        check_out(an_order(500000, "NGN"))
    assert standin.calls == []


def test_money_is_real_only_at_paypals_own_address(settings):
    update = {"paypal_base_url": "https://api-m.paypal.com"}
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update=update)
    assert PayPal().live is True
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"paypal_base_url": "https://api-m.sandbox.paypal.com"})
    assert PayPal().live is False
