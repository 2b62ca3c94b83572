"""Slots and bookings in the nights on which clocks change, and the deadlines that are elapsed hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mentorship.kernel.refusals import Refusal
from sessions_app.models import CalendarBlock, Session
from sessions_app.services import book, cancel, reschedule
from sessions_app.services.cancelling import what_if_cancelled
from tests import cast
from tests.cast import counters
from tests.slots.scene import local_day
from tests.time.changes import CASES, HALF, at, each, found, people

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def walls(slots, zone):
    return [slot.starts_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") for slot in slots]


@each
def test_the_window_offers_each_elapsed_half_hour_once(case):
    mia, _, _ = people(case)
    assert found(case, mia) == case.every_half_hour


@each
def test_a_time_that_does_not_exist_is_not_offered_and_one_that_happens_twice_is_two(case):
    mia, _, _ = people(case)
    slots = found(case, mia)
    assert case.skipped not in walls(slots, case.here)
    if case.twice:
        twins = [s.starts_at for s, wall in zip(slots, walls(slots, case.here), strict=True) if wall == case.twice]
        assert twins == [at(text) for text in case.both]


@each
def test_every_offered_slot_is_booked_one_after_the_other(case):
    mia, sam, pack = people(case, sessions=len(case.every_half_hour))
    for slot in case.every_half_hour:
        session = book(student=sam, mentor_id=mia.user_id, starts_at=slot.starts_at, by=sam, now=case.now)
        assert (session.starts_at, session.ends_at) == slot
    assert counters(pack)[1] == len(case.every_half_hour)
    for person in (sam, mia.user):
        spans = sorted((b.span.lower, b.span.upper) for b in CalendarBlock.objects.filter(person=person))
        assert spans == [tuple(slot) for slot in case.every_half_hour]
    assert found(case, mia) == []


@each
def test_beside_the_grid_of_the_mentors_clock_nothing_can_be_booked(case):
    mia, sam, _ = people(case)
    for off in (at(case.opens) - HALF, at(case.closes), case.change + timedelta(minutes=10)):
        with pytest.raises(Refusal) as refused:
            book(student=sam, mentor_id=mia.user_id, starts_at=off, by=sam, now=case.now)
        assert refused.value.code == "slot_unavailable"
    assert not Session.objects.exists()


@each
def test_a_session_through_the_change_has_its_elapsed_length_and_buffers(case):
    mia, sam, _ = people(case)
    mia.buffer_before_minutes, mia.buffer_after_minutes = 10, 20
    mia.save()
    cast.bought(sam, mia.user, sessions=2, minutes=60, now=case.now)
    through = next(s.starts_at for s in case.every_half_hour if s.starts_at < case.change < s.ends_at + HALF)
    pack = sam.packs.get(duration_minutes=60)
    session = book(student=sam, mentor_id=mia.user_id, starts_at=through, pack_id=pack.pk, by=sam, now=case.now)
    assert session.ends_at - session.starts_at == timedelta(hours=1)
    block = CalendarBlock.objects.get(person=mia.user).span
    before, after = timedelta(minutes=10), timedelta(minutes=20)
    assert (block.lower, block.upper) == (through - before, through + timedelta(hours=1) + after)
    assert found(case, mia) == [
        slot
        for slot in case.every_half_hour
        if slot.ends_at + after <= block.lower or slot.starts_at - before >= block.upper
    ]


@each
def test_the_students_days_hold_the_same_instants(case):
    """Whoever reads, in whatever zone: the slots of the reader's days, put together, are the mentor's slots."""
    mia, sam, _ = people(case)
    whole = found(case, mia, viewer=sam)
    assert whole
    for zone in (case.student_zone, case.zone, "UTC", "Pacific/Kiritimati"):
        pieces = []
        for n in range(-3, 4):
            start, end = local_day((case.day + n * DAY).isoformat(), zone)
            pieces += found(case, mia, start=start, end=end, viewer=sam)
        assert pieces == whole, zone


@each
def test_a_day_before_is_24_elapsed_hours(case):
    """Across the change the wall clock differs by an hour or half an hour; the deadline does not care."""
    mia, sam, pack = people(case)
    starts_at = next(slot.starts_at for slot in case.every_half_hour if slot.starts_at >= case.change)
    session = book(student=sam, mentor_id=mia.user_id, starts_at=starts_at, by=sam, now=case.now)
    limit = starts_at - timedelta(hours=24)
    assert session.free_until == limit
    assert what_if_cancelled(session, by=sam, now=limit).credit_returns
    assert not what_if_cancelled(session, by=sam, now=limit + SECOND).credit_returns
    with pytest.raises(Refusal) as refused:
        reschedule(session_id=session.pk, starts_at=at(case.opens), by=sam, now=limit + SECOND)
    assert refused.value.code == "too_late"
    moved = reschedule(session_id=session.pk, starts_at=at(case.opens), by=sam, now=limit)
    assert (moved.starts_at, moved.duration) == (at(case.opens), HALF)
    cancel(session_id=session.pk, by=mia.user, now=limit, reason="ill")
    assert counters(pack) == (12, 0, 0)


@each
def test_notice_is_elapsed_hours_too(case):
    mia, _, _ = people(case)
    slot = next(s for s in case.every_half_hour if s.starts_at >= case.change)
    edge = slot.starts_at - timedelta(hours=12)
    assert slot in found(case, mia, now=edge)
    assert slot not in found(case, mia, now=edge + SECOND)


@pytest.mark.parametrize("case", [case for case in CASES if case.twice], ids=lambda case: case.name)
def test_two_students_take_the_two_times_of_one_name(case):
    mia, sam, _ = people(case)
    sue = cast.user("sue", case.student_zone)
    cast.bought(sue, mia.user, sessions=2, minutes=30, now=case.now)
    first, second = (at(text) for text in case.both)
    one = book(student=sam, mentor_id=mia.user_id, starts_at=first, by=sam, now=case.now)
    other = book(student=sue, mentor_id=mia.user_id, starts_at=second, by=sue, now=case.now)
    assert other.starts_at - one.starts_at == second - first > timedelta(0)
    assert walls([one, other], case.here) == [case.twice, case.twice]
