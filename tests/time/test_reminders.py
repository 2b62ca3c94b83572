"""A reminder is never sent for an old time, and exactly once for the new one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from mentorship.kernel import clock
from notifications import outbox
from notifications.models import Delivery
from sessions_app import jobs
from sessions_app.jobs import remind_sessions
from sessions_app.models import Session
from sessions_app.services import (
    answer_proposal,
    approve,
    book,
    cancel,
    moving,
    propose_move,
    reschedule,
    submit_request,
)
from sessions_app.services.reserving import adopt_reserved, confirm_reserved
from tests.cast import HOUR, NOW, at, bought, mentor, offering, order_id, user
from tests.notifications.smtp import mail_server
from tests.races import first, remove_locks, successes, together

MINUTE = timedelta(minutes=1)


@pytest.fixture
def server(settings):
    with mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = running.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        yield running


def remind(session, *, hours_before, late=MINUTE):
    remind_sessions(session.starts_at - hours_before * HOUR + late)


def sent_reminders(server, person, now):
    """The times that reminders have named to this person, by real mail, in order."""
    outbox.relay(now)
    mails = [m for m in server.received if m["X-Mentorship-Kind"] == "session_starting" and m["To"] == person.email]
    return [m.get_body(("plain",)).get_content().split("It starts on ")[1].split(" (")[0] for m in mails]


def said(moment):
    return f"{moment:%A} {moment.day} {moment:%B}, {moment:%H:%M}"


@pytest.mark.django_db
class TestByMail:
    def booked(self, mia, sam, day=3):
        bought(sam, mia)
        return book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)

    def run(self, until):
        """Every hour of the days to come, the job twice and the mails."""
        now = NOW
        while now < until:
            now += HOUR
            yield now
            if remind_sessions(now) + remind_sessions(now):
                outbox.relay(now)

    def test_each_once_whatever_how_often_the_job_runs(self, server, mia, sam):
        session = self.booked(mia, sam)
        for now in self.run(until=session.ends_at):
            last = now
        for person in (mia, sam):
            assert sent_reminders(server, person, last) == [said(at(3))] * 2

    def test_moved_before_any_reminder_only_the_new_time_is_named(self, server, mia, sam):
        session = self.booked(mia, sam)
        for now in self.run(until=at(6)):
            if now == at(1):
                reschedule(session_id=session.pk, starts_at=at(5), by=sam, now=now)
        assert sent_reminders(server, sam, at(6)) == sent_reminders(server, mia, at(6)) == [said(at(5))] * 2

    def test_moved_by_a_proposal_after_the_first_reminder(self, server, mia, sam):
        """The day before, the old time is told; then it moves inside the 24 h, and only the new one is told from then."""
        session = self.booked(mia, sam)
        for now in self.run(until=at(5)):
            if now == at(2, 20):
                proposal = propose_move(session_id=session.pk, starts_at=at(4), by=mia, now=now)
                answer_proposal(proposal_id=proposal.pk, by=sam, accepted=True, now=now)
        for person in (mia, sam):
            assert sent_reminders(server, person, at(5)) == [said(at(3)), said(at(4)), said(at(4))]

    def test_moved_away_and_back_is_reminded_of_the_time_that_counts(self, server, mia, sam):
        session = self.booked(mia, sam)
        remind(session, hours_before=24)  # written down, not yet mailed
        for there in (at(5), at(3)):
            proposal = propose_move(session_id=session.pk, starts_at=there, by=mia, now=at(2, 12))
            answer_proposal(proposal_id=proposal.pk, by=sam, accepted=True, now=at(2, 12))
            remind_sessions(at(2, 12))
        remind_sessions(at(3, 9))
        assert sent_reminders(server, sam, at(3, 9)) == [said(at(3))] * 2

    def test_cancelled_is_not_reminded_of_even_if_it_was_written_down(self, server, mia, sam):
        session = self.booked(mia, sam)
        remind(session, hours_before=24)
        cancel(session_id=session.pk, by=mia, now=at(2, 11))
        for now in self.run(until=at(4)):
            last = now
        assert sent_reminders(server, sam, last) == sent_reminders(server, mia, last) == []

    def test_an_approved_request_is_reminded_of_when_it_is_paid(self, server, mia, sam):
        offer = offering(mia, sessions=1, booking_mode="REQUEST")
        request = submit_request(student=sam, offering=offer, times=[at(3)], now=NOW)
        request = approve(request_id=request.pk, by=mia, now=at(2, 11))
        remind_sessions(at(2, 11) + MINUTE)  # unpaid: nothing is sure yet
        assert sent_reminders(server, sam, at(2, 11)) == []
        order = order_id()
        adopt_reserved(request_id=request.pk, order_id=order)
        pack = bought(sam, mia, sessions=1, order_id=order, now=at(2, 12))
        confirm_reserved(order_id=order, pack=pack, now=at(2, 12))
        for now in self.run(until=at(4)):
            last = now
        assert sent_reminders(server, sam, last) == sent_reminders(server, mia, last) == [said(at(3))]

    def test_a_worker_that_died_with_the_old_reminder_in_its_hand(self, server, mia, sam):
        """It has claimed the mail and is gone; the session moves; when the lease is over nobody sends the old time."""
        session = self.booked(mia, sam)
        remind(session, hours_before=24, late=timedelta())
        assert {row.kind for row in outbox.claim(at(2))} >= {"session_starting"}
        reschedule(session_id=session.pk, starts_at=at(6), by=sam, now=at(2))
        Delivery.objects.filter(status="PENDING").update(next_attempt_at=clock.machine_now())
        assert sent_reminders(server, sam, at(2, 11)) == []
        assert Delivery.objects.filter(kind="session_starting", status="WITHDRAWN").count() == 2
        remind_sessions(at(5))
        assert sent_reminders(server, sam, at(5)) == [said(at(6))]


@pytest.mark.django_db(transaction=True)
class TestMovedWhileTheJobRuns:
    def scene(self):
        mia, sam = mentor("mia"), user("sam")
        bought(sam, mia)
        return sam, book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)

    def pending(self):
        rows = Delivery.objects.filter(kind="session_starting", status="PENDING")
        return {row.notification.dedupe_key.split(":", 3)[3][:13] for row in rows}

    def race(self, monkeypatch):
        """The job has read the session and not yet written the reminder, when the student moves it."""
        sam, session = self.scene()
        with first(monkeypatch, jobs, "lock") as wait:

            def move():
                wait()
                return reschedule(session_id=session.pk, starts_at=at(6), by=sam, now=at(2))

            successes(together([partial(remind_sessions, at(2)), move]))
        assert Session.objects.get().starts_at == at(6)
        return self.pending()

    def test_the_old_time_is_taken_back(self, monkeypatch):
        assert self.race(monkeypatch) == set()

    def test_control_without_locks_the_old_time_is_told(self, monkeypatch):
        remove_locks(monkeypatch)
        assert self.race(monkeypatch) == {"2026-06-04T10"}

    def test_the_other_way_round_the_job_leaves_it_alone(self, monkeypatch):
        sam, session = self.scene()
        with first(monkeypatch, moving, "lock_session") as wait:

            def run_job():
                wait()
                return remind_sessions(at(2))

            move = partial(reschedule, session_id=session.pk, starts_at=at(3, 8), by=sam, now=at(2))
            assert together([move, run_job])[1] == 0
        assert remind_sessions(at(2)) == 2
        assert self.pending() == {"2026-06-04T08"}
