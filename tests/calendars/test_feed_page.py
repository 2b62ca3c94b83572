"""The private address of a calendar: made, read, renewed and ended; what it answers, and what nobody gets to see."""

from __future__ import annotations

import logging
from datetime import timedelta
from io import StringIO

import pytest
import structlog
import vobject
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorship.kernel import logs
from sessions_app.models import CalendarFeed
from sessions_app.services import book, cancel, reschedule
from sessions_app.services.feeds import feed_of
from tests.cast import HOUR, NOW, at, bought

pytestmark = pytest.mark.django_db
PAGE, NEW, END = "/settings/calendar", "/settings/calendar/address", "/settings/calendar/address/end"


@pytest.fixture
def booked(sam, mia):
    bought(sam, mia)
    return book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW - HOUR)


def read(client, person, **headers):
    return client.get(feed_of(person, now=NOW - HOUR).path, headers=headers)


def test_the_page_offers_an_address_and_makes_none_by_itself(as_, sam):
    browser = as_(sam)
    assert b"Make my address" in browser.get(PAGE).content
    assert not CalendarFeed.objects.exists()
    assert browser.post(NEW).url == PAGE
    page = browser.get(PAGE).content.decode()
    address = CalendarFeed.objects.get(person=sam).path
    assert f'value="http://testserver{address}"' in page
    assert f'href="webcal://testserver{address}"' in page


def test_a_new_address_ends_the_old_one_and_off_is_off(as_, client, sam, booked):
    browser = as_(sam)
    old = feed_of(sam, now=NOW).path
    assert client.get(old).status_code == 200
    browser.post(NEW)
    new = CalendarFeed.objects.get(person=sam).path
    assert (client.get(old).status_code, client.get(new).status_code) == (404, 200)
    for _ in range(2):
        assert browser.post(END).status_code == 302
    assert client.get(new).status_code == 404
    assert b"It is off" in browser.get(PAGE).content


def test_these_pages_want_a_login_and_the_verbs_a_post(as_, client, sam):
    for path in (PAGE, NEW, END):
        answer = client.post(path) if path != PAGE else client.get(path)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/login/")
    for path in (NEW, END):
        assert as_(sam).get(path).status_code == 405
    assert not CalendarFeed.objects.exists()


def test_whoever_has_the_address_reads_without_login_or_cookies(client, sam, booked):
    answer = read(client, sam)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    (event,) = vobject.readOne(answer.content.decode()).vevent_list
    assert event.dtstart.value == booked.starts_at
    assert event.summary.value == "4 x 60 min with Mia"


def test_head_is_the_same_without_a_body(client, sam, booked):
    path = feed_of(sam, now=NOW).path
    got, asked = client.get(path), client.head(path)
    assert (asked.status_code, asked.content, asked["ETag"]) == (200, b"", got["ETag"])
    assert client.post(path).status_code == 405


def test_nothing_changed_is_said_in_a_word(at_, client, sam, mia, booked):
    first = read(client, sam)
    at_(NOW + HOUR)
    same = read(client, sam, if_none_match=first["ETag"])
    assert (same.status_code, same.content, same["Cache-Control"]) == (304, b"", "private, no-cache")
    assert read(client, sam, if_modified_since=first["Last-Modified"]).status_code == 304
    assert read(client, sam).content == first.content
    reschedule(session_id=booked.pk, starts_at=at(3), by=sam, now=NOW + HOUR)
    at_(NOW + 2 * HOUR)
    for headers in ({"if_none_match": first["ETag"]}, {"if_modified_since": first["Last-Modified"]}):
        changed = read(client, sam, **headers)
        assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)


def test_a_change_within_this_second_has_no_date_yet(at_, client, sam, booked):
    at_(NOW)
    reschedule(session_id=booked.pk, starts_at=at(3), by=sam, now=NOW)
    fresh = read(client, sam)
    assert "Last-Modified" not in fresh
    at_(NOW + timedelta(seconds=2))
    assert read(client, sam)["Last-Modified"] == "Mon, 01 Jun 2026 12:00:00 GMT"


@pytest.mark.parametrize("secret", ["x", "a" * 43, "%", "a" * 500, "_" * 43])
def test_what_nobody_was_given_is_not_there(client, sam, secret):
    feed_of(sam, now=NOW)
    assert client.get(f"/calendar/{secret}.ics").status_code == 404


def test_a_secret_that_only_begins_right_is_wrong(client, sam):
    feed = feed_of(sam, now=NOW)
    assert client.get(f"/calendar/{feed.secret[:-1]}{'x' if feed.secret[-1] != 'x' else 'y'}.ics").status_code == 404


def test_a_closed_account_has_no_calendar(client, sam, booked):
    path = feed_of(sam, now=NOW).path
    sam.is_active = False
    sam.save()
    assert client.get(path).status_code == 404


def test_who_asks_too_often_is_asked_to_wait(client, settings, sam, mia):
    settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"calendar_reads_per_hour": 3})
    codes = [read(client, sam).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    slow = read(client, sam)
    assert int(slow["Retry-After"]) > 0
    assert slow["Cache-Control"] == "private, no-cache"
    assert read(client, mia).status_code == 200


def test_both_roles_and_what_was_cancelled_but_nothing_unpaid(client, mia, max_, sam, booked):
    bought(mia, max_)
    learned = book(student=mia, mentor_id=max_.pk, starts_at=at(3), by=mia, now=NOW)
    cancel(session_id=booked.pk, by=mia, now=NOW)
    events = vobject.readOne(read(client, mia).content.decode()).vevent_list
    found = {event.uid.value: (event.status.value, event.transp.value, int(event.sequence.value)) for event in events}
    assert found == {
        f"session-{booked.pk}@mentorship": ("CANCELLED", "TRANSPARENT", 1),
        f"session-{learned.pk}@mentorship": ("CONFIRMED", "OPAQUE", 0),
    }


def test_queries_do_not_grow(client, sam, mia):
    bought(sam, mia, sessions=100)
    counts = []
    for upto in (1, 24, 100):
        while sam.sessions_taken.count() < upto:
            n = sam.sessions_taken.count()
            book(student=sam, mentor_id=mia.pk, starts_at=at(2 + n // 12, 8 + n % 12), by=sam, now=NOW)
        with CaptureQueriesContext(connection) as asked:
            answer = read(client, sam)
        assert answer.content.count(b"BEGIN:VEVENT") == upto
        counts.append(len(asked))
    assert len(set(counts[1:])) == 1 and counts[1] <= 4, counts


def test_no_secret_in_logs_or_reports(client, sam, monkeypatch):
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.getLogger().handlers[0].formatter if logging.getLogger().handlers else None)
    formatters = [h.formatter for h in logging.getLogger().handlers if isinstance(h.formatter, structlog.stdlib.ProcessorFormatter)]  # fmt: skip
    assert formatters, "the root logger writes through structlog"
    handler.setFormatter(formatters[0])
    logging.getLogger().addHandler(handler)
    try:
        path = f"/calendar/{'s3cret' * 7}x.ics"
        assert client.get(path).status_code == 404
        structlog.get_logger("t").warning("slow", path=path)
    finally:
        logging.getLogger().removeHandler(handler)
    assert "/calendar/***.ics" in out.getvalue()
    assert "s3cret" not in out.getvalue()
    report = {"request": {"url": f"https://x{path}"}, "breadcrumbs": {"values": [{"data": {"url": path}}, ("a", path)]}}
    assert "s3cret" not in str(logs.mask_report(report))
