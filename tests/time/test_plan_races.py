"""Two presses of the plan's button at once, and two plans for the same times: all of it once, and never a half."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import OperationalError
from django.test import Client

from mentorship.kernel import clock
from mentorship.kernel.refusals import Refusal
from notifications.models import Notification
from packs.models import Pause
from packs.services import answer_pause, ask_for_pause, pausing
from sessions_app.models import Session
from sessions_app.services import book, booking, pauses
from sessions_app.services.series import book_series
from tests.cast import NOW, at, bought, counters, mentor, user
from tests.races import NOBODY_TWICE, meet, remove_locks, together, without

pytestmark = pytest.mark.django_db(transaction=True)

ONE_OPEN_PAUSE = ("packs_pause", "packs_one_open_pause")
TIMES = [at(1, 18), at(8, 18), at(15, 18)]


def won(results):
    failed = [one for one in results if isinstance(one, Exception)]
    assert not [one for one in failed if isinstance(one, OperationalError)], f"deadlock: {failed}"
    assert all(isinstance(one, Refusal) for one in failed), failed
    return [one for one in results if not isinstance(one, Exception)]


def plan(pack, student, times=None):
    return lambda: book_series(pack_id=pack.pk, student=student, times=times or TIMES, now=NOW)


class TestTheSameFormTwice:
    @pytest.fixture(autouse=True)
    def monday_noon(self, time_machine) -> None:
        time_machine.move_to(NOW, tick=False)

    def test_books_once_and_answers_twice(self, settings):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia)
        sent = {"time": [clock.iso(time) for time in TIMES], "from": clock.iso(TIMES[0]), "idempotency_key": "one"}
        browsers = [Client(), Client()]
        for browser in browsers:
            browser.force_login(sam)
        answers = together([lambda b=browser: b.post(f"/student/packs/{pack.pk}/plan", sent) for browser in browsers])
        assert [answer.status_code for answer in answers] == [302, 302]
        assert counters(pack) == (4, 3, 0)
        assert Notification.objects.filter(kind="series_scheduled").count() == 2


class TestTwoFormsForTheSameTimes:
    def race(self, monkeypatch):
        mia, sam, sue = mentor("mia"), user("sam"), user("sue")
        packs = [bought(sam, mia), bought(sue, mia)]
        meet(monkeypatch, 2, (booking, "check_slot"))
        # They share the middle one only, and meet it in opposite company.
        results = together([plan(packs[0], sam, [at(1, 18), at(8, 18)]), plan(packs[1], sue, [at(8, 18), at(15, 18)])])
        return packs, results

    def test_one_has_all_of_it_the_other_nothing(self, monkeypatch):
        packs, results = self.race(monkeypatch)
        assert len(won(results)) == 1
        assert sorted(counters(pack)[1] for pack in packs) == [0, 2]
        assert Session.objects.count() == 2

    def test_control_without_locks_and_constraint_both_do(self, monkeypatch):
        with without(NOBODY_TWICE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Session.objects.filter(starts_at=at(8, 18)).count() == 2


class TestOneStudentsTwoTabs:
    def test_the_credits_are_not_spent_twice(self):
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia, sessions=3)
        results = together([plan(pack, sam), plan(pack, sam, [at(2, 18), at(9, 18)])])
        assert len(won(results)) == 1
        assert counters(pack)[1] in (2, 3)
        assert Session.objects.count() == counters(pack)[1]


class TestTwoPausesAtOnce:
    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia)
        meet(monkeypatch, 2, (pausing, "days_left"))
        asks = [lambda by=by: ask_for_pause(pack_id=pack.pk, by=by, days=5, now=NOW) for by in (sam, mia)]
        return together(asks)

    def test_one_is_asked(self, monkeypatch):
        assert len(won(self.race(monkeypatch))) == 1
        assert Pause.objects.count() == 1

    def test_control_without_locks_and_constraint_two_are(self, monkeypatch):
        with without(ONE_OPEN_PAUSE):
            remove_locks(monkeypatch)
            self.race(monkeypatch)
            assert Pause.objects.count() == 2


class TestAgreeingAgainstBooking:
    def race(self, monkeypatch):
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia)
        pause = ask_for_pause(pack_id=pack.pk, by=sam, days=10, now=NOW)
        meet(monkeypatch, 2, (booking, "check_slot"), (pauses, "booked_inside"))
        inside: datetime = at(5, 18)
        results = together(
            [
                lambda: pauses.agree_to_pause(pause_id=pause.pk, by=mia, now=NOW),
                lambda: book(student=sam, mentor_id=mia.pk, starts_at=inside, by=sam, now=NOW),
            ]
        )
        pack.refresh_from_db()
        return pack, results

    def test_never_a_session_inside_a_pause(self, monkeypatch):
        pack, results = self.race(monkeypatch)
        assert len(won(results)) == 1
        assert (pack.paused_at is None) == Session.objects.exists()

    def test_control_without_locks_both(self, monkeypatch):
        remove_locks(monkeypatch)
        pack, _ = self.race(monkeypatch)
        assert pack.paused_at is not None
        assert Session.objects.exists()


class TestAgreeingAgainstTakingBack:
    def test_one_of_them(self):
        mia, sam = mentor("mia"), user("sam")
        pack = bought(sam, mia)
        pause = ask_for_pause(pack_id=pack.pk, by=sam, days=10, now=NOW)
        results = together(
            [
                lambda: answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW),
                lambda: answer_pause(pause_id=pause.pk, by=sam, agreed=False, now=NOW),
            ]
        )
        assert len(won(results)) == 1
        pack.refresh_from_db()
        pause.refresh_from_db()
        assert (pack.paused_at is not None) == (pause.status == "RUNNING")
