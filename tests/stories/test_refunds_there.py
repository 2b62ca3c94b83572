"""Refunds that begin at the company: the money is gone, so it is booked in full; credits go with the whole of it."""

from __future__ import annotations

import pytest

from mentorship.kernel import clock
from mentorship.kernel.refusals import Refusal
from payments.jobs import reconcile_reversals, release_shares, take_back_unpaid_credits
from payments.models import Refund
from payments.services import plan_refund, refund_order, take_sessions
from sessions_app.services import book, cancel
from tests.cast import HOUR, NOW, at
from tests.stories.scene import books, buy, credits, give_back, lesson, pack_of, pay_out, place, seats, tell

pytestmark = pytest.mark.django_db

SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


@pytest.fixture
def order(till, mia, sam):
    return buy(till, sam, pack_of(mia))


class TestInFull:
    def test_takes_every_credit(self, till, order):
        till.refund(order)
        tell(till, order)
        assert credits(order.pack) == (0, 0, 0)
        assert (order.pack.status, seats()) == ("REFUNDED", [])
        refund = Refund.objects.get()
        assert (refund.status, refund.amount_minor, refund.sessions) == ("SUCCEEDED", 28000, 4)
        assert books(till, 28000) == {}
        for _ in range(3):
            give_back(till, order)
        assert Refund.objects.count() == 1
        assert till.given_back(order) == 28000

    def test_without_a_webhook_it_is_found(self, till, order, go):
        till.refund(order)
        go(NOW + HOUR)
        assert reconcile_reversals(NOW + HOUR) == 1
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_told_before_the_payment_was(self, till, mia, sam):
        order = place(till, sam, pack_of(mia))
        till.pay(order)
        tell_nothing = till.webhooks(order)
        order = tell(till, order)
        till.refund(order)
        assert len(till.webhooks(order)) > len(tell_nothing)
        tell(till, order)
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_while_a_session_runs_its_credit_is_taken_when_it_comes_back(self, till, order, mia, sam, go):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        go(at(3, 10, 30))
        till.refund(order)
        tell(till, order)
        assert credits(order.pack) == (1, 1, 0)
        cancel(session_id=session.pk, by=mia, now=clock.now())
        assert take_back_unpaid_credits(clock.now()) == 1
        assert take_back_unpaid_credits(clock.now()) == 0
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_cancels_what_is_booked(self, till, order, sam, mia):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        till.refund(order)
        tell(till, order)
        session.refresh_from_db()
        assert session.status == "CANCELLED"
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_after_use_takes_the_share_back_but_not_the_session(self, till, order, go):
        lesson(order, 3, go)
        go(at(7))
        release_shares(at(7))
        till.refund(order)
        tell(till, order)
        assert credits(order.pack) == (1, 0, 1)
        assert order.pack.status == "REFUNDED"
        assert books(till, 28000) == {}, "nothing was earned: the buyer has all of it"

    def test_after_use_before_its_share_was_due(self, till, order, go):
        lesson(order, 3, go)
        till.refund(order)
        tell(till, order)
        assert books(till, 28000) == {}
        go(at(20))
        release_shares(at(20))
        assert books(till, 28000) == {}, "what went back never becomes available"

    def test_after_the_payout_she_owes_and_her_next_share_pays_it(self, till, order, mia, sue, boss, go):
        lesson(order, 3, go)
        go(at(7))
        release_shares(at(7))
        pay_out(mia, 4900, boss)
        till.refund(order)
        tell(till, order)
        assert books(till, 28000) == {"BANK": -4900, "MENTOR_AVAILABLE": 4900}
        hers = buy(till, sue, pack_of(mia))
        lesson(hers, 10, go)
        go(at(14))
        release_shares(at(14))
        assert books(till, 28000, 28000) == {
            "PROVIDER": 28000,
            "BANK": -4900,
            "MENTOR_PENDING": -14700,
            "PLATFORM_PENDING": -6300,
            "PLATFORM_AVAILABLE": -2100,
        }

    def test_of_an_extension_leaves_the_first_purchase(self, till, order, mia, sam, go):
        more = buy(till, sam, pack_of(mia, sessions=8, price=48000))
        lesson(order, 3, go)
        till.refund(more)
        tell(till, more)
        assert credits(order.pack) == (4, 0, 1)
        assert order.pack.status == "ACTIVE"
        assert books(till, 28000, 48000) == SPLIT


class TestAPart:
    def test_changes_no_credits_until_somebody_decides(self, till, order, boss):
        till.refund(order, 5000)
        order = tell(till, order)
        assert credits(order.pack) == (4, 0, 0)
        assert "Decide how many sessions" in order.attention
        # 70 % of the 230 that are kept
        assert books(till, 28000) == {"PROVIDER": 23000, "MENTOR_PENDING": -16100, "PLATFORM_PENDING": -6900}
        take_sessions(refund_id=Refund.objects.get().pk, sessions=1, by=boss, reason="One for it", now=NOW)
        order.refresh_from_db()
        assert (credits(order.pack), order.attention) == ((3, 0, 0), "")
        assert books(till, 28000) == {"PROVIDER": 23000, "MENTOR_PENDING": -16100, "PLATFORM_PENDING": -6900}

    def test_and_then_the_rest_leaves_nothing_to_decide(self, till, order):
        till.refund(order, 5000)
        tell(till, order)
        till.refund(order)
        order = tell(till, order)
        assert credits(order.pack) == (0, 0, 0)
        assert order.attention == ""
        assert not Refund.objects.needing_somebody().exists()

    def test_is_decided_once(self, till, order, boss):
        till.refund(order, 7000)
        tell(till, order)
        taken = {"refund_id": Refund.objects.get().pk, "sessions": 1, "by": boss, "reason": "", "now": NOW}
        take_sessions(**taken)
        with pytest.raises(Refusal) as refused:
            take_sessions(**taken)
        assert refused.value.code == "wrong_state"
        assert credits(order.pack) == (3, 0, 0)
        assert books(till, 28000) == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}

    def test_and_then_the_rest_takes_every_credit(self, till, order):
        till.refund(order, 5000)
        tell(till, order)
        till.refund(order)
        tell(till, order)
        assert credits(order.pack) == (0, 0, 0)
        assert till.given_back(order) == 28000
        assert books(till, 28000) == {}

    def test_and_then_we_refund_what_is_left(self, till, order, boss):
        till.refund(order, 5000)
        tell(till, order)
        plan = plan_refund(order, now=NOW)
        assert (plan.sessions, plan.amount_minor) == (4, 23000)
        refund_order(order_id=order.pk, by=boss, reason="", now=NOW, expect=plan.digest)
        give_back(till, order)
        assert till.given_back(order) == 28000
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_of_what_we_began_to_give_back(self, till, order, boss):
        refund_order(order_id=order.pk, by=boss, reason="", now=NOW, sessions=1)
        give_back(till, order)
        till.refund(order, 7000)
        tell(till, order)
        assert credits(order.pack) == (3, 0, 0), "theirs waits for a decision"
        assert till.given_back(order) == 14000
        assert books(till, 28000) == {"PROVIDER": 14000, "MENTOR_PENDING": -9800, "PLATFORM_PENDING": -4200}


def test_slow_there_is_booked_when_it_is_done(company, mia, sam):
    order = buy(company, sam, pack_of(mia))
    company.slow_refunds()
    company.refund(order)
    tell(company, order)
    assert credits(order.pack) == (4, 0, 0)
    assert books(company, 28000) == SPLIT
    company.finish_refund(company.last_refund, ok=True)
    tell(company, order)
    assert credits(order.pack) == (0, 0, 0)
    assert books(company, 28000) == {}


def test_slow_there_and_failed_is_as_if_never_begun(company, mia, sam):
    order = buy(company, sam, pack_of(mia))
    company.slow_refunds()
    company.refund(order)
    tell(company, order)
    company.finish_refund(company.last_refund, ok=False)
    tell(company, order)
    assert credits(order.pack) == (4, 0, 0)
    assert not Refund.objects.exists()
    assert books(company, 28000) == SPLIT


def test_everything_is_given_back_there_while_ours_waits(till, order, boss):
    """An admin presses refund here, and a colleague in the company's dashboard before our worker has come to it."""
    refund_order(order_id=order.pk, by=boss, reason="", now=clock.now())
    till.refund(order)
    order = give_back(till, order)
    assert till.given_back(order) == 28000
    assert credits(order.pack) == (0, 0, 0)
    assert books(till, 28000) == {}
    ours = Refund.objects.exclude(cause__startswith="provider:").get()
    assert ours.status == "FAILED"
    assert order.attention
