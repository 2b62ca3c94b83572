"""The stand-in keeps to Stripe's rules also where our adapter never breaks them; asked by hand and by the plain SDK."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import stripe as sdk

from tests.standins.stripe import Stripe as Company

PAGE = {
    "mode": "payment",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "1000",
    "line_items[0][price_data][product_data][name]": "Four sessions",
    "success_url": "http://localhost/back",
}


@pytest.fixture
def company() -> Iterator[Company]:
    with Company() as company:
        yield company


def call(
    company: Company, method: str, path: str, data: dict[str, Any] | None = None, **headers: str
) -> requests.Response:
    ours = {
        "Authorization": f"Bearer {company.key}",
        "Stripe-Version": "2026-10-28.endive",
        "Idempotency-Key": str(time.time_ns()),
    }
    ours |= {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, company.base_url + path, data=data, headers=ours, timeout=5)


def open_page(company: Company, change: dict[str, Any] | None = None, **headers: str) -> requests.Response:
    asked = {name: value for name, value in {**PAGE, **(change or {})}.items() if value is not None}
    return call(company, "POST", "/v1/checkout/sessions", asked, **headers)


def test_a_page(company: Company) -> None:
    page = open_page(company).json()
    assert page["object"] == "checkout.session"
    assert (page["status"], page["payment_status"], page["amount_total"]) == ("open", "unpaid", 1000)
    assert page["expires_at"] - page["created"] == 86_400
    assert not [name for name in page if name.startswith("_")]


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"mode": None}, "parameter_missing", "mode"),
        ({"success_url": None}, "parameter_missing", "success_url"),
        ({"success_url": "javascript:1"}, "url_invalid", "success_url"),
        ({"line_items[0][price_data][unit_amount]": "10.00"}, "parameter_invalid_integer", "unit_amount"),
        ({"line_items[0][price_data][unit_amount]": "0"}, "parameter_invalid_integer", None),
        ({"line_items[0][price_data][unit_amount]": "49"}, "amount_too_small", None),
        ({"line_items[0][price_data][unit_amount]": "100000000"}, "amount_too_large", None),
        ({"line_items[0][price_data][currency]": "EUR"}, None, "currency"),
        (
            {"line_items[0][price_data][currency]": "ugx", "line_items[0][price_data][unit_amount]": "550"},
            "invalid_amount",
            None,
        ),
        (
            {"line_items[0][price_data][currency]": "kwd", "line_items[0][price_data][unit_amount]": "5124"},
            "invalid_amount",
            None,
        ),
        ({"line_items[0][unit_amount]": "1"}, "parameter_unknown", "line_items[0][unit_amount]"),
        ({"expires_at": "soon"}, "parameter_invalid_integer", "expires_at"),
        ({"customer_email": "sam@localhost"}, "email_invalid", "customer_email"),
        ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
        ({"metadata[order_id]": "x" * 501}, None, "metadata"),
        ({"order_id": "7"}, "parameter_unknown", "order_id"),
        ({"expand[0]": "customer"}, None, "expand"),
    ],
)
def test_what_it_refuses_and_does_not_remember(
    company: Company, change: dict, code: str | None, param: str | None
) -> None:
    refused = open_page(company, change, Idempotency_Key="k")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error.get("code") == code
    assert param is None or error["param"] == param
    # Validation failures are not saved: the key is still free.
    again = open_page(company, Idempotency_Key="k")
    assert again.status_code == 200
    assert "Idempotent-Replayed" not in again.headers


@pytest.mark.parametrize(("seconds", "status"), [(1790, 400), (1805, 200), (86_395, 200), (86_405, 400)])
def test_a_page_lives_half_an_hour_to_a_day(company: Company, seconds: int, status: int) -> None:
    assert open_page(company, {"expires_at": int(time.time()) + seconds}).status_code == status


def test_the_same_key_gives_the_same_answer_and_other_parameters_are_refused(company: Company) -> None:
    first = open_page(company, Idempotency_Key="k")
    again = open_page(company, Idempotency_Key="k")
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    other = open_page(company, {"success_url": "http://localhost/other"}, Idempotency_Key="k")
    assert other.json()["error"]["type"] == "idempotency_error"
    assert open_page(company, Idempotency_Key="k" * 256).json()["error"]["type"] == "idempotency_error"


def test_failures_are_saved_once_execution_has_begun(company: Company) -> None:
    company.break_next()
    assert open_page(company, Idempotency_Key="k").status_code == 500
    again = open_page(company, Idempotency_Key="k")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (500, "true")
    assert open_page(company, Idempotency_Key="k2").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer sk_test_other"}, 401),
        ({"Authorization": ""}, 401),
        ({"Stripe_Version": "latest"}, 400),
        ({"Content_Type": "application/json"}, 415),
    ],
)
def test_who_may_call_and_how(company: Company, headers: dict, status: int) -> None:
    assert open_page(company, None, **headers).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/checkout/sessions/cs_none", 404),
        ("GET", "/v1/refunds/cs_none", 404),
        ("GET", "/v1/customers", 404),
        ("GET", "/v2/core/events", 404),
        ("DELETE", "/v1/refunds/re_1", 404),
        ("GET", "/v1/refunds?limit=0", 400),
        ("GET", "/v1/refunds?limit=101", 400),
        ("GET", "/v1/refunds?starting_after=re_none", 404),
        ("GET", "/v1/refunds?order=7", 400),
    ],
)
def test_unknown_addresses(company: Company, method: str, path: str, status: int) -> None:
    said = call(company, method, path)
    assert said.status_code == status
    assert said.json()["error"]["message"]


def test_lists_go_page_by_page_newest_first(company: Company) -> None:
    payment_id = company.approve(open_page(company).json()["id"])
    ids = [company.refund(payment_id, 10) for _ in range(5)]
    client = sdk.StripeClient(company.key, base_addresses={"api": company.base_url})
    listed = client.v1.refunds.list({"payment_intent": payment_id, "limit": 2})
    assert listed.has_more
    assert [refund.id for refund in listed.auto_paging_iter()] == ids[::-1]
    assert (
        client.v1.payment_intents.retrieve(payment_id, {"expand": ["latest_charge"]}).latest_charge.amount_refunded
        == 50
    )
    assert list(client.v1.refunds.list({"payment_intent": "pi_other"})) == []


def test_money_cannot_be_given_back_twice(company: Company) -> None:
    payment_id = company.approve(open_page(company).json()["id"])
    company.refund(payment_id, 600)
    with pytest.raises(ValueError, match="greater than unrefunded"):
        company.refund(payment_id, 500)
    company.refund(payment_id)
    refused = call(company, "POST", "/v1/refunds", {"payment_intent": payment_id}, Idempotency_Key="r")
    assert refused.json()["error"]["code"] == "charge_already_refunded"
    again = call(company, "POST", "/v1/refunds", {"payment_intent": payment_id}, Idempotency_Key="r")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_page_is_paid_once_and_only_while_it_is_open(company: Company) -> None:
    paid, over = open_page(company).json()["id"], open_page(company).json()["id"]
    company.approve(paid)
    company.abandon(over, expire=True)
    for reference in (paid, over):
        with pytest.raises(ValueError, match="this page is"):
            company.approve(reference)
    assert [delivery.kind for delivery in company.events(over)] == ["checkout.session.expired"]


def test_its_life_is_told_in_webhooks(company: Company) -> None:
    reference = open_page(company).json()["id"]
    company.decline(reference)
    payment_id = company.approve(reference)
    company.slow_refunds = True
    company.finish_refund(company.refund(payment_id, 10), ok=False)
    company.close_dispute(company.dispute(payment_id), won=False)
    assert [delivery.kind for delivery in company.events(reference)] == [
        "payment_intent.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "refund.failed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.created",
        "charge.dispute.closed",
    ]


def test_it_is_told_over_http_too(company: Company) -> None:
    reference = open_page(company).json()["id"]
    control = f"{company.base_url}/_control"
    said = requests.post(f"{control}/approve", json={"reference": reference}, timeout=5).json()
    assert said["result"].startswith("pi_")
    assert requests.post(f"{control}/refund", json={"reference": reference, "amount": 10}, timeout=5).status_code == 200
    assert requests.post(f"{control}/approve", json={"reference": "cs_none"}, timeout=5).status_code == 400
