"""The student room: what is next, what waits, a row for each mentorship; right with every job stopped."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import cast
from tests.cast import DAY, HOUR, NOW, at, bought, offering
from tests.payments.scene import place
from tests.rooms.scene import booked, used_up, words

ROOM = "/student/mentorship"


def test_an_empty_room_says_what_to_do(as_, sam):
    page = as_(sam).get(ROOM)
    assert "You have no seat yet." in words(page)
    assert b'href="/mentorship">Find a mentor</a>' in page.content
    assert "History" not in words(page)


def test_the_next_session_is_the_big_thing(as_, sam, mia):
    bought(sam, mia)
    booked(sam, mia, at(3, 18), agenda="My latency plot")
    booked(sam, mia, at(2, 18), agenda="Reviewing my feature store")
    page = words(as_(sam).get(ROOM))
    assert "Next session · 1 of 4 Wednesday, 18:00 with Mia" in page
    assert "“Reviewing my feature store”" in page
    assert "Room opens in 54 h" in page
    assert "Move or cancel for free until tomorrow at 18:00." in page


def test_the_other_sides_time_stands_beside(as_, max_):
    student = cast.user("nia", "Africa/Lagos")
    bought(student, max_)
    booked(student, max_, at(2, 12))
    assert "For Max it is 14:00 in Berlin." in words(as_(student).get(ROOM))


def test_after_the_deadline_it_says_what_cancelling_costs(as_, at_, sam, mia):
    bought(sam, mia)
    booked(sam, mia, at(2, 18))
    at_(at(1, 18))
    assert "Move or cancel for free until today at 18:00." in words(as_(sam).get(ROOM))
    at_(at(1, 18) + timedelta(seconds=1))
    page = as_(sam).get(ROOM)
    assert "Moving and free cancelling ended today at 18:00. Cancelling now uses this session." in words(page)
    assert b"/move" not in page.content


def test_credits_to_book_and_packs_of_one_pair_stand_together(as_, sam, mia):
    bought(sam, mia)
    bought(sam, mia, sessions=1, minutes=30)
    page = words(as_(sam).get(ROOM))
    assert "Needs you Book your 1st session with Mia" in page
    assert "Book your 30 minutes with Mia" in page
    assert page.count("Seat 1 · 60 min sessions") == 1


def test_grace_has_its_clock_and_ends_by_itself(as_, at_, sam, mia):
    offer = offering(mia, title="Four more")
    bought(sam, mia, offering_id=offer.pk)
    used_up(sam, mia)
    end = at(4) + HOUR + timedelta(hours=72)
    at_(end - timedelta(hours=11, minutes=5))
    page = as_(sam).get(ROOM)
    assert "Mia’s seat is kept for you time left: 11 h" in words(page)
    assert "4 more for €280" in words(page)
    assert f'href="/checkout/{offer.pk}">Renew'.encode() in page.content
    at_(end)
    assert "kept for you" not in words(as_(sam).get(ROOM))


def test_an_expired_pack_is_gone_without_any_job(as_, at_, sam, mia):
    pack = bought(sam, mia)
    at_(pack.expires_at)
    page = words(as_(sam).get(ROOM))
    assert "60 min sessions" not in page
    assert "Book your" not in page


def test_two_are_called_both(as_, sam, mia):
    pack = bought(sam, mia)
    browser = as_(sam)
    booked(sam, mia, at(2, 18))
    assert "book all 3 at once" in words(browser.get(ROOM))
    assert "Book all 3" in words(browser.get(pack.get_absolute_url()))
    booked(sam, mia, at(3, 18))
    assert "book both at once" in words(browser.get(ROOM))
    assert "Book both" in words(browser.get(pack.get_absolute_url()))


def test_tabs_are_addresses_and_fragments(as_, sam, mia):
    bought(sam, mia)
    booked(sam, mia, at(2, 18))
    used_up(sam, mia, 1, first_day=4)
    browser = as_(sam)
    assert "session 2 of 4" in words(browser.get(ROOM, {"tab": "pending"}))
    history = browser.get(ROOM, {"tab": "history"}, headers={"HX-Request": "true", "HX-Target": "room"})
    assert "Completed" in words(history)
    assert b"<html" not in history.content
    assert "Rejected" not in words(browser.get(ROOM))
    assert "Awaiting approval" not in words(browser.get(ROOM))
    assert browser.get(ROOM, {"tab": "nonsense"}).status_code == 200


def test_history_pages_by_key(as_, sam, mia):
    bought(sam, mia, sessions=25, validity_days=90)
    used_up(sam, mia, 25)
    browser = as_(sam)
    first = browser.get(ROOM, {"tab": "history"})
    assert words(first).count("Completed") == 20
    rest = browser.get(ROOM + first.context["more_url"])
    assert words(rest).count("Completed") == 5
    for broken in ("x", "~", "2026-06-01~1", "9999-12-31T23:59:59-23:59~" + "0" * 32):
        assert browser.get(ROOM, {"tab": "history", "before": broken}).status_code == 200


def test_queries_do_not_grow_with_mentorships(as_, sam):
    browser = as_(sam)
    counts = []
    for upto in (1, 10, 50):
        for n in range(len(cast.User.objects.filter(mentor_profile__isnull=False)), upto):
            other = cast.mentor(f"mentor{n}")
            bought(sam, other)
            booked(sam, other, at(2) + n * DAY)
        for path in (ROOM, ROOM + "?tab=pending", ROOM + "?tab=history", "/student/calendar"):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert browser.get(path).status_code == 200
            counts.append((path, len(queries)))
    for path in {path for path, _ in counts}:
        assert len({count for seen, count in counts if seen == path}) == 1, counts
    assert max(count for _, count in counts) <= 9, counts


def test_nothing_is_written_by_looking(as_, sam, mia):
    bought(sam, mia)
    booked(sam, mia, at(2, 18))
    with CaptureQueriesContext(connection) as queries:
        as_(sam).get(ROOM)
    assert not [q for q in queries if q["sql"].startswith(("UPDATE packs", "UPDATE seats", "INSERT INTO packs"))]
    assert at(0, 12) == NOW


def test_an_unpaid_order_waits_with_its_hold(as_, at_, sam, mia):
    order = place(sam, offering(mia, title="Four sessions"), starts_at=at(2))
    page = as_(sam).get(ROOM)
    assert "Pay for Four sessions time left: 35 min €280; your seat with Mia is kept until then" in words(page)
    assert f'href="{order.get_absolute_url()}"'.encode() in page.content
    assert "Seat" not in words(page), "a seat that is only held is no mentorship yet"
    at_(order.expires_at)
    assert "Pay for" not in words(as_(sam).get(ROOM))


def test_a_message_is_said_once(as_, sam, mia):
    pack = bought(sam, mia)
    browser = as_(sam)
    url = browser.post(f"{ROOM}/book", {"pack": pack.pk, "scheduledAt": "2026-06-03T10:00:00Z"}).url
    assert words(browser.get(url)).count("Booked with Mia.") == 1
