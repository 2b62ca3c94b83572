"""Money that goes back, raced against all that moves meanwhile. The controls show that each guard is needed."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError

from mentorship.kernel import clock
from mentorship.kernel.refusals import Refusal
from payments import ledger, services
from payments.jobs import process_webhooks, release_shares, send_refunds
from payments.models import Order, Refund
from payments.providers.sandbox import Sandbox
from payments.services import plan_refund, refunding, shares
from payments.services.sandbox import close_dispute_there, dispute_there, refund_there
from seats.jobs import sweep_seats
from seats.models import Seat
from sessions_app.models import CalendarBlock, Session
from sessions_app.services import booking, cancel, cancelling, complete
from tests.cast import HOUR, NOW, at, counters, mentor, offering, user
from tests.payments.racing import (
    REFUND_ONCE,
    as_sums,
    booked,
    bought_by_sam,
    give_back,
    look,
    unguarded,
)
from tests.payments.scene import SPLIT, accounts, pay, place, said, send_webhook
from tests.races import NOT_NEGATIVE, WITHIN_TOTAL, meet, successes, together, without

pytestmark = pytest.mark.django_db(transaction=True)


class TestAgainstBooking:
    """All four credits go back while the student books one of them."""

    def race(self, monkeypatch):
        order, _, _ = bought_by_sam()
        meet(monkeypatch, 2, (refunding, "plan_refund"), (booking, "choose_pack"))
        return order, together([give_back(order), partial(booked, order, 3)])

    def test_the_credit_is_in_one_hand(self, monkeypatch):
        order, results = self.race(monkeypatch)
        assert isinstance(results[0], Refund)
        successes(results)
        assert results[0].amount_minor == 28000
        assert counters(order.pack) == (0, 0, 0)
        assert not Session.objects.filter(status="SCHEDULED").exists()
        assert not CalendarBlock.objects.exists()

    def test_control_without_locks_and_checks_it_is_in_two(self, monkeypatch):
        with without(*NOT_NEGATIVE, WITHIN_TOTAL):
            unguarded(monkeypatch)
            order, _ = self.race(monkeypatch)
            assert as_sums(order.pack) == (0, 1, 0), "booked, and paid back"

    def test_without_locks_the_check_alone_keeps_it_in_one(self, monkeypatch):
        unguarded(monkeypatch)
        order, results = self.race(monkeypatch)
        assert sum(isinstance(r, Refusal | IntegrityError) for r in results) == 1
        assert counters(order.pack) in [(0, 0, 0), (4, 1, 0)]


class TestAgainstSettling:
    """The student cancels too late, which uses the credit, while the same session's money goes back."""

    def race(self, monkeypatch):
        order, _, sam = bought_by_sam()
        session = booked(order, 2)
        late = at(1, 18)
        meet(monkeypatch, 2, (refunding, "plan_refund"), (cancelling, "lock_session"))
        use = partial(cancel, session_id=session.pk, by=sam, now=late)
        return order, together([give_back(order, late), use])

    def test_the_credit_is_used_or_refunded(self, monkeypatch):
        order, results = self.race(monkeypatch)
        successes(results)
        session = Session.objects.get()
        paid_back = Refund.objects.get().amount_minor
        assert (session.credit, paid_back, counters(order.pack)) in [
            ("USED", 21000, (1, 0, 1)),
            ("RETURNED", 28000, (0, 0, 0)),
        ]

    def test_control_without_locks_and_checks_it_is_both(self, monkeypatch):
        with without(*NOT_NEGATIVE, WITHIN_TOTAL):
            unguarded(monkeypatch)
            order, _ = self.race(monkeypatch)
            assert as_sums(order.pack) == (0, -1, 1), "used, and paid back"
            assert Refund.objects.get().amount_minor == 28000

    def test_complete_and_refund_at_once_end_as_one_after_the_other(self, monkeypatch):
        order, mia, _ = bought_by_sam()
        session = booked(order, 2)
        after = at(2, 12)
        meet(monkeypatch, 2, (refunding, "plan_refund"))
        successes(together([give_back(order, after), partial(complete, session_id=session.pk, by=mia, now=after)]))
        assert Refund.objects.get().amount_minor == 21000
        assert counters(order.pack) == (1, 0, 1)
        # The settling came last: used up, with its grace. Or the refund: nothing is left to renew.
        seat = Seat.objects.get()
        assert (order.pack.status, seat.status) in [("DEPLETED", "GRACE"), ("REFUNDED", "RELEASED")]


class TestPressedTwice:
    def race(self, monkeypatch, **how):
        order, _, _ = bought_by_sam()
        digest = plan_refund(order, now=NOW, **how).digest
        meet(monkeypatch, 2, (refunding, "plan_refund"))
        return order, together([give_back(order, expect=digest, **how)] * 2)

    @pytest.mark.parametrize(("sessions", "left"), [(None, (0, 0, 0)), (1, (3, 0, 0))])
    def test_goes_back_once(self, monkeypatch, sessions, left):
        order, results = self.race(monkeypatch, sessions=sessions)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Refusal)} == {"answer_changed"}
        assert Refund.objects.count() == 1
        assert counters(order.pack) == left

    def test_control_without_locks_and_constraints_it_goes_twice(self, monkeypatch):
        with without(REFUND_ONCE, *NOT_NEGATIVE, WITHIN_TOTAL):
            unguarded(monkeypatch)
            self.race(monkeypatch)
            assert [r.amount_minor for r in Refund.objects.all()] == [28000, 28000]

    def test_without_locks_the_cause_alone_lets_one_through(self, monkeypatch):
        unguarded(monkeypatch)
        order, results = self.race(monkeypatch, sessions=1)
        assert sum(isinstance(r, IntegrityError) for r in results) == 1
        assert Refund.objects.get().amount_minor == 7000
        assert counters(order.pack) == (3, 0, 0)

    def test_five_workers_send_it_once(self, monkeypatch):
        order, _, _ = bought_by_sam()
        give_back(order)()
        assert sum(together([partial(send_refunds, NOW)] * 5)) == 1
        assert accounts() == {}


class TestAgainstTheShares:
    """A used session's share becomes available while all the money leaves at the provider."""

    def race(self, monkeypatch):
        order, mia, _ = bought_by_sam()
        session = booked(order, 2)
        complete(session_id=session.pk, by=mia, now=at(2, 12))
        refund_there(order.provider_reference)
        meet(monkeypatch, 2, (shares, "_moves"), (ledger, "_shares_back"))
        return order, together([partial(release_shares, at(9)), look(order, at(9))])

    def test_nobody_has_more_than_there_is(self, monkeypatch):
        _, results = self.race(monkeypatch)
        successes(results)
        release_shares(at(10))
        assert accounts() == {}

    def test_control_without_locks_the_same_money_is_given_and_taken(self, monkeypatch):
        unguarded(monkeypatch)
        self.race(monkeypatch)
        assert accounts()["MENTOR_PENDING"] == 4900, "taken from what had just become available"


@pytest.mark.parametrize("what", ["disputed", "refunded"])
def test_what_came_between_looking_and_locking_stops_the_share(monkeypatch, what):
    """The share of the credits that lapsed is due; before the run has its locks their money is disputed, or goes back."""
    order, _, _ = bought_by_sam()
    lapsed = order.pack.expires_at
    sweep_seats(lapsed)
    truly = shares.lock

    def lock_late(rows, **how):
        monkeypatch.setattr(shares, "lock", truly)
        if what == "disputed":
            dispute_there(order.provider_reference)
            look(order, lapsed)()
        else:
            give_back(order, lapsed + 71 * HOUR, sessions=1)()
        return truly(rows, **how)

    monkeypatch.setattr(shares, "lock", lock_late)
    assert release_shares(lapsed + 72 * HOUR) == 0
    # The three that were not refunded lapsed again, at the time they did: their share, and no more.
    assert release_shares(lapsed + 73 * HOUR) == (0 if what == "disputed" else 1)
    left = {"MENTOR_AVAILABLE": -14700, "PLATFORM_AVAILABLE": -6300, "MENTOR_PENDING": -4900, "PLATFORM_PENDING": -2100}
    assert accounts() == (SPLIT if what == "disputed" else {"PROVIDER": 28000} | left)


def test_a_refund_is_claimed_only_when_it_is_sent(monkeypatch):
    """However slow the provider is, no lease ends while a refund waits behind others: it would be sent twice."""
    mia = mentor("mia")
    for name in ("sam", "sue", "sid"):
        give_back(pay(place(user(name), offering(mia))))()
    truly, waiting = Sandbox.refund, []

    def slow(self, refund):
        waiting.append(Refund.objects.due(clock.machine_now()).count())
        return truly(self, refund)

    monkeypatch.setattr(Sandbox, "refund", slow)
    assert send_refunds(NOW) == 3
    assert waiting == [2, 1, 0]


def test_everything_at_once_never_deadlocks():
    """Two mentors who are each other's students, two students, and every verb that moves money or credits."""
    mia, max_ = mentor("mia"), mentor("max")
    packs = [offering(mia), offering(max_)]
    pairs = [(user(f"s{n}"), packs[n % 2]) for n in range(4)] + [(mia, packs[1]), (max_, packs[0])]
    orders = [pay(place(student, pack)) for student, pack in pairs]
    days = range(2, 2 + len(orders))
    sessions = [booked(order, day) for order, day in zip(orders, days, strict=True)]
    refund_there(orders[0].provider_reference)
    dispute_there(orders[1].provider_reference)
    close_dispute_there(dispute_there(orders[2].provider_reference), won=False)
    for order in orders[:3]:
        send_webhook(said(order, "payment.refunded"))
    calls = [give_back(order, sessions=1) for order in orders]
    calls += [partial(cancel, session_id=s.pk, by=s.student, now=NOW) for s in sessions]
    calls += [partial(booked, order, 10 + n) for n, order in enumerate(orders)]
    calls += [look(order) for order in orders[:3]]
    calls += [partial(process_webhooks, NOW)] * 2 + [partial(send_refunds, NOW), partial(release_shares, NOW)]
    calls += [partial(sweep_seats, NOW + HOUR), partial(services.confirm_and_fulfil, orders[3].pk, NOW)]
    successes(together(calls))
    send_refunds(NOW)
    for order in Order.objects.all():
        counters(order.pack)
    # Of the three that nobody disputes or refunds there, one session each went back.
    kept = {order.pk: ledger.standing([order.pk])[order.pk].kept for order in orders}
    assert (kept[orders[0].pk], kept[orders[2].pk]) == (0, 0)
    assert [kept[order.pk] for order in orders[3:]] == [21000, 21000, 21000]
