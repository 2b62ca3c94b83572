"""A buyer's bank wants the money back: everything stands still until it is decided."""

from __future__ import annotations

import pytest

from mentorship.kernel import clock
from mentorship.kernel.refusals import Refusal
from payments import jobs
from payments.jobs import reconcile_reversals, release_shares
from payments.models import Dispute, Refund
from payments.services import refund_order
from sessions_app.services import book
from tests.cast import DAY, HOUR, NOW, at
from tests.stories.scene import books, buy, credits, give_back, lesson, pack_of, pay_out, post, seats, tell, work_off

pytestmark = pytest.mark.django_db

SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


@pytest.fixture
def order(till, mia, sam):
    return buy(till, sam, pack_of(mia))


def disputed(till, order, amount=None):
    till.dispute(order, amount)
    order = tell(till, order)
    order.pack.refresh_from_db()
    assert (Dispute.objects.get().status, order.pack.frozen_at) == ("OPEN", clock.now())
    return order


def decided(till, order, *, won):
    till.close_dispute(won=won)
    order = tell(till, order)
    order.pack.refresh_from_db()
    assert order.pack.frozen_at is None
    return order


class TestOpen:
    def test_nothing_can_be_booked_and_no_money_moves(self, till, order, sam, mia):
        disputed(till, order)
        with pytest.raises(Refusal) as refused:
            book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        assert refused.value.code == "pack_frozen"
        assert credits(order.pack) == (4, 0, 0)
        assert seats() == [("sam", "ACTIVE")]
        assert books(till, 28000) == SPLIT

    def test_without_a_webhook_it_is_found(self, till, order, go):
        till.dispute(order)
        go(NOW + HOUR)
        assert reconcile_reversals(NOW + HOUR) == 1
        order.pack.refresh_from_db()
        assert order.pack.frozen_at == NOW + HOUR
        assert books(till, 28000) == SPLIT

    def test_no_share_becomes_available(self, till, order, go):
        lesson(order, 3, go)
        disputed(till, order)
        go(at(20))
        assert release_shares(at(20)) == 0
        assert books(till, 28000) == SPLIT
        decided(till, order, won=True)
        assert release_shares(at(20)) == 1
        assert books(till, 28000) == {
            "PROVIDER": 28000,
            "MENTOR_PENDING": -14700,
            "MENTOR_AVAILABLE": -4900,
            "PLATFORM_PENDING": -6300,
            "PLATFORM_AVAILABLE": -2100,
        }


class TestWon:
    def test_everything_goes_on_where_it_stood(self, till, order, go, sam, mia):
        expires_at = order.pack.expires_at
        disputed(till, order)
        go(NOW + 20 * DAY)
        order = decided(till, order, won=True)
        assert Dispute.objects.get().status == "WON"
        assert order.pack.expires_at == expires_at + 20 * DAY
        assert credits(order.pack) == (4, 0, 0)
        assert seats() == [("sam", "ACTIVE")]
        assert books(till, 28000) == SPLIT
        assert book(student=sam, mentor_id=mia.pk, starts_at=at(23), by=sam, now=clock.now()).status == "SCHEDULED"

    def test_told_again_and_again(self, till, order, go):
        disputed(till, order)
        expires_at = order.pack.expires_at
        go(NOW + 20 * DAY)
        for _ in range(3):
            order = decided(till, order, won=True)
        assert order.pack.expires_at == expires_at + 20 * DAY
        assert books(till, 28000) == SPLIT

    def test_opened_and_won_before_we_heard_of_it(self, till, order, go):
        expires_at = order.pack.expires_at
        till.dispute(order)
        go(NOW + 20 * DAY)
        order = decided(till, order, won=True)
        assert Dispute.objects.get().status == "WON"
        assert order.pack.expires_at == expires_at, "it never stood still for us"
        assert books(till, 28000) == SPLIT


class TestLost:
    def test_in_full_takes_every_credit(self, till, order, go):
        disputed(till, order)
        go(NOW + 20 * DAY)
        order = decided(till, order, won=False)
        dispute = Dispute.objects.get()
        assert (dispute.status, dispute.amount_minor, dispute.sessions) == ("LOST", 28000, 4)
        assert credits(order.pack) == (0, 0, 0)
        assert (order.pack.status, seats()) == ("REFUNDED", [])
        assert books(till, 28000) == {}
        assert not Refund.objects.exists(), "what the bank took is counted once"

    def test_told_backwards(self, till, order):
        till.dispute(order)
        till.close_dispute(won=False)
        for webhook in reversed(till.webhooks(order)):
            assert post(till, webhook) == 200
        work_off()
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_cancels_what_is_booked(self, till, order, sam, mia):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(30), by=sam, now=NOW)
        disputed(till, order)
        assert credits(order.pack) == (4, 1, 0)
        decided(till, order, won=False)
        session.refresh_from_db()
        assert session.status == "CANCELLED"
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_after_use_takes_the_share_back(self, till, order, go):
        lesson(order, 3, go)
        go(at(7))
        release_shares(at(7))
        disputed(till, order)
        order = decided(till, order, won=False)
        assert credits(order.pack) == (1, 0, 1)
        assert Dispute.objects.get().sessions == 3
        assert books(till, 28000) == {}

    def test_after_the_payout_she_owes_it(self, till, order, mia, boss, go):
        lesson(order, 3, go)
        go(at(7))
        release_shares(at(7))
        pay_out(mia, 4900, boss)
        disputed(till, order)
        decided(till, order, won=False)
        assert books(till, 28000) == {"BANK": -4900, "MENTOR_AVAILABLE": 4900}

    def test_a_part_waits_for_a_decision(self, till, order):
        disputed(till, order, 7000)
        order = decided(till, order, won=False)
        assert credits(order.pack) == (4, 0, 0)
        assert "Decide how many sessions" in order.attention
        assert books(till, 28000) == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}

    def test_of_an_extension_leaves_the_first_purchase(self, till, order, mia, sam, go):
        more = buy(till, sam, pack_of(mia, sessions=8, price=48000))
        lesson(order, 3, go)
        disputed(till, more)
        decided(till, more, won=False)
        assert credits(order.pack) == (4, 0, 1)
        assert seats() == [("sam", "ACTIVE")]
        assert books(till, 28000, 48000) == SPLIT


class TestARefundMeanwhile:
    """The buyer must not get it twice: once from us and once from the bank."""

    def asked(self, till, order, boss, sessions=1):
        return refund_order(order_id=order.pk, by=boss, reason="Sorry", now=clock.now(), sessions=sessions)

    def test_cannot_be_begun(self, till, order, boss):
        disputed(till, order)
        with pytest.raises(Refusal) as refused:
            self.asked(till, order, boss)
        assert refused.value.code == "wrong_state"
        assert not Refund.objects.exists()
        assert credits(order.pack) == (4, 0, 0)
        assert books(till, 28000) == SPLIT

    def test_that_was_asked_for_before_waits_and_goes_when_it_is_won(self, till, order, boss, go):
        self.asked(till, order, boss)
        disputed(till, order)
        assert jobs.send_refunds(NOW) == 0
        assert till.given_back(order) == 0
        go(NOW + 20 * DAY)
        decided(till, order, won=True)
        give_back(till, order)
        assert till.given_back(order) == 7000
        assert credits(order.pack) == (3, 0, 0)
        assert books(till, 28000) == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}

    def test_that_was_asked_for_before_is_void_when_it_is_lost(self, till, order, boss, go):
        ours = self.asked(till, order, boss)
        disputed(till, order)
        go(NOW + 20 * DAY)
        decided(till, order, won=False)
        give_back(till, order)
        ours.refresh_from_db()
        assert (ours.status, ours.error) == ("FAILED", "The bank has taken the money back.")
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_that_was_made_before_leaves_the_rest_to_the_bank(self, till, order, boss):
        self.asked(till, order, boss)
        give_back(till, order)
        disputed(till, order, 21000)
        decided(till, order, won=False)
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}
