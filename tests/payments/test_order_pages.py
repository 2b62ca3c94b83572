"""What the pages of an order say when it is not simply paid: who takes the money, away, disputed, partly back, aside."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from notifications.models import Notification
from payments import services
from payments.models import Order, Payment, Refund, SandboxCheckout
from payments.providers.base import RefundFacts, RefundStatus
from payments.services import sandbox
from payments.services.inbox import look_for_reversals
from payments.services.refunds import settle_facts
from tests.cast import NOW, offering
from tests.payments.scene import decide, pay, place
from tests.standins.paystack import Paystack as PaystackCompany

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday_noon(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def as_sam(sam):
    client = Client()
    client.force_login(sam)
    return client


@pytest.fixture
def stripe_too(settings):
    """Stripe stands beside the sandbox; nobody answers there."""
    settings.PROVIDERS = settings.PROVIDERS.model_copy(
        update={
            "stripe_secret_key": "sk_test_x",
            "stripe_webhook_secrets": ["whsec_x"],
            "stripe_api_base": "http://127.0.0.1:9",
            "providers_anywhere": True,
        }
    )


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def both(client, order):
    """What the order page and the return page say."""
    return [text(client.get(path)) for path in (order.get_absolute_url(), order.return_path)]


class TestTheChoice:
    def test_one_provider_is_no_choice(self, as_sam, mia):
        page = as_sam.get(f"/checkout/{offering(mia).pk}").content.decode()
        assert '<input type="hidden" name="provider" value="sandbox">' in page
        assert "Pay with" not in page

    def test_two_are_a_choice_and_what_was_chosen_stays(self, as_sam, mia, stripe_too):
        url = f"/checkout/{offering(mia).pk}"
        page = as_sam.get(url).content.decode()
        assert "Pay with" in page
        first, other = re.findall(r'<input type="radio" name="provider" value="(\w+)" required( checked)?>', page)
        assert (bool(first[1]), bool(other[1])) == (True, False)
        again = as_sam.post(url, {"provider": other[0], "agenda": "a" * 3000})
        assert again.status_code == 422
        assert f'value="{other[0]}" required checked' in again.content.decode()

    def test_the_one_chosen_is_away(self, as_sam, mia, stripe_too):
        answer = as_sam.post(f"/checkout/{offering(mia).pk}", {"provider": "stripe"})
        assert answer.status_code == 503
        assert "Nothing was charged; please try again" in text(answer)
        assert 'value="stripe" required checked' in answer.content.decode()

    def test_one_that_is_not_offered_is_said_in_a_sentence(self, as_sam, mia):
        answer = as_sam.post(f"/checkout/{offering(mia).pk}", {"provider": "stripe"})
        assert answer.status_code == 422
        assert "not offered here any more" in text(answer)
        assert not Order.objects.exists()

    def test_a_currency_nobody_takes(self, as_sam, sam, mia, settings):
        settings.SANDBOX_PAYMENTS = False
        with PaystackCompany() as company:
            settings.PROVIDERS = settings.PROVIDERS.model_copy(
                update={"paystack_secret_keys": [company.secret_key], "paystack_base_url": company.base_url}
            )
            of = offering(mia, currency="EUR")
            page = as_sam.get(f"/checkout/{of.pk}")
            assert "in EUR cannot be paid here at the moment" in text(page)
            assert b'name="provider"' not in page.content
            assert as_sam.post(f"/checkout/{of.pk}", {"provider": "paystack"}).status_code == 409
            answer = as_sam.post(
                "/api/checkout/paystack",
                {"offeringId": of.pk},
                content_type="application/json",
            )
            assert (answer.status_code, answer.json()["code"]) == (409, "not_for_sale")
        assert not Order.objects.exists()


class TestAway:
    def test_the_return_page_stays_honest_and_keeps_asking(self, as_sam, sam, mia):
        order = place(sam, offering(mia))
        decide(order)
        SandboxCheckout.objects.update(reference="sbx_away")
        page = as_sam.get(order.return_path)
        assert page.status_code == 200
        assert "does not answer just now" in text(page)
        assert "please do not pay again" in text(page)
        assert b'hx-trigger="every 2s"' in page.content
        SandboxCheckout.objects.update(reference=order.provider_reference)
        assert "4 sessions with Mia are yours" in text(as_sam.get(order.return_path))

    def test_one_that_is_not_set_up_any_more(self, as_sam, sam, mia, settings):
        order = place(sam, offering(mia))
        settings.SANDBOX_PAYMENTS = False
        assert "does not answer just now" in text(as_sam.get(order.return_path))

    def test_a_slow_way_to_pay_is_mentioned(self, as_sam, sam, mia):
        assert "take hours or days" in text(as_sam.get(place(sam, offering(mia)).return_path))


class TestBack:
    def test_a_part_went_back_and_the_rest_is_still_yours(self, as_sam, sam, mia):
        order = pay(place(sam, offering(mia)))
        refund = services.refund_order(order_id=order.pk, by=mia, reason="One less", now=NOW, sessions=1)
        shown, returned = both(as_sam, order)
        for page in (shown, returned):
            assert "On its way back to you, for 1 session" in page
            assert "€70" in page and "Stays paid €210" in page
        assert "and yours." in shown and "Your sessions with Mia €210 stays paid" in returned
        settle_facts(refund.pk, RefundFacts(RefundStatus.SUCCEEDED, "re_1", 7000, "EUR"), NOW)
        assert "Went back to you on" in both(as_sam, order)[0]

    def test_one_that_failed_and_was_paid_by_hand(self, as_sam, sam, mia, max_):
        order = pay(place(sam, offering(mia)))
        refund = services.refund_order(order_id=order.pk, by=mia, reason="All", now=NOW)
        Refund.objects.update(status="FAILED")
        shown, returned = both(as_sam, order)
        assert "could not send your money back yet" in shown
        assert "could not be sent yet" in returned
        services.paid_back_by_hand(refund_id=refund.pk, by=max_, reference="bank 7", now=NOW)
        shown, returned = both(as_sam, order)
        assert "Paid back to you by bank transfer on" in shown
        assert "paid back by bank transfer" in returned

    def test_set_aside(self, as_sam, sam, mia):
        order = place(sam, offering(mia))
        decide(order)
        SandboxCheckout.objects.update(amount_minor=1)
        assert "We are looking at your payment" in text(as_sam.get(order.return_path))
        assert Payment.objects.get().status == "MISMATCHED"
        assert "somebody of us writes to you" in both(as_sam, order)[0]


class TestDisputes:
    @pytest.fixture
    def disputed(self, sam, mia):
        order = pay(place(sam, offering(mia)))
        self.dispute = sandbox.dispute_there(order.provider_reference, None)
        self.look(order)
        return order

    def look(self, order):
        look_for_reversals(Payment.objects.get(order=order), now=NOW)

    def test_open(self, as_sam, disputed):
        for page in both(as_sam, disputed):
            assert "This payment is disputed at the bank" in page
        assert "Choose your times" not in both(as_sam, disputed)[1]

    @pytest.mark.parametrize(
        ("won", "page", "to_student", "to_mentor"),
        [
            (True, "the payment stands", "the payment stands", "Decided for you: the payment of Sam stands"),
            (False, "the bank gave €280 back to you", "€280 went back to you", "was lost: €280 went back"),
        ],
    )
    def test_decided(self, as_sam, sam, mia, disputed, won, page, to_student, to_mentor):
        sandbox.close_dispute_there(self.dispute, won=won)
        self.look(disputed)
        for said in both(as_sam, disputed):
            assert page in said
        last = {n.recipient_id: n.title for n in Notification.objects.filter(kind="dispute").order_by("pk")}
        assert to_student in last[sam.pk]
        assert to_mentor in last[mia.pk]
        assert Notification.objects.filter(kind="dispute").count() == 4
