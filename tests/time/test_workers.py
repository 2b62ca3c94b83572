"""Celery is the hand, never the memory: a job that is delivered again, or whose worker is killed, changes nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache, partial

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from mentorship.kernel import clock, jobs
from notifications import outbox, services as telling
from notifications.models import Delivery, Notification
from packs.models import CreditEntry, Pause, SessionPack
from packs.services import answer_pause, ask_for_pause
from seats.models import Seat, WaitingPlace
from seats.services import join
from sessions_app.models import BookingRequest, Session
from sessions_app.services import approve, book, complete, reserve, submit_request
from tests.cast import DAY, HOUR, NOW, at, bought, mentor, offering, order_id, user
from tests.notifications.smtp import mail_server
from tests.races import together

pytestmark = pytest.mark.django_db(transaction=True)

JOBS = (
    "expire_requests",
    "expire_unpaid_sessions",
    "settle_unmarked",
    "end_pauses",
    "sweep_seats",
    "remind_sessions",
    "warn_grace_ending",
    "warn_pack_expiry",
)
LATER = at(5)  # when everything of the scene is due


def scene():
    """Something for every job to do, twice each, with a person of its own."""
    for n in (1, 2):
        _requests(n)
        _sessions(n)
        _packs(n)


def _requests(n):
    mia = mentor(f"mia{n}")
    offer = offering(mia, sessions=1, booking_mode="REQUEST")
    submit_request(student=user(f"asks{n}"), offering=offer, times=[at(10)], now=NOW)
    unpaid = submit_request(student=user(f"pays-late{n}"), offering=offer, times=[at(11)], now=NOW)
    approve(request_id=unpaid.pk, by=mia, now=NOW)
    single = offering(mia, sessions=1, title="A single one")
    reserve(
        student=user(f"holds{n}"), offering=single, order_id=order_id(), starts_at=at(12), until=NOW + HOUR, now=NOW
    )


def _sessions(n):
    max_, ann, eve = mentor(f"max{n}"), user(f"ann{n}"), user(f"eve{n}")
    for student in (ann, eve):
        bought(student, max_, sessions=1, takes_seat=True)
    # One that nobody marks (its pack is used up then), one that is about to start.
    book(student=ann, mentor_id=max_.pk, starts_at=at(1, 9), by=ann, now=NOW)
    book(student=eve, mentor_id=max_.pk, starts_at=at(6, 9), by=eve, now=NOW)


def _packs(n):
    kim, lea, bob, zoe = mentor(f"kim{n}", seats=3), user(f"lea{n}"), user(f"bob{n}"), user(f"zoe{n}")
    bought(lea, kim, validity_days=4)
    pack = bought(bob, kim, sessions=1, takes_seat=True)
    session = book(student=bob, mentor_id=kim.pk, starts_at=at(2, 12), by=bob, now=NOW)
    complete(session_id=session.pk, by=kim, now=at(2, 16))  # in grace, 67 h later 5 h of it are left
    pack = bought(zoe, kim, validity_days=30)
    pause = ask_for_pause(pack_id=pack.pk, by=zoe, days=2, now=NOW)
    answer_pause(pause_id=pause.pk, by=kim, agreed=True, now=NOW)
    join(student=user(f"waits{n}"), mentor_id=kim.pk, now=NOW)
    bought(user(f"expires{n}"), mentor(f"tom{n}"), validity_days=10, now=NOW - 2 * DAY)


def digest():
    """Every row of every table."""
    with connection.cursor() as cursor:
        for table in sorted(model._meta.db_table for model in apps.get_models()):
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t")
            yield table, cursor.fetchone()[0]


def story():
    """What has happened, without the ids that chance has given."""
    kinds = [
        BookingRequest.objects.values_list("student__name", "status", "ended_at"),
        Session.objects.values_list("student__name", "status", "credit", "settled_at"),
        SessionPack.objects.values_list("student__name", "status", "sessions_total", "expires_at", "paused_at"),
        CreditEntry.objects.values_list("pack__student__name", "kind", "at"),
        Seat.objects.values_list("student__name", "status", "released_at", "grace_ends_at"),
        WaitingPlace.objects.values_list("student__name", "status"),
        Pause.objects.values_list("pack__student__name", "status", "seconds"),
        Notification.objects.values_list("recipient__name", "kind", "text"),
        Delivery.objects.values_list("to", "kind", "status"),
    ]
    return [Counter(rows) for rows in kinds]


def again():
    """The scene from its beginning."""
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    scene()


@cache
def undisturbed():
    """How it ends when each job runs once and to its end."""
    again()
    for name in JOBS:
        jobs.run(name, LATER)
    return story()


def test_delivered_again_a_job_changes_nothing():
    again()
    for name in JOBS:
        assert jobs.run(name, LATER) > 0, f"the scene has nothing for {name} to do"
        before = dict(digest())
        assert jobs.run(name, LATER) == 0, name
        assert dict(digest()) == before, name


def test_three_workers_at_once_do_what_one_does():
    expected = undisturbed()
    again()
    for name in JOBS:
        results = together([partial(jobs.run, name, LATER)] * 3)
        assert not [r for r in results if isinstance(r, Exception)], (name, results)
        jobs.run(name, LATER)  # what one worker had in hand, the others have left alone
    assert story() == expected


def test_killed_in_the_middle_a_job_is_done_by_the_next(monkeypatch):
    expected = undisturbed()
    again()
    for name in JOBS:
        before = story()
        _killed(monkeypatch, name)
        if name not in SILENT + ONE_BY_ONE:
            assert story() == before, f"half of {name} was written"
        jobs.run(name, LATER)
    assert story() == expected


# These do one row after the other, and keep what was done before they died. That one tells nobody.
ONE_BY_ONE = ("expire_requests", "settle_unmarked", "end_pauses")
SILENT = ("expire_unpaid_sessions",)


def _killed(monkeypatch, name):
    """Run the job in a process of its own, as far as the database can tell, which dies as it tells of the last row."""
    tellings = []
    write = telling._write

    def dying(rows):
        tellings.append(rows)
        if name not in ONE_BY_ONE or len(tellings) == 2:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return write(rows)

    with monkeypatch.context() as patched:
        patched.setattr(telling, "_write", dying)
        together([partial(jobs.run, name, LATER)])
    assert tellings or name in SILENT


def test_a_worker_that_dies_between_claiming_and_sending_loses_nothing_and_doubles_nothing(settings):
    scene()
    jobs.run("remind_sessions", LATER)
    Delivery.objects.exclude(kind="session_starting").delete()
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        assert len(outbox.claim(LATER)) == 4  # and then it is gone
        assert sum(together([partial(outbox.relay, LATER)] * 2)) == 0, "its lease still runs"
        Delivery.objects.update(next_attempt_at=clock.machine_now() - timedelta(seconds=1))
        assert sum(together([partial(outbox.relay, LATER)] * 3)) == 4
        assert outbox.relay(LATER) == 0
        assert Counter(m["To"] for m in server.received) == Counter(Delivery.objects.values_list("to", flat=True))
