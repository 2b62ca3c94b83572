"""Paystack: the page for an order, and the truth about its payment, over real HTTP."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
import requests

from payments.models import Order, Payment
from payments.providers.base import PaymentStatus, ProviderTrouble
from payments.providers.paystack import Paystack
from payments.providers.paystack.adapter import _facts
from payments.services import confirm_and_fulfil
from tests.cast import NOW
from tests.payments.paystack.conftest import PAYLOADS, lead_to
from tests.payments.scene import accounts
from tests.standins.paystack import Paystack as Company

pytestmark = pytest.mark.django_db


def again(paystack: Paystack, order: Order) -> Any:
    return paystack.create_checkout(order, return_url="http://a.test/r", cancel_url="http://a.test/c", webhook_url="")


def test_the_page_is_asked_for_in_kobo_and_with_the_order_s_reference(company: Company, order: Order) -> None:
    (call,) = company.calls
    asked = json.loads(call.body)
    assert (call.method, call.path) == ("POST", "/transaction/initialize")
    assert call.headers["Authorization"] == f"Bearer {company.secret_key}"
    assert (asked["amount"], asked["currency"], asked["email"]) == (500_000, "NGN", order.student.email)
    assert asked["reference"] == order.provider_reference == str(order.pk)
    assert asked["callback_url"].endswith(order.return_path)
    assert asked["metadata"]["order_id"] == str(order.pk)
    assert order.checkout_url == f"{company.base_url}/pay/{order.pk}"


def test_paid_on_the_page_and_back(company: Company, order: Order) -> None:
    pressed = requests.post(order.checkout_url, data={"outcome": "pay"}, allow_redirects=False, timeout=5)
    assert pressed.headers["Location"] == (
        f"http://testserver{order.return_path}?trxref={order.pk}&reference={order.pk}"
    )
    assert confirm_and_fulfil(order.pk, NOW).status == Order.Status.FULFILLED
    payment = order.payments.get()
    assert payment.provider_payment_id == str(company.transactions[str(order.pk)]["id"])
    assert accounts("NGN")["PROVIDER"] == 500_000 - 17_500  # 1.5 % and 100 naira are Paystack's


def test_after_a_lost_answer_the_next_reference_is_used(company: Company, paystack: Paystack, order: Order) -> None:
    company.fail_next(1, status=200)  # "taken already" comes through, the answer to -2 does not
    company.fail_next(1, after_commit=True, status=0)
    with pytest.raises(ProviderTrouble, match="could not be reached"):
        again(paystack, order)
    assert again(paystack, order).reference == f"{order.pk}-3"
    assert paystack.fetch_payment(f"{order.pk}-3").order_id == order.pk


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, '{"status": true}'),
        (200, '{"status": true, "data": {"reference": "another", "authorization_url": "http://a.test"}}'),
        (200, '{"status": false, "message": "no"}'),
        (400, '{"status": false, "message": "Invalid Email Address Passed", "code": "invalid_params"}'),
    ],
)
def test_without_an_address_there_is_no_page(
    company: Company, paystack: Paystack, order: Order, status: int, body: str
) -> None:
    company.fail_next(1, status=status, body=body)
    with pytest.raises(ProviderTrouble):
        again(paystack, order)


def test_an_order_does_not_use_up_references_for_ever(company: Company, paystack: Paystack, order: Order) -> None:
    for _ in range(4):
        again(paystack, order)
    with pytest.raises(ProviderTrouble, match="all references"):
        again(paystack, order)


def test_nothing_is_paid_that_does_not_say_success(company: Company, paystack: Paystack, order: Order) -> None:
    row = company.transactions[str(order.pk)]
    for status in ("abandoned", "ongoing", "pending", "processing", "queued", "Success", "", None, True):
        row["status"] = status
        assert paystack.fetch_payment(str(order.pk)).status is PaymentStatus.PENDING, status
    company.decline(str(order.pk))
    row["status"] = "failed"
    assert paystack.fetch_payment(str(order.pk)).status is PaymentStatus.DECLINED
    row["status"] = "reversed"  # and never paid
    assert paystack.fetch_payment(str(order.pk)).status is PaymentStatus.DECLINED
    assert confirm_and_fulfil(order.pk, NOW).status == Order.Status.FAILED


def test_money_after_a_decline_is_late_money(company: Company, order: Order) -> None:
    company.decline(str(order.pk))
    assert confirm_and_fulfil(order.pk, NOW).status == Order.Status.FAILED
    requests.post(order.checkout_url, data={"outcome": "pay"}, allow_redirects=False, timeout=5)
    assert confirm_and_fulfil(order.pk, NOW).status == Order.Status.FULFILLED


def test_where_the_buyer_pays_the_fee_only_ours_counts(company: Company, paystack: Paystack, order: Order) -> None:
    company.approve(str(order.pk), fee_on_top=17_765)
    facts = paystack.fetch_payment(str(order.pk))
    assert facts.amount == 500_000
    assert facts.fee == company.transactions[str(order.pk)]["fees"] - 17_765
    assert confirm_and_fulfil(order.pk, NOW).status == Order.Status.FULFILLED


def test_the_official_example_of_a_fee_on_top() -> None:
    said = json.loads((PAYLOADS / "verify_fee_on_top.json").read_text())["data"]
    facts = _facts(said)
    assert (facts.amount, facts.currency, facts.fee, facts.live) == (30_050, "NGN", 0, False)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"amount": 499_999}, Payment.Status.MISMATCHED),
        ({"amount": 500_001}, Payment.Status.MISMATCHED),
        ({"currency": "GHS"}, Payment.Status.MISMATCHED),
        ({"live": True}, Payment.Status.WRONG_MODE),
    ],
)
def test_other_money_is_kept_aside(company: Company, order: Order, how: dict[str, Any], why: str) -> None:
    company.approve(str(order.pk))
    company.twist(str(order.pk), **how)
    assert confirm_and_fulfil(order.pk, NOW).status == Order.Status.PENDING
    assert order.payments.get().status == why


def test_a_part_of_the_sum_is_not_the_sum(company: Company, order: Order) -> None:
    company.approve(str(order.pk))
    company.transactions[str(order.pk)]["amount"] = 400_000  # requested_amount stays what we asked for
    confirm_and_fulfil(order.pk, NOW)
    assert (order.payments.get().status, order.payments.get().amount_minor) == (Payment.Status.MISMATCHED, 400_000)


@pytest.mark.parametrize("form", ["object", "text", "empty", "zero"])
def test_metadata_comes_back_in_four_forms(company: Company, paystack: Paystack, order: Order, form: str) -> None:
    company.metadata_as = form
    assert paystack.fetch_payment(str(order.pk)).order_id == order.pk


@pytest.mark.parametrize("reference", ["", "..", ".", "a/b", "../refund", "a?b", "a b", "é", "x" * 101])
def test_what_is_no_reference_is_not_asked_for(company: Company, paystack: Paystack, reference: str) -> None:
    with pytest.raises(ProviderTrouble, match="no reference"):
        paystack.fetch_payment(reference)
    assert company.calls == []


def test_an_unknown_reference_is_trouble_not_a_decline(company: Company, paystack: Paystack) -> None:
    with pytest.raises(ProviderTrouble, match="transaction_not_found"):
        paystack.fetch_payment(str(uuid4()))


@pytest.mark.parametrize(
    "how",
    [
        {"status": 500},
        {"status": 429},
        {"status": 0},
        {"status": 200, "body": ""},
        {"status": 200, "body": "[]"},
        {"status": 200, "body": '{"status": "true", "data": {"status": "success"}}'},
        {"status": 200, "body": '{"status": true}'},
        {"status": 200, "body": '{"status": true, "data": {"status": "success", "reference": "another"}}'},
        {"status": 200, "body": "[" * 100_000},
        {"status": 200, "body": '{"status": true, "data": "' + "x" * 1_100_000 + '"}'},
        {"status": 302, "headers": {"Location": "/transaction/verify/x"}},
    ],
)
def test_odd_answers_are_trouble(
    company: Company, paystack: Paystack, order: Order, how: dict[str, Any], settings: Any
) -> None:
    company.approve(str(order.pk))
    before = len(company.calls)
    company.fail_next(1, **how)
    with pytest.raises(ProviderTrouble) as trouble:
        paystack.fetch_payment(str(order.pk))
    assert company.secret_key not in str(trouble.value) and str(order.pk) not in str(trouble.value)
    assert len(company.calls) == before + 1
    assert paystack.fetch_payment(str(order.pk)).status is PaymentStatus.PAID


def test_a_netrc_does_not_replace_the_key(
    company: Company, paystack: Paystack, order: Order, tmp_path: Any, monkeypatch: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert paystack.fetch_payment(str(order.pk)).status is PaymentStatus.PENDING


def test_a_wrong_key_is_trouble(company: Company, order: Order, settings: Any) -> None:
    lead_to(settings, company, paystack_secret_keys=["sk_test_other"])
    with pytest.raises(ProviderTrouble, match="401"):
        Paystack().fetch_payment(str(order.pk))


def test_what_it_takes(company: Company, paystack: Paystack, settings: Any) -> None:
    assert all(paystack.takes(currency, 100) for currency in ("GHS", "KES", "NGN", "USD", "ZAR"))
    assert not any(paystack.takes(currency, 100) for currency in ("EUR", "JPY", "XOF", "ngn", ""))
    assert not paystack.takes("NGN", 0) and not paystack.takes("NGN", 10_000_000_01)
    assert not paystack.live
    lead_to(settings, company, paystack_secret_keys=["sk_live_1", company.secret_key])
    assert Paystack().live
