"""A request that is over, or due earlier than before, keeps no seat; one that is not goes on keeping it."""

from __future__ import annotations

import pytest

from packs.models import SessionPack
from payments.services import refund_order
from seats.models import Seat
from seats.services import release_seat
from sessions_app.models import Session
from sessions_app.services import (
    approve,
    book,
    complete,
    overrule,
    reject,
    submit_request,
    suggest,
    what_if_withdrawn,
    withdraw_request,
)
from tests.cast import HOUR, NOW, at, bought, offering
from tests.payments.scene import pay, place as order_of
from tests.seats.scene import BEGAN, place, statuses

pytestmark = pytest.mark.django_db
END = BEGAN + 48 * HOUR
ASKED = END - 5 * HOUR


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


def asks(student, mentor, now=NOW):
    offer = offering(mentor, minutes=30, booking_mode="REQUEST")
    return submit_request(student=student, offering=offer, times=[], now=now)


def approved(student, mentor, now=NOW):
    return approve(request_id=asks(student, mentor, now).pk, by=mentor, now=now)


@pytest.fixture
def in_grace(mia, sam):
    """Sam's grace with Mia has one hour to go."""
    bought(sam, mia)
    SessionPack.objects.update(status="DEPLETED", sessions_used=4)
    Seat.objects.update(status="GRACE", grace_ends_at=NOW + HOUR)


class TestOnOffer:
    def test_an_early_yes_is_kept_for_its_payment_and_not_for_the_answer(self, tove, sam):
        request = approved(sam, tove, ASKED)
        assert place(sam, tove).kept_until == request.payment_deadline == ASKED + 24 * HOUR

    def test_a_time_that_is_soon_is_kept_until_its_own_answer(self, tove, sam):
        request = asks(sam, tove, ASKED)
        request = suggest(request_id=request.pk, by=tove, times=[ASKED + 29 * HOUR], now=ASKED)
        assert place(sam, tove).kept_until == request.approval_deadline == ASKED + 26 * HOUR

    def test_another_request_that_is_asked_still_keeps_it_longer(self, tove, sam):
        other = asks(sam, tove, ASKED)
        approved(sam, tove, ASKED)
        assert place(sam, tove).kept_until == other.approval_deadline == ASKED + 48 * HOUR

    def test_what_else_keeps_the_offer_is_said_before(self, tove, sam):
        first = asks(sam, tove, ASKED)
        asks(sam, tove, ASKED + HOUR)
        consequence = what_if_withdrawn(first, now=END + HOUR)
        assert (consequence.code, "next in line" in consequence.also) == ("waiting:offer_kept", False)
        withdraw_request(request_id=first.pk, by=sam, now=END + HOUR, expect=consequence.code)
        assert statuses(tove)["Sam"] == "OFFERED"


class TestSeated:
    def test_taking_a_yes_back_leaves_the_seat_to_the_pack_and_says_so(self, mia, sam):
        bought(sam, mia)
        request = approved(sam, mia)
        consequence = what_if_withdrawn(request, now=NOW)
        assert (consequence.code, "seat" in consequence.sentence) == ("kept:seat_stays", False)
        withdraw_request(request_id=request.pk, by=sam, now=NOW, expect=consequence.code)
        seat = Seat.objects.get()
        assert (seat.status, seat.is_held(NOW)) == ("ACTIVE", False)

    def test_a_seat_that_was_taken_away_is_not_said_to_be_kept(self, mia, sam):
        request = approved(sam, mia)
        release_seat(seat_id=Seat.objects.get().pk, by=mia, reason="a mistake", now=NOW)
        assert "seat" not in what_if_withdrawn(request, now=NOW).sentence

    def test_a_refund_after_it_frees_the_seat_at_once(self, mia, sam):
        order = pay(order_of(sam, offering(mia)))
        request = approved(sam, mia)
        withdraw_request(request_id=request.pk, by=sam, now=NOW)
        refund_order(order_id=order.pk, by=mia, reason="", now=NOW + HOUR)
        assert Seat.objects.get().status == "RELEASED"

    def test_after_the_grace_the_seat_is_free_at_once_as_was_said(self, in_grace, mia, sam):
        request, later = approved(sam, mia), NOW + 2 * HOUR
        consequence = what_if_withdrawn(request, now=later)
        assert "your seat would be free for others at once" in consequence.sentence
        withdraw_request(request_id=request.pk, by=sam, now=later, expect=consequence.code)
        assert Seat.objects.get().release_reason == "GRACE_ENDED"

    def test_a_checkout_that_was_begun_in_the_grace_keeps_it_all_the_same(self, in_grace, mia, sam):
        request = approved(sam, mia)
        order = order_of(sam, offering(mia), now=NOW + HOUR * 0.9)
        later = NOW + HOUR * 1.1
        assert what_if_withdrawn(request, now=later).code == "kept:seat_stays"
        withdraw_request(request_id=request.pk, by=sam, now=later)
        seat = Seat.objects.get()
        assert (seat.status, seat.held_until) == ("GRACE", order.expires_at)

    def test_in_the_grace_nothing_of_it_is_lost(self, in_grace, mia, sam):
        request, soon = approved(sam, mia), NOW + HOUR / 2
        withdraw_request(request_id=request.pk, by=sam, now=soon)
        assert Seat.objects.get().kept_until == NOW + HOUR

    def test_a_no_to_what_was_not_approved_takes_no_hold(self, in_grace, mia, sam):
        order, request = order_of(sam, offering(mia)), asks(sam, mia)
        reject(request_id=request.pk, by=mia, reason="no", now=NOW)
        assert Seat.objects.get().held_until == order.expires_at


def test_a_yes_goes_on_keeping_the_seat_when_a_used_session_comes_back(mia, sam):
    order = pay(order_of(sam, offering(mia, sessions=2)))
    for day in (2, 3):
        book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
    first, last = Session.objects.order_by("starts_at")
    now = last.ends_at
    for session in (first, last):
        complete(session_id=session.pk, by=mia, now=now)
    request = approved(sam, mia, now)
    overrule(session_id=last.pk, outcome="MENTOR_ABSENT", by=mia, reason="asked", now=now)
    seat = Seat.objects.get()
    assert (seat.status, seat.held_until) == ("ACTIVE", request.payment_deadline)
    refund_order(order_id=order.pk, by=mia, reason="", now=now)
    seat.refresh_from_db()
    assert (seat.status, seat.held_until) == ("HELD", request.payment_deadline)
