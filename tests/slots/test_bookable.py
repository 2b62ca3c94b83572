"""For any hours, exceptions, zones and taken time: what is offered can be booked, and nobody is ever in two places."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, given, settings, strategies as st

from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile, User
from sessions_app.models import CalendarBlock, DateException, Session, Vacation, WeeklyRule
from sessions_app.services import book, cancel, reschedule
from sessions_app.slots import check_slot, free_slots
from tests import cast
from tests.slots.scene import local_day
from tests.slots.test_properties import DAYS, ZONES, moments, rules, zones

pytestmark = pytest.mark.django_db
SLOW = settings(
    phases=(Phase.explicit, Phase.generate),
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DAY = timedelta(days=1)
names = count()


class Undo(Exception):
    """Take back what one example has written: hypothesis runs them all in one test."""


@st.composite
def spans(draw):
    start = draw(st.integers(0, 1439))
    return start, start + draw(st.sampled_from([30, 200, 1439, 1440]))


differences = st.lists(
    st.tuples(st.integers(-3, 6), st.sampled_from(["EXTRA", "EXTRA", "CLOSED"]), spans()), max_size=6
)
bounds = st.sampled_from([15, 30, 45, 50, 60, 90])


@st.composite
def mentors(draw):
    """Everything a mentor may set."""
    return {
        "zone": draw(zones),
        "week": draw(st.lists(rules(), max_size=5)),
        "differences": draw(differences),
        "vacation": draw(st.none() | st.tuples(st.integers(-1, 5), st.integers(0, 2))),
        "slot_step_minutes": draw(st.sampled_from([15, 30, 45, 50])),
        "buffer_before_minutes": draw(st.sampled_from([0, 0, 10])),
        "buffer_after_minutes": draw(st.sampled_from([0, 0, 25])),
        "most_sessions_a_day": draw(st.none() | st.integers(1, 3)),
        "notice_hours": draw(st.sampled_from([1, 12])),
    }


def made(now: datetime, wishes: dict) -> MentorProfile:
    own = {key: value for key, value in wishes.items() if key not in ("zone", "week", "differences", "vacation")}
    mia = cast.mentor(f"mia{next(names)}", wishes["zone"], hours=None, **own).mentor_profile
    WeeklyRule.objects.bulk_create(
        WeeklyRule(mentor=mia.user, weekday=day, start_minute=start, end_minute=end)
        for day, start, end in wishes["week"]
    )
    today = now.astimezone(mia.zone).date()
    DateException.objects.bulk_create(
        DateException(mentor=mia.user, day=today + n * DAY, kind=kind, start_minute=start, end_minute=end)
        for n, kind, (start, end) in wishes["differences"]
    )
    if wishes["vacation"]:
        first, days = wishes["vacation"]
        Vacation.objects.create(
            mentor=mia.user, first_day=today + first * DAY, last_day=today + (first + days) * DAY, created_at=now
        )
    return mia


def student(zone: str) -> User:
    return cast.user(f"sam{next(names)}", zone)


def each_person_once() -> None:
    """No two booked sessions of one person overlap, in either role, by the sessions themselves and by their blocks."""
    sessions = Session.objects.filter(status__in=Session.BLOCKING).order_by("starts_at")
    for person in User.objects.all():
        mine = [s for s in sessions if person.pk in (s.mentor_id, s.student_id)]
        assert all(one.ends_at <= other.starts_at for one, other in pairwise(mine))
        blocks = sorted(CalendarBlock.objects.filter(person=person).values_list("span", flat=True))
        assert all(one.upper <= other.lower for one, other in pairwise(blocks))
        assert len(blocks) == len(mine)


def slots_of(mia: MentorProfile, sam: User, now: datetime, minutes: int, days: int = 5) -> list:
    return free_slots(mentor=mia, start=now, end=now + days * DAY, duration_minutes=minutes, now=now, viewer=sam)


@given(
    wishes=mentors(),
    zone=zones,
    now=moments,
    minutes=bounds,
    picks=st.lists(st.integers(0, 400), min_size=5, max_size=5),
)
@SLOW
def test_every_offered_slot_can_be_booked_and_no_two_overlap(wishes, zone, now, minutes, picks):
    with pytest.raises(Undo), transaction.atomic():
        mia, sam, sue = made(now, wishes), student(zone), student("UTC")
        for person in (sam, sue):
            cast.bought(person, mia.user, sessions=20, minutes=minutes, now=now)
        slots = slots_of(mia, sam, now, minutes)
        event(f"offers something: {bool(slots)}")
        for slot in slots[:: max(1, len(slots) // 25)]:  # each by itself, from the same beginning
            check_slot(mentor=mia, student=sam, starts_at=slot.starts_at, duration_minutes=minutes, now=now)
        for turn, pick in enumerate(picks):  # one after the other, by two people
            person = (sam, sue)[turn % 2]
            left = slots_of(mia, person, now, minutes)
            assert set(left) <= set(slots)
            if not left:
                break
            slot = left[pick % len(left)]
            session = book(student=person, mentor_id=mia.user_id, starts_at=slot.starts_at, by=person, now=now)
            assert (session.starts_at, session.ends_at) == slot
            each_person_once()
        raise Undo


@given(wishes=mentors(), now=moments, minutes=bounds)
@SLOW
def test_what_is_not_offered_cannot_be_booked(wishes, now, minutes):
    with pytest.raises(Undo), transaction.atomic():
        mia, sam = made(now, wishes), student("UTC")
        cast.bought(sam, mia.user, sessions=20, minutes=minutes, now=now)
        offered = {slot.starts_at for slot in slots_of(mia, sam, now, minutes, days=3)}
        others = [now + timedelta(minutes=15 * n) for n in range(3 * 96)]
        for starts_at in [at for at in others if at not in offered][::48]:
            with pytest.raises(Refusal) as refused:
                book(student=sam, mentor_id=mia.user_id, starts_at=starts_at, by=sam, now=now)
            assert refused.value.code in ("slot_unavailable", "notice_too_short")
        raise Undo


@given(
    wishes=mentors(), zone=st.sampled_from([*ZONES, "Pacific/Kiritimati"]), day=st.sampled_from(DAYS), minutes=bounds
)
@SLOW
def test_the_slots_of_a_day_are_the_same_instants_seen_from_anywhere(wishes, zone, day, minutes):
    """A day of the reader's is made of the mentor's days that it touches, cut at the reader's midnights."""
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    with pytest.raises(Undo), transaction.atomic():
        mia, sam = made(now, wishes), student(zone)
        for n in range(3):
            start, end = local_day((day + n * DAY).isoformat(), zone)
            seen = free_slots(mentor=mia, start=start, end=end, duration_minutes=minutes, now=now, viewer=sam)
            theirs = [
                slot
                for days in range(-2, 3)
                for slot in _of_day(mia, day + (n + days) * DAY, minutes, now, sam)
                if start <= slot.starts_at < end
            ]
            assert seen == theirs
        raise Undo


def _of_day(mia: MentorProfile, day: date, minutes: int, now: datetime, viewer: User) -> list:
    start, end = local_day(day.isoformat(), mia.user.zone_name)
    return free_slots(mentor=mia, start=start, end=end, duration_minutes=minutes, now=now, viewer=viewer)


verbs = st.lists(
    st.tuples(
        st.sampled_from(["book", "book", "move", "cancel"]), st.integers(0, 3), st.integers(0, 1), st.integers(0, 99)
    ),
    min_size=6,
    max_size=12,
)


@given(zone=zones, other=zones, now=moments, steps=verbs)
@SLOW
def test_whatever_two_mentors_and_their_students_do_nobody_is_in_two_places(zone, other, now, steps):
    """Max is a mentor and Mia's student as well; everybody books, moves and cancels as it comes."""
    with pytest.raises(Undo), transaction.atomic():
        mia, max_ = (cast.mentor(f"m{next(names)}", at, hours=(0, 24), buffer_after_minutes=10) for at in (zone, other))
        students = [student("UTC"), student(zone), max_]
        for person in students:
            for of in (mia, max_):
                if person != of:
                    cast.bought(person, of, sessions=9, now=now)
        for verb, who, which, minute in steps:
            person, of = students[who % 3], (mia, max_)[which]
            if person != of:
                _do(verb, person, of, now + timedelta(days=2, minutes=30 * minute), now)
                each_person_once()
        raise Undo


def _do(verb, person, of, starts_at, now):
    starts_at -= timedelta(minutes=starts_at.minute % 30)
    mine = Session.objects.filter(student=person, mentor=of, status="SCHEDULED").order_by("starts_at").first()
    try:
        if verb == "book" or mine is None:
            book(student=person, mentor_id=of.pk, starts_at=starts_at, by=person, now=now)
        elif verb == "move":
            reschedule(session_id=mine.pk, starts_at=starts_at, by=person, now=now)
        else:
            cancel(session_id=mine.pk, by=person, now=now)
    except Refusal as refusal:
        assert refusal.code in ("slot_unavailable", "no_remaining_sessions")
