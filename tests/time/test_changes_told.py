"""What people are told around a change of clocks: reminders, mails, calendar files and feeds, read by another library."""

from __future__ import annotations

import base64
from datetime import UTC, timedelta

import pytest
import vobject

from notifications.models import Delivery, Notification
from sessions_app.jobs import remind_sessions
from sessions_app.services import book, cancel, reschedule
from sessions_app.services.feeds import feed_of, read_feed
from tests.time.changes import at, each, people

pytestmark = pytest.mark.django_db
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def reminders(person):
    return Notification.objects.shown().filter(recipient=person, kind="session_starting").count()


def booked(case, starts_at):
    mia, sam, _ = people(case)
    return mia.user, sam, book(student=sam, mentor_id=mia.user_id, starts_at=starts_at, by=sam, now=case.now)


def after_change(case):
    return next(slot.starts_at for slot in case.every_half_hour if slot.starts_at >= case.change)


@each
def test_reminders_come_24_and_1_elapsed_hours_before_and_name_each_readers_clock(case):
    starts_at = after_change(case)
    mia, sam, _ = booked(case, starts_at)
    for before, count in (
        (24 * HOUR + SECOND, 0),
        (24 * HOUR, 1),
        (HOUR + SECOND, 1),
        (HOUR, 2),
        (SECOND, 2),
        (-SECOND, 2),
    ):
        remind_sessions(starts_at - before)
        assert (reminders(sam), reminders(mia)) == (count, count), before
    for person in (sam, mia):
        texts = Notification.objects.filter(recipient=person, kind="session_starting").values_list("text", flat=True)
        clock = starts_at.astimezone(person.zone)
        assert all(f"{clock.day} {clock:%B}, {clock:%H:%M}" in text for text in texts), list(texts)


@each
def test_the_feed_and_the_mail_say_the_right_instants(case):
    starts_at = after_change(case)
    mia, sam, session = booked(case, starts_at)
    for person in (sam, mia):
        assert fed(person, case.now) == mailed(person, "session_scheduled") == event(session, starts_at, 0)
    first = at(case.opens)
    reschedule(session_id=session.pk, starts_at=first, by=sam, now=case.now)
    for person in (sam, mia):
        assert fed(person, case.now) == mailed(person, "session_moved") == event(session, first, 1)
    cancel(session_id=session.pk, by=mia, now=case.now)
    for person in (sam, mia):
        off = event(session, first, 2, "CANCELLED")
        assert fed(person, case.now) == mailed(person, "session_cancelled") == off


def event(session, starts_at, sequence, status="CONFIRMED"):
    ends_at = starts_at + timedelta(minutes=30)
    return (f"session-{session.pk}@mentorship", starts_at, ends_at, sequence, status)


def read(raw):
    """The one event of a calendar, by a library that has not written it."""
    (found,) = vobject.readOne(raw.decode()).vevent_list
    start, end = found.dtstart.value, found.dtend.value
    assert start.utcoffset() == end.utcoffset() == timedelta(0), "an instant, whatever zone the reader's calendar is in"
    words = (int(found.sequence.value), found.status.value)
    return (found.uid.value, start.astimezone(UTC), end.astimezone(UTC), *words)


def fed(person, now):
    raw = read_feed(feed_of(person, now=now).secret, now=now)
    assert raw is not None
    return read(raw)


def mailed(person, kind):
    ((_, media, content),) = Delivery.objects.get(kind=kind, to=person.email).attachments
    assert media.startswith("text/calendar")
    return read(base64.b64decode(content))
