"""Refunds that we begin: only what is not settled, to the cent, once; and what the company says is what we say."""

from __future__ import annotations

import pytest

from mentorship.kernel import clock
from mentorship.kernel.refusals import Refusal
from payments import providers
from payments.jobs import fulfil_paid_orders, release_shares, send_refunds
from payments.models import Order, Refund
from payments.services import call_off, paid_back_by_hand, plan_refund, refund_order, try_again
from payments.services.confirm import apply_facts
from sessions_app.models import CalendarBlock
from sessions_app.services import book
from tests.cast import DAY, HOUR, NOW, at
from tests.stories.scene import books, buy, credits, give_back, lesson, pack_of, place, seats, tell

pytestmark = pytest.mark.django_db

SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


@pytest.fixture
def order(till, mia, sam):
    return buy(till, sam, pack_of(mia))


@pytest.fixture
def company_order(company, mia, sam):
    return buy(company, sam, pack_of(mia))


def refund(order, boss, sessions=None):
    """As the admin's page does it: first read, then done."""
    plan = plan_refund(order, now=clock.now(), sessions=sessions)
    return refund_order(
        order_id=order.pk, by=boss, reason="Sorry", now=clock.now(), sessions=sessions, expect=plan.digest
    )


class TestPlanned:
    def test_in_full(self, till, order, boss):
        assert refund(order, boss).amount_minor == 28000
        assert credits(order.pack) == (0, 0, 0)
        assert (order.pack.status, seats()) == ("REFUNDED", [])
        assert books(till, 28000) == SPLIT, "no money has left yet"
        give_back(till, order)
        assert Refund.objects.get().status == "SUCCEEDED"
        assert till.given_back(order) == 28000
        assert books(till, 28000) == {}

    def test_a_part_and_then_the_rest(self, till, order, boss):
        assert refund(order, boss, sessions=1).amount_minor == 7000
        give_back(till, order)
        assert credits(order.pack) == (3, 0, 0)
        assert (order.pack.status, seats()) == ("ACTIVE", [("sam", "ACTIVE")])
        assert books(till, 28000) == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}
        assert refund(order, boss).amount_minor == 21000
        give_back(till, order)
        assert credits(order.pack) == (0, 0, 0)
        assert till.given_back(order) == 28000
        assert books(till, 28000) == {}

    def test_parts_of_an_odd_price_sum_to_the_whole(self, till, mia, sam, boss):
        order = buy(till, sam, pack_of(mia, sessions=3, price=10001))
        sums = []
        for _ in range(3):
            sums.append(refund(order, boss, sessions=1).amount_minor)
            give_back(till, order)
        assert sums == [3334, 3334, 3333]
        assert till.given_back(order) == 10001
        assert books(till, 10001) == {}

    def test_its_booked_session_is_cancelled(self, till, order, boss, sam, mia):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        assert credits(order.pack) == (4, 1, 0)
        refund(order, boss)
        session.refresh_from_db()
        assert (session.status, session.credit) == ("CANCELLED", "RETURNED")
        assert not CalendarBlock.objects.exists()
        give_back(till, order)
        assert credits(order.pack) == (0, 0, 0)
        assert books(till, 28000) == {}

    def test_a_part_leaves_the_booked_session_alone(self, till, order, boss, sam, mia):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        refund(order, boss, sessions=3)
        give_back(till, order)
        session.refresh_from_db()
        assert session.status == "SCHEDULED"
        assert credits(order.pack) == (1, 1, 0)
        assert books(till, 28000) == {"PROVIDER": 7000, "MENTOR_PENDING": -4900, "PLATFORM_PENDING": -2100}

    def test_after_use_what_is_used_stays_paid(self, till, order, boss, go):
        lesson(order, 3, go)
        assert refund(order, boss).amount_minor == 21000
        give_back(till, order)
        assert credits(order.pack) == (1, 0, 1)
        assert (order.pack.status, seats()) == ("REFUNDED", []), "never a grace"
        assert till.given_back(order) == 21000
        assert books(till, 28000) == {"PROVIDER": 7000, "MENTOR_PENDING": -4900, "PLATFORM_PENDING": -2100}
        go(at(6, 12))
        assert release_shares(at(6, 12)) == 1
        assert books(till, 28000) == {"PROVIDER": 7000, "MENTOR_AVAILABLE": -4900, "PLATFORM_AVAILABLE": -2100}

    def test_after_a_share_was_released(self, till, order, boss, go):
        lesson(order, 3, go)
        go(at(7))
        assert release_shares(at(7)) == 1
        assert books(till, 28000) == {
            "PROVIDER": 28000,
            "MENTOR_PENDING": -14700,
            "MENTOR_AVAILABLE": -4900,
            "PLATFORM_PENDING": -6300,
            "PLATFORM_AVAILABLE": -2100,
        }
        refund(order, boss)
        give_back(till, order)
        assert books(till, 28000) == {"PROVIDER": 7000, "MENTOR_AVAILABLE": -4900, "PLATFORM_AVAILABLE": -2100}

    def test_when_all_is_used_nothing_is_left(self, till, order, boss, go):
        for day in (3, 4, 5, 6):
            lesson(order, day, go)
        with pytest.raises(Refusal) as refused:
            refund(order, boss)
        assert refused.value.code == "nothing_to_refund"
        assert till.given_back(order) == 0
        assert seats() == [("sam", "GRACE")]
        assert books(till, 28000) == SPLIT


class TestExtended:
    """4 sessions for 280, then 8 more for 480: one pack, two purchases, each with its own refund."""

    @pytest.fixture
    def more(self, till, order, mia, sam):
        more = buy(till, sam, pack_of(mia, sessions=8, price=48000))
        assert more.pack == order.pack
        assert credits(order.pack) == (12, 0, 0)
        return more

    def test_the_extension_goes_back(self, till, order, more, boss, go):
        lesson(order, 3, go)
        assert refund(more, boss).amount_minor == 48000
        give_back(till, more)
        assert credits(order.pack) == (4, 0, 1)
        assert (order.pack.status, seats()) == ("ACTIVE", [("sam", "ACTIVE")])
        assert (till.given_back(order), till.given_back(more)) == (0, 48000)
        assert books(till, 28000, 48000) == SPLIT

    def test_the_first_goes_back_and_the_extension_stays(self, till, order, more, boss, go):
        lesson(order, 3, go)
        assert refund(order, boss).amount_minor == 21000
        give_back(till, order)
        assert credits(order.pack) == (9, 0, 1)
        assert order.pack.status == "ACTIVE"
        assert (till.given_back(order), till.given_back(more)) == (21000, 0)
        # 4900 of the used session and 33600 of the extension; 2100 and 14400.
        assert books(till, 28000, 48000) == {
            "PROVIDER": 55000,
            "MENTOR_PENDING": -38500,
            "PLATFORM_PENDING": -16500,
        }

    def test_both_go_back(self, till, order, more, boss):
        refund(order, boss)
        refund(more, boss)
        give_back(till, order)
        tell(till, more)
        assert (till.given_back(order), till.given_back(more)) == (28000, 48000)
        assert credits(order.pack) == (0, 0, 0)
        assert (order.pack.status, seats()) == ("REFUNDED", [])
        assert books(till, 28000, 48000) == {}


class TestTwice:
    def test_a_double_click(self, till, order, boss):
        plan = plan_refund(order, now=NOW)
        again = {"order_id": order.pk, "by": boss, "reason": "Sorry", "now": NOW, "expect": plan.digest}
        refund_order(**again)
        with pytest.raises(Refusal) as refused:
            refund_order(**again)
        assert refused.value.code == "answer_changed"
        give_back(till, order)
        send_refunds(NOW)
        assert Refund.objects.get().amount_minor == till.given_back(order) == 28000
        assert books(till, 28000) == {}

    def test_a_double_click_on_a_part(self, till, order, boss):
        digest = plan_refund(order, now=NOW, sessions=1).digest
        again = {"order_id": order.pk, "by": boss, "reason": "Sorry", "now": NOW, "sessions": 1, "expect": digest}
        refund_order(**again)
        with pytest.raises(Refusal):
            refund_order(**again)
        give_back(till, order)
        assert till.given_back(order) == 7000
        assert credits(order.pack) == (3, 0, 0)
        assert books(till, 28000) == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}

    def test_every_webhook_about_it_again_and_again(self, till, order, boss):
        refund(order, boss, sessions=2)
        for _ in range(3):
            give_back(till, order)
        assert till.given_back(order) == 14000
        assert books(till, 28000) == {"PROVIDER": 14000, "MENTOR_PENDING": -9800, "PLATFORM_PENDING": -4200}


def test_paid_but_not_granted_yet_goes_back_and_is_never_granted(till, mia, sam, boss):
    order = place(till, sam, pack_of(mia))
    till.pay(order)
    apply_facts(order.pk, providers.by_name(till.name).fetch_payment(order.provider_reference), now=NOW)
    assert refund(Order.objects.get(), boss).amount_minor == 28000
    assert fulfil_paid_orders(NOW) == 0
    order = give_back(till, order)
    assert (order.status, order.pack) == ("PAID", None)
    assert till.given_back(order) == 28000
    assert books(till, 28000) == {}


class TestTheCompanyTakesItsTime:
    def test_slow_but_it_succeeds(self, company, company_order, boss):
        company.slow_refunds()
        refund(company_order, boss)
        give_back(company, company_order)
        waiting = Refund.objects.get()
        assert (waiting.status, bool(waiting.provider_reference)) == ("REQUESTED", True)
        assert credits(company_order.pack) == (0, 0, 0)
        assert books(company, 28000) == SPLIT, "it is not gone before the company says so"
        company.finish_refund(waiting.provider_reference, ok=True)
        tell(company, company_order)
        assert Refund.objects.get().status == "SUCCEEDED"
        assert company.given_back(company_order) == 28000
        assert books(company, 28000) == {}

    def test_slow_and_no_webhook_comes(self, company, company_order, boss, go):
        company.slow_refunds()
        refund(company_order, boss)
        send_refunds(NOW)
        company.finish_refund(Refund.objects.get().provider_reference, ok=True)
        assert send_refunds(NOW) == 0, "it was asked a moment ago"
        go(NOW + 2 * HOUR)
        assert send_refunds(NOW + 2 * HOUR) == 1
        assert company.given_back(company_order) == 28000
        assert books(company, 28000) == {}

    @pytest.fixture
    def failed(self, company, company_order, boss):
        """Two of four sessions were to go back, and days later the bank said no."""
        company.slow_refunds()
        refund(company_order, boss, sessions=2)
        give_back(company, company_order)
        company.finish_refund(Refund.objects.get().provider_reference, ok=False)
        order = tell(company, company_order)
        failed = Refund.objects.get()
        assert (failed.status, failed.error != "") == ("FAILED", True)
        assert order.attention.startswith("A refund failed")
        assert credits(order.pack) == (2, 0, 0)
        assert books(company, 28000) == SPLIT
        return failed

    def test_it_fails_and_is_called_off(self, company, company_order, failed, boss):
        call_off(refund_id=failed.pk, by=boss, reason="Keep them", now=NOW)
        order = tell(company, company_order)
        assert credits(order.pack) == (4, 0, 0)
        assert order.attention == ""
        assert company.given_back(order) == 0
        assert books(company, 28000) == SPLIT

    def test_it_fails_and_is_tried_again(self, company, company_order, failed):
        company.slow_refunds(False)
        try_again(refund_id=failed.pk)
        give_back(company, company_order)
        company_order.refresh_from_db()
        assert company_order.attention == ""
        assert Refund.objects.get().status == "SUCCEEDED"
        assert company.given_back(company_order) == 14000
        assert credits(company_order.pack) == (2, 0, 0)
        assert books(company, 28000) == {"PROVIDER": 14000, "MENTOR_PENDING": -9800, "PLATFORM_PENDING": -4200}

    def test_it_fails_and_is_paid_by_hand(self, company, company_order, failed, boss):
        paid_back_by_hand(refund_id=failed.pk, by=boss, reference="SEPA 17", now=NOW)
        give_back(company, company_order)
        company_order.refresh_from_db()
        assert company_order.attention == ""
        assert company.given_back(company_order) == 0
        assert books(company, 28000) == {
            "PROVIDER": 28000,
            "BANK": -14000,
            "MENTOR_PENDING": -9800,
            "PLATFORM_PENDING": -4200,
        }

    def test_the_answer_is_lost_three_times(self, company, company_order, boss, go):
        refund(company_order, boss, sessions=1)
        company.lose_answers(3, "refund")
        for hours in (0, 1, 2, 3):
            go(NOW + hours * HOUR)
            send_refunds(clock.now())
        tell(company, company_order)
        assert Refund.objects.get().status == "SUCCEEDED"
        assert company.given_back(company_order) == 7000
        assert books(company, 28000) == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}

    def test_the_company_is_away_for_a_day(self, company, company_order, boss, go):
        refund(company_order, boss)
        company.goes_down()
        assert send_refunds(NOW) == 0
        company.comes_back()
        go(NOW + DAY)
        give_back(company, company_order)
        assert company.given_back(company_order) == 28000
        assert books(company, 28000) == {}
