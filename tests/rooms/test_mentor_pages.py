"""The mentor room, the seats and the calendars."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorship.people.models import MentorProfile
from seats.services import hold_seat
from tests import cast
from tests.cast import HOUR, NOW, at, bought
from tests.rooms.scene import booked, shown, used_up, with_link, words

ROOM = "/tutor/mentorship"


def test_today_has_each_students_topic(as_, at_, sam, sue, mia):
    for student in (sam, sue):
        bought(student, mia)
    booked(sam, mia, at(1, 18), agenda="Reviewing my feature store")
    booked(sue, mia, at(1, 14), agenda="Salary talk")
    booked(sue, mia, at(2, 14), agenda="Another day")
    at_(at(1, 15) - timedelta(minutes=30))
    page = as_(mia).get(ROOM)
    assert "Tuesday, 2 June" in words(page)
    today = words(page).split("Today")[1].split("Your 10 seats")[0]
    assert today.index("14:00 Sue · session 1 of 4 Salary talk Open room") < today.index("18:00 Sam · session 1 of 4")
    assert "Another day" not in today


def test_an_empty_day_names_the_next_session_and_no_past_one(as_, at_, sam, mia):
    bought(sam, mia)
    booked(sam, mia, at(1, 16))
    booked(sam, mia, at(4, 9))
    at_(at(2, 12))
    assert "No session today. The next one is Fri 5 Jun, 09:00 with Sam." in words(as_(mia).get(ROOM))


def test_what_is_not_settled_waits_with_its_deadline(as_, at_, sam, mia):
    with_link(mia)
    bought(sam, mia)
    session = booked(sam, mia, at(1, 16))
    at_(session.ends_at + 71 * HOUR)
    page = words(as_(mia).get(ROOM))
    assert "Needs you Sam’s session to settle time left: 1 h settles itself today at 17:00" in page
    page = words(as_(mia).get(ROOM, {"tab": "pending"}))
    assert "ended, not settled" in page
    assert "Completed" in page


def test_the_room_settles_with_one_click(as_, at_, sam, mia):
    pack = bought(sam, mia)
    session = booked(sam, mia, at(1, 16))
    at_(session.ends_at + timedelta(seconds=1))
    page = as_(mia).get(ROOM)
    assert f'action="{session.get_absolute_url()}/completion"'.encode() in page.content
    assert "1 session is used, 3 are left." in words(page)
    as_(mia).post(f"{session.get_absolute_url()}/completion", shown(page))
    assert cast.counters(pack) == (4, 0, 1)


def test_the_seat_row_counts_and_has_its_clock(as_, at_, sam, sue, mia):
    bought(sam, mia)
    used_up(sam, mia)
    bought(sue, mia)
    end = at(4) + HOUR + 72 * HOUR
    at_(end - 11 * HOUR)
    page = words(as_(mia).get(ROOM))
    assert "1 taken · 1 in grace · 8 free" in page
    assert "Seat 1, Sam, in grace: 11 h" in page
    assert "Seat 2, Sue, taken: 0 of 4" in page
    at_(end)
    assert "1 taken · 9 free" in words(as_(mia).get(ROOM))


def test_a_paying_student_holds_a_chair_but_is_no_mentorship(as_, sam, mia):
    hold_seat(student_id=sam.pk, mentor_id=mia.pk, until=NOW + HOUR, by=sam, now=NOW)
    page = words(as_(mia).get(ROOM))
    assert "1 being paid · 9 free" in page
    assert "Nobody sits with you yet." in page


def test_fewer_seats_than_students_evicts_nobody(as_, sam, sue, mia):
    for student in (sam, sue):
        bought(student, mia)
    MentorProfile.objects.update(max_active_students=1)
    page = words(as_(mia).get("/tutor/seats"))
    assert "2 taken" in page
    assert "1 more sits here than you have seats" in page


def test_a_seat_tells_its_story(as_, at_, sam, mia):
    bought(sam, mia)
    used_up(sam, mia)
    at_(at(4) + 2 * HOUR)
    page = words(as_(mia).get("/tutor/seats"))
    assert "Seat 1 · in grace until Mon 8 Jun, 11:00" in page
    assert "Fri 5 Jun, 11:00 · grace began: the last session was settled" in page
    assert "Mon 1 Jun, 12:00 · taken by Sam" in page
    from seats.jobs import sweep_seats

    at_(at(8))
    sweep_seats(at(8))
    page = words(as_(mia).get("/tutor/seats"))
    assert "All your seats are free." in page
    assert "Sam Seat 1 · the grace period ended" in page


def test_these_pages_are_for_mentors(as_, client, otto):
    for path in (ROOM, "/tutor/seats", "/tutor/calendar"):
        assert as_(otto).get(path).status_code == 404
        assert client.get(path).status_code == 302


def test_queries_do_not_grow_with_students(as_, mia):
    counts = {}
    MentorProfile.objects.update(max_active_students=60)
    students = 0
    for upto in (1, 10, 50):
        while students < upto:
            student = cast.user(f"student{students}")
            bought(student, mia)
            day, hour = divmod(students, 12)
            booked(student, mia, at(1 + day, 8 + hour))
            students += 1
        for path in (ROOM, f"{ROOM}?tab=pending", f"{ROOM}?tab=completed", "/tutor/seats", "/tutor/calendar"):
            with CaptureQueriesContext(connection) as queries:
                assert as_(mia).get(path).status_code == 200
            counts.setdefault(path, set()).add(len(queries))
    assert all(len(found) == 1 for found in counts.values()), counts
