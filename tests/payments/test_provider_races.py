"""What providers tell twice, or do by themselves, raced. The controls show that each guard is needed."""

from __future__ import annotations

from functools import partial

import pytest

from mentorship.kernel.refusals import Refusal
from packs.models import Purchase, SessionPack
from payments.jobs import reconcile_reversals, send_refunds
from payments.models import Dispute, LedgerTransaction, Payment, Refund, WebhookEvent
from payments.models.payment import RefundQuerySet
from payments.services import confirm, inbox, refunds, reversals
from payments.services.sandbox import close_dispute_there, dispute_there, refund_there
from sessions_app.models import Session
from sessions_app.services import booking
from tests.cast import NOW, counters, mentor, offering, user
from tests.payments.racing import (
    CAUSE_ONCE,
    COUNTED_ONCE,
    FULFILLED_ONCE,
    ONE_PACK,
    PAID_ONCE,
    REFUND_ONCE,
    as_sums,
    booked,
    bought_by_sam,
    give_back,
    look,
    unguarded,
)
from tests.payments.scene import SPLIT, accounts, decide, place, said, send_webhook
from tests.races import NOT_NEGATIVE, WITHIN_TOTAL, meet, successes, together, without

pytestmark = pytest.mark.django_db(transaction=True)


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
        successes(results)
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
        successes(results)
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
        successes(together([look(order), give_back(order), look(order)]))
        send_refunds(NOW)
        assert counters(order.pack) == (0, 0, 0)
        assert accounts() == {}
        assert {r.status for r in Refund.objects.exclude(cause__startswith="provider:")} <= {"FAILED"}


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
        made = [r for r in successes(results) if isinstance(r, Session)]
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
        successes(results)
        assert Dispute.objects.get().status == "LOST"
        assert counters(order.pack) == (0, 0, 0)
        assert not Session.objects.filter(status="SCHEDULED").exists()
        assert accounts() == {}

    def test_control_lost_without_locks_and_checks_it_is_in_two(self, monkeypatch):
        with without(*NOT_NEGATIVE, WITHIN_TOTAL):
            unguarded(monkeypatch)
            order, _ = self.race(monkeypatch, lost=True)
            assert as_sums(order.pack) == (0, 1, 0), "booked, and taken by the bank"
