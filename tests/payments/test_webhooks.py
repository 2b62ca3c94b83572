"""The webhook's door: what is let in, what is kept, and what happens to what fails."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from mentorship.kernel import clock
from payments.jobs import deliver_sandbox_webhooks, process_webhooks
from payments.models import Order, Payment, SandboxCheckout, SandboxDelivery, WebhookEvent
from payments.models.webhook import MAX_ATTEMPTS
from payments.services import replay
from tests.cast import NOW, offering
from tests.payments.scene import decide, place, said, send_webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(mia, sam):
    return place(sam, offering(mia))


def stamp(offset: int) -> int:
    return int(clock.machine_now().timestamp()) + offset


class TestTheDoor:
    @pytest.mark.parametrize("offset", [-290, 0, 290])
    def test_fresh(self, order, offset):
        assert send_webhook(said(order), stamp=stamp(offset)).status_code == 200
        assert WebhookEvent.objects.count() == 1

    @pytest.mark.parametrize("offset", [-320, 320, -(10**9)])
    def test_stale_or_from_the_future(self, order, offset):
        assert send_webhook(said(order), stamp=stamp(offset)).status_code == 400
        assert not WebhookEvent.objects.exists()

    @pytest.mark.parametrize(
        "signature",
        ["", "t=1", "v1=ab", "t=1,v1=", "t=x,v1=y", "t=-1,v1=ab", "t=" + "9" * 30 + ",v1=ab", "nonsense", "t=²,v1=ä"],
    )
    def test_forged(self, order, signature):
        assert send_webhook(said(order), signature=signature).status_code == 400
        assert not WebhookEvent.objects.exists()

    def test_signed_for_another_body(self, order):
        from payments.providers.sandbox import sign

        other = sign(b"{}", stamp(0))
        assert send_webhook(said(order), signature=other).status_code == 400

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"null", b'{"id": 1, "type": "x", "checkout": "y"}', b"\xff\xfe", b'{"id": "a"}'],
        ids=repr,
    )
    def test_signed_but_unreadable(self, body):
        assert send_webhook(body).status_code == 400

    @pytest.mark.parametrize("field", ["id", "type", "checkout"])
    @pytest.mark.parametrize("text", ["", "a" * 300, "a\0b"], ids=["empty", "long", "nul"])
    def test_signed_but_no_row_could_hold_it(self, order, field, text):
        assert send_webhook({**said(order), field: text}).status_code == 400

    def test_too_large(self, order):
        assert send_webhook({**said(order), "pad": "x" * 256 * 1024}).status_code == 413
        assert send_webhook({**said(order), "pad": "x" * 200 * 1024}).status_code == 200

    def test_unknown_provider_and_other_verbs(self):
        assert send_webhook({}, provider="nonsense").status_code == 404
        assert send_webhook({}, provider="free").status_code == 400
        assert Client().get("/api/webhooks/sandbox").status_code == 405

    def test_needs_no_token_and_is_never_slowed_down(self, order):
        for n in range(40):
            assert send_webhook(said(order, key=str(n))).status_code == 200

    def test_the_same_event_is_kept_once(self, order):
        for _ in range(3):
            assert send_webhook(said(order, key="evt_1")).status_code == 200
        assert WebhookEvent.objects.count() == 1


class TestTheInbox:
    def test_what_the_webhook_says_is_not_believed(self, order):
        """Signed or not: an event about a page that nobody has paid on grants nothing."""
        send_webhook(said(order))
        assert process_webhooks(NOW) == 1
        order.refresh_from_db()
        assert order.status == Order.Status.PENDING

    def test_declined(self, order):
        decide(order, "declined")
        send_webhook(said(order, "payment.declined"))
        process_webhooks(NOW)
        order.refresh_from_db()
        assert order.status == Order.Status.FAILED

    def test_failures_become_a_dead_letter_that_can_be_replayed(self, order):
        decide(order)
        reference = order.provider_reference
        send_webhook(said(order))
        SandboxCheckout.objects.update(reference="sbx_away")
        for _ in range(MAX_ATTEMPTS):
            WebhookEvent.objects.update(next_attempt_at=clock.machine_now())
            assert process_webhooks(NOW) == 0
        event = WebhookEvent.objects.get()
        assert (event.attempts, event.dead_at) == (MAX_ATTEMPTS, NOW)
        assert "knows no checkout" in event.error
        WebhookEvent.objects.update(next_attempt_at=clock.machine_now())
        assert process_webhooks(NOW) == 0, "a dead letter is left alone"

        SandboxCheckout.objects.update(reference=reference)
        assert replay(event.pk)
        assert not replay(event.pk)
        assert process_webhooks(NOW) == 1
        order.refresh_from_db()
        assert order.status == Order.Status.FULFILLED

    def test_a_failure_waits_before_it_is_tried_again(self, order):
        send_webhook({**said(order), "checkout": "sbx_unknown"})
        process_webhooks(NOW)
        process_webhooks(NOW)
        assert WebhookEvent.objects.get().attempts == 1

    def test_one_bad_event_keeps_back_none(self, order):
        decide(order)
        send_webhook({**said(order), "checkout": "sbx_unknown"})
        send_webhook(said(order))
        assert process_webhooks(NOW) == 1

    def test_money_of_no_order_is_kept(self, order):
        decide(order)
        reference = order.provider_reference
        SandboxCheckout.objects.update(merchant_reference="0b8f3c66-0000-4000-8000-000000000000")
        Order.objects.update(provider_reference="sbx_other")
        send_webhook({"id": "e", "type": "payment.paid", "checkout": reference})
        assert process_webhooks(NOW) == 1
        assert Payment.objects.get().status == "UNMATCHED"


@pytest.mark.django_db(transaction=True)
class TestOverTheWire:
    """The sandbox's own webhook, delivered by the worker's job over real HTTP."""

    def test_paid(self, live_server, mia, sam):
        order = place(sam, offering(mia), site=live_server.url)
        decide(order)
        assert deliver_sandbox_webhooks(NOW) == 1
        assert deliver_sandbox_webhooks(NOW) == 0
        event = WebhookEvent.objects.get()
        assert (event.kind, event.reference) == ("payment.paid", order.provider_reference)
        assert process_webhooks(NOW) == 1
        order.refresh_from_db()
        assert order.status == Order.Status.FULFILLED

    def test_not_taken_is_tried_again_and_then_given_up(self, mia, sam):
        order = place(sam, offering(mia), site="http://localhost:9")
        decide(order)
        for attempt in range(1, 11):
            SandboxDelivery.objects.update(next_attempt_at=clock.machine_now())
            assert deliver_sandbox_webhooks(NOW) == 0
            assert SandboxDelivery.objects.get().attempts == attempt
        given_up = SandboxDelivery.objects.get()
        assert given_up.gave_up_at is not None
        assert given_up.error

    def test_goes_to_no_other_site(self, mia, sam):
        order = place(sam, offering(mia), site="http://elsewhere.example")
        decide(order)
        assert deliver_sandbox_webhooks(NOW) == 0
        assert "is not this site" in SandboxDelivery.objects.get().error


def test_the_payload_is_kept_as_it_came(order):
    body = said(order)
    send_webhook(body)
    assert json.loads(WebhookEvent.objects.get().payload) == body
