"""The hour: jobs tidy up and announce; what a late one decides is stamped with the time it was due."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from mentorship.kernel import jobs
from mentorship.kernel.locking import lock_people
from notifications.models import Notification
from packs.jobs import warn_pack_expiry
from packs.models import CreditEntry, SessionPack
from seats.jobs import sweep_seats
from seats.models import Seat
from sessions_app.jobs import expire_unpaid_sessions, remind_sessions, settle_unmarked
from sessions_app.models import CalendarBlock, Session
from sessions_app.services import book, reschedule, reserve
from tests.cast import DAY, HOUR, NOW, at, bought, counters, mentor, offering, order_id, user

SECOND = timedelta(seconds=1)


def told(person, kind):
    return Notification.objects.shown().filter(recipient=person, kind=kind)


def test_unmarked_session_is_settled_after_72_hours(mia, sam):
    pack = bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(1), by=sam, now=NOW)
    due = session.ends_at + 72 * HOUR
    assert settle_unmarked(due - SECOND) == 0
    assert settle_unmarked(due + 5 * HOUR) == 1
    assert settle_unmarked(due + 6 * HOUR) == 0
    session.refresh_from_db()
    assert (session.status, session.settled_at, counters(pack)) == ("COMPLETED", due, (4, 0, 1))
    assert told(sam, "session_completed").exists() and told(mia, "session_completed").exists()


def test_grace_from_a_late_job_leaves_24_hours_after_the_notice(mia, sam):
    pack = bought(sam, mia, sessions=2)
    for day in (1, 2):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
    late = session.ends_at + 72 * HOUR + 70 * HOUR
    settle_unmarked(late)
    pack.refresh_from_db()
    assert (pack.status, pack.depleted_at) == ("DEPLETED", session.ends_at + 72 * HOUR)
    assert Seat.objects.get().grace_ends_at == late + 24 * HOUR


def test_settled_after_expiry_but_due_before_is_depleted_not_expired(mia, sam):
    pack = bought(sam, mia, sessions=2, validity_days=30)
    for day in (20, 21):
        book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
    settle_unmarked(NOW + 31 * DAY)
    pack.refresh_from_db()
    assert pack.status == "DEPLETED"
    assert Seat.objects.get().status == "GRACE"


def test_lapse_is_explained_and_stamped_with_the_expiry(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    sweep_seats(NOW + 33 * DAY)
    entry = CreditEntry.objects.get(pack=pack, kind="LAPSED")
    assert (entry.total_delta, entry.at, counters(pack)) == (-4, NOW + 30 * DAY, (0, 0, 0))
    assert Seat.objects.get().released_at == NOW + 30 * DAY


def test_what_people_see_does_not_wait_for_the_job(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    before = [(p.status_at(t), p.total_at(t), p.remaining_at(t)) for t in [NOW + 30 * DAY] for p in [pack]]
    sweep_seats(NOW + 30 * DAY)
    pack.refresh_from_db()
    after = [(p.status_at(t), p.total_at(t), p.remaining_at(t)) for t in [NOW + 31 * DAY] for p in [pack]]
    assert before == after == [("EXPIRED", 0, 0)]


def test_whoever_has_just_bought_30_days_is_not_warned_of_30_days(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    assert warn_pack_expiry(NOW) == 0
    assert warn_pack_expiry(pack.expires_at - 8 * DAY) == 0
    bought(sam, mia, validity_days=30, now=NOW + 22 * DAY)
    assert warn_pack_expiry(NOW + 22 * DAY) == 0  # extended: the buyer has just read the new date
    assert warn_pack_expiry(NOW + 45 * DAY) == 1


def test_expiry_warnings_name_the_credits_and_come_once_each(mia, sam):
    pack = bought(sam, mia, validity_days=90)
    for days, total in ((31, 0), (30, 1), (29, 1), (7, 2), (1, 3), (0.5, 3)):
        warn_pack_expiry(pack.expires_at - timedelta(days=days))
        assert told(sam, "pack_expiring").count() == total
    assert "4 sessions" in told(sam, "pack_expiring").first().title


def test_a_run_after_a_pause_warns_only_with_the_nearest(mia, sam):
    pack = bought(sam, mia)
    warn_pack_expiry(pack.expires_at - 12 * HOUR)
    warn_pack_expiry(pack.expires_at + HOUR)
    assert told(sam, "pack_expiring").count() == 1


def test_both_are_reminded_a_day_and_an_hour_before_and_never_for_an_old_time(mia, sam):
    bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
    remind_sessions(at(2))
    remind_sessions(at(2) + HOUR)
    assert told(sam, "session_starting").count() == told(mia, "session_starting").count() == 1
    moved = reschedule(session_id=session.pk, starts_at=at(6), by=sam, now=at(2))
    assert told(sam, "session_starting").count() == 0
    remind_sessions(at(3) - HOUR)
    assert told(sam, "session_starting").count() == 0
    remind_sessions(moved.starts_at - HOUR)
    assert told(sam, "session_starting").count() == 1


def test_no_day_before_reminder_for_what_was_booked_inside_the_day(mia, sam):
    bought(sam, mia)
    book(student=sam, mentor_id=mia.pk, starts_at=at(1, 8), by=sam, now=NOW)
    remind_sessions(NOW + HOUR)
    assert not told(sam, "session_starting").exists()


def test_unpaid_time_is_free_again(mia, sam):
    session = reserve(
        student=sam,
        offering=offering(mia, sessions=1),
        order_id=order_id(),
        starts_at=at(2),
        until=NOW + 35 * HOUR / 60,
        now=NOW,
    )
    assert expire_unpaid_sessions(NOW + 34 * HOUR / 60) == 0
    assert expire_unpaid_sessions(NOW + 35 * HOUR / 60) == 1
    session.refresh_from_db()
    assert session.status == Session.Status.EXPIRED
    assert not CalendarBlock.objects.exists()


def test_unpaid_time_can_be_booked_by_others_without_any_job(mia, sam, sue):
    reserve(
        student=sam, offering=offering(mia, sessions=1), order_id=order_id(), starts_at=at(2), until=NOW + HOUR, now=NOW
    )
    bought(sue, mia)
    book(student=sue, mentor_id=mia.pk, starts_at=at(2), by=sue, now=NOW + HOUR)


def test_a_broken_row_does_not_stop_the_sweep(mia, sam, sue, max_):
    bought(sam, mia, validity_days=30)
    bought(sue, max_, validity_days=30)
    with connection.cursor() as cursor:  # gone with the transaction of this test
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE seats_seat ADD CHECK (mentor_id <> {mia.pk} OR status <> 'RELEASED')")
    assert sweep_seats(NOW + 31 * DAY) == 1
    assert Seat.objects.get(mentor=mia).status == "ACTIVE"
    assert Seat.objects.get(mentor=max_).status == "RELEASED"


@pytest.mark.django_db(transaction=True)
def test_a_busy_mentor_is_swept_at_the_end_of_the_run():
    mia, max_ = mentor("mia"), mentor("max")
    for of in (mia, max_):
        bought(user(f"with-{of.slug if hasattr(of, 'slug') else of.pk}"), of, validity_days=30)
    locked, done = threading.Event(), threading.Event()

    def keep_busy():
        with transaction.atomic():
            lock_people([mia.pk])
            locked.set()
            done.wait(0.7)
        connection.close()

    thread = threading.Thread(target=keep_busy)
    thread.start()
    locked.wait(5)
    assert sweep_seats(NOW + 31 * DAY) == 2
    thread.join()


def test_sweep_statements_do_not_grow_with_the_rows(mia, django_assert_max_num_queries):
    mia.mentor_profile.max_active_students = 100
    mia.mentor_profile.save()
    for n in range(30):
        bought(user(f"s{n}"), mia, validity_days=30)
    with django_assert_max_num_queries(25):
        assert sweep_seats(NOW + 31 * DAY) == 30


def test_every_beat_is_a_job_and_a_command(db):
    from mentorship.celery import app

    beats = {entry["args"][0] for entry in app.conf.beat_schedule.values()}
    assert beats <= set(jobs.names()), f"no such job: {beats - set(jobs.names())}"
    call_command("run", "sweep_seats", now="2026-06-01T12:00:00Z")


def test_an_entry_of_history_cannot_be_changed(mia, sam):
    from django.db import InternalError, ProgrammingError

    bought(sam, mia)
    for change in (lambda: CreditEntry.objects.update(total_delta=9), lambda: CreditEntry.objects.all().delete()):
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            change()
    assert SessionPack.objects.get().sessions_total == 4
