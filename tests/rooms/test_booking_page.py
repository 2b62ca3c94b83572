"""Booking with a credit: the week, the choice of pack, refusals in place, once for each key, undone in time."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from mentorship.kernel import clock
from sessions_app.models import Session
from tests import cast
from tests.cast import HOUR, NOW, at, bought, counters
from tests.rooms.scene import booked, words

BOOK = "/student/mentorship/book"


def form(pack, starts_at, **more):
    return {"pack": pack.pk, "scheduledAt": clock.iso(starts_at), "agenda": "", "idempotency_key": uuid4().hex} | more


def test_the_week_offers_free_times_and_opens_where_there_are_some(as_, sam, mia):
    pack = bought(sam, mia)
    booked(sam, mia, at(1, 10), pack_id=pack.pk)
    page = as_(sam).get(BOOK, {"pack": pack.pk})
    assert clock.iso(at(1, 11)).encode() in page.content
    assert clock.iso(at(1, 10)).encode() not in page.content
    later = as_(sam).get(BOOK, {"pack": pack.pk, "week": "2026-06-15"})
    assert b"2026-06-15T10:00:00Z" in later.content
    for week in ("", "x", "1999-01-01", "9999-12-31", "2026-06-15T00:00"):
        assert as_(sam).get(BOOK, {"pack": pack.pk, "week": week}).status_code == 200


def test_booking_spends_a_credit_and_can_be_undone(as_, sam, mia):
    pack = bought(sam, mia)
    browser = as_(sam)
    answer = browser.post(BOOK, form(pack, at(2), agenda="My plot"))
    session = Session.objects.get()
    assert (answer.status_code, answer.url) == (302, session.get_absolute_url())
    assert (session.agenda, counters(pack)) == ("My plot", (4, 1, 0))
    page = browser.get(answer.url)
    assert "You can undo it until 12:15." in words(page)
    undone = browser.post(f"{answer.url}/cancellation", {"expect": page.context["cancelling"].code})
    assert undone.status_code == 302
    assert counters(pack) == (4, 0, 0)


def test_undo_late_for_moving_but_fresh(as_, at_, sam, mia):
    pack = bought(sam, mia)
    browser = as_(sam)
    url = browser.post(BOOK, form(pack, at(1, 8))).url
    at_(NOW + timedelta(minutes=15))
    assert browser.get(url).context["cancelling"].code == "undo"
    at_(NOW + timedelta(minutes=15, seconds=1))
    page = browser.get(url)
    assert "undo" not in words(page)
    assert "Cancelling now uses this session." in words(page)


def test_a_twin_of_the_click_books_once(as_, sam, mia):
    pack = bought(sam, mia, sessions=1, minutes=30)
    sent = form(pack, at(2))
    browser = as_(sam)
    first, second = browser.post(BOOK, sent), browser.post(BOOK, sent)
    assert first.url == second.url
    assert counters(pack) == (1, 1, 0)
    other = browser.post(BOOK, sent | {"scheduledAt": clock.iso(at(3))})
    assert other.status_code == 422
    assert Session.objects.count() == 1


def test_a_refusal_is_said_in_place_and_nothing_typed_is_lost(as_, sam, sue, mia):
    bought(sue, mia)
    booked(sue, mia, at(2))
    pack = bought(sam, mia)
    answer = as_(sam).post(BOOK, form(pack, at(2), agenda="My long thought"))
    assert answer.status_code == 409
    assert "This time is not free any more." in words(answer)
    assert "My long thought" in words(answer)
    assert counters(pack) == (4, 0, 0)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ("", "Please choose a time."),
        ("yesterday", "Please choose one of the times shown."),
        ("2026-06-03T10:00:00", "Please choose one of the times shown."),
        ("9999-12-31T23:59:59-23:59", "Please choose one of the times shown."),
        ("2026-05-01T10:00:00Z", "cannot be booked"),
        ("2026-06-03T10:07:00Z", "cannot be booked"),
        ("2026-06-01T18:00:00Z", "asks for at least 12 hours of notice"),
        ("2026-12-24T10:00:00Z", "expires before this time"),
    ],
)
def test_times_that_are_none(as_, sam, mia, sent, says):
    pack = bought(sam, mia)
    answer = as_(sam).post(BOOK, form(pack, NOW, scheduledAt=sent))
    assert answer.status_code in (409, 422)
    assert says in words(answer)
    assert counters(pack) == (4, 0, 0)


def test_an_agenda_has_an_end(as_, sam, mia):
    pack = bought(sam, mia)
    assert as_(sam).post(BOOK, form(pack, at(2), agenda="x" * 10_000)).status_code == 422
    assert as_(sam).post(BOOK, form(pack, at(2), agenda="null\x00byte")).status_code == 422
    assert counters(pack) == (4, 0, 0)


def test_the_student_chooses_between_packs(as_, sam, mia):
    long, short = bought(sam, mia), bought(sam, mia, sessions=1, minutes=30, validity_days=30)
    page = as_(sam).get(BOOK)
    assert page.context["pack"] == short, "the one that expires first"
    assert "Out of which pack?" in words(page)
    as_(sam).post(BOOK, form(long, at(2)))
    assert (counters(long), counters(short)) == ((4, 1, 0), (1, 0, 0))


def test_no_credit_left_says_so(as_, sam, mia):
    pack = bought(sam, mia, sessions=1, minutes=30)
    booked(sam, mia, at(2), pack_id=pack.pk)
    answer = as_(sam).post(BOOK, form(pack, at(3)))
    assert answer.status_code == 409
    assert "All sessions of this pack are used or booked." in words(answer)
    assert "No session left to book." in words(as_(sam).get(BOOK))


def test_an_expired_pack_books_nothing(as_, at_, sam, mia):
    pack = bought(sam, mia)
    at_(pack.expires_at)
    assert as_(sam).post(BOOK, form(pack, pack.expires_at + 24 * HOUR)).status_code == 409
    assert Session.objects.count() == 0


def test_packs_of_others_do_not_exist(as_, sam, otto, mia):
    pack = bought(sam, mia)
    for person in (otto, mia):
        assert as_(person).get(BOOK, {"pack": pack.pk}).status_code == 404
        assert as_(person).post(BOOK, form(pack, at(2))).status_code == 404
    for broken in ("x", "-1", "9" * 30, "²"):
        assert as_(sam).get(BOOK, {"pack": broken}).status_code == 404
    assert counters(pack) == (4, 0, 0)


def test_attempts_are_limited_and_refused_in_place(as_, settings, sam, mia):
    pack = bought(sam, mia)
    browser = as_(sam)
    for _ in range(settings.MENTORSHIP.bookings_per_minute):
        assert browser.post(BOOK, form(pack, at(0, 9))).status_code == 409
    answer = browser.post(BOOK, form(pack, at(2), agenda="still here"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "still here" in words(answer)


def test_the_form_refuses_without_csrf(sam, mia):
    from django.test import Client

    pack = bought(sam, mia)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(sam)
    assert browser.post(BOOK, form(pack, at(2))).status_code == 403
    assert counters(pack) == (4, 0, 0)


def test_times_are_the_readers(as_, max_):
    student = cast.user("nia", "Asia/Kolkata")
    pack = bought(student, max_)
    page = words(as_(student).get(BOOK, {"pack": pack.pk}))
    assert "Times are yours, Kolkata. Max is in Berlin, where 11:30 is 08:00." in page


@pytest.mark.parametrize(
    "said", ["nonsense", "2026-06-03T10:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "\0", "9" * 999]
)
def test_an_address_with_a_time_that_is_none_shows_the_page_with_nothing_chosen(as_, sam, mia, said):
    pack = bought(sam, mia)
    page = as_(sam).get(BOOK, {"pack": pack.pk, "at": said})
    assert page.status_code == 200
    assert b" checked" not in page.content
