"""However the news of a payment comes, it is counted once and granted once."""

from __future__ import annotations

import pytest

from packs.models import Purchase, SessionPack
from payments.jobs import expire_orders, reconcile_orders
from payments.models import Order, Payment, WebhookEvent
from seats.jobs import sweep_seats
from tests.cast import HOUR, NOW, at
from tests.stories.scene import (
    books,
    come_back,
    credits,
    give_back,
    pack_of,
    place,
    post,
    seats,
    single_of,
    tell,
    work_off,
)

pytestmark = pytest.mark.django_db

SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


@pytest.fixture
def order(till, mia, sam):
    return place(till, sam, pack_of(mia))


def assert_bought(till, order):
    """Paid once, granted once: four sessions, one seat, 70 % for the mentor."""
    order.refresh_from_db()
    assert order.status == "FULFILLED"
    assert credits(order.pack) == (4, 0, 0)
    assert seats() == [("sam", "ACTIVE")]
    assert books(till, 28000) == SPLIT
    assert (Payment.objects.count(), Purchase.objects.count()) == (1, 1)


def assert_nothing_bought(till):
    assert not SessionPack.objects.exists()
    assert not Payment.objects.exists()
    assert books(till) == {}


class TestPaid:
    def test_return_page_only(self, till, order):
        till.pay(order)
        come_back(order)
        assert_bought(till, order)

    def test_webhook_only(self, till, order):
        till.pay(order)
        tell(till, order)
        assert_bought(till, order)

    def test_both(self, till, order):
        till.pay(order)
        come_back(order)
        tell(till, order)
        come_back(order)
        assert_bought(till, order)

    def test_webhook_before_the_redirect(self, till, order):
        till.pay(order)
        tell(till, order)
        come_back(order)
        assert_bought(till, order)

    def test_neither_but_the_hourly_reconciliation(self, till, order, go):
        till.pay(order)
        go(NOW + HOUR)
        expire_orders(NOW + HOUR)
        assert reconcile_orders(NOW + HOUR) == 1
        assert_bought(till, order)

    def test_every_webhook_five_times(self, till, order):
        till.pay(order)
        for _ in range(5):
            tell(till, order)
        assert WebhookEvent.objects.count() == len(till.webhooks(order))
        assert_bought(till, order)

    def test_out_of_order(self, till, order):
        till.pay(order)
        tell(till, order)
        for webhook in reversed(till.webhooks(order)):
            assert post(till, webhook) == 200
        work_off()
        assert_bought(till, order)

    def test_the_last_word_comes_first(self, till, order):
        till.pay(order)
        for webhook in reversed(till.webhooks(order)):
            assert post(till, webhook) == 200
        work_off()
        assert_bought(till, order)

    def test_with_its_first_time(self, till, mia, sam):
        order = place(till, sam, pack_of(mia), starts_at=at(2))
        till.pay(order)
        order = tell(till, order)
        assert order.session.starts_at == at(2)
        assert credits(order.pack) == (4, 1, 0)
        assert books(till, 28000) == SPLIT


class TestNotPaid:
    def test_declined(self, till, order, go):
        till.decline(order)
        tell(till, order)
        order = come_back(order)
        assert order.status == till.after_decline
        assert_nothing_bought(till)
        go(NOW + HOUR)
        expire_orders(NOW + HOUR)
        sweep_seats(NOW + HOUR)
        assert seats() == []

    def test_declined_and_tried_again(self, till, order, mia, sam):
        till.decline(order)
        tell(till, order)
        second = place(till, sam, pack_of(mia))
        till.pay(second)
        tell(till, second)
        assert_bought(till, second)
        order.refresh_from_db()
        assert order.status in ("FAILED", "EXPIRED")

    def test_abandoned(self, till, order, go):
        till.abandon(order)
        for webhook in till.webhooks(order):
            assert post(till, webhook) == 200
        work_off()
        come_back(order)
        go(NOW + HOUR)
        expire_orders(NOW + HOUR)
        sweep_seats(NOW + HOUR)
        order.refresh_from_db()
        assert order.status == "EXPIRED"
        assert seats() == []
        assert_nothing_bought(till)


class TestPaidLate:
    """The money came within the page's life, but the news only after the hold."""

    @pytest.fixture
    def late(self, go):
        def pass_by():
            go(NOW + HOUR)
            expire_orders(NOW + HOUR)
            sweep_seats(NOW + HOUR)

        return pass_by

    def test_a_free_seat_is_taken(self, till, order, late):
        till.pay(order)
        late()
        assert seats() == []
        tell(till, order)
        assert_bought(till, order)

    def test_without_a_seat_it_all_goes_back(self, till, mia, sam, sue, late):
        mia.mentor_profile.max_active_students = 1
        mia.mentor_profile.save()
        order = place(till, sam, pack_of(mia))
        till.pay(order)
        late()
        hers = place(till, sue, pack_of(mia))
        till.pay(hers)
        tell(till, hers)
        order = tell(till, order)
        assert order.status == "PAID"
        assert seats() == [("sue", "ACTIVE")]
        assert not SessionPack.objects.filter(student=sam).exists()
        give_back(till, order)
        assert till.given_back(order) == 28000
        assert books(till, 28000, 28000) == SPLIT, "only hers is left"

    def test_a_single_session_whose_time_is_free(self, till, mia, sam, late):
        order = place(till, sam, single_of(mia), starts_at=at(2))
        till.pay(order)
        late()
        order = tell(till, order)
        assert (order.status, order.session.starts_at) == ("FULFILLED", at(2))
        assert credits(order.pack) == (1, 1, 0)
        assert books(till, 8000) == {"PROVIDER": 8000, "MENTOR_PENDING": -5600, "PLATFORM_PENDING": -2400}

    def test_a_single_session_whose_time_is_gone_goes_back(self, till, mia, sam, sue, late):
        order = place(till, sam, single_of(mia), starts_at=at(2))
        till.pay(order)
        late()
        hers = place(till, sue, single_of(mia), starts_at=at(2))
        till.pay(hers)
        tell(till, hers)
        order = tell(till, order)
        give_back(till, order)
        assert till.given_back(order) == 8000
        assert Order.objects.filter(status="FULFILLED").get() == hers
        assert books(till, 8000, 8000) == {"PROVIDER": 8000, "MENTOR_PENDING": -5600, "PLATFORM_PENDING": -2400}
