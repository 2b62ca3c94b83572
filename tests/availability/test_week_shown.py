"""The week one sees: what differs, what is booked, what is busy elsewhere, and the weeks beside it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_app.models import DateException, Vacation, WeeklyRule
from sessions_app.services import book
from sessions_app.services.busy import replace_busy
from tests.cast import NOW, at, bought
from tests.rooms.scene import words

pytestmark = pytest.mark.django_db
PAGE = "/tutor/availability"
NEXT = f"{PAGE}?week=2026-06-08"


def test_what_lies_in_it_is_said(mias, mia, sam):
    bought(sam, mia)
    book(student=sam, mentor_id=mia.pk, starts_at=at(8), by=sam, now=NOW)
    replace_busy(person=mia, source="google:1", spans=[(at(9, 12), at(9, 14))], now=NOW)
    DateException.objects.create(mentor=mia, day=at(10).date(), kind="EXTRA", start_minute=1260, end_minute=1320)
    Vacation.objects.create(mentor=mia, first_day=at(12).date(), last_day=at(13).date(), created_at=NOW)
    page = mias.get(NEXT).content.decode()
    assert "Tuesday 08:00-20:00, booked 10:00-11:00 with Sam" in page
    assert "Wednesday 08:00-20:00, busy 12:00-14:00" in page
    assert "extra 21:00-22:00" in page
    assert "Saturday away; Sunday away" in page
    assert "busy elsewhere" in page


def test_days_that_are_over_are_past_and_show_what_they_had(mias, mia, sam, time_machine):
    bought(sam, mia)
    book(student=sam, mentor_id=mia.pk, starts_at=at(1), by=sam, now=NOW)
    Vacation.objects.create(mentor=mia, first_day=at(2).date(), last_day=at(2).date(), created_at=NOW)
    time_machine.move_to(at(3), tick=False)
    answer = mias.get(PAGE)
    page, said = answer.content.decode(), words(answer)
    assert (
        'aria-label="Monday past: 08:00-20:00; Tuesday past: 08:00-20:00, booked 10:00-11:00 with Sam; '
        "Wednesday past: away; Thursday 08:00-20:00;"
    ) in page
    assert "Tue 2 Jun past: 08:00-20:00, booked 10:00-11:00 with Sam" in said
    assert "Thu 4 Jun 08:00-20:00" in said
    assert page.count("hours-column--past") == 3
    assert "past" not in words(mias.get(NEXT))


def test_nothing_is_bookable_in_a_week_with_no_day_left_to_book(mias, time_machine):
    WeeklyRule.objects.filter(weekday__gt=4).delete()
    time_machine.move_to(at(6), tick=False)
    shown = mias.get(PAGE).content.decode().partition("Hours</h2>")[0]
    assert ">past</p>" in shown and "bookable" not in shown
    assert "bookable" in mias.get(NEXT).content.decode().partition("Hours</h2>")[0]


def test_the_mentor_s_own_lessons_are_in_it_too(mias, mia, max_):
    bought(mia, max_)
    book(student=mia, mentor_id=max_.pk, starts_at=at(8), by=mia, now=NOW)
    assert "booked 10:00-11:00 with Max" in mias.get(NEXT).content.decode()


@pytest.mark.parametrize("week", ["", "soon", "2026-05-01", "2035-01-01", "9999-12-31", "0001-01-01", "2026-06-03"])
def test_an_absurd_week_is_this_one(mias, week):
    page = mias.get(PAGE, {"week": week}).content.decode()
    assert "1 Jun – 7 Jun" in page
    assert "week=2026-05-25" not in page and "?week=2026-06-08" in page


def test_any_day_shows_its_week_and_the_ones_beside_it(mias):
    page = mias.get(PAGE, {"week": "2026-06-11"}).content.decode()
    assert "8 Jun – 14 Jun" in page
    assert "?week=2026-06-01" in page and "?week=2026-06-15" in page


def test_only_the_week_is_swapped(mias):
    part = mias.get(NEXT, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="shown-week").content.decode()
    assert "8 Jun – 14 Jun" in part
    assert "<form" not in part and "<html" not in part


def test_the_same_queries_whatever_lies_in_it(mias, mia, sam):
    pack, counts = bought(sam, mia, sessions=10), []
    for days in ((8,), (9, 10, 11, 12)):
        for day in days:
            book(student=sam, mentor_id=mia.pk, starts_at=at(day), pack_id=pack.pk, by=sam, now=NOW)
            DateException.objects.create(mentor=mia, day=at(day).date(), kind="CLOSED", start_minute=0, end_minute=60)
        spans = [(at(day, 13), at(day, 14)) for day in days]
        replace_busy(person=mia, source=f"google:{days}", spans=spans, now=NOW)
        with CaptureQueriesContext(connection) as statements:
            assert mias.get(NEXT).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 10, counts
