"""Money raced: with the guards one payment counts once and one seat is sold once; without them (the controls) not."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from mentorship.kernel.refusals import Refusal
from packs.models import Purchase, SessionPack
from payments import services
from payments.jobs import expire_orders, process_webhooks, release_shares, send_refunds
from payments.models import LedgerTransaction, Order, Payment, Refund, SandboxRefund, WebhookEvent
from payments.services import confirm, fulfil, inbox, ordering, shares
from seats.models import Seat
from seats.services import transitions
from sessions_app.services import book, complete
from tests.cast import HOUR, NOW, at, bought, counters, mentor, offering, user
from tests.payments.racing import CAUSE_ONCE, COUNTED_ONCE, FULFILLED_ONCE, ONE_PACK, PAID_ONCE
from tests.payments.scene import accounts, decide, pay, place, said, send_webhook
from tests.races import SEAT_NUMBER, meet, remove_locks, successes, together, without

pytestmark = pytest.mark.django_db(transaction=True)

OPEN_ONCE = ("payments_order", "payments_one_open_per_pair")
KEY_ONCE = ("payments_order", "payments_one_order_per_key")


class TestLastSeat:
    """Twenty people check out for the one seat at the same moment."""

    def race(self, monkeypatch):
        mia = mentor("mia", seats=1)
        pack = offering(mia)
        students = [user(f"s{n}") for n in range(20)]
        meet(monkeypatch, 20, (transitions, "free_number"))
        return together([partial(place, student, pack) for student in students])

    def test_is_held_for_one(self, monkeypatch):
        results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Refusal)} == {"mentor_full"}
        assert Seat.objects.standing().count() == Order.objects.count() == 1

    def test_control_without_locks_and_constraint_it_is_sold_again(self, monkeypatch):
        with without(SEAT_NUMBER):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Seat.objects.standing().count() > 1

    def test_without_locks_the_constraint_alone_refuses_politely(self, monkeypatch):
        remove_locks(monkeypatch)
        assert len(successes(self.race(monkeypatch))) == 1


class TestLateForTheLastSeat:
    """Two late payments for one free seat: one is granted, one goes back, whatever the order."""

    def test_one_is_granted_one_refunded(self):
        mia = mentor("mia", seats=1)
        orders = []
        for n in range(5):
            orders.append(place(user(f"s{n}"), offering(mia), now=NOW + n * HOUR))
            decide(orders[-1])
        together([partial(services.confirm_and_fulfil, order.pk, NOW + 9 * HOUR) for order in orders])
        assert SessionPack.objects.count() == 1
        assert Refund.objects.count() == 4
        assert Order.objects.filter(status="FULFILLED").count() == 1


class TestOneWebhookFiveTimes:
    def test_is_kept_and_granted_once(self, monkeypatch):
        order = place(user("sam"), offering(mentor("mia")))
        decide(order)
        body = said(order, key="evt_1")
        send_webhook(
            body, signature="forged"
        )  # the metrics register themselves with the first request, not thread-safely
        answers = together([partial(send_webhook, body)] * 5)
        assert [a.status_code for a in answers] == [200] * 5
        assert WebhookEvent.objects.count() == 1
        meet(monkeypatch, 5, (confirm, "_mismatch"))
        assert sum(together([partial(process_webhooks, NOW)] * 5)) == 1
        assert Payment.objects.count() == 1
        assert counters(SessionPack.objects.get()) == (4, 0, 0)


class TestOnePaymentToldByFive:
    """Return page, webhook and reconciliation all say "paid" at the same moment."""

    def race(self, monkeypatch):
        order = place(user("sam"), offering(mentor("mia")))
        decide(order)
        meet(monkeypatch, 5, (confirm, "_mismatch"), (fulfil, "lock_order"))
        return together([partial(services.confirm_and_fulfil, order.pk, NOW)] * 5)

    def test_counts_once(self, monkeypatch):
        assert len(successes(self.race(monkeypatch))) == 5
        assert Payment.objects.count() == Purchase.objects.count() == 1
        assert counters(SessionPack.objects.get()) == (4, 0, 0)
        assert accounts()["PROVIDER"] == 28000

    def test_control_without_guards_it_counts_again(self, monkeypatch):
        with without(PAID_ONCE, COUNTED_ONCE, FULFILLED_ONCE, ONE_PACK, CAUSE_ONCE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Payment.objects.count() > 1 or Purchase.objects.count() > 1

    def test_without_locks_the_constraints_alone_keep_it_one(self, monkeypatch):
        remove_locks(monkeypatch)
        self.race(monkeypatch)
        assert Payment.objects.count() == 1
        assert Purchase.objects.count() <= 1
        order = Order.objects.get()
        services.confirm_and_fulfil(order.pk, NOW)
        assert counters(SessionPack.objects.get()) == (4, 0, 0)

    def test_return_page_and_webhook(self):
        order = place(user("sam"), offering(mentor("mia")))
        decide(order)
        send_webhook(said(order))
        together([partial(services.confirm_and_fulfil, order.pk, NOW), partial(process_webhooks, NOW)])
        assert counters(SessionPack.objects.get()) == (4, 0, 0)
        assert WebhookEvent.objects.get().processed_at == NOW


class TestTwins:
    """One person, one key, five requests at once."""

    def race(self, monkeypatch):
        sam, pack, key = user("sam"), offering(mentor("mia")), uuid4().hex
        meet(monkeypatch, 5, (ordering, "check_buyable"))
        return together([partial(place, sam, pack, idempotency_key=key)] * 5)

    def test_get_the_same_order(self, monkeypatch):
        orders = successes(self.race(monkeypatch))
        assert len(orders) == 5
        assert len({(o.pk, o.checkout_url) for o in orders}) == 1

    def test_control_without_locks_and_constraints_they_get_several(self, monkeypatch):
        with without(KEY_ONCE, OPEN_ONCE, SEAT_NUMBER, ("seats_seat", "seats_one_per_pair")):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Order.objects.count() > 1


def test_ten_checkouts_of_one_pair_leave_one_open():
    sam, mia = user("sam"), mentor("mia")
    pack = offering(mia)
    results = together([partial(place, sam, pack, starts_at=at(2, 8 + n)) for n in range(10)])
    assert len(successes(results)) == 10
    assert Order.objects.filter(status="PENDING").count() == 1
    assert Seat.objects.standing().count() == 1


def test_checkouts_payments_and_expiry_at_once_never_deadlock():
    mia, max_ = mentor("mia"), mentor("max")
    packs = [offering(mia), offering(max_)]
    # Everybody is also somebody's student: locks meet in every role.
    people = [user(f"s{n}") for n in range(4)]
    orders = [place(person, packs[n % 2], starts_at=at(2, 8 + n)) for n, person in enumerate(people)]
    for order in orders:
        decide(order)
    calls = [partial(services.confirm_and_fulfil, order.pk, NOW) for order in orders]
    calls += [partial(place, person, packs[n % 2]) for n, person in enumerate(people)]
    calls += [partial(place, mia, packs[1]), partial(place, max_, packs[0]), partial(expire_orders, NOW + HOUR)]
    successes(together(calls))
    assert Order.objects.filter(status="FULFILLED").count() == 4


def test_money_leaves_once_however_many_workers():
    mia, sam = mentor("mia", seats=1), user("sam")
    order = place(sam, offering(mia))
    bought(user("sue"), mia, now=NOW + HOUR)
    pay(order, now=NOW + HOUR)
    assert sum(together([partial(send_refunds, NOW + HOUR)] * 5)) == 1
    assert SandboxRefund.objects.count() == 1
    assert LedgerTransaction.objects.filter(cause__startswith="refund:").count() == 1


class TestShares:
    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        pay(place(sam, offering(mia)))
        for day in (3, 4):
            session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=at(day - 2))
            complete(session_id=session.pk, by=mia, now=at(day, 11))
        meet(monkeypatch, 3, (shares, "_moves"))
        together([partial(release_shares, at(20))] * 3)

    def test_become_available_once(self, monkeypatch):
        self.race(monkeypatch)
        assert accounts()["MENTOR_AVAILABLE"] == -9800

    def test_control_without_locks_and_cause_they_do_twice(self, monkeypatch):
        with without(CAUSE_ONCE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert accounts()["MENTOR_AVAILABLE"] < -9800


def test_a_worker_that_dies_loses_its_event_to_the_next(monkeypatch):
    order = place(user("sam"), offering(mentor("mia")))
    decide(order)
    send_webhook(said(order))
    assert inbox._claim(WebhookEvent.objects.get())
    assert process_webhooks(NOW) == 0, "the lease is not over"
    WebhookEvent.objects.update(next_attempt_at=NOW)
    assert process_webhooks(NOW) == 1
