"""Money that goes back, raced against all that moves meanwhile. The controls show that each guard is needed."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, OperationalError

from mentorship.kernel import clock
from mentorship.kernel.refusals import Refusal
from packs.models import CreditEntry, Purchase, SessionPack
from payments import ledger, services
from payments.jobs import process_webhooks, reconcile_reversals, release_shares, send_refunds
from payments.models import Dispute, LedgerTransaction, Order, Payment, Refund, WebhookEvent
from payments.models.payment import RefundQuerySet
from payments.providers.sandbox import Sandbox
from payments.services import confirm, inbox, plan_refund, refund_order, refunding, refunds, reversals, shares
from payments.services.reversals import look_for_reversals
from payments.services.sandbox import close_dispute_there, dispute_there, refund_there
from seats.jobs import sweep_seats
from seats.models import Seat
from sessions_app.models import CalendarBlock, Session
from sessions_app.services import book, booking, cancel, cancelling, complete
from tests import races
from tests.cast import HOUR, NOW, at, counters, mentor, offering, user
from tests.payments.scene import accounts, decide, pay, place, said, send_webhook
from tests.races import meet, together, without

pytestmark = pytest.mark.django_db(transaction=True)

NOT_NEGATIVE = (
    ("packs_sessionpack", "packs_counters_not_negative"),
    ("packs_sessionpack", "packs_sessionpack_sessions_total_check"),
    ("packs_sessionpack", "packs_sessionpack_sessions_held_check"),
)
WITHIN_TOTAL = ("packs_sessionpack", "packs_held_and_used_within_total")
REFUND_ONCE = ("payments_refund", "payments_refund_cause_key")
CAUSE_ONCE = ("payments_ledgertransaction", "payments_ledgertransaction_cause_key")
PAID_ONCE = ("payments_payment", "payments_order_paid_once")
COUNTED_ONCE = ("payments_payment", "payments_money_counted_once")
FULFILLED_ONCE = ("packs_purchase", "packs_purchase_order_id_key")
ONE_PACK = ("packs_sessionpack", "packs_one_open_per_pair_and_length")
SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


def no_deadlock(results):
    """What went well. Whatever failed was refused politely."""
    failed = [r for r in results if isinstance(r, Exception)]
    assert not [r for r in failed if isinstance(r, OperationalError)], f"deadlock: {failed}"
    assert all(isinstance(r, Refusal) for r in failed), failed
    return [r for r in results if not isinstance(r, Exception)]


def unguarded(monkeypatch):
    """No locks. Now the threads really meet, so on a busy machine they wait for each other as long as it takes."""
    monkeypatch.setattr(races, "PATIENCE", 5)
    races.remove_locks(monkeypatch)


def bought_by_sam():
    mia, sam = mentor("mia"), user("sam")
    return pay(place(sam, offering(mia))), mia, sam


def give_back(order, now=NOW, **how):
    return partial(refund_order, order_id=order.pk, by=None, reason="Sorry", now=now, **how)


def booked(order, day, now=NOW):
    return book(student=order.student, mentor_id=order.mentor_id, starts_at=at(day), by=order.student, now=now)


def look(order, now=NOW):
    return partial(look_for_reversals, Payment.objects.get(order=order), now=now)


def as_sums(pack):
    """The counters as the entries have them, whatever the row says."""
    entries = CreditEntry.objects.filter(pack=pack)
    return tuple(sum(getattr(e, f"{name}_delta") for e in entries) for name in ("total", "held", "used"))


class TestAgainstBooking:
    """All four credits go back while the student books one of them."""

    def race(self, monkeypatch):
        order, _, _ = bought_by_sam()
        meet(monkeypatch, 2, (refunding, "plan_refund"), (booking, "choose_pack"))
        return order, together([give_back(order), partial(booked, order, 3)])

    def test_the_credit_is_in_one_hand(self, monkeypatch):
        order, results = self.race(monkeypatch)
        assert isinstance(results[0], Refund)
        no_deadlock(results)
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
        no_deadlock(results)
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
        no_deadlock(together([give_back(order, after), partial(complete, session_id=session.pk, by=mia, now=after)]))
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
        assert len(no_deadlock(results)) == 1
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


class TestTwoWebhooksOfOnePayment:
    """The provider says it under two event ids (a resend, or two kinds of one fact), and two workers take one each."""

    def race(self, monkeypatch):
        order = place(user("sam"), offering(mentor("mia")))
        decide(order)
        for key in ("evt_1", "evt_2"):
            assert send_webhook(said(order, key=key)).status_code == 200
        meet(monkeypatch, 2, (confirm, "_mismatch"))
        events = list(WebhookEvent.objects.order_by("pk"))
        assert len(events) == 2
        together([partial(inbox.process, event, NOW) for event in events])
        return order

    def test_count_once(self, monkeypatch):
        self.race(monkeypatch)
        assert WebhookEvent.objects.filter(processed_at=NOW, error="").count() == 2
        assert Payment.objects.count() == Purchase.objects.count() == 1
        assert counters(SessionPack.objects.get()) == (4, 0, 0)
        assert accounts() == SPLIT

    def test_control_without_guards_they_count_twice(self, monkeypatch):
        with without(PAID_ONCE, COUNTED_ONCE, FULFILLED_ONCE, ONE_PACK, CAUSE_ONCE):
            unguarded(monkeypatch)
            self.race(monkeypatch)
            assert Payment.objects.count() == 2
            assert accounts()["PROVIDER"] == 56000


class TestOurAnswerAgainstTheirWebhook:
    """Our worker hears "done" from the provider while its webhook about the same refund is worked off."""

    def race(self, monkeypatch):
        order, _, _ = bought_by_sam()
        refund = give_back(order)()
        refunds.providers.by_name("sandbox").refund(refund)  # the money has left; both now hear of it
        meet(monkeypatch, 2, (refunds, "lock_people"))
        return order, together([partial(send_refunds, NOW), look(order)])

    def test_it_is_booked_once(self, monkeypatch):
        _, results = self.race(monkeypatch)
        no_deadlock(results)
        assert Refund.objects.get().status == "SUCCEEDED"
        assert LedgerTransaction.objects.filter(cause__startswith="refund:").count() == 1
        assert accounts() == {}

    def test_without_locks_the_row_count_alone_decides(self, monkeypatch):
        unguarded(monkeypatch)
        self.race(monkeypatch)
        assert LedgerTransaction.objects.filter(cause__startswith="refund:").count() == 1
        assert accounts() == {}

    def test_control_without_row_count_and_constraint_it_is_booked_twice(self, monkeypatch):
        truly = RefundQuerySet.update
        with without(CAUSE_ONCE):
            unguarded(monkeypatch)
            monkeypatch.setattr(RefundQuerySet, "update", lambda rows, **to: max(1, truly(rows, **to)))
            self.race(monkeypatch)
            assert accounts()["PROVIDER"] == -28000


class TestARefundMadeThere:
    """The webhook and the hourly look both find a refund that was made in the provider's dashboard."""

    def race(self, monkeypatch):
        order, _, _ = bought_by_sam()
        refund_there(order.provider_reference, 7000)
        meet(monkeypatch, 2, (reversals, "_lock_payment"))
        return order, together([look(order), partial(reconcile_reversals, NOW)])

    def test_is_booked_once(self, monkeypatch):
        _, results = self.race(monkeypatch)
        no_deadlock(results)
        assert Refund.objects.get().amount_minor == 7000
        assert accounts() == {"PROVIDER": 21000, "MENTOR_PENDING": -14700, "PLATFORM_PENDING": -6300}

    def test_control_without_locks_and_constraint_it_is_booked_twice(self, monkeypatch):
        with without(REFUND_ONCE):
            unguarded(monkeypatch)
            self.race(monkeypatch)
            assert accounts()["PROVIDER"] == 14000

    def test_in_full_and_ours_at_the_same_moment(self):
        order, _, _ = bought_by_sam()
        refund_there(order.provider_reference)
        no_deadlock(together([look(order), give_back(order), look(order)]))
        send_refunds(NOW)
        assert counters(order.pack) == (0, 0, 0)
        assert accounts() == {}
        assert {r.status for r in Refund.objects.exclude(cause__startswith="provider:")} <= {"FAILED"}


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
        no_deadlock(results)
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


class TestADisputeAgainstBooking:
    def race(self, monkeypatch, *, lost):
        order, _, _ = bought_by_sam()
        dispute = dispute_there(order.provider_reference)
        if lost:
            close_dispute_there(dispute, won=False)
        meet(monkeypatch, 2, (reversals, "plan_refund" if lost else "_packs_of"), (booking, "choose_pack"))
        return order, together([look(order), partial(booked, order, 3)])

    def test_open_nothing_is_booked_from_a_frozen_pack(self, monkeypatch):
        order, results = self.race(monkeypatch, lost=False)
        made = [r for r in no_deadlock(results) if isinstance(r, Session)]
        order.pack.refresh_from_db()
        assert (Dispute.objects.get().status, order.pack.frozen_at) == ("OPEN", NOW)
        if made:  # it was first: its credit was held before the clock stood still
            assert counters(order.pack) == (4, 1, 0)
        else:
            assert results[1].code == "pack_frozen"
            assert counters(order.pack) == (4, 0, 0)
        with pytest.raises(Refusal, match="frozen"):
            booked(order, 4)

    def test_lost_the_credit_is_in_one_hand(self, monkeypatch):
        order, results = self.race(monkeypatch, lost=True)
        no_deadlock(results)
        assert Dispute.objects.get().status == "LOST"
        assert counters(order.pack) == (0, 0, 0)
        assert not Session.objects.filter(status="SCHEDULED").exists()
        assert accounts() == {}

    def test_control_lost_without_locks_and_checks_it_is_in_two(self, monkeypatch):
        with without(*NOT_NEGATIVE, WITHIN_TOTAL):
            unguarded(monkeypatch)
            order, _ = self.race(monkeypatch, lost=True)
            assert as_sums(order.pack) == (0, 1, 0), "booked, and taken by the bank"


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
    no_deadlock(together(calls))
    send_refunds(NOW)
    for order in Order.objects.all():
        counters(order.pack)
    # Of the three that nobody disputes or refunds there, one session each went back.
    kept = {order.pk: ledger.standing([order.pk])[order.pk].kept for order in orders}
    assert (kept[orders[0].pk], kept[orders[2].pk]) == (0, 0)
    assert [kept[order.pk] for order in orders[3:]] == [21000, 21000, 21000]
