"""Every rule about scarce things, raced: with the guard it holds, without it (the control) it breaks."""

from __future__ import annotations

import pytest
from django.db import transaction

from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import Refusal
from packs.models import CreditEntry, SessionPack
from packs.services import credits
from seats.jobs import sweep_seats
from seats.models import Seat
from seats.services import availability, hold_seat, lapsing, take_seat, transitions
from sessions_app.models import Session
from sessions_app.services import book, booking, complete, settling
from tests.cast import HOUR, NOW, at, bought, counters, mentor, user
from tests.races import (
    NOBODY_TWICE,
    NOT_NEGATIVE,
    SEAT_NUMBER,
    WITHIN_TOTAL,
    meet,
    remove_locks,
    successes,
    together,
    without,
)

pytestmark = pytest.mark.django_db(transaction=True)


def book_at(student, of, starts_at):
    return lambda: book(student=student, mentor_id=of.pk, starts_at=starts_at, by=student, now=NOW)


class TestLastCredit:
    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia, sessions=1, takes_seat=True)
        meet(monkeypatch, 2, (credits, "free_by_purchase"))
        return pack, together([book_at(sam, mia, at(2)), book_at(sam, mia, at(3))])

    def test_is_booked_once(self, monkeypatch):
        pack, results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert counters(pack) == (1, 1, 0)

    def test_control_without_locks_and_check_it_is_booked_twice(self, monkeypatch):
        with without(WITHIN_TOTAL):
            remove_locks(monkeypatch)
            pack, _ = self.race(monkeypatch)
            assert counters(pack) == (1, 2, 0)

    def test_without_locks_the_check_alone_still_refuses(self, monkeypatch):
        remove_locks(monkeypatch)
        pack, results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert counters(pack) == (1, 1, 0)


class TestOneSlotForTwenty:
    def race(self, monkeypatch):
        mia = mentor("mia", seats=20)
        students = [user(f"s{n}") for n in range(20)]
        for student in students:
            bought(student, mia)
        meet(monkeypatch, 20, (booking, "check_slot"))
        return together([book_at(student, mia, at(2)) for student in students])

    def test_one_gets_it(self, monkeypatch):
        assert len(successes(self.race(monkeypatch))) == 1
        assert Session.objects.count() == 1

    def test_control_without_locks_and_constraint_several_do(self, monkeypatch):
        with without(NOBODY_TWICE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Session.objects.count() > 1


class TestOnePersonInTwoPlaces:
    def student_with_two_mentors(self):
        mia, max_, sam = mentor("mia"), mentor("max"), user("sam")
        for of in (mia, max_):
            bought(sam, of)
        return [book_at(sam, mia, at(2)), book_at(sam, max_, at(2, 10, 30))]

    def mentor_who_is_a_student(self):
        mia, max_, sam = mentor("mia"), mentor("max"), user("sam")
        bought(max_, mia)
        bought(sam, max_)
        return [book_at(max_, mia, at(2)), book_at(sam, max_, at(2))]

    @pytest.mark.parametrize("who", ["student_with_two_mentors", "mentor_who_is_a_student"])
    def test_is_only_in_one(self, monkeypatch, who):
        calls = getattr(self, who)()
        meet(monkeypatch, 2, (booking, "check_slot"))
        assert len(successes(together(calls))) == 1

    @pytest.mark.parametrize("who", ["student_with_two_mentors", "mentor_who_is_a_student"])
    def test_control_without_locks_and_constraint_in_both(self, monkeypatch, who):
        with without(NOBODY_TWICE):
            calls = getattr(self, who)()
            remove_locks(monkeypatch)
            meet(monkeypatch, 2, (booking, "check_slot"))
            assert len(successes(together(calls))) == 2


class TestLastSeat:
    def race(self, monkeypatch):
        mia = mentor("mia", seats=3)
        for name in ("ann", "bob"):
            bought(user(name), mia)
        students = [user(f"s{n}") for n in range(20)]
        meet(monkeypatch, 20, (transitions, "free_number"))
        until = NOW + HOUR
        return mia, together(
            [lambda s=s: hold_seat(student_id=s.pk, mentor_id=mia.pk, until=until, by=s, now=NOW) for s in students]
        )

    def test_goes_to_one_of_twenty(self, monkeypatch):
        mia, results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Refusal)} == {"mentor_full"}
        assert availability(mia.pk, NOW).occupied == 3

    def test_control_without_locks_and_constraint_it_is_oversold(self, monkeypatch):
        with without(SEAT_NUMBER):
            remove_locks(monkeypatch)
            mia, _ = self.race(monkeypatch)
            assert availability(mia.pk, NOW).occupied > 3


class TestSettleTwice:
    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia)
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
        meet(monkeypatch, 2, (settling, "take_back_plans"))
        settle = lambda: complete(session_id=session.pk, by=mia, now=session.ends_at)  # noqa: E731
        return pack, together([settle, settle])

    def test_uses_one_credit(self, monkeypatch):
        pack, results = self.race(monkeypatch)
        assert len(successes(results)) == 2
        assert counters(pack) == (4, 0, 1)
        assert CreditEntry.objects.filter(pack=pack, kind="USED").count() == 1

    def test_control_without_locks_and_check_it_uses_two(self, monkeypatch):
        with without(*NOT_NEGATIVE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert CreditEntry.objects.filter(kind="USED").count() == 2


class TestExtendWhileTheSweepReleases:
    """Grace ends at the very moment of the renewal: the student ends up with one seat and an open pack, or neither."""

    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        bought(sam, mia, sessions=2)
        for day in (1, 2):
            session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
            complete(session_id=session.pk, by=mia, now=session.ends_at)
        seat = Seat.objects.get()
        over = seat.grace_ends_at

        def renew():
            now = over - HOUR / 3600
            with transaction.atomic():
                lock_people([sam.pk, mia.pk])
                mine = take_seat(student_id=sam.pk, mentor_id=mia.pk, by=sam, reason="renewed", now=now)
                bought(sam, mia, now=now, seat_in_grace_since=mine.activated_at)

        meet(monkeypatch, 2, (lapsing, "_due"), (transitions, "_standing_seat"))
        together([renew, lambda: sweep_seats(over)])
        open_packs = SessionPack.objects.filter(student=sam, status="ACTIVE").count()
        return open_packs, Seat.objects.standing().filter(status="ACTIVE").count()

    def test_pack_and_seat_agree(self, monkeypatch):
        assert self.race(monkeypatch) == (1, 1)

    def test_control_without_locks_a_pack_without_seat(self, monkeypatch):
        remove_locks(monkeypatch)
        assert self.race(monkeypatch) != (1, 1)
