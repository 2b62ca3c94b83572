"""Where two things happen at once to the same money: a refund while renewing, a dispute while buying, a bank's second mind."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from packs.models import SessionPack
from payments.models import Dispute
from payments.providers.base import DisputeFacts, DisputeStatus, RefundFacts, RefundStatus, Reversals
from payments.services import plan_refund, refund_order
from payments.services.reversals import apply_reversals
from seats.models import Seat
from tests.cast import HOUR, NOW, offering
from tests.payments.scene import SPLIT, accounts, pay, place

pytestmark = pytest.mark.django_db


def disputed(payment, status, currency="EUR"):
    facts = DisputeFacts(status, "dp_1", 28000, currency, "fraudulent")
    apply_reversals(payment, Reversals(disputes=(facts,)), now=NOW)


def test_a_refund_leaves_the_seat_to_whoever_is_paying_for_the_next_pack(mia, sam):
    offer = offering(mia)
    order = pay(place(sam, offer))
    renewal = place(sam, offer)
    plan = plan_refund(order, now=NOW)
    assert (plan.closes_pack, plan.releases_seat) == (True, False)
    refund_order(order_id=order.pk, by=mia, reason="", now=NOW)
    seat = Seat.objects.get()
    assert (seat.status, seat.held_until) == (Seat.Status.HELD, renewal.expires_at)
    assert pay(renewal).status == "FULFILLED"
    seat.refresh_from_db()
    assert seat.status == Seat.Status.ACTIVE


def test_that_seat_is_free_when_the_payment_does_not_come(mia, sam):
    offer = offering(mia)
    order = pay(place(sam, offer))
    place(sam, offer)
    refund_order(order_id=order.pk, by=mia, reason="", now=NOW)
    assert not Seat.objects.occupying(NOW + HOUR).exists()


def test_nothing_is_bought_into_a_dispute(mia, sam):
    order = pay(place(sam, offering(mia)))
    disputed(order.payments.get(), DisputeStatus.OPEN)
    with pytest.raises(Refusal) as refused:
        place(sam, offering(mia))
    assert refused.value.code == "pack_frozen"
    disputed(order.payments.get(), DisputeStatus.WON)
    assert place(sam, offering(mia)).status == "PENDING"


def test_a_dispute_that_was_won_and_is_lost_after_all_is_booked(mia, sam):
    payment = pay(place(sam, offering(mia))).payments.get()
    for status in (DisputeStatus.OPEN, DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.LOST):
        disputed(payment, status)
    assert Dispute.objects.get().status == "LOST"
    assert (accounts(), SessionPack.objects.get().status) == ({}, "REFUNDED")


def test_what_is_in_another_currency_is_not_booked_but_seen(mia, sam):
    order = pay(place(sam, offering(mia)))
    payment = order.payments.get()
    disputed(payment, DisputeStatus.LOST, currency="USD")
    refund = RefundFacts(RefundStatus.SUCCEEDED, "re_1", 28000, "USD")
    apply_reversals(payment, Reversals((refund,)), now=NOW)
    order.refresh_from_db()
    assert order.attention == "sandbox says that something in USD went back of a payment in EUR."
    assert (accounts(), Dispute.objects.count(), order.refunds.count()) == (SPLIT, 0, 0)
