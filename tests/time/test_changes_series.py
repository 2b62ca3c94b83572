"""A weekly series keeps its wall-clock time over every change; where that does not exist, the nearest is offered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from sessions_app.models import DateException, Vacation
from sessions_app.services.series import book_series, propose_series
from sessions_app.services.vacations import span_of, touched_by
from sessions_app.slots import check_slot
from tests import cast
from tests.slots.scene import hours
from tests.time.changes import BERLIN, CAIRO, CASES, HALF, KATHMANDU, NEW_YORK, at, each, found, people

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
CHANGING = [case for case in CASES if case.skipped or case.twice]
changing = pytest.mark.parametrize("case", CHANGING, ids=lambda case: case.name)


def weekly(case, wall, *, zone=None, count=4):
    """A series that begins a week before the change, at this wall-clock time of the day of the change."""
    mia, sam, _ = people(case, sessions=20)
    pack = cast.bought(sam, mia.user, sessions=count, minutes=60, takes_seat=False, now=case.now)
    zone = zone or case.here
    first = (datetime.fromisoformat(wall) - WEEK).replace(tzinfo=zone)
    rows = propose_series(pack=pack, student=sam, first=first, every_days=7, zone=zone, now=case.now)
    assert [row.wanted is not None for row in rows].count(False) <= 1
    return sam, pack, rows


@changing
def test_the_time_of_the_opening_stays_where_it_is_on_the_clock(case):
    opens = at(case.opens).astimezone(case.here)
    sam, pack, rows = weekly(case, opens.replace(tzinfo=None).isoformat())
    booked = book_series(pack_id=pack.pk, student=sam, times=[row.offered.starts_at for row in rows], now=case.now)
    assert all(row.fits for row in rows)
    read = {session.starts_at.astimezone(case.here).strftime("%a %H:%M") for session in booked}
    assert read == {opens.strftime("%a %H:%M")}
    spans = [later.starts_at - earlier.starts_at for earlier, later in pairwise(booked)]
    assert sorted(spans)[1] == WEEK
    assert len(set(spans)) == 2, "one of the weeks is longer or shorter by the change"


@pytest.mark.parametrize("case", [case for case in CASES if case.skipped], ids=lambda case: case.name)
def test_where_the_clock_skips_the_time_the_nearest_is_offered(case):
    sam, pack, rows = weekly(case, case.skipped)
    skipped = rows[1]
    assert (rows[0].fits, skipped.wanted, rows[2].fits, rows[3].fits) == (True, None, True, True)
    assert abs(skipped.offered.starts_at - case.change) <= HALF * 2
    assert len(book_series(pack_id=pack.pk, student=sam, times=[r.offered.starts_at for r in rows], now=case.now)) == 4


@pytest.mark.parametrize("case", [case for case in CASES if case.twice], ids=lambda case: case.name)
def test_where_it_happens_twice_the_first_is_meant(case):
    _, _, rows = weekly(case, case.twice)
    assert rows[1].wanted == at(case.both[0])
    assert all(row.fits for row in rows)


@each
def test_a_series_in_the_students_clock_meets_what_the_mentor_offers(case):
    """Stable on the student's wall: where that leaves the mentor's window, a time within it is offered instead."""
    sam, pack, rows = weekly(
        case, at(case.opens).astimezone(case.there).replace(tzinfo=None).isoformat(), zone=case.there
    )
    wanted = {row.wanted.astimezone(case.there).strftime("%H:%M") for row in rows if row.wanted}
    assert len(wanted) == 1
    booked = book_series(
        pack_id=pack.pk, student=sam, times=[row.offered.starts_at for row in rows if row.offered], now=case.now
    )
    assert len(booked) == 4


@each
def test_a_day_off_is_the_mentors_day_however_long_it_is(case):
    mia, _, _ = people(case)
    before = found(case, mia)
    DateException.objects.create(mentor=mia.user, day=case.day, kind="CLOSED")
    left = [slot for slot in before if slot.starts_at.astimezone(case.here).date() != case.day]
    assert found(case, mia) == left


@each
def test_a_vacation_of_that_day_is_exactly_that_day(case):
    mia, _, _ = people(case)
    before = found(case, mia)
    start, end = span_of(mia.user, case.day, case.day)
    Vacation.objects.create(mentor=mia.user, first_day=case.day, last_day=case.day, created_at=case.now)
    assert found(case, mia) == [slot for slot in before if not start <= slot.starts_at < end]
    if case.zone == CAIRO and case.skipped:
        assert (start, end) == (at("2026-04-22T22:00Z"), at("2026-04-23T22:00Z"))
    if case.zone == CAIRO and case.twice:
        assert (end - start, end) == (timedelta(hours=25), at("2026-10-29T22:00Z"))


def test_a_session_in_the_25th_hour_is_touched_by_that_days_vacation():
    case = next(case for case in CASES if case.name == "Cairo in autumn")
    mia, sam, pack = people(case)
    (session,) = book_series(pack_id=pack.pk, student=sam, times=[at(case.both[1])], now=case.now)
    assert touched_by(mia.user, case.day, case.day, now=case.now) == [session]
    next_day = case.day + timedelta(days=1)
    assert touched_by(mia.user, next_day, next_day, now=case.now) == []


@pytest.mark.parametrize(("zone", "day"), [(BERLIN, "2026-10-25"), (NEW_YORK, "2026-11-01"), (KATHMANDU, "2026-11-01")])
@pytest.mark.parametrize("full", ["first", "last"])
def test_the_limit_of_a_day_counts_all_of_a_long_day(zone, day, full):
    mia = cast.mentor("mia", zone, hours=None, most_sessions_a_day=1).mentor_profile
    for weekday in range(7):
        hours(mia, weekday, 0, 24)
    sam, sue = cast.user("sam"), cast.user("sue")
    now = at(f"{day}T12:00Z") - timedelta(days=10)
    pack = cast.bought(sam, mia.user, minutes=15, now=now)
    midnight = datetime.fromisoformat(day).replace(tzinfo=mia.zone)
    edges = {"first": midnight.astimezone(UTC), "last": midnight.replace(hour=23, minute=30).astimezone(UTC)}
    book_series(pack_id=pack.pk, student=sam, times=[edges[full]], now=now)
    other = edges["last" if full == "first" else "first"]
    with pytest.raises(Exception, match="day is full"):
        check_slot(mentor=mia, student=sue, starts_at=other, duration_minutes=15, now=now)
