"""Requests raced: whatever comes together, one slot ends in one session and one seat with one student."""

from __future__ import annotations

from functools import partial

import pytest

from seats.models import Seat
from seats.services import transitions
from sessions_app.models import BookingRequest, CalendarBlock, Session
from sessions_app.services import (
    approve,
    book,
    booking,
    expire_request,
    requesting,
    reserving,
    submit_request,
    withdraw_request,
)
from tests.cast import NOW, at, bought, mentor, offering, user
from tests.races import NOBODY_TWICE, SEAT_NUMBER, meet, remove_locks, successes, together, without

pytestmark = pytest.mark.django_db(transaction=True)

ONE_REQUEST = ("sessions_app_bookingrequest", "sessions_one_open_request")


def asked(student, offer, *days, now=NOW):
    return submit_request(student=student, offering=offer, times=[at(day) for day in days], now=now)


def single(of):
    return offering(of, sessions=1, booking_mode="REQUEST")


def state(request):
    request.refresh_from_db()
    return request.status, CalendarBlock.objects.count()


class TestTwoRequestsForOneSlot:
    """Both are asked at once, and that is fine: a request blocks nothing. Both are approved at once, and one holds."""

    def race(self, monkeypatch):
        mia = mentor("mia")
        offer = single(mia)
        requests = successes(together([partial(asked, user(name), offer, 5) for name in ("sam", "sue")]))
        assert len(requests) == 2
        meet(monkeypatch, 2, (reserving, "check_slot"))
        return together([partial(approve, request_id=request.pk, by=mia, now=NOW) for request in requests])

    def test_end_in_one_session(self, monkeypatch):
        results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Exception)} == {"slot_unavailable"}
        assert Session.objects.count() == 1
        assert sorted(BookingRequest.objects.values_list("status", flat=True)) == ["APPROVED", "PENDING_MENTOR_REVIEW"]

    def test_control_without_locks_and_constraint_they_end_in_two(self, monkeypatch):
        with without(NOBODY_TWICE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Session.objects.count() == 2

    def test_without_locks_the_constraint_alone_refuses_politely(self, monkeypatch):
        remove_locks(monkeypatch)
        assert len(successes(self.race(monkeypatch))) == 1
        assert Session.objects.count() == 1


class TestOneRequestApprovedTwice:
    """A double click, or two open tabs with another time chosen in each."""

    def race(self, monkeypatch):
        mia = mentor("mia")
        request = asked(user("sam"), single(mia), 5, 6)
        meet(monkeypatch, 2, (requesting, "lock_request"))
        say = [partial(approve, request_id=request.pk, by=mia, scheduled_at=at(day), now=NOW) for day in (5, 6)]
        return together(say)

    def test_is_one_session(self, monkeypatch):
        assert len(successes(self.race(monkeypatch))) == 2
        assert Session.objects.count() == 1
        assert BookingRequest.objects.get().session == Session.objects.get()

    def test_control_without_locks_it_is_two(self, monkeypatch):
        remove_locks(monkeypatch)
        self.race(monkeypatch)
        assert Session.objects.count() == 2


class TestApproveAgainstWithdraw:
    """The mentor says yes while the student takes it back: nothing stays kept, whoever was first."""

    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        request = asked(sam, single(mia), 5)
        meet(monkeypatch, 2, (requesting, "lock_request"))
        calls = [(approve, mia), (withdraw_request, sam)]
        successes(together([partial(verb, request_id=request.pk, by=by, now=NOW) for verb, by in calls]))
        return state(request)

    def test_nothing_stays_kept(self, monkeypatch):
        assert self.race(monkeypatch) == ("WITHDRAWN", 0)

    def test_control_without_locks_a_time_is_kept_for_nobody(self, monkeypatch):
        remove_locks(monkeypatch)
        assert self.race(monkeypatch)[1] == 2


class TestApproveAtTheDeadline:
    """The mentor's yes in the last second, and the job that ends what was not answered."""

    def race(self, monkeypatch):
        mia = mentor("mia")
        request = asked(user("sam"), single(mia), 10)
        deadline = request.approval_deadline
        meet(monkeypatch, 2, (requesting, "lock_request"))
        results = together(
            [
                partial(
                    approve,
                    request_id=request.pk,
                    by=mia,
                    now=deadline.replace(microsecond=0) - (at(1) - at(0)) / 86400,
                ),
                partial(expire_request, request_id=request.pk, now=deadline),
            ]
        )
        successes(results)
        return state(request)

    def test_is_approved_with_its_time_or_expired_without(self, monkeypatch):
        assert self.race(monkeypatch) in [("APPROVED", 2), ("EXPIRED", 0)]

    def test_control_without_locks_it_is_expired_and_kept(self, monkeypatch):
        remove_locks(monkeypatch)
        outcome = self.race(monkeypatch)
        told = BookingRequest.objects.get()
        assert outcome == ("EXPIRED", 2) or (told.status, told.ended_at) == ("APPROVED", told.approval_deadline)


class TestApproveAgainstABooking:
    """One student's request is approved while another books the same time with a credit."""

    def race(self, monkeypatch):
        mia, sue = mentor("mia"), user("sue")
        bought(sue, mia)
        request = asked(user("sam"), single(mia), 5)
        meet(monkeypatch, 2, (reserving, "check_slot"), (booking, "check_slot"))
        return together(
            [
                partial(approve, request_id=request.pk, by=mia, now=NOW),
                partial(book, student=sue, mentor_id=mia.pk, starts_at=at(5), by=sue, now=NOW),
            ]
        )

    def test_one_has_it(self, monkeypatch):
        assert len(successes(self.race(monkeypatch))) == 1
        assert Session.objects.count() == 1

    def test_control_without_locks_and_constraint_both_do(self, monkeypatch):
        with without(NOBODY_TWICE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Session.objects.count() == 2


class TestAskingTwiceAtOnce:
    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        offer = single(mia)
        meet(monkeypatch, 2, (requesting, "_check_time"))
        return together([partial(asked, sam, offer, 5)] * 2)

    def test_is_one_request(self, monkeypatch):
        results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Exception)} == {"already_requested"}

    def test_control_without_locks_and_constraint_it_is_two(self, monkeypatch):
        with without(ONE_REQUEST):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert BookingRequest.objects.count() == 2


class TestTwoPacksForTheLastSeat:
    def race(self, monkeypatch):
        mia = mentor("mia", seats=1)
        offer = offering(mia, sessions=4, booking_mode="REQUEST")
        requests = [asked(user(name), offer) for name in ("sam", "sue")]
        meet(monkeypatch, 2, (transitions, "free_number"))
        return together([partial(approve, request_id=request.pk, by=mia, now=NOW) for request in requests])

    def test_hold_one_seat(self, monkeypatch):
        results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Exception)} == {"mentor_full"}
        assert Seat.objects.standing().count() == 1

    def test_control_without_locks_and_constraint_they_hold_two(self, monkeypatch):
        with without(SEAT_NUMBER):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Seat.objects.standing().count() == 2
