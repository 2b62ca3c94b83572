"""The waiting list raced: an offer and somebody else's checkout, the offered person's checkout and the end of the offer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from mentorship.kernel.refusals import Refusal
from notifications.models import Notification
from seats.jobs import sweep_seats
from seats.models import Seat, WaitingPlace
from seats.services import hold_seat, join, lapsing, release_seat, transitions, waiting
from tests.cast import NOW, bought, mentor, offering, user
from tests.payments.scene import place
from tests.races import SEAT_NUMBER, meet, remove_locks, successes, together, without

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)


class TestOfferAgainstCheckout:
    """One seat is free: Sue, who paid too late, comes into the line and is offered it; Otto is at the till."""

    def race(self, monkeypatch):
        mia, sue, otto = mentor("mia", seats=1), user("sue"), user("otto")
        pack = offering(mia)
        meet(monkeypatch, 2, (waiting, "availabilities"), (transitions, "free_number"))
        calls = [partial(join, student=sue, mentor_id=mia.pk, paid_too_late=True, now=NOW), partial(place, otto, pack)]
        results = together(calls)
        return results, list(Seat.objects.standing().values_list("student__name", "status"))

    def test_the_seat_is_kept_for_one(self, monkeypatch):
        (joined, bought_), seats = self.race(monkeypatch)
        assert len(seats) == 1
        if isinstance(bought_, Refusal):
            assert (bought_.code, joined.status, seats[0]) == ("mentor_full", "OFFERED", ("Sue", "OFFERED"))
        else:
            assert (joined.status, seats[0]) == ("WAITING", ("Otto", "HELD"))

    def test_control_without_locks_and_constraint_for_both(self, monkeypatch):
        with without(SEAT_NUMBER):
            remove_locks(monkeypatch)
            _, seats = self.race(monkeypatch)
            assert sorted(status for _, status in seats) == ["HELD", "OFFERED"]


def offered():
    """Sue is offered the only seat; Otto waits behind her."""
    mia, sam, sue, otto = mentor("mia", seats=1), user("sam"), user("sue"), user("otto")
    bought(sam, mia)
    for person in (sue, otto):
        join(student=person, mentor_id=mia.pk, now=NOW)
    release_seat(seat_id=Seat.objects.get().pk, by=mia, reason="moved away", now=NOW)
    return mia, sue, otto, Seat.objects.standing().get(student=sue)


class TestCheckoutAsTheOfferEnds:
    """Sue checks out in the last second of her offer, while the sweep passes the seat on to Otto."""

    def race(self, monkeypatch):
        mia, sue, otto, seat = offered()
        until = seat.held_until
        meet(monkeypatch, 2, (lapsing, "_due"), (transitions, "_standing_seat"))
        hold = partial(hold_seat, student_id=sue.pk, mentor_id=mia.pk, until=until + 35 * 60 * SECOND, by=sue)
        held, swept = together([partial(hold, now=until - SECOND), partial(sweep_seats, until)])
        assert not isinstance(swept, Exception), swept
        (left,) = Seat.objects.standing()
        return not isinstance(held, Exception), left.student == sue, left.student == otto

    def test_she_has_it_or_he_has_and_she_knows(self, monkeypatch):
        assert self.race(monkeypatch) in [(True, True, False), (False, False, True)]

    def test_control_without_locks_she_pays_for_his_seat(self, monkeypatch):
        remove_locks(monkeypatch)
        assert self.race(monkeypatch) == (True, False, True)


class TestTwoSweepsAtTheEndOfAnOffer:
    def race(self, monkeypatch):
        _, _, otto, seat = offered()
        meet(monkeypatch, 2, (lapsing, "_due"))
        successes(together([partial(sweep_seats, seat.held_until)] * 2))
        offers = Notification.objects.filter(kind="waiting_list_offer", recipient=otto).count()
        return Seat.objects.standing().count(), offers

    def test_the_next_gets_one_offer(self, monkeypatch):
        assert self.race(monkeypatch) == (1, 1)
        assert sorted(WaitingPlace.objects.values_list("status", flat=True)) == ["LAPSED", "OFFERED"]

    def test_even_without_locks_the_row_that_is_released_lets_one_pass(self, monkeypatch):
        remove_locks(monkeypatch)
        assert self.race(monkeypatch) == (1, 1)
