"""A seat offered past the line: what has lapsed without a job having said so is in nobody's way."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from payments.services import give_up
from seats.models import Seat, SeatEvent, WaitingPlace
from seats.services.repairing import offer_seat
from tests.cast import HOUR, NOW, mentor, offering
from tests.payments.scene import place

pytestmark = pytest.mark.django_db
LATER = NOW + HOUR  # the checkout's hold is over


@pytest.fixture
def mia(db):
    return mentor("mia", seats=1)


@pytest.fixture
def order(mia, sam):
    return place(sam, offering(mia))


def offer(student, mia, now=LATER):
    return offer_seat(student=student, mentor_id=mia.pk, by=mia, reason="promised", now=now)


def test_it_takes_the_number_of_a_hold_that_is_over(order, mia, sue):
    assert offer(sue, mia).number == 1


def test_a_hold_of_ones_own_that_is_over_is_no_seat(order, mia, sam):
    assert offer(sam, mia).status == Seat.Status.OFFERED


def test_a_hold_that_stands_keeps_its_seat(order, mia, sue):
    with pytest.raises(Refusal) as refused:
        offer(sue, mia, now=NOW)
    assert refused.value.code == "mentor_full"


def test_it_goes_past_the_line(order, mia, sue, otto):
    WaitingPlace.objects.create(mentor=mia, student=otto, joined_at=NOW)
    offer(sue, mia)
    assert Seat.objects.standing().get().student == sue
    assert WaitingPlace.objects.get(student=otto).status == WaitingPlace.Status.WAITING


def test_the_history_says_in_words_why_a_hold_ended(order, sam):
    give_up(student=sam, order_id=order.pk, now=NOW)
    assert SeatEvent.objects.latest("pk").reason == "the payment failed"
