"""Who is not the company is not believed; and whatever dies, the company or a worker of ours, nothing is lost."""

from __future__ import annotations

import pytest

from mentorship.kernel import clock
from packs.models import SessionPack
from payments import providers
from payments.jobs import fulfil_paid_orders, process_webhooks
from payments.models import Payment, WebhookEvent
from payments.models.webhook import MAX_ATTEMPTS
from payments.services import inbox, replay
from payments.services.confirm import apply_facts
from tests.cast import DAY, HOUR, NOW
from tests.stories.conftest import STAMPED
from tests.stories.scene import books, come_back, credits, pack_of, place, post, seats, tell, work_off

pytestmark = pytest.mark.django_db

SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


@pytest.fixture
def order(till, mia, sam):
    order = place(till, sam, pack_of(mia))
    till.pay(order)
    return order


def assert_bought(till, order):
    order.refresh_from_db()
    assert order.status == "FULFILLED"
    assert credits(order.pack) == (4, 0, 0)
    assert seats() == [("sam", "ACTIVE")]
    assert Payment.objects.count() == 1
    assert books(till, 28000) == SPLIT


class TestForged:
    @pytest.fixture(autouse=True)
    def nothing_came_of_it(self, till, order):
        """Refused, and nothing is stored; afterwards the true one is taken."""
        self.true = till.webhooks(order)[-1]
        yield
        assert not WebhookEvent.objects.exists()
        order.refresh_from_db()
        assert order.status == "PENDING"
        assert books(till) == {}
        tell(till, order)
        assert_bought(till, order)

    def test_unsigned(self, till):
        assert post(till, self.true, headers={}) == 400

    def test_signed_by_somebody_else(self, till):
        assert post(till, self.true, secret="whsec_of_somebody_else") == 400

    def test_another_body(self, till):
        assert post(till, self.true, body=self.true.body.replace(b'"', b' "', 1)) == 400

    def test_cut_off(self, till):
        assert post(till, self.true, body=self.true.body[:-1]) == 400

    def test_empty(self, till):
        assert post(till, self.true, body=b"") == 400


@pytest.mark.parametrize("till", STAMPED, indirect=True)
class TestStamps:
    @pytest.mark.parametrize("off", [-4 * DAY, HOUR], ids=["stale", "from the future"])
    def test_another_time(self, till, order, off):
        stamp = int((NOW + off).timestamp())
        for webhook in till.webhooks(order):
            assert post(till, webhook, stamp=stamp) == 400
        assert not WebhookEvent.objects.exists()
        assert books(till) == {}
        tell(till, order)
        assert_bought(till, order)


class TestOurWorkerDies:
    def test_after_the_event_was_stored(self, till, order, go):
        for webhook in till.webhooks(order):
            post(till, webhook)
        for event in WebhookEvent.objects.all():
            assert inbox._claim(event), "a worker has it, and dies"
        assert process_webhooks(NOW) == 0, "its lease is not over"
        assert not SessionPack.objects.exists()
        go(NOW + HOUR / 20)
        assert process_webhooks(clock.now()) == WebhookEvent.objects.count()
        assert process_webhooks(clock.now()) == 0
        assert_bought(till, order)

    def test_between_the_money_and_the_goods(self, till, order):
        apply_facts(order.pk, providers.by_name(till.name).fetch_payment(order.provider_reference), now=NOW)
        order.refresh_from_db()
        assert (order.status, order.pack) == ("PAID", None)
        assert books(till, 28000) == SPLIT
        assert fulfil_paid_orders(NOW) == 1
        assert_bought(till, order)
        tell(till, order)
        come_back(order)
        assert_bought(till, order)

    def test_between_and_only_the_webhook_comes(self, till, order):
        apply_facts(order.pk, providers.by_name(till.name).fetch_payment(order.provider_reference), now=NOW)
        tell(till, order)
        assert_bought(till, order)

    def test_after_all_was_done_but_before_it_was_noted(self, till, order):
        tell(till, order)
        WebhookEvent.objects.update(processed_at=None, next_attempt_at=NOW)
        work_off()
        assert_bought(till, order)


class TestTheCompanyIsAway:
    @pytest.fixture
    def paid(self, company, mia, sam):
        order = place(company, sam, pack_of(mia))
        company.pay(order)
        return order

    def test_the_buyer_comes_back_to_an_honest_page(self, company, paid):
        company.goes_down()
        order = come_back(paid)
        assert order.status == "PENDING"
        assert books(company) == {}
        company.comes_back()
        come_back(paid)
        assert_bought(company, paid)

    def test_the_event_waits(self, company, paid, go):
        assert post(company, company.webhooks(paid)[-1]) == 200
        company.goes_down()
        assert process_webhooks(NOW) == 0
        waiting = WebhookEvent.objects.get()
        assert (waiting.attempts, waiting.error != "", waiting.dead_at) == (1, True, None)
        company.comes_back()
        assert process_webhooks(NOW) == 0, "a moment of patience"
        go(NOW + HOUR)
        assert process_webhooks(NOW + HOUR) == 1
        assert_bought(company, paid)

    def test_a_dead_letter_is_replayed(self, company, paid, go):
        post(company, company.webhooks(paid)[-1])
        company.goes_down()
        for _ in range(MAX_ATTEMPTS):
            go(clock.now() + HOUR)
            assert process_webhooks(clock.now()) == 0
        dead = WebhookEvent.objects.get()
        assert (dead.attempts, dead.dead_at) == (MAX_ATTEMPTS, clock.now())
        company.comes_back()
        go(clock.now() + HOUR)
        assert process_webhooks(clock.now()) == 0, "dead letters wait for somebody"
        assert replay(dead.pk)
        work_off()
        assert_bought(company, paid)
