"""What holds for any hours, any zone and any taken time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from mentorship.kernel import local_time
from mentorship.kernel.refusals import Refusal
from sessions_app import availability
from sessions_app.models import CalendarBlock, WeeklyRule
from sessions_app.slots import Slot, block_spans, check_slot, free_slots, next_free
from sessions_app.week import week_of_slots, week_range
from tests.cast import user
from tests.slots.scene import mentor, taken

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Pacific/Marquesas",
    "Africa/Cairo",
    "UTC",
)
# Instants around clock changes of these zones, and ordinary days.
DAYS = (
    date(2026, 3, 6), date(2026, 3, 27), date(2026, 4, 3), date(2026, 4, 22), date(2026, 6, 10),
    date(2026, 9, 25), date(2026, 10, 2), date(2026, 10, 23), date(2026, 10, 28), date(2026, 10, 30),
)  # fmt: skip

zones = st.sampled_from(ZONES)
moments = st.builds(
    lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from(DAYS),
    st.integers(0, 4000),
)


@st.composite
def rules(draw):
    start = draw(st.integers(0, 1439))
    return draw(st.integers(0, 6)), start, start + draw(st.integers(1, 1440))


weeks = st.lists(rules(), min_size=1, max_size=8)
RELAXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def offered(week, zone, start, end, step, minutes):
    here = ZoneInfo(zone)
    windows = availability.windows(availability.Hours(availability.merge(week)), here, start, end)
    return [at for w in windows for at in availability.starts(w, here, step, minutes) if start <= at < end]


@given(weeks)
def test_merging_keeps_every_minute_and_touches_nowhere(week):
    def minutes(spans):
        return {minute % availability.WEEK_MINUTES for start, end in spans for minute in range(start, end)}

    stretches = availability.merge(week)
    assert minutes(stretches) == minutes([(day * 1440 + start, day * 1440 + end) for day, start, end in week])
    for one, following in pairwise(stretches):
        assert one.end < following.start
    if len(stretches) > 1:
        assert stretches[-1].end < stretches[0].start + availability.WEEK_MINUTES
    assert (
        availability.merge([(s.start // 1440, s.start % 1440, s.end - s.start + s.start % 1440) for s in stretches])
        == stretches
    )


@given(weeks, zones, moments, st.sampled_from([5, 15, 30, 60, 50]), st.sampled_from([15, 60, 90, 480]))
@settings(max_examples=150, deadline=None)
def test_every_start_reads_a_time_within_the_hours_and_happens_once(week, zone, start, step, minutes):
    here = ZoneInfo(zone)
    found = offered(week, zone, start, start + timedelta(days=4), step, minutes)
    assert len(found) == len(set(found))
    open_minutes = {(day * 1440 + m) % availability.WEEK_MINUTES for day, s, e in week for m in range(s, e)}
    for at in found:
        wall = at.astimezone(here)
        assert wall.weekday() * 1440 + wall.hour * 60 + wall.minute in open_minutes
        assert wall.second == 0


@given(weeks, zones, moments, st.sampled_from([30, 50]))
@settings(max_examples=100, deadline=None)
def test_a_range_asked_in_pieces_offers_the_same(week, zone, start, step):
    middle, end = start + timedelta(hours=31), start + timedelta(days=5)
    whole = offered(week, zone, start, end, step, 60)
    pieces = offered(week, zone, start, middle, step, 60) + offered(week, zone, middle, end, step, 60)
    assert sorted(whole) == sorted(pieces)


@given(
    week=weeks,
    zone=zones,
    now=moments,
    taken_at=st.lists(st.integers(0, 4 * 96), max_size=4),
    buffers=st.tuples(*[st.sampled_from([0, 5, 30])] * 2),
)
@RELAXED
@pytest.mark.django_db
def test_what_is_offered_is_accepted_and_nothing_else(week, zone, now, taken_at, buffers):
    mia, sam, sue = _people(zone, buffers)
    WeeklyRule.objects.bulk_create(
        WeeklyRule(mentor=mia.user, weekday=day, start_minute=start, end_minute=end) for day, start, end in week
    )
    for quarter in {q - q % 8 for q in taken_at}:
        taken(mia, sue, now + timedelta(minutes=15 * quarter))
    end = now + timedelta(days=3)
    slots = free_slots(mentor=mia, start=now, end=end, duration_minutes=60, now=now, viewer=sam)

    blocks = [(b.span.lower, b.span.upper) for b in CalendarBlock.objects.filter(person=mia.user)]
    for slot in slots:
        check_slot(mentor=mia, student=sam, starts_at=slot.starts_at, duration_minutes=60, now=now)
        mine, _ = block_spans(mia, *slot)
        assert all(mine.upper <= start or end <= mine.lower for start, end in blocks)
    assert (next_free([mia], now, days=3, viewer=sam).get(mia.user_id)) == (slots[0] if slots else None)

    starts = {slot.starts_at for slot in slots}
    for quarter in range(0, 3 * 96, 7):
        at = now.replace(second=0) + timedelta(minutes=15 * quarter)
        if at not in starts:
            with pytest.raises(Refusal):
                check_slot(mentor=mia, student=sam, starts_at=at, duration_minutes=60, now=now)


def _people(zone, buffers):
    """Fresh people for each example: hypothesis runs them all in one transaction."""
    for model in (CalendarBlock, WeeklyRule):
        model.objects.all().delete()
    n = _people.count = getattr(_people, "count", 0) + 1
    mia = mentor(f"mia{n}", zone, buffer_before_minutes=buffers[0], buffer_after_minutes=buffers[1])
    return mia, user(f"sam{n}"), user(f"sue{n}")


@given(weeks, zones, zones, moments)
@settings(max_examples=100, deadline=None)
def test_a_week_seen_from_another_zone_shows_the_same_instants(week, zone, reader, now):
    starts = offered(week, zone, now, now + timedelta(days=9), 30, 60)
    slots = [Slot(at, at + timedelta(hours=1)) for at in starts]
    there = ZoneInfo(reader)
    first_day = now.astimezone(there).date()
    start, end = week_range(first_day, there)
    columns = week_of_slots(slots, there, now, first_day)
    assert [c["day"] for c in columns] == [first_day + timedelta(days=n) for n in range(7)]
    shown = [s["starts_at"] for c in columns for s in c["slots"]]
    assert shown == sorted(at for at in starts if start <= at < end)
    for column in columns:
        words = [local_time.words(s["starts_at"], there, style="time") for s in column["slots"]]
        assert len(words) == len(set(words))
