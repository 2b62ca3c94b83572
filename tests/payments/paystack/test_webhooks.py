"""Paystack's webhooks: HMAC-SHA512 over the raw body with the API's key, and nothing that tells one from its replay."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from django.test import Client

from mentorship.kernel import clock
from payments.models import Order, WebhookEvent
from payments.providers.base import ForgedWebhook
from payments.providers.paystack import Paystack
from payments.services import inbox
from tests.cast import NOW
from tests.payments.paystack.conftest import PAYLOADS, lead_to
from tests.standins.base import Delivery
from tests.standins.paystack import Paystack as Company

pytestmark = pytest.mark.django_db

KEY = "sk_test_" + "0" * 40
VECTOR = (
    '{"event":"charge.success","data":{"id":302961,"reference":"qTPrJoy9Bx","amount":10000,"currency":"NGN",'
    '"status":"success"}}',
    "64aeb590cb1477c9549a7efcb67a285f9fbf3f0c8c10ec2ca3e480ea6af235b6"
    "b9d679cd365673a4b8a9a85b9788a4aa7bedf4121d717e6043cb51fb59a12803",
)


def read(body: bytes, signature: str | None = None, key: str = KEY) -> Any:
    given = hmac.new(key.encode(), body, hashlib.sha512).hexdigest() if signature is None else signature
    return Paystack().parse_webhook({"X-Paystack-Signature": given}, body, clock.machine_now())


def post(delivery: Delivery, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    signed = delivery.sign() if headers is None else headers
    signed.pop("Content-Type", None)
    raw = delivery.body if body is None else body
    client = Client(enforce_csrf_checks=True)
    return client.post("/api/webhooks/paystack", raw, content_type="application/json", headers=signed).status_code


@pytest.fixture
def keys(settings: Any, company: Company) -> None:
    lead_to(settings, company, paystack_secret_keys=[KEY])


def test_the_vector_fits_the_adapter_and_the_stand_in(keys: None) -> None:
    body, signature = VECTOR
    event = read(body.encode(), signature)
    assert (event.kind, event.reference) == ("charge.success", "qTPrJoy9Bx")
    assert event.key == hashlib.sha256(body.encode()).hexdigest()
    other = Company(secret_key=KEY)
    delivery = Delivery(other, "qTPrJoy9Bx", "charge.success", body.encode())
    assert delivery.sign()["X-Paystack-Signature"] == signature


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("charge_success", "qTPrJoy9Bx"),
        ("refund_pending", "qTPrJoy9Bx"),
        ("refund_processed", "qTPrJoy9Bx"),
        ("dispute_create", "qTPrJoy9Bx"),
        ("transfer_success", ""),
    ],
)
def test_where_each_event_says_to_look(keys: None, name: str, reference: str) -> None:
    body = (PAYLOADS / f"{name}.json").read_bytes()
    assert read(body).reference == reference
    assert read(body).kind == json.loads(body)["event"]


def test_forged_ones_are_refused(keys: None) -> None:
    body, signature = VECTOR
    reordered = json.dumps(json.loads(body)).encode()  # the same to a parser, and not what was signed
    for raw, given in (
        (body.encode(), ""),
        (body.encode(), "0" * 128),
        (body.encode(), signature[:-1]),
        (body.encode(), hmac.new(KEY.encode(), body.encode(), hashlib.sha256).hexdigest()),
        (body.encode() + b" ", signature),
        (reordered, signature),
        (body.encode(), "é"),
    ):
        with pytest.raises(ForgedWebhook):
            read(raw, given)


def test_while_keys_are_exchanged_both_sign(company: Company, settings: Any) -> None:
    lead_to(settings, company, paystack_secret_keys=["sk_test_new", KEY])
    assert read(VECTOR[0].encode(), VECTOR[1]).reference == "qTPrJoy9Bx"
    lead_to(settings, company, paystack_secret_keys=["sk_test_new"])
    with pytest.raises(ForgedWebhook):
        read(VECTOR[0].encode(), VECTOR[1])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"event": 5}',
        b'{"event": "charge.success"}',
        b'{"event": "charge.success", "data": {"reference": "../../refund"}}',
        b'{"event": "refund.processed", "data": {"transaction": 5}}',
    ],
)
def test_signed_nonsense_is_a_value_error(keys: None, body: bytes) -> None:
    with pytest.raises(ValueError):
        read(body)


def test_the_webhook_alone_delivers_and_twice_is_once(company: Company, order: Order) -> None:
    company.approve(str(order.pk))
    (event,) = company.events(str(order.pk))
    assert [post(event), post(event), post(event)] == [200, 200, 200]
    assert WebhookEvent.objects.count() == 1
    inbox.process_due(NOW)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED and order.payments.count() == 1


def test_a_signed_lie_moves_nothing(company: Company, order: Order) -> None:
    """Whoever has the key could say anything; what is true is asked of the API."""
    lie = {"event": "charge.success", "data": {"reference": str(order.pk), "status": "success", "amount": 500_000}}
    assert post(company.emit(str(order.pk), "charge.success", lie)) == 200
    inbox.process_due(NOW)
    order.refresh_from_db()
    assert order.status == Order.Status.PENDING and not order.payments.exists()


def test_forged_ones_leave_no_trace(company: Company, order: Order) -> None:
    company.approve(str(order.pk))
    (event,) = company.events(str(order.pk))
    assert post(event, headers=event.sign(secret="sk_test_wrong")) == 400
    assert post(event, body=event.body.replace(b"500000", b"500001"), headers=event.sign()) == 400
    assert not WebhookEvent.objects.exists()


def test_while_paystack_is_away_the_event_waits(company: Company, order: Order) -> None:
    company.approve(str(order.pk))
    assert post(company.events(str(order.pk))[0]) == 200
    company.fail_next(1, status=503)
    assert inbox.process_due(NOW) == 0
    waiting = WebhookEvent.objects.get()
    assert "ProviderTrouble" in waiting.error and company.secret_key not in waiting.error
    WebhookEvent.objects.update(next_attempt_at=clock.machine_now())
    assert inbox.process_due(NOW) == 1
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
