"""Dates that differ from the week: extra hours, closed ones, vacations, full days, and what outside calendars say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from mentorship.kernel.refusals import Refusal
from sessions_app.models import BusyTime, DateException, Session, Vacation
from sessions_app.slots import check_slot, free_slots
from tests.cast import user
from tests.slots.scene import SAT, SUN, TUE, at, hours, local_day, mentor, taken, walls

pytestmark = pytest.mark.django_db
NOW = at("2026-11-20T09:00:00Z")  # a Friday
DAY = "2026-11-24"  # a Tuesday


@pytest.fixture
def mia():
    return mentor("mia")


def differs(mia, kind, start=None, end=None, day=DAY):
    minutes = {"start_minute": int(start * 60), "end_minute": int(end * 60)} if start is not None else {}
    DateException.objects.create(mentor=mia.user, day=date.fromisoformat(day), kind=kind, **minutes)


def test_extra_hours_on_a_day_without_any(mia):
    hours(mia, SUN, 9, 10)
    differs(mia, "EXTRA", 18, 20)
    assert walls(mia, DAY) == ["18:00", "18:30", "19:00"]


def test_extra_hours_that_touch_the_weeks_are_one_window(mia):
    hours(mia, TUE, 18, 19)
    differs(mia, "EXTRA", 19, 20)
    assert walls(mia, DAY, minutes=120) == ["18:00"]


def test_a_closed_day(mia):
    hours(mia, TUE, 9, 12)
    differs(mia, "CLOSED")
    assert walls(mia, DAY) == []
    assert walls(mia, "2026-12-01") == ["09:00", "09:30", "10:00", "10:30", "11:00"]


def test_a_closed_part_cuts_the_window_in_two(mia):
    hours(mia, TUE, 9, 14)
    differs(mia, "CLOSED", 11, 12)
    assert walls(mia, DAY) == ["09:00", "09:30", "10:00", "12:00", "12:30", "13:00"]


def test_closed_wins_over_extra(mia):
    differs(mia, "EXTRA", 9, 12)
    differs(mia, "CLOSED", 9, 11)
    assert walls(mia, DAY) == ["11:00"]


def test_closed_hours_reach_over_midnight(mia):
    hours(mia, TUE, 22, 26)
    differs(mia, "CLOSED", 23, 25)
    assert walls(mia, DAY) == ["22:00"]
    assert walls(mia, "2026-11-25") == ["01:00"]


def test_a_vacation_closes_its_first_and_its_last_day(mia):
    for day in (SAT, SUN, TUE):
        hours(mia, day, 9, 10)
    Vacation.objects.create(mentor=mia.user, first_day=date(2026, 11, 22), last_day=date(2026, 11, 24), created_at=NOW)
    differs(mia, "EXTRA", 12, 13)
    assert [walls(mia, f"2026-11-{day}") for day in (21, 22, 24)] == [["09:00"], [], []]
    assert walls(mia, "2026-11-28") == ["09:00"]


def test_a_full_day_offers_nothing_more_in_the_mentors_zone(mia):
    hours(mia, TUE, 9, 12)
    mia.most_sessions_a_day = 1
    taken(mia, user("sue"), at("2026-11-24T09:00:00Z"))
    assert walls(mia, DAY) == []
    with pytest.raises(Refusal, match="full"):
        check_slot(mentor=mia, student=user("sam"), starts_at=at("2026-11-24T11:00:00Z"), duration_minutes=60, now=NOW)
    mia.most_sessions_a_day = 2
    assert walls(mia, DAY) == ["10:00", "10:30", "11:00"]


def test_what_took_place_already_counts_for_its_day(mia):
    hours(mia, TUE, 9, 18)
    mia.most_sessions_a_day = 1
    session = taken(mia, user("sue"), at("2026-11-24T09:00:00Z"))
    session.blocks.all().delete()
    Session.objects.filter(pk=session.pk).update(status="NO_SHOW")
    assert walls(mia, DAY) == []
    with pytest.raises(Refusal, match="full"):
        check_slot(mentor=mia, student=user("sam"), starts_at=at("2026-11-24T15:00:00Z"), duration_minutes=60, now=NOW)
    Session.objects.filter(pk=session.pk).update(status="CANCELLED")
    assert "09:00" in walls(mia, DAY)


def test_what_an_outside_calendar_says_is_taken(mia):
    hours(mia, TUE, 9, 12)
    for start, end in (("09:30", "10:15"), ("10:00", "10:30")):  # they may overlap
        span = DateTimeTZRange(at(f"{DAY}T{start}:00Z"), at(f"{DAY}T{end}:00Z"))
        BusyTime.objects.create(person=mia.user, span=span, source="work")
    assert walls(mia, DAY, minutes=30) == ["09:00", "10:30", "11:00", "11:30"]


@pytest.mark.parametrize("step", [30, 50])
@pytest.mark.parametrize("minutes_past", [0, 10])
def test_a_long_stretch_offers_the_same_however_far_one_looks(mia, step, minutes_past):
    """Days on end without a gap, begun at an odd minute: a day asked alone, a week, and one slot agree."""
    mia.slot_step_minutes = step
    differs(mia, "EXTRA", 9 + minutes_past / 60, 24, day="2026-11-24")
    for day in range(25, 30):
        differs(mia, "EXTRA", 0, 24, day=f"2026-11-{day}")
    whole = walls(mia, DAY, days=6)
    assert whole == [wall for n in range(6) for wall in walls(mia, f"2026-11-{24 + n}", now=NOW)]
    sam = user("sam")
    start, end = local_day("2026-11-28", "UTC")
    for slot in free_slots(mentor=mia, start=start - timedelta(days=4), end=end, duration_minutes=60, now=NOW):
        check_slot(mentor=mia, student=sam, starts_at=slot.starts_at, duration_minutes=60, now=NOW)
