"""Stripe's webhooks: who signed them, when, and where they say one should look."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe as sdk
from django.test import Client

from mentorship.kernel import clock
from payments.jobs import process_webhooks
from payments.models import Dispute, Order, Payment, Refund, WebhookEvent
from payments.providers.base import ForgedWebhook
from payments.providers.stripe import Stripe
from tests.cast import NOW
from tests.standins.stripe import Stripe as Company

PAYLOADS = Path(__file__).parents[2] / "payloads" / "stripe"
SECRET = "whsec_standin"
MINUTE = timedelta(minutes=1)


def payload(name: str, order: Order | None = None, payment: Payment | None = None) -> bytes:
    raw = (PAYLOADS / f"{name}.json").read_bytes()
    if order is not None:
        raw = raw.replace(b"cs_test_REFERENCE", order.provider_reference.encode())
    if payment is not None:
        raw = raw.replace(b"pi_REFERENCE", payment.provider_payment_id.encode())
    return raw


def mac(body: bytes, stamp: int | str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def signed(body: bytes, at: datetime | None = None, secret: str = SECRET) -> str:
    stamp = int((at or clock.machine_now()).timestamp())
    return f"t={stamp},v1={mac(body, stamp, secret)}"


def post(body: bytes, signature: str | None = None) -> Any:
    headers = {"Stripe-Signature": signed(body) if signature is None else signature} if signature != "" else {}
    door = Client(enforce_csrf_checks=True)
    return door.post("/api/webhooks/stripe", body, content_type="application/json; charset=utf-8", headers=headers)


@pytest.fixture
def door(company: Company, db: None) -> Company:
    return company


class TestSignature:
    BODY = b'{"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {}}}'
    AT = datetime.fromisoformat("2026-11-20T12:00:00Z")

    def read(self, header: str, body: bytes = BODY, at: datetime = AT) -> str:
        return Stripe().parse_webhook({"Stripe-Signature": header}, body, at).key

    def test_the_published_scheme(self, company: Company) -> None:
        """`t=<unix time>,v1=<hex hmac-sha256 over "t.body" under the whole whsec_ string>`; this one is openssl's."""
        v1 = "409e5d0e3b9fc6aec447970a4164cae508cc1e24418ffafe0b1d5ecc0964e6f8"
        assert self.read(f"t=1795176000,v1={v1}") == "evt_1"

    def test_as_the_sdk_signs(self, company: Company) -> None:
        stamp = int(self.AT.timestamp())
        header = sdk.WebhookSignature.generate_signature_header(self.BODY.decode(), SECRET, stamp)
        assert self.read(header) == "evt_1"

    def test_as_the_stand_in_signs_and_the_sdk_agrees(self, company: Company) -> None:
        delivery = company.emit("cs_1", "customer.created", json.loads(self.BODY))
        header = delivery.sign()["Stripe-Signature"]
        assert sdk.WebhookSignature.verify_header(delivery.body, header, SECRET, 300)
        assert self.read(header, delivery.body, clock.machine_now()) == "evt_1"

    @pytest.mark.parametrize("off", [-300, -1, 0, 1, 300])
    def test_stamps_within_five_minutes(self, company: Company, off: int) -> None:
        assert self.read(signed(self.BODY, self.AT + timedelta(seconds=off))) == "evt_1"

    @pytest.mark.parametrize("off", [-86400, -301, 301, 86400, 10**9])
    def test_stale_and_future_stamps(self, company: Company, off: int) -> None:
        with pytest.raises(ForgedWebhook, match="5 minutes"):
            self.read(signed(self.BODY, self.AT + timedelta(seconds=off)))

    def test_while_a_secret_is_rotated(self, company: Company, settings) -> None:
        """Stripe signs with both; we know either, or both."""
        stamp = int(self.AT.timestamp())
        old, new = mac(self.BODY, stamp, "whsec_old"), mac(self.BODY, stamp, "whsec_new")
        for ours in (["whsec_old"], ["whsec_new"], ["whsec_old", "whsec_new"]):
            settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"stripe_webhook_secrets": ours})
            assert self.read(f"t={stamp},v1={old},v1={new},v0={'0' * 64}") == "evt_1"
        settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"stripe_webhook_secrets": ["whsec_other"]})
        with pytest.raises(ForgedWebhook):
            self.read(f"t={stamp},v1={old},v1={new}")

    @pytest.mark.parametrize("ours", [[], [""]])
    def test_without_a_secret_nothing_is_believed(self, company: Company, settings, ours: list[str]) -> None:
        settings.PROVIDERS = settings.PROVIDERS.model_copy(update={"stripe_webhook_secrets": ours})
        with pytest.raises(ForgedWebhook):
            self.read(signed(self.BODY, self.AT, ""))

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "nonsense",
            "t=,v1=",
            "t=1795176000",
            "v1={good}",
            "t=1795176000,v0={good}",
            "t=1795176000,v1={good}x",
            "t=1795176000,v1=",
            "t=1795176001,v1={good}",
            "t=0,t=1795176000,v1={good}",
            "t=-1795176000,v1={good}",
            "t=1795176000.0,v1={good}",
            "t=١٧٩٥١٧٦٠٠٠,v1={good}",
            "t=" + "9" * 5000 + ",v1={good}",
            "t=1795176000" + ",v1=x" * 10 + ",v1={good}",
            "t=1795176000," + "x" * 3000 + ",v1={good}",
            "t=1795176000,v1=\udcff",
        ],
    )
    def test_what_is_no_signature(self, company: Company, header: str) -> None:
        with pytest.raises((ForgedWebhook, ValueError)):  # the door answers 400 to either
            self.read(header.replace("{good}", mac(self.BODY, 1795176000)))

    def test_a_body_changed_by_one_byte(self, company: Company) -> None:
        with pytest.raises(ForgedWebhook):
            self.read(signed(self.BODY, self.AT), self.BODY + b" ")

    def test_no_header_at_all(self, company: Company) -> None:
        with pytest.raises(ForgedWebhook):
            Stripe().parse_webhook({}, self.BODY, self.AT)


class TestReading:
    @pytest.mark.parametrize(
        ("name", "kind", "reference"),
        [
            ("checkout.session.completed", "checkout.session.completed", "cs_test_REFERENCE"),
            ("checkout.session.expired", "checkout.session.expired", "cs_test_REFERENCE"),
            ("charge.refunded", "charge.refunded", "pi_REFERENCE"),
            ("refund.updated", "refund.updated", "pi_REFERENCE"),
            ("charge.dispute.created", "charge.dispute.created", "pi_REFERENCE"),
            ("customer.created", "customer.created", ""),
        ],
    )
    def test_where_to_look(self, company: Company, name: str, kind: str, reference: str) -> None:
        body = payload(name)
        event = Stripe().parse_webhook({"Stripe-Signature": signed(body)}, body, clock.machine_now())
        assert (event.kind, event.reference) == (kind, reference)
        assert event.key == json.loads(body)["id"]

    def test_a_charge_without_payment_intent_asks_for_nothing(self, company: Company) -> None:
        said = json.loads(payload("charge.refunded"))
        said["data"]["object"]["payment_intent"] = None
        body = json.dumps(said).encode()
        event = Stripe().parse_webhook({"Stripe-Signature": signed(body)}, body, clock.machine_now())
        assert event.reference == ""

    @pytest.mark.parametrize(
        "body",
        [
            payload("thin"),
            b"",
            b"{",
            b"null",
            b"[]",
            b'"event"',
            b"{}",
            b"\xff\xfe{}",
            b"[" * 100_000,
            b'{"object": "event"}',
            b'{"object": "event", "id": 1, "type": "x"}',
            b'{"object": "event", "id": "evt_1", "type": null}',
            b'{"object": "event", "id": "", "type": "x"}',
            b'{"object": "event", "id": "evt_\\ud800", "type": "x"}',
            b'{"object": "event", "id": "evt_\\u0000", "type": "x"}',
            b'{"object": "event", "id": "evt_1", "type": "' + b"x" * 101 + b'"}',
            b'{"object": "event", "id": "evt_1", "type": "charge.refunded"}',
            b'{"object": "event", "id": "evt_1", "type": "charge.refunded", "data": []}',
            b'{"object": "event", "id": "evt_1", "type": "charge.refunded", "data": {"object": "x"}}',
            b'{"object": "event", "id": "evt_1", "type": "charge.refunded", "data": {"object": {"payment_intent": 1}}}',
            b'{"object": "event", "id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "x"}}}',
            b'{"object": "event", "id": "evt_1", "type": "x", "n": ' + b"9" * 5000 + b"}",
        ],
    )
    def test_signed_but_unreadable_is_refused_politely(self, door: Company, body: bytes) -> None:
        assert post(body).status_code == 400
        assert not WebhookEvent.objects.exists()

    def test_forged_and_unsigned_are_refused(self, door: Company) -> None:
        body = payload("checkout.session.completed")
        for signature in (
            "",
            "t=1,v1=x",
            signed(body, secret="whsec_wrong"),
            signed(body, clock.machine_now() - 6 * MINUTE),
        ):
            assert post(body, signature).status_code == 400
        assert not WebhookEvent.objects.exists()

    def test_larger_than_allowed(self, door: Company) -> None:
        assert post(b"x" * (256 * 1024 + 1)).status_code == 413


class TestEffects:
    def test_a_kind_nobody_asks_about_is_kept(self, door: Company) -> None:
        assert post(payload("customer.created")).status_code == 200
        assert process_webhooks(NOW) == 1
        assert door.calls == []

    def test_the_page_of_another_shop_is_asked_about_and_stays_on_the_list(self, door: Company) -> None:
        assert post(payload("checkout.session.completed")).status_code == 200
        assert process_webhooks(NOW) == 0
        assert "resource_missing" in WebhookEvent.objects.get().error

    def test_paid_by_webhook_alone_and_five_times(self, company: Company, order: Order) -> None:
        company.approve(order.provider_reference)
        for _ in range(5):
            assert post(payload("checkout.session.completed", order)).status_code == 200
        assert process_webhooks(NOW) == 1
        order.refresh_from_db()
        assert order.status == Order.Status.FULFILLED
        assert Payment.objects.count() == 1

    def test_a_webhook_that_lies_moves_nothing(self, company: Company, order: Order) -> None:
        """Signed, and it says paid; the truth is that nobody paid."""
        assert post(payload("checkout.session.completed", order)).status_code == 200
        assert process_webhooks(NOW) == 1
        order.refresh_from_db()
        assert order.status == Order.Status.PENDING
        assert not Payment.objects.exists()

    def test_its_amounts_are_not_believed(self, company: Company, order: Order) -> None:
        company.twist(order.provider_reference, amount=1)
        company.approve(order.provider_reference)
        post(payload("checkout.session.completed", order))
        process_webhooks(NOW)
        order.refresh_from_db()
        assert order.status == Order.Status.PENDING
        assert Payment.objects.get().amount_minor == 1

    def test_refunded_in_the_dashboard(self, company: Company, payment: Payment) -> None:
        company.refund(payment.provider_payment_id)
        post(payload("charge.refunded", payment=payment))
        assert process_webhooks(NOW) == 1
        assert Refund.objects.get().amount_minor == 28000

    def test_disputed(self, company: Company, payment: Payment) -> None:
        company.dispute(payment.provider_payment_id)
        post(payload("charge.dispute.created", payment=payment))
        assert process_webhooks(NOW) == 1
        assert Dispute.objects.get().status == "OPEN"

    def test_a_refund_of_another_shops_payment_is_no_news(self, company: Company, order: Order) -> None:
        assert post(payload("refund.updated")).status_code == 200
        assert process_webhooks(NOW) == 1
        assert not Payment.objects.exists()
        assert not Refund.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestOverTheWire:
    def test_all_webhooks_of_a_life_in_any_order(self, company: Company, order: Order, live_server) -> None:
        payment_id = company.approve(order.provider_reference)
        company.refund(payment_id, 100)
        company.close_dispute(company.dispute(payment_id, 5000), won=True)
        for delivery in reversed(company.events(order.provider_reference)):
            assert company.deliver(delivery, f"{live_server.url}/api/webhooks/stripe") == 200
        assert process_webhooks(NOW) == WebhookEvent.objects.count() > 6
        order.refresh_from_db()
        assert order.status == Order.Status.FULFILLED
        assert Refund.objects.get().amount_minor == 100
        assert Dispute.objects.get().status == "WON"

    def test_forged_stale_future_and_tampered(self, company: Company, order: Order, live_server) -> None:
        company.approve(order.provider_reference)
        url, delivery = f"{live_server.url}/api/webhooks/stripe", company.events(order.provider_reference)[-1]
        now = int(clock.machine_now().timestamp())
        assert company.deliver(delivery, url, secret="whsec_forger") == 400
        assert company.deliver(delivery, url, stamp=now - 400) == 400
        assert company.deliver(delivery, url, stamp=now + 400) == 400
        assert company.deliver(delivery, url, body=delivery.body + b" ") == 400
        assert company.deliver(delivery, url, headers={}) == 400
        assert not WebhookEvent.objects.exists()
        assert company.deliver(delivery, url) == 200
