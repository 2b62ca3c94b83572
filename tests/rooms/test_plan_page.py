"""The rest of a pack in one screen: proposed, changed, booked together or not at all, told once."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from uuid import uuid4

import icalendar
import pytest

from mentorship.kernel import clock
from notifications.models import Notification
from packs.services import freeze
from sessions_app.models import Session
from tests import cast
from tests.cast import NOW, at, bought, counters
from tests.rooms.scene import booked, words

pytestmark = pytest.mark.django_db


def plan(pack):
    return f"/student/packs/{pack.pk}/plan"


def form(*times, first=None, every=7, **more):
    values = [clock.iso(time) if isinstance(time, datetime) else time for time in times]
    first = first or next((time for time in times if time), at(7))
    return {"time": values, "from": clock.iso(first), "every": every, "idempotency_key": uuid4().hex} | more


def offered(page):
    return [row["offered"] for row in page.context["rows"]]


def test_without_a_session_the_first_time_is_chosen_from_the_week(as_, sam, mia):
    pack = bought(sam, mia)
    page = as_(sam).get(plan(pack))
    assert "When is the first one?" in words(page)
    assert "from=2026-06-02T10%3A00%3A00Z#plan" in page.content.decode()
    assert page.context["rows"] == []


def test_four_rows_one_button(as_, sam, mia):
    pack = bought(sam, mia)
    browser = as_(sam)
    page = browser.get(plan(pack), {"from": clock.iso(at(1, 18))})
    assert offered(page) == [at(1, 18), at(8, 18), at(15, 18), at(22, 18)]
    assert "Books 4 of your 4 sessions, all of them or none." in words(page)
    answer = browser.post(plan(pack), form(*offered(page)))
    assert (answer.status_code, answer.url) == (302, "/student/mentorship?tab=pending")
    assert counters(pack) == (4, 4, 0)


def test_a_fortnight(as_, sam, mia):
    pack = bought(sam, mia, sessions=3)
    page = as_(sam).get(plan(pack), {"from": clock.iso(at(1, 18)), "every": "14"})
    assert offered(page) == [at(1, 18), at(15, 18), at(29, 18)]


def test_the_other_three_go_on_where_the_first_one_is(as_, sam, mia):
    pack = bought(sam, mia)
    booked(sam, mia, at(3, 18))
    page = as_(sam).get(plan(pack))
    assert "Book the other 3 with Mia" in words(page)
    assert offered(page) == [at(10, 18), at(17, 18), at(24, 18)]


def test_a_conflict_shows_the_nearest_already_chosen(as_, sam, sue, mia):
    pack = bought(sam, mia)
    bought(sue, mia)
    for hour in (17, 18, 19):
        booked(sue, mia, at(15, hour))
    page = as_(sam).get(plan(pack), {"from": clock.iso(at(1, 18))})
    assert offered(page)[2] == at(15, 16)
    assert "Tue 16 Jun, 18:00: Mia or you are not free then; the nearest free time is chosen." in words(page)
    choices = [option["value"] for option in page.context["rows"][2]["options"]]
    assert clock.iso(at(16, 18)) in choices, "the same time on the day after can be chosen"


def test_a_row_is_left_out_and_another_changed(as_, sam, mia):
    pack = bought(sam, mia)
    as_(sam).post(plan(pack), form(at(1, 18), "", at(16, 9), at(22, 18)))
    assert list(Session.objects.order_by("starts_at").values_list("starts_at", flat=True)) == [
        at(1, 18), at(16, 9), at(22, 18),
    ]  # fmt: skip
    assert counters(pack) == (4, 3, 0)


def test_taken_meanwhile_books_nothing_and_keeps_what_was_chosen(as_, sam, sue, mia):
    pack = bought(sam, mia)
    bought(sue, mia)
    booked(sue, mia, at(8, 18))
    sent = form(at(1, 17), at(8, 18), "", at(22, 12), first=at(1, 18))
    page = as_(sam).post(plan(pack), sent)
    assert page.status_code == 409
    assert "Nothing was booked" in words(page)
    assert "Tue 9 Jun, 18:00: This time is not free any more." in words(page)
    assert offered(page) == [at(1, 17), at(8, 17), None, at(22, 12)]
    assert page.context["rows"][1]["why"] == "lost"
    assert counters(pack) == (4, 0, 0)


def test_a_twin_of_the_click_books_once(as_, sam, mia):
    pack = bought(sam, mia)
    sent = form(at(1, 18), at(8, 18))
    browser = as_(sam)
    first, second = browser.post(plan(pack), sent), browser.post(plan(pack), sent)
    assert (first.status_code, second.status_code) == (302, 302)
    assert counters(pack) == (4, 2, 0)
    assert browser.post(plan(pack), sent | {"time": [clock.iso(at(15, 18))]}).status_code == 422
    assert counters(pack) == (4, 2, 0)


def test_beyond_the_expiry_is_marked(as_, sam, mia):
    pack = bought(sam, mia, validity_days=20)
    page = as_(sam).get(plan(pack), {"from": clock.iso(at(1, 18))})
    assert [row["why"] for row in page.context["rows"]] == ["", "", "", "expired"]
    assert "Tue 23 Jun, 18:00: the pack ends on 21 Jun; the nearest free time is chosen." in words(page)
    assert offered(page)[3] < pack.expires_at
    far = as_(sam).get(plan(pack), {"from": clock.iso(at(1, 18)), "every": 14})
    assert offered(far)[2:] == [None, None]
    assert "Mon 13 Jul" not in words(far)
    assert "Tue 30 Jun, 18:00: the pack ends on 21 Jun; choose another one, or leave it out." in words(far)
    assert all(datetime.fromisoformat(o["value"]) < pack.expires_at for o in far.context["rows"][3]["options"])


def test_more_rows_than_credits_book_nothing(as_, sam, mia):
    pack = bought(sam, mia, sessions=2)
    page = as_(sam).post(plan(pack), form(at(1, 18), at(8, 18), at(15, 18)))
    assert page.status_code == 409
    assert "All sessions of this pack are used or booked." in words(page)
    assert len(page.context["rows"]) == 2
    assert counters(pack) == (2, 0, 0)


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ([], 422), (["", ""], 422), (["x"], 422), (["2026-06-09T18:00:00"], 422), (["\0"], 422),
        (["0001-01-01T00:00:00+23:59"], 422), (["9999-12-31T23:59:59Z"], 409), (["2020-01-01T10:00:00Z"], 409),
        (["2026-06-09T18:00:00Z", "2026-06-09T18:00:00Z"], 422), (["2026-06-09T18:07:00Z"], 409),
    ],
)  # fmt: skip
def test_times_that_are_none(as_, sam, mia, times, status):
    pack = bought(sam, mia)
    page = as_(sam).post(plan(pack), form() | {"time": times})
    assert page.status_code == status
    assert "Nothing was booked" in words(page)
    assert counters(pack) == (4, 0, 0)


@pytest.mark.parametrize("odd", ["", "x", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-06-09T18:00", "\0"])
def test_an_odd_first_time_asks_for_one(as_, sam, mia, odd):
    pack = bought(sam, mia)
    page = as_(sam).get(plan(pack), {"from": odd, "every": odd, "week": odd})
    assert (page.status_code, page.context["rows"]) == (200, [])


def test_who_may_not_book_reads_why(as_, sam, mia):
    pack = bought(sam, mia)
    freeze(pack, cause="dispute:1", now=NOW)
    assert "This pack is frozen" in words(as_(sam).get(plan(pack)))
    page = as_(sam).post(plan(pack), form(at(1, 18)))
    assert (page.status_code, counters(pack)) == (409, (4, 0, 0))


def test_it_is_the_students_own(as_, sam, otto, mia):
    pack = bought(sam, mia)
    for person in (otto, mia):
        assert as_(person).get(plan(pack)).status_code == 404
        assert as_(person).post(plan(pack), form(at(1, 18))).status_code == 404


def test_both_are_told_once_with_a_file_for_each(as_, sam, mia):
    pack = bought(sam, mia)
    as_(sam).post(plan(pack), form(at(1, 18), at(8, 18), at(15, 18)))
    assert not Notification.objects.filter(kind="session_scheduled").exists()
    for person, title in ((sam, "3 sessions with Mia are booked"), (mia, "Sam booked 3 sessions with you")):
        told = Notification.objects.get(recipient=person, kind="series_scheduled")
        assert told.title == title
        assert "Tuesday 9 June, 18:00 (UTC)." in told.text.splitlines()
        files = told.deliveries.get().attachments
        assert [name for name, _, _ in files] == ["session-1.ics", "session-2.ics", "session-3.ics"]
    events = [icalendar.Calendar.from_ical(b64decode(content)).walk("VEVENT")[0] for _, _, content in files]
    assert [event.start for event in events] == [at(1, 18), at(8, 18), at(15, 18)]
    assert {str(event["UID"]) for event in events} == {
        f"session-{pk}@mentorship" for pk in Session.objects.values_list("pk", flat=True)
    }


def test_one_row_is_told_as_any_booking(as_, sam, mia):
    pack = bought(sam, mia)
    as_(sam).post(plan(pack), form(at(1, 18), ""))
    assert Notification.objects.filter(kind="session_scheduled").count() == 2


def test_the_sum_follows_the_rows(as_, sam, mia):
    pack = bought(sam, mia)
    htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "sum"}
    part = as_(sam).get(plan(pack), {"time": [clock.iso(at(1, 18)), "", ""]}, **htmx)
    assert "Books 1 of your 4 sessions." in words(part)
    assert "Book this session" in words(part)
    assert b"<html" not in part.content


def test_queries_do_not_grow_with_the_rows(as_, sam, sue, mia, django_assert_max_num_queries):
    few, many = bought(sam, mia, sessions=2), bought(sue, mia, sessions=10, validity_days=200)
    for person, pack in ((sam, few), (sue, many)):
        browser = as_(person)
        with django_assert_max_num_queries(10):
            page = browser.get(plan(pack), {"from": clock.iso(at(1, 18))})
    assert len(page.context["rows"]) == 10


class TestClocks:
    def test_new_york_plans_with_berlin_over_both_changes(self, as_, at_):
        """Berlin changes on 25 October 2026, New York on 1 November: three clocks' worth of Tuesdays."""
        now = datetime(2026, 10, 10, 12, tzinfo=UTC)
        at_(now)
        nia, ben = cast.user("nia", "America/New_York"), cast.mentor("ben", "Europe/Berlin")
        pack = bought(nia, ben, now=now)
        page = as_(nia).get(plan(pack), {"from": "2026-10-20T10:00:00-04:00"})
        hours = [time.astimezone(nia.zone).hour for time in offered(page)]
        there = [time.astimezone(ben.zone).hour for time in offered(page)]
        assert (hours, there) == ([10, 10, 10, 10], [16, 15, 16, 16])
        said = words(page)
        assert "Clocks in New York go back an hour on Sunday 1 November" in said
        assert "In Berlin the clocks change on another day than yours" in said
        assert "Tue 27 Oct, 10:00 (Ben 15:00)" in said

    def test_where_the_mentors_hours_end_a_moved_clock_is_a_conflict(self, as_, at_):
        now = datetime(2026, 10, 10, 12, tzinfo=UTC)
        at_(now)
        nia = cast.user("nia", "America/New_York")
        ben = cast.mentor("ben", "Europe/Berlin", hours=(16, 20))
        pack = bought(nia, ben, now=now)
        page = as_(nia).get(plan(pack), {"from": "2026-10-20T10:00:00-04:00"})
        assert [row["why"] for row in page.context["rows"]] == ["", "taken", "", ""]
        assert offered(page)[1].astimezone(ben.zone).hour == 16

    def test_a_time_that_the_clock_skips(self, as_, at_):
        now = datetime(2026, 3, 10, 12, tzinfo=UTC)
        at_(now)
        ben = cast.mentor("ben", "Europe/Berlin", hours=(0, 24))
        nia = cast.user("nia", "Europe/Berlin")
        pack = bought(nia, ben, now=now)
        page = as_(nia).get(plan(pack), {"from": "2026-03-15T02:30:00+01:00"})
        assert [row["why"] for row in page.context["rows"]] == ["", "", "skipped", ""][: len(page.context["rows"])]
        assert all(offered(page))


def test_without_javascript_the_select_carries_what_the_page_says(as_, sam, mia):
    pack = bought(sam, mia)
    html = as_(sam).get(plan(pack), {"from": clock.iso(at(1, 18))}).content.decode()
    assert html.count("selected") == 4
    assert html.count('name="time"') == 4
