"""Money back, as an admin sees to it: refunds, what is asked for, disputes."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mentorship.people.models import User
from payments.models import Dispute, Order, Refund
from payments.services import ask_for_refund, plan_refund, refund_order
from payments.services.refunds import fail_refund
from payments.services.reversals import look_for_reversals
from payments.services.sandbox import dispute_there, refund_there
from tests.cast import NOW, counters, offering
from tests.payments.scene import accounts, pay, place, press
from tests.payments.test_pages import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audited")]


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def order(mia, sam):
    return pay(place(sam, offering(mia)))


class TestTheAdmin:
    def test_refunds_an_order_after_its_preview(self, boss, client, order):
        url = reverse("admin:payments_order_refund", args=[order.pk])
        assert url in client.get(reverse("admin:payments_order_change", args=[order.pk])).content.decode()
        page = client.get(url, {"sessions": "2"})
        assert "€140 goes back to Sam" in text(page)
        plan = plan_refund(order, now=NOW, sessions=2)
        form = {"sessions": 2, "reason": "agreed by phone", "expect": plan.digest}
        done = client.post(url, form)
        assert done.url == reverse("admin:payments_order_change", args=[order.pk])
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.by, refund.reason) == (14000, boss, "agreed by phone")
        again = client.post(url, form)
        assert again.status_code == 409
        assert "Meanwhile something has changed" in text(again)
        assert Refund.objects.count() == 1

    def test_a_pack_s_page_leads_to_each_purchase_s_refund(self, boss, client, order, sam, mia):
        second = pay(place(sam, offering(mia, sessions=2, price=15000)))
        page = client.get(reverse("admin:packs_sessionpack_change", args=[order.pack_id])).content.decode()
        for one in (order, second):
            assert reverse("admin:payments_order_refund", args=[one.pk]) in page

    @pytest.mark.parametrize(
        "more", [{"sessions": "x"}, {"sessions": "0"}, {"reason": ""}, {"reason": "a\0b"}, {"expect": ""}]
    )
    def test_bad_input(self, boss, client, order, more):
        form = {"sessions": "2", "reason": "why", "expect": plan_refund(order, now=NOW, sessions=2).digest} | more
        assert client.post(reverse("admin:payments_order_refund", args=[order.pk]), form).status_code == 422
        assert not Refund.objects.exists()

    def test_an_order_that_is_not_there(self, boss, client):
        for pk in ("nonsense", "00000000-0000-4000-8000-000000000000"):
            assert client.get(reverse("admin:payments_order_refund", args=[pk])).status_code == 404

    @pytest.mark.parametrize("pk", ["nonsense", "9" * 30, "12345"])
    def test_rows_that_are_not_there(self, boss, client, pk):
        for model, one in (("order", "seen"), ("refund", "try_again")):
            assert client.get(reverse(f"admin:payments_{model}_change", args=[pk])).status_code in (302, 404)
            pressed = client.post(
                reverse(f"admin:payments_{model}_{one}", args=[pk]), {"_form_submitted": "on", "reason": "x"}
            )
            assert pressed.status_code in (302, 404)

    def test_staff_without_the_right(self, client, order):
        User.objects.create_user("clerk@example.test", is_staff=True)
        client.force_login(User.objects.get(email="clerk@example.test"))
        plan = plan_refund(order, now=NOW)
        form = {"sessions": 4, "reason": "why", "expect": plan.digest}
        for url in (
            reverse("admin:payments_order_refund", args=[order.pk]),
            reverse("admin:payments_order_record_payment"),
        ):
            assert client.get(url).status_code == 403
            assert client.post(url, form).status_code == 403
        assert not Refund.objects.exists()

    def test_a_failed_refund_is_tried_again_paid_by_hand_or_called_off(self, boss, client, order):
        refund = refund_order(order_id=order.pk, by=boss, reason="why", now=NOW, sessions=1)
        fail_refund(refund.pk, "the card is closed")
        listed = reverse("admin:payments_refund_changelist")
        assert "the card is closed" in text(client.get(listed, {"needs": "yes"}))
        assert press(client, refund, "try_again")[-1].startswith("The provider is asked again")
        refund.refresh_from_db()
        assert refund.status == "REQUESTED"
        fail_refund(refund.pk, "the card is closed")
        press(client, refund, "call_off", reason="they keep it")
        assert counters(order.pack) == (4, 0, 0)
        assert Refund.objects.get().called_off_at == NOW
        assert Refund.objects.get().status == "FAILED"
        assert "€70" not in text(client.get(listed, {"needs": "yes"}))

    def test_paid_back_by_hand_with_its_reference(self, boss, client, order):
        refund = refund_order(order_id=order.pk, by=boss, reason="why", now=NOW)
        fail_refund(refund.pk, "the card is closed")
        url = reverse("admin:payments_refund_by_hand", args=[refund.pk])
        assert client.post(url, {"_form_submitted": "on", "reference": ""}).status_code == 200
        press(client, refund, "by_hand", reference="transfer 5")
        refund.refresh_from_db()
        assert (refund.status, refund.provider_reference, refund.by_hand) == ("SUCCEEDED", "transfer 5", True)
        assert accounts() == {"PROVIDER": 28000, "BANK": -28000}

    def test_sessions_are_taken_for_a_part_refunded_at_the_provider(self, boss, client, order):
        refund_there(order.provider_reference, 14000)
        look_for_reversals(order.payments.get(), now=NOW)
        refund = Refund.objects.get()
        assert (refund.sessions, counters(order.pack)) == (0, (4, 0, 0))
        listed = reverse("admin:payments_refund_changelist")
        assert "decide how many sessions" in text(client.get(listed, {"needs": "yes"}))
        press(client, refund, "take", sessions=2, reason="half of it")
        assert counters(order.pack) == (2, 0, 0)
        assert "decide how many sessions" not in text(client.get(listed))
        assert "asks for no decision" in press(client, refund, "take", sessions=1, reason="x")[-1]
        assert counters(order.pack) == (2, 0, 0)

    def test_an_order_s_attention_is_answered_with_a_reason(self, boss, client, order):
        Order.objects.update(attention="Look here")
        listed = reverse("admin:payments_order_changelist")
        assert "Look here" in text(client.get(listed))
        press(client, order, "seen", reason="all is well")
        assert Order.objects.get().attention == ""
        assert boss.logentry_set.get().change_message == "Attention “Look here”: all is well"

    def test_wishes_have_their_filter(self, boss, client, order, sam):
        listed = reverse("admin:payments_order_changelist")
        assert order.number not in text(client.get(listed, {"wish": "yes"}))
        ask_for_refund(order_id=order.pk, student=sam, reason="I moved away", now=NOW)
        assert "I moved away" in text(client.get(listed, {"wish": "yes"}))

    def test_disputes_are_seen_and_not_edited(self, boss, client, order):
        dispute_there(order.provider_reference)
        look_for_reversals(order.payments.get(), now=NOW)
        dispute = Dispute.objects.get()
        page = reverse("admin:payments_dispute_change", args=[dispute.pk])
        assert dispute.provider_reference in text(client.get(page))
        assert "open" in text(client.get(reverse("admin:payments_dispute_changelist")))
        assert client.post(page, {"status": "WON"}).status_code == 403
        dispute.refresh_from_db()
        assert dispute.status == "OPEN"

    def test_a_dispute_at_stripe_links_there(self, boss, client, order):
        dispute = Dispute.objects.create(
            order=order, payment=order.payments.get(), provider="stripe", provider_reference="du_1", amount_minor=5,
            currency="EUR", opened_at=NOW,
        )  # fmt: skip
        page = client.get(reverse("admin:payments_dispute_change", args=[dispute.pk])).content.decode()
        assert 'href="https://dashboard.stripe.com/disputes/du_1"' in page
        dispute.delete()  # made up: the audit would miss its freeze
