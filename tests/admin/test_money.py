"""Dead letters are seen, understood and tried again; money that fits nothing goes back, with a reason."""

from __future__ import annotations

import json

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from mentorship.kernel import clock
from payments.models import Order, Payment, Refund, SandboxCheckout, WebhookEvent
from payments.services import confirm_and_fulfil
from tests.admin.test_admin import verb
from tests.cast import HOUR, NOW, offering, user
from tests.payments.scene import decide, place

LIST = reverse("admin:payments_webhookevent_changelist")


def event(key, **fields):
    fields = {"provider": "sandbox", "kind": "payment.paid", "payload": json.dumps({"id": key})} | fields
    fields.setdefault("received_at", clock.now() - 3 * HOUR)
    return WebhookEvent.objects.create(event_key=key, next_attempt_at=NOW, **fields)


def dead(key, **fields):
    return event(key, dead_at=NOW, attempts=8, error="ProviderTrouble: no answer\nand more", **fields)


@pytest.fixture
def wrong(mia, sam):
    """An order that was paid with another sum."""
    order = place(sam, offering(mia), now=clock.now())
    decide(order)
    SandboxCheckout.objects.update(amount_minor=100)
    confirm_and_fulfil(order.pk, clock.now())
    return Payment.objects.get(status="MISMATCHED")


class TestDeadLetters:
    @pytest.mark.parametrize(
        ("state", "shown"),
        [("dead", {"gone"}), ("waiting", {"new", "failed"}), ("failing", {"failed"}), ("done", {"fine"})],
    )
    def test_they_are_told_apart(self, boss, client, state, shown):
        dead("gone")
        event("new")
        event("failed", error="ProviderTrouble: away")
        event("fine", processed_at=NOW)
        listed = client.get(LIST, {"state": state}).context["cl"].result_list
        assert {row.event_key for row in listed} == shown

    def test_the_list_says_how_old_why_and_about_what(self, boss, client, mia, sam, django_assert_max_num_queries):
        order = place(sam, offering(mia), now=clock.now())
        for n in range(20):
            dead(str(n), reference=order.provider_reference)
        with django_assert_max_num_queries(12):
            page = client.get(LIST).content.decode()
        assert "ProviderTrouble: no answer" in page
        assert "3 h" in page
        assert page.count(reverse("admin:payments_order_change", args=[order.pk])) == 20

    def test_the_order_is_found_by_its_payment_too(self, boss, client, wrong):
        dead("pi", reference=f"capture:{wrong.provider_payment_id}")
        dead("nobody", reference="sbx_nobody")
        assert client.get(LIST).content.decode().count(str(wrong.order_id)) == 1

    def test_the_payload_can_be_read(self, boss, client):
        one = event("x", payload='{"amount":{"value":"<b>1</b>"}}')
        broken = event("y", payload="not json <script>")
        page = client.get(reverse("admin:payments_webhookevent_change", args=[one.pk])).content.decode()
        assert "(&#x27;" not in page
        assert "&quot;value&quot;: &quot;&lt;b&gt;1&lt;/b&gt;&quot;" in page
        page = client.get(reverse("admin:payments_webhookevent_change", args=[broken.pk])).content.decode()
        assert "not json &lt;script&gt;" in page

    def test_many_are_replayed_after_a_question(self, boss, client):
        rows = [dead("a"), dead("b"), event("c")]
        chosen = {"action": "replay_selected", "_selected_action": [row.pk for row in rows]}
        asked = client.post(LIST, chosen)
        assert "2 of 3 are replayed" in asked.content.decode()
        assert WebhookEvent.objects.dead().count() == 2

        done = client.post(LIST, chosen | {"confirmed": "yes"})
        assert [str(m) for m in get_messages(done.wsgi_request)] == [
            "2 processed again within seconds; 1 wait already."
        ]
        assert WebhookEvent.objects.waiting().filter(attempts=0, error="").count() == 3

    def test_not_by_a_clerk(self, client, db):
        clerk = user("clerk", is_staff=True)
        client.force_login(clerk)
        one = dead("a")
        client.post(LIST, {"action": "replay_selected", "_selected_action": [one.pk], "confirmed": "yes"})
        assert WebhookEvent.objects.dead().exists()


class TestMoneySetAside:
    def test_it_goes_back_with_a_reason(self, boss, client, wrong):
        page = client.get(reverse("admin:payments_payment_give_back", args=[wrong.pk])).content.decode()
        assert "€1, received on" in page
        assert "stays as it is" in page
        assert "€1 go back" in verb(client, "payments_payment", wrong.pk, "give_back", reason="wrong sum")[0]
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.reason, refund.by, refund.status) == (100, "wrong sum", boss, "REQUESTED")
        assert Order.objects.get().attention == ""
        assert "This money is not set aside" in verb(client, "payments_payment", wrong.pk, "give_back", reason="x")[-1]
        assert Refund.objects.count() == 1

    def test_nothing_without_a_reason(self, boss, client, wrong):
        url = reverse("admin:payments_payment_give_back", args=[wrong.pk])
        assert client.post(url, {"_form_submitted": "on", "reason": ""}).status_code == 200
        assert not Refund.objects.exists()

    def test_what_paid_an_order_is_refunded_with_the_order(self, boss, client, mia, sam):
        order = place(sam, offering(mia), now=clock.now())
        decide(order)
        assert confirm_and_fulfil(order.pk, clock.now()).status == Order.Status.FULFILLED
        url = reverse("admin:payments_payment_give_back", args=[Payment.objects.get().pk])
        assert client.post(url, {"_form_submitted": "on", "reason": "x"}).status_code == 403
        assert not Refund.objects.exists()
