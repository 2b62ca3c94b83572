from __future__ import annotations

import pytest
from icalendar import Calendar

from sessions_app.services import book, cancel, feeds, reschedule
from sessions_app.services.feeds import feed_of, read_feed, renew_feed
from tests.cast import NOW, at, bought

pytestmark = pytest.mark.django_db


def events(person):
    calendar = Calendar.from_ical(read_feed(feed_of(person, now=NOW).secret, now=NOW))
    return {str(e["UID"]): (e.start, e["SEQUENCE"], str(e["STATUS"])) for e in calendar.walk("VEVENT")}


def test_a_moved_session_is_the_same_event_and_a_cancelled_one_stays_as_such(mia, sam):
    bought(sam, mia)
    one, other = (book(student=sam, mentor_id=mia.pk, starts_at=at(d), by=sam, now=NOW) for d in (2, 3))
    reschedule(session_id=one.pk, starts_at=at(4), by=sam, now=NOW)
    cancel(session_id=other.pk, by=mia, now=NOW)
    expected = {
        f"session-{one.pk}@mentorship": (at(4), 1, "CONFIRMED"),
        f"session-{other.pk}@mentorship": (at(3), 1, "CANCELLED"),
    }
    assert events(sam) == events(mia) == expected


def test_of_too_many_the_oldest_stay_out(mia, sam, monkeypatch):
    bought(sam, mia)
    for day in (2, 3, 4):
        book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
    monkeypatch.setattr(feeds, "MOST", 2)
    assert [start for start, *_ in events(sam).values()] == [at(3), at(4)]


def test_a_new_address_ends_the_old_one(sam):
    old = feed_of(sam, now=NOW).secret
    assert read_feed(old, now=NOW) is not None
    assert renew_feed(sam, now=NOW).secret != old
    assert read_feed(old, now=NOW) is None


def test_queries_do_not_grow(mia, sam, django_assert_max_num_queries):
    bought(sam, mia)
    for day in (2, 3, 4, 5):
        book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
    secret = feed_of(sam, now=NOW).secret
    with django_assert_max_num_queries(2):
        read_feed(secret, now=NOW)
