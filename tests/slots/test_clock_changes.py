"""The days on which clocks change, both ways, in zones that do it differently. Times that do not exist are not offered,
those that happen twice are two."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sessions_app.slots import free_slots
from tests.slots.scene import FRI, MON, SAT, SUN, THU, TUE, at, hours, local_day, mentor, walls

pytestmark = pytest.mark.django_db


def test_new_york_skips_an_hour_in_spring():
    mia = mentor("mia", "America/New_York")
    hours(mia, SUN, 0, 5)
    assert walls(mia, "2026-03-08") == ["00:00", "00:30", "01:00", "01:30", "03:00", "03:30", "04:00"]


def test_new_york_repeats_an_hour_in_autumn():
    mia = mentor("mia", "America/New_York")
    hours(mia, SUN, 0, 3)
    start, end = local_day("2026-11-01", "America/New_York")
    slots = free_slots(mentor=mia, start=start, end=end, duration_minutes=60, now=start - timedelta(days=5))
    assert [s.starts_at.isoformat()[11:16] for s in slots] == [
        "04:00",
        "04:30",
        "05:00",
        "05:30",
        "06:00",
        "06:30",
        "07:00",
    ]
    assert walls(mia, "2026-11-01") == ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]
    assert all(s.ends_at - s.starts_at == timedelta(hours=1) for s in slots)


def test_the_days_beside_the_change_are_ordinary():
    mia = mentor("mia", "America/New_York")
    for weekday in (SAT, SUN, MON):
        hours(mia, weekday, 1, 4)
    ordinary = ["01:00", "01:30", "02:00", "02:30", "03:00"]
    for day in ("2026-03-07", "2026-03-09", "2026-10-31", "2026-11-02"):
        assert walls(mia, day) == ordinary


def test_the_same_wall_clock_time_before_and_after_is_another_instant():
    mia = mentor("mia", "Europe/Berlin")
    hours(mia, MON, 18, 19)
    start, end = at("2026-10-19T00:00:00Z"), at("2026-11-03T00:00:00Z")
    slots = free_slots(mentor=mia, start=start, end=end, duration_minutes=60, now=start - timedelta(days=7))
    assert [s.starts_at.isoformat() for s in slots] == [
        "2026-10-19T16:00:00+00:00",
        "2026-10-26T17:00:00+00:00",
        "2026-11-02T17:00:00+00:00",
    ]


def test_berlin_both_ways():
    mia = mentor("mia", "Europe/Berlin")
    hours(mia, SUN, 1, 4)
    assert walls(mia, "2026-03-29") == ["01:00", "01:30", "03:00"]
    assert walls(mia, "2026-10-25") == ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]


def test_lord_howe_changes_by_half_an_hour():
    mia = mentor("mia", "Australia/Lord_Howe")
    hours(mia, SUN, 1, 3)
    assert walls(mia, "2026-04-05", minutes=30) == ["01:00", "01:30", "01:30", "02:00", "02:30"]
    assert walls(mia, "2026-10-04", minutes=30) == ["01:00", "01:30", "02:30"]


def test_cairo_changes_at_midnight():
    mia = mentor("mia", "Africa/Cairo")
    hours(mia, THU, 22, 24)
    hours(mia, FRI, 0, 2)
    # 24 April 2026: 00:00 is skipped, one stretch across it all the same.
    assert walls(mia, "2026-04-23", days=2) == ["22:00", "22:30", "23:00", "23:30", "01:00"]
    # 29 October 2026: the hour before midnight happens twice.
    assert walls(mia, "2026-10-29", days=2) == [
        "22:00", "22:30", "23:00", "23:30", "23:00", "23:30", "00:00", "00:30", "01:00",
    ]  # fmt: skip


def test_an_evening_until_a_skipped_midnight_keeps_its_last_hour():
    mia = mentor("mia", "Africa/Cairo")
    hours(mia, THU, 22, 24)
    assert walls(mia, "2026-04-23") == ["22:00", "22:30", "23:00"]


def test_a_window_until_the_repeated_hour_ends_when_the_clock_first_shows_it():
    mia = mentor("mia", "Africa/Cairo")
    hours(mia, THU, 21, 23)
    assert walls(mia, "2026-10-29") == ["21:00", "21:30", "22:00"]


def test_a_window_ending_within_the_repeated_hour_ends_the_second_time():
    mia = mentor("mia", "America/New_York")
    hours(mia, SUN, 0, 1.5)
    assert walls(mia, "2026-11-01", minutes=30) == ["00:00", "00:30", "01:00", "01:00"]


def test_a_window_that_starts_in_the_skipped_hour_starts_after_it():
    mia = mentor("mia", "America/New_York")
    hours(mia, SUN, 2.5, 5)
    assert walls(mia, "2026-03-08") == ["03:00", "03:30", "04:00"]


def test_a_window_wholly_in_the_skipped_hour_offers_nothing():
    mia = mentor("mia", "America/New_York")
    hours(mia, SUN, 2, 3)
    assert walls(mia, "2026-03-08", minutes=30) == []
    assert walls(mia, "2026-03-15", minutes=30) == ["02:00", "02:30"]


def test_a_session_may_run_through_the_change_by_elapsed_time():
    mia = mentor("mia", "Europe/Berlin")
    hours(mia, SUN, 0, 4)
    # Four hours on the clock: three elapsed in spring, five in autumn.
    assert walls(mia, "2026-03-29", minutes=180) == ["00:00"]
    assert walls(mia, "2026-10-25", minutes=300) == ["00:00"]
    assert walls(mia, "2026-03-29", minutes=181) == []


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("Asia/Kathmandu", "+05:45"), ("Pacific/Chatham", "+13:45"), ("Pacific/Marquesas", "-09:30")],
)
def test_quarter_and_half_hour_zones(zone, offset):
    mia = mentor("mia", zone)
    hours(mia, TUE, 18, 20)
    start, end = local_day("2026-12-01", zone)
    slots = free_slots(mentor=mia, start=start, end=end, duration_minutes=60, now=start - timedelta(days=3))
    assert [s.starts_at for s in slots] == [at(f"2026-12-01T{wall}:00{offset}") for wall in ("18:00", "18:30", "19:00")]


def test_chatham_both_ways():
    mia = mentor("mia", "Pacific/Chatham")
    hours(mia, SUN, 2, 5)
    assert walls(mia, "2026-09-27", minutes=30) == ["02:00", "02:30", "04:00", "04:30"]
    assert walls(mia, "2026-04-05", minutes=30) == [
        "02:00",
        "02:30",
        "03:00",
        "03:30",
        "03:00",
        "03:30",
        "04:00",
        "04:30",
    ]
