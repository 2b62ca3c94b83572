"""Changes raced: moving, settling, cancelling, claiming, pausing, leaving for a vacation, entering the room."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from packs.models import CreditEntry
from packs.services import answer_pause, ask_for_pause, pausing
from sessions_app.models import CalendarBlock, Claim, Session, SessionEvent, Vacation
from sessions_app.services import (
    book,
    booking,
    cancel,
    cancelling,
    claiming,
    complete,
    moving,
    reschedule,
    room,
    settling,
    vacations,
)
from tests.cast import NOW, at, bought, counters, mentor, user
from tests.races import NOT_NEGATIVE, first, meet, remove_locks, successes, together, without

pytestmark = pytest.mark.django_db(transaction=True)

ONE_CLAIM = ("sessions_app_claim", "sessions_one_open_claim")


def scene():
    mia, sam = mentor("mia"), user("sam")
    pack = bought(sam, mia)
    return mia, sam, pack, book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)


class TestMoveAgainstSettle:
    """One clock says it is still early enough to move, another that the session is over."""

    def race(self, monkeypatch):
        mia, sam, pack, session = scene()
        meet(monkeypatch, 2, (moving, "lock_session"), (settling, "lock_session"))
        results = together(
            [
                partial(reschedule, session_id=session.pk, starts_at=at(6), by=sam, now=NOW),
                partial(complete, session_id=session.pk, by=mia, now=session.ends_at),
            ]
        )
        session.refresh_from_db()
        return pack, results, (session.status, session.starts_at, CalendarBlock.objects.count())

    def test_it_is_moved_or_settled(self, monkeypatch):
        pack, results, outcome = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert (outcome, counters(pack)) in [
            (("SCHEDULED", at(6), 2), (4, 1, 0)),
            (("COMPLETED", at(2), 0), (4, 0, 1)),
        ]

    def test_control_without_locks_it_is_both(self, monkeypatch):
        remove_locks(monkeypatch)
        _, results, outcome = self.race(monkeypatch)
        assert len(successes(results)) == 2
        assert outcome[:2] == ("COMPLETED", at(6))


class TestMoveAgainstCancel:
    def race(self, monkeypatch):
        mia, sam, pack, session = scene()
        meet(monkeypatch, 2, (moving, "lock_session"), (cancelling, "lock_session"))
        results = together(
            [
                partial(reschedule, session_id=session.pk, starts_at=at(6), by=sam, now=NOW),
                partial(cancel, session_id=session.pk, by=mia, now=NOW),
            ]
        )
        session.refresh_from_db()
        return pack, results, session

    def test_a_cancelled_session_takes_nobodys_time(self, monkeypatch):
        pack, results, session = self.race(monkeypatch)
        successes(results)
        assert (session.status, CalendarBlock.objects.count(), counters(pack)) == ("CANCELLED", 0, (4, 0, 0))

    def test_control_without_locks_it_does(self, monkeypatch):
        remove_locks(monkeypatch)
        _, _, session = self.race(monkeypatch)
        assert (session.status, CalendarBlock.objects.count()) == ("CANCELLED", 2)


class TestBothCancelAtOnce:
    def race(self, monkeypatch):
        mia, sam, pack, session = scene()
        meet(monkeypatch, 2, (cancelling, "lock_session"))
        return pack, together([partial(cancel, session_id=session.pk, by=by, now=NOW) for by in (mia, sam)])

    def test_the_credit_comes_back_once(self, monkeypatch):
        pack, results = self.race(monkeypatch)
        assert len(successes(results)) == 2
        assert counters(pack) == (4, 0, 0)
        assert SessionEvent.objects.filter(kind="CANCELLED").count() == 1

    def test_control_without_locks_and_check_it_comes_back_twice(self, monkeypatch):
        with without(*NOT_NEGATIVE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert CreditEntry.objects.filter(held_delta=-1).count() == 2


class TestTwoClaims:
    def race(self, monkeypatch):
        mia, sam, pack, session = scene()
        now = complete(session_id=session.pk, by=mia, now=session.ends_at).ends_at + timedelta(hours=1)
        meet(monkeypatch, 2, (claiming, "lock_session"))
        say = partial(
            claiming.open_claim, session_id=session.pk, wanted="GIVEN_BACK", reason="The sound was off.", now=now
        )
        return pack, together([partial(say, by=by) for by in (mia, sam)])

    def test_one_is_open(self, monkeypatch):
        pack, results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Exception)} == {"wrong_state"}
        assert Claim.objects.count() == 1
        pack.refresh_from_db()
        assert pack.frozen_at is not None

    def test_control_without_locks_and_constraint_two_are(self, monkeypatch):
        with without(ONE_CLAIM):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Claim.objects.count() == 2

    def test_without_locks_the_constraint_alone_refuses_politely(self, monkeypatch):
        remove_locks(monkeypatch)
        _, results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert Claim.objects.count() == 1


class TestVacationAgainstBooking:
    """Nothing lies in those days, says the vacation; they are open, says the booking."""

    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        bought(sam, mia)
        meet(monkeypatch, 2, (vacations, "settled"), (booking, "check_slot"))
        day = at(7).date()
        return together(
            [
                partial(vacations.add_vacation, mentor=mia, first_day=day, last_day=day, decisions={}, now=NOW),
                partial(book, student=sam, mentor_id=mia.pk, starts_at=at(7), by=sam, now=NOW),
            ]
        )

    def test_no_session_lies_in_it_undecided(self, monkeypatch):
        results = self.race(monkeypatch)
        assert len(successes(results)) == 1
        assert {r.code for r in results if isinstance(r, Exception)} <= {"answer_changed", "slot_unavailable"}
        assert Vacation.objects.count() + Session.objects.count() == 1

    def test_control_without_locks_one_does(self, monkeypatch):
        remove_locks(monkeypatch)
        assert len(successes(self.race(monkeypatch))) == 2
        assert Vacation.objects.count() == Session.objects.count() == 1


class TestPauseBeforeABooking:
    """The other side agrees to the pause; a booking comes while that is being written."""

    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia)
        pause = ask_for_pause(pack_id=pack.pk, by=sam, days=10, now=NOW)
        with first(monkeypatch, pausing, "_locked") as wait:

            def late():
                wait()
                return book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)

            return together([partial(answer_pause, pause_id=pause.pk, by=mia, agreed=True, now=NOW), late])

    def test_the_booking_waits_and_is_refused(self, monkeypatch):
        pause, refused = self.race(monkeypatch)
        assert (pause.status, refused.code) == ("RUNNING", "pack_paused")
        assert not Session.objects.exists()

    def test_control_without_locks_it_slips_in(self, monkeypatch):
        remove_locks(monkeypatch)
        assert len(successes(self.race(monkeypatch))) == 2
        assert Session.objects.count() == 1


class TestBothEnterAtOnce:
    def race(self, monkeypatch):
        mia, sam, _, session = scene()
        meet(monkeypatch, 2, (room, "lock"))
        moments = (session.starts_at, session.starts_at + timedelta(minutes=1))
        enter = partial(room.enter, session_id=session.pk)
        results = together([partial(enter, by=by, now=now) for by, now in zip((sam, mia), moments, strict=True)])
        assert len(successes(results)) == 2
        session.refresh_from_db()
        entries = SessionEvent.objects.filter(session=session, kind="ENTERED").order_by("id")
        assert session.status == "IN_PROGRESS" and entries.count() == 2
        return session.started_at, entries.first().at

    def test_it_starts_once_with_whoever_was_first(self, monkeypatch):
        started_at, first_entry = self.race(monkeypatch)
        assert started_at == first_entry

    def test_control_without_locks_it_starts_again(self, monkeypatch):
        remove_locks(monkeypatch)
        started_at, first_entry = self.race(monkeypatch)
        assert started_at != first_entry
