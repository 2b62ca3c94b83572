from __future__ import annotations

from datetime import timedelta

import pytest

from mentorship.people.models import MentorProfile
from sessions_app.models import WeeklyRule
from sessions_app.slots import block_spans, free_slots, free_slots_of_many, next_free
from tests.cast import user
from tests.slots.scene import FRI, MON, SAT, SUN, TUE, WED, always, at, hours, mentor, taken, walls

pytestmark = pytest.mark.django_db

NOW = at("2026-11-20T09:00:00Z")  # a Friday


@pytest.fixture
def mia():
    return mentor("mia")


@pytest.fixture
def sam():
    return user("sam")


# The rules


def test_no_rules_no_slots(mia):
    assert walls(mia, "2026-11-24") == []


def test_a_window_is_cut_by_the_step(mia):
    hours(mia, TUE, 18, 20)
    assert walls(mia, "2026-11-24") == ["18:00", "18:30", "19:00"]
    mia.slot_step_minutes = 60
    assert walls(mia, "2026-11-24") == ["18:00", "19:00"]


def test_the_grid_starts_where_the_window_starts(mia):
    hours(mia, TUE, 18.25, 20)
    assert walls(mia, "2026-11-24") == ["18:15", "18:45"]


def test_a_session_that_does_not_fit_is_not_offered(mia):
    hours(mia, TUE, 18, 19)
    assert walls(mia, "2026-11-24", minutes=60) == ["18:00"]
    assert walls(mia, "2026-11-24", minutes=61) == []


def test_windows_that_touch_or_overlap_are_one(mia):
    hours(mia, TUE, 18, 19)
    hours(mia, TUE, 19, 20)
    hours(mia, TUE, 18.5, 19.5)
    assert walls(mia, "2026-11-24", minutes=120) == ["18:00"]


def test_windows_that_touch_at_midnight_are_one(mia):
    hours(mia, MON, 22, 24)
    hours(mia, TUE, 0, 2)
    assert walls(mia, "2026-11-23", days=2, minutes=90) == ["22:00", "22:30", "23:00", "23:30", "00:00", "00:30"]


def test_a_window_over_midnight_is_the_same_as_two(mia):
    hours(mia, MON, 22, 26)
    assert walls(mia, "2026-11-23", days=2, minutes=90) == ["22:00", "22:30", "23:00", "23:30", "00:00", "00:30"]


def test_sunday_night_reaches_into_monday(mia):
    hours(mia, SUN, 23, 25)
    hours(mia, MON, 1, 2)
    assert walls(mia, "2026-11-22", days=2, minutes=120) == ["23:00", "23:30", "00:00"]
    assert walls(mia, "2026-11-23", minutes=60) == ["00:00", "00:30", "01:00"]


def test_around_the_clock(mia):
    always(mia)
    assert len(walls(mia, "2026-11-22", days=2)) == 96
    assert walls(mia, "2026-11-22", minutes=240)[-1] == "23:30"


def test_a_day_that_is_closed_stays_closed(mia):
    hours(mia, MON, 9, 17)
    hours(mia, WED, 9, 17)
    assert walls(mia, "2026-11-24") == []


# Notice and horizon


def test_notice_is_exact(mia):
    always(mia)
    now = NOW
    slots = free_slots(mentor=mia, start=now, end=now + timedelta(days=2), duration_minutes=60, now=now)
    assert slots[0].starts_at == now + timedelta(hours=12)
    later = now + timedelta(microseconds=1)
    slots = free_slots(mentor=mia, start=now, end=now + timedelta(days=2), duration_minutes=60, now=later)
    assert slots[0].starts_at == now + timedelta(hours=12, minutes=30)


def test_the_mentors_own_notice_counts(mia):
    always(mia)
    mia.notice_hours = 72
    slots = free_slots(mentor=mia, start=NOW, end=NOW + timedelta(days=7), duration_minutes=60, now=NOW)
    assert slots[0].starts_at == NOW + timedelta(hours=72)


def test_sixty_days_ahead_to_the_second(mia):
    always(mia)
    end = NOW + timedelta(days=90)
    slots = free_slots(mentor=mia, start=NOW, end=end, duration_minutes=60, now=NOW)
    assert slots[-1].starts_at == NOW + timedelta(days=60)
    slots = free_slots(mentor=mia, start=NOW, end=end, duration_minutes=60, now=NOW - timedelta(seconds=1))
    assert slots[-1].starts_at == NOW + timedelta(days=60) - timedelta(minutes=30)


def test_a_pack_that_lives_longer_sees_further_but_not_to_its_own_expiry(mia):
    always(mia)
    expires_at = NOW + timedelta(days=80)
    end = NOW + timedelta(days=100)
    slots = free_slots(mentor=mia, start=NOW, end=end, duration_minutes=60, now=NOW, horizon_ends=expires_at)
    assert slots[-1].starts_at == expires_at - timedelta(minutes=30)


def test_a_pack_that_ends_sooner_does_not_shorten_the_list(mia):
    always(mia)
    end = NOW + timedelta(days=90)
    soon = NOW + timedelta(days=3)
    slots = free_slots(mentor=mia, start=NOW, end=end, duration_minutes=60, now=NOW, horizon_ends=soon)
    assert slots[-1].starts_at == NOW + timedelta(days=60)


def test_nothing_in_the_past(mia):
    always(mia)
    assert free_slots(mentor=mia, start=NOW - timedelta(days=9), end=NOW, duration_minutes=60, now=NOW) == []


# Taken time


def test_a_booked_session_is_not_offered_again(mia, sam):
    hours(mia, TUE, 18, 21)
    taken(mia, sam, at("2026-11-24T19:00:00Z"))
    assert walls(mia, "2026-11-24") == ["18:00", "20:00"]


def test_buffers_on_both_sides(mia, sam):
    hours(mia, TUE, 17, 22)
    mia.buffer_before_minutes, mia.buffer_after_minutes = 15, 15
    taken(mia, sam, at("2026-11-24T19:00:00Z"))
    assert walls(mia, "2026-11-24") == ["17:00", "17:30", "20:30", "21:00"]


def test_a_block_keeps_the_buffer_it_was_booked_with(mia, sam):
    hours(mia, TUE, 18, 21)
    taken(mia, sam, at("2026-11-24T19:00:00Z"))
    mia.buffer_after_minutes = 30
    assert walls(mia, "2026-11-24") == ["20:00"]


def test_time_a_mentor_spends_as_somebodys_student_is_taken(mia):
    max_ = mentor("max")
    hours(mia, TUE, 18, 20)
    taken(max_, mia.user, at("2026-11-24T18:00:00Z"))
    assert walls(mia, "2026-11-24") == ["19:00"]


def test_the_viewers_own_sessions_are_left_out(mia, sam):
    max_ = mentor("max")
    hours(mia, TUE, 18, 20)
    taken(max_, sam, at("2026-11-24T18:00:00Z"))
    assert walls(mia, "2026-11-24", viewer=sam) == ["19:00"]
    assert walls(mia, "2026-11-24", viewer=user("sue")) == ["18:00", "18:30", "19:00"]
    assert walls(mia, "2026-11-24") == ["18:00", "18:30", "19:00"]


def test_the_viewers_sessions_count_without_the_mentors_buffers(mia, sam):
    max_ = mentor("max")
    hours(mia, TUE, 18, 20)
    mia.buffer_before_minutes = mia.buffer_after_minutes = 30
    taken(max_, sam, at("2026-11-24T18:00:00Z"))
    assert walls(mia, "2026-11-24", viewer=sam) == ["19:00"]


def test_the_session_being_moved_does_not_stand_in_its_own_way(mia, sam):
    hours(mia, TUE, 18, 20)
    session = taken(mia, sam, at("2026-11-24T18:00:00Z"))
    assert walls(mia, "2026-11-24", viewer=sam, ignore_session=session) == ["18:00", "18:30", "19:00"]


def test_an_unpaid_session_blocks_until_its_deadline_whether_or_not_a_job_has_run(mia, sam):
    hours(mia, TUE, 18, 19)
    deadline = NOW + timedelta(minutes=35)
    taken(mia, sam, at("2026-11-24T18:00:00Z"), unpaid_until=deadline)
    assert walls(mia, "2026-11-24", now=deadline - timedelta(microseconds=1)) == []
    assert walls(mia, "2026-11-24", now=deadline) == ["18:00"]


def test_block_spans_are_half_open_and_buffered_for_the_mentor_only(mia):
    mia.buffer_before_minutes, mia.buffer_after_minutes = 5, 10
    mine, theirs = block_spans(mia, at("2026-11-24T18:00:00Z"), at("2026-11-24T19:00:00Z"))
    assert (mine.lower, mine.upper, mine.bounds) == (at("2026-11-24T17:55:00Z"), at("2026-11-24T19:10:00Z"), "[)")
    assert (theirs.lower, theirs.upper, theirs.bounds) == (at("2026-11-24T18:00:00Z"), at("2026-11-24T19:00:00Z"), "[)")


# Many mentors, and the price of asking


def test_next_free_of_many_mentors(mia, sam):
    max_, ann = mentor("max", "America/New_York"), mentor("ann")
    hours(mia, TUE, 18, 20)
    hours(max_, SAT, 9, 10)
    hours(max_, SUN, 9, 10)
    taken(max_, sam, at("2026-11-21T14:00:00Z"))
    found = next_free([mia, max_, ann], NOW)
    assert {pk: slot.starts_at for pk, slot in found.items()} == {
        mia.user_id: at("2026-11-24T18:00:00Z"),
        max_.user_id: at("2026-11-22T14:00:00Z"),
    }
    assert ann.user_id not in found


def test_next_free_leaves_out_the_viewers_time_and_knows_each_mentors_length(mia, sam):
    max_ = mentor("max")
    hours(mia, SAT, 18, 20)
    hours(max_, SAT, 18, 20)
    taken(mentor("ann"), sam, at("2026-11-21T18:00:00Z"))
    found = next_free([mia, max_], NOW, viewer=sam, days=7, duration={mia.user_id: 60, max_.user_id: 90})
    assert found == {mia.user_id: (at("2026-11-21T19:00:00Z"), at("2026-11-21T20:00:00Z"))}


def test_next_free_in_the_repeated_hour_is_the_earliest_of_two_windows(mia):
    mia.user.zone_name = "America/New_York"
    mia.user.save()
    hours(mia, SUN, 0.75, 1.25)
    hours(mia, SUN, 1.5, 3)
    mia.slot_step_minutes = 15
    now = at("2026-11-01T05:20:00Z") - timedelta(hours=12)
    assert next_free([mia], now, duration=15)[mia.user_id].starts_at == at("2026-11-01T05:30:00Z")


def test_of_many_lists_what_free_slots_lists(mia, sam):
    max_ = mentor("max", "Asia/Kathmandu", buffer_after_minutes=15)
    always(mia, 8, 12)
    always(max_, 20, 27)
    taken(max_, sam, at("2026-11-24T18:00:00Z"))
    many = free_slots_of_many([mia, max_], NOW, days=10)
    for one in (mia, max_):
        assert many[one.user_id] == free_slots(
            mentor=one, start=NOW, end=NOW + timedelta(days=10), duration_minutes=60, now=NOW
        )


def test_the_queries_do_not_grow(mia, sam, django_assert_num_queries):
    always(mia, 8, 20)
    for day in range(24, 30):
        taken(mia, sam, at(f"2026-11-{day}T10:00:00Z"))
    with django_assert_num_queries(2):
        assert free_slots(mentor=mia, start=NOW, end=NOW + timedelta(days=60), duration_minutes=60, now=NOW, viewer=sam)
    others = [mentor(f"mentor{n}") for n in range(12)]
    for other in others:
        hours(other, FRI, 9, 12)
    with django_assert_num_queries(2):
        assert len(next_free([mia, *others], NOW, viewer=sam)) == 13
    fresh = list(MentorProfile.objects.all())
    with django_assert_num_queries(3):  # their users were not loaded
        next_free(fresh, NOW)


def test_without_rules_the_blocks_are_not_asked(mia, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert free_slots(mentor=mia, start=NOW, end=NOW + timedelta(days=60), duration_minutes=60, now=NOW) == []
    assert WeeklyRule.objects.count() == 0
