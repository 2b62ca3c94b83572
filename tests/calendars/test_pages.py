"""The calendars of both sides: what lies in a day, a week, a month and a list, and who sees it."""

from __future__ import annotations

from datetime import date
from re import findall

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from packs.services.pausing import answer_pause, ask_for_pause
from sessions_app.models import BusyTime, DateException, Vacation
from sessions_app.services import cancel, propose_move
from tests import cast
from tests.cast import DAY, HOUR, NOW, at, bought
from tests.rooms.scene import booked, used_up, words

pytestmark = pytest.mark.django_db
STUDENT, TUTOR = "/student/calendar", "/tutor/calendar"
VIEWS = ("day", "week", "month", "list")


def asked(student, mentor, *times, **fields):
    offer = cast.offering(mentor, sessions=1, booking_mode="REQUEST")
    return student.requests_made.create(
        mentor=mentor, offering=offer, title=offer.title, takes_seat=False, session_count=1, duration_minutes=60,
        validity_days=90, amount_minor=100, currency="EUR", times=list(times), created_at=NOW,
        approval_deadline=NOW + 2 * DAY, **fields,
    )  # fmt: skip


@pytest.mark.parametrize("day", ["", "x", "2026-06-03", "0001-01-01", "9999-12-31"])
def test_a_week_with_both_clocks(as_, sam, mia, max_, day):
    for mentor in (mia, max_):
        bought(sam, mentor)
    booked(sam, mia, at(2, 10))
    booked(sam, max_, at(3, 12))
    page = words(as_(sam).get(STUDENT, {"day": day}))
    assert "10:00 – 11:00 Mia · session 1 of 4" in page
    assert "12:00 – 13:00 Max · session 1 of 4 until 13:00 · For Max it is 14:00 in Berlin." in page
    assert "10:00 – 11:00 Sam" in words(as_(mia).get(TUTOR, {"day": day}))


def test_one_mentor_of_several_with_their_hours(as_, sam, mia, max_):
    for mentor in (mia, max_):
        bought(sam, mentor)
    booked(sam, mia, at(2, 10))
    booked(sam, max_, at(3, 12))
    only = words(as_(sam).get(STUDENT, {"mentor": max_.pk}))
    assert "12:00 – 13:00 Max" in only
    assert "10:00 – 11:00 Mia" not in only
    assert "Max is open 06:00 – 18:00" in only
    assert "is open" not in words(as_(sam).get(STUDENT))
    assert as_(sam).get(STUDENT, {"mentor": sam.pk}).status_code == 404


def test_the_next_week_is_a_link_away(as_, sam, mia):
    bought(sam, mia)
    booked(sam, mia, at(9, 10))
    page = as_(sam).get(STUDENT)
    assert "Nothing is booked in this week." in words(page)
    assert page.context["today_url"] == ""
    later = as_(sam).get(page.context["later_url"])
    assert "10:00 – 11:00 Mia" in words(later)
    assert as_(sam).get(later.context["today_url"]).context["span"].first == date(2026, 6, 1)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_shows_the_same_session(as_, sam, mia, view):
    bought(sam, mia)
    session = booked(sam, mia, at(2, 10))
    for person, path in ((sam, STUDENT), (mia, TUTOR)):
        page = as_(person).get(path, {"view": view, "day": "2026-06-03"})
        assert session.get_absolute_url() in page.content.decode()
    assert page.context["span"].view == view


def test_in_the_other_sides_zone(as_, sam, max_):
    bought(sam, max_)
    booked(sam, max_, at(2, 16, 30))
    page = words(as_(sam).get(STUDENT, {"zone": "Europe/Berlin"}))
    assert "18:30 – 19:30 Max" in page
    assert "For you it is 16:30 in UTC." in page
    assert "Times are those of Berlin." in page
    for strange in ("Asia/Tokyo", "nowhere", "../etc"):
        assert "16:30 – 17:30 Max" in words(as_(sam).get(STUDENT, {"zone": strange}))


def test_across_midnight_it_is_on_both_days(as_, mia):
    kim = cast.user("kim", "Asia/Kathmandu")
    bought(kim, mia)
    booked(kim, mia, at(2, 17, 30))
    page = words(as_(kim).get(STUDENT))
    assert "23:15 – 00:00 Mia · session 1 of 4 until Thu 4 Jun, 00:15" in page
    assert "00:00 – 00:15 Mia · session 1 of 4 since Wed 3 Jun, 23:15" in page


def test_a_clock_change_is_announced(as_, at_, sam):
    berlin = cast.mentor("ada", "Europe/Berlin")
    bought(sam, berlin, validity_days=300)
    day = date(2026, 10, 25)
    booked(sam, berlin, NOW.replace(month=10, day=25, hour=10), now=NOW + 120 * DAY)
    at_(NOW + 121 * DAY)
    theirs = words(as_(sam).get(STUDENT, {"day": day.isoformat()}))
    assert "Clocks in Berlin go back an hour on Sunday 25 October at 03:00" in theirs
    mine = words(as_(berlin).get(TUTOR, {"day": day.isoformat()}))
    assert "03:00: clocks go back an hour. This day has 25 hours." in mine
    assert "Clocks in" not in words(as_(sam).get(STUDENT, {"day": "2026-10-14"}))


def test_what_runs_out_and_who_is_away(as_, sam, mia, max_):
    pack = bought(sam, mia, validity_days=30)
    used_up(sam, max_, 1) if bought(sam, max_, sessions=1) else None
    paused = bought(sam, max_, minutes=30)
    pause = ask_for_pause(pack_id=paused.pk, by=sam, days=3, now=NOW)
    answer_pause(pause_id=pause.pk, by=max_, agreed=True, now=NOW)
    Vacation.objects.create(
        mentor=mia, first_day=date(2026, 6, 6), last_day=date(2026, 6, 7), note="hiking", created_at=NOW
    )
    page = words(as_(sam).get(STUDENT, {"view": "month"}))
    assert page.count("Mia is away: hiking") == 4  # two days, each heard and seen
    assert "Paused with Max" in page
    later = words(as_(sam).get(STUDENT, {"view": "list", "day": "2026-06-20"}))
    assert f"{pack.expires_at:%H:%M} Your pack with Mia expires, 4 sessions left" in later
    assert "You are away: hiking" in words(as_(mia).get(TUTOR))
    assert "Sam’s pack expires" in words(as_(mia).get(TUTOR, {"view": "month", "day": "2026-07-01"}))


def test_grace_is_said_to_both(as_, at_, sam, mia):
    bought(sam, mia)
    used_up(sam, mia)
    at_(at(4) + 2 * HOUR)
    week = {"day": "2026-06-08"}
    assert "11:00 Your seat with Mia is kept until then" in words(as_(sam).get(STUDENT, week))
    assert "11:00 Sam’s seat is kept until then" in words(as_(mia).get(TUTOR, week))


def test_wishes_are_dashed_and_take_no_time(as_, sam, mia, sue):
    request = asked(sam, mia, at(2, 9), at(3, 9))
    asked(sue, mia, at(2, 9))
    page = as_(mia).get(TUTOR)
    assert words(page).count("asks for it") == 3
    assert f'href="{request.get_absolute_url()}"' in page.content.decode()
    assert "you asked for it" in words(as_(sam).get(STUDENT))
    request.suggested_times, request.suggested_at = [at(4, 9)], NOW
    request.save()
    assert words(as_(sam).get(STUDENT)).count("suggested to you") == 1
    later = words(as_(sam).get(STUDENT, {"day": "2026-06-08"}))
    assert "asked for" not in later


def test_a_proposed_time_stands_beside_the_old_one(as_, sam, mia):
    bought(sam, mia)
    session = booked(sam, mia, at(2, 10))
    propose_move(session_id=session.pk, starts_at=at(9, 15), by=mia, now=NOW)
    there = words(as_(sam).get(STUDENT, {"day": "2026-06-10"}))
    assert "15:00 – 16:00 Mia · Mia proposes this time" in there
    assert "session 1 of 4" not in there
    assert "10:00 – 11:00 Mia · session 1 of 4" in words(as_(sam).get(STUDENT))
    assert "you propose this time" in words(as_(mia).get(TUTOR, {"day": "2026-06-10"}))


def test_a_mentors_week_has_its_ground(as_, sam, mia):
    mia.mentor_profile.buffer_after_minutes = 15
    mia.mentor_profile.save()
    bought(sam, mia)
    booked(sam, mia, at(2, 10))
    DateException.objects.create(
        mentor=mia, day=date(2026, 6, 4), kind="CLOSED", start_minute=13 * 60, end_minute=14 * 60
    )
    span = DateTimeTZRange(at(4, 9), at(4, 10))
    BusyTime.objects.create(person=mia, source="Google", span=span)
    BusyTime.objects.create(person=sam, source="Google", span=span)
    page = as_(mia).get(TUTOR)
    ground = {day.day.day: {(bar.kind, bar.css) for bar in day.ground} for day in page.context["days"]}
    assert ("open", "t0 tm0 l12 lm0") in ground[2]
    assert ("buffer", "t3 tm0 l0 lm15") in ground[3]
    assert ("closed", "t5 tm0 l1 lm0") in ground[4]
    assert ("busy", "t1 tm0 l1 lm0") in ground[5]
    assert ("now", "t4 tm0 l0 lm5") in ground[1]
    assert "Open 08:00 – 13:00, 14:00 – 20:00" in words(page)
    assert words(page).count("busy: Google") >= 1
    assert 'href="/tutor/availability/exceptions"' in page.content.decode()


def test_ones_other_role_takes_time_too(as_, mia, max_, sam):
    bought(mia, max_)
    booked(mia, max_, at(2, 10))
    assert "Max · session 1 of 4 · you learn" in words(as_(mia).get(TUTOR))
    assert "you learn" not in words(as_(mia).get(STUDENT))
    assert "Mia · session 1 of 4 · you learn" not in words(as_(max_).get(TUTOR))


def test_what_is_cancelled_is_gone(as_, sam, mia):
    bought(sam, mia)
    session = booked(sam, mia, at(2, 10))
    cancel(session_id=session.pk, by=sam, now=NOW)
    for person, path in ((sam, STUDENT), (mia, TUTOR)):
        assert session.get_absolute_url() not in as_(person).get(path).content.decode()


def test_a_part_is_swapped_in_place(as_, sam):
    answer = as_(sam).get(STUDENT, headers={"HX-Request": "true", "HX-Target": "calendar"})
    assert b"<html" not in answer.content
    assert b'data-announce="1 to 7 June"' in answer.content
    assert "HX-Target" in answer["Vary"]


def test_nobody_sees_what_is_not_theirs(as_, client, otto, sam, mia):
    bought(sam, mia)
    session = booked(sam, mia, at(2, 10))
    asked(sam, mia, at(3, 9))
    for view in VIEWS:
        page = as_(otto).get(STUDENT, {"view": view, "day": "2026-06-03"}).content.decode()
        assert str(session.pk) not in page
        assert not findall("Mia|Sam Lee", page.split("<main")[1])
    assert as_(otto).get(STUDENT, {"mentor": mia.pk}).status_code == 404
    assert as_(otto).get(TUTOR).status_code == 404
    for path in (STUDENT, TUTOR):
        assert client.get(path).status_code == 302


def test_somebody_without_a_name_keeps_their_address(as_, mia):
    nameless = cast.user("x", email="secret.person@example.test")
    nameless.name = ""
    nameless.save()
    bought(nameless, mia, validity_days=5)
    asked(nameless, mia, at(2, 9))
    page = as_(mia).get(TUTOR).content.decode().split("<main")[1]
    assert "secret.person" in page
    assert "@example.test" not in page


@pytest.mark.parametrize("view", VIEWS)
def test_queries_do_not_grow(as_, sam, mia, view):
    bought(sam, mia, sessions=100, validity_days=300)
    counts = {STUDENT: [], TUTOR: []}
    for upto in (1, 24, 100):
        while (n := sam.sessions_taken.count()) < upto:
            booked(sam, mia, at(2 + n // 12, 8 + n % 12))
        asked(cast.user(f"s{upto}"), mia, at(2, 9))
        for person, path in ((sam, STUDENT), (mia, TUTOR)):
            browser = as_(person)
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(path, {"view": view, "day": "2026-06-03"}).status_code == 200
            counts[path].append(len(queries))
    assert all(len(set(found)) == 1 and found[0] <= 8 for found in counts.values()), counts
