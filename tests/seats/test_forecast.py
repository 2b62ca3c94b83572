"""The forecast: what ends, when, and what is left out because nobody can know."""

from __future__ import annotations

from datetime import timedelta

import pytest

from packs.models import Pause, SessionPack
from packs.services import freeze
from seats.models import Seat
from seats.services import freeze_seat
from seats.services.forecast import Why, seat_forecast
from sessions_app.services import book, complete
from tests import cast
from tests.cast import DAY, HOUR, NOW, at, bought
from tests.seats.scene import full_house

pytestmark = pytest.mark.django_db
GRACE = 72 * HOUR


def used(pack: SessionPack, *days: int) -> None:
    """Sessions of these days (after NOW's) took place."""
    for day in days:
        session = book(student=pack.student, mentor_id=pack.mentor_id, starts_at=at(day), by=pack.student, now=NOW)
        complete(session_id=session.pk, by=pack.mentor, now=session.ends_at)


def test_a_session_a_week_is_the_usual_pace():
    tove, [_pack] = full_house()
    found = seat_forecast(tove.pk, now=NOW)
    assert found.earliest == NOW + 28 * DAY + GRACE
    assert (found.first, found.why) == (Why.PACE, {Why.PACE: 1})
    assert found.latest == NOW + 56 * DAY + GRACE, "only one seat can be meant: half as fast, it is that late"
    SessionPack.objects.update(expires_at=NOW + 40 * DAY)
    assert seat_forecast(tove.pk, now=NOW).latest == NOW + 40 * DAY + GRACE, "but never past its expiry and grace"


def test_what_would_be_used_up_just_before_it_expires_has_its_grace_yet():
    tove, [_pack] = full_house()
    SessionPack.objects.update(expires_at=NOW + 29 * DAY)
    found = seat_forecast(tove.pk, now=NOW)
    assert (found.earliest, found.latest, found.first) == (NOW + 28 * DAY + GRACE, NOW + 29 * DAY + GRACE, Why.PACE)


def test_where_expired_packs_have_a_grace_it_counts(settings):
    tove, [_pack] = full_house()
    SessionPack.objects.update(expires_at=NOW + 9 * DAY)
    settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"expiry_grace_hours": 24})
    found = seat_forecast(tove.pk, now=NOW)
    assert (found.earliest, found.latest, found.first) == (NOW + 10 * DAY, NOW + 10 * DAY, Why.EXPIRY)


def test_ones_own_pace_counts_once_it_is_known():
    tove, [pack] = full_house()
    used(pack, 1, 3, 5)  # every second day; one is left
    now = at(5) + HOUR
    assert seat_forecast(tove.pk, now=now).earliest == now + 2 * DAY + GRACE


def test_two_sessions_in_a_day_are_no_pace_to_count_on():
    tove, [pack] = full_house()
    used(pack, 1)
    session = book(student=pack.student, mentor_id=tove.pk, starts_at=at(1, 12), by=pack.student, now=NOW)
    complete(session_id=session.pk, by=tove, now=session.ends_at)
    assert seat_forecast(tove.pk, now=at(2)).earliest == at(2) + 2 * DAY + GRACE


def test_a_pack_that_expires_before_it_is_used_up_ends_there():
    tove, [_pack] = full_house()
    SessionPack.objects.update(expires_at=NOW + 9 * DAY)
    found = seat_forecast(tove.pk, now=NOW)
    assert (found.earliest, found.first) == (NOW + 9 * DAY, Why.EXPIRY)


def test_grace_ends_first_and_the_range_reaches_to_the_next():
    tove, packs = full_house(seats=2)
    SessionPack.objects.filter(pk=packs[0].pk).update(status="DEPLETED", sessions_used=4)
    Seat.objects.filter(student=packs[0].student).update(status="GRACE", grace_ends_at=NOW + 11 * HOUR)
    found = seat_forecast(tove.pk, now=NOW)
    assert (found.earliest, found.latest) == (NOW + 11 * HOUR, NOW + 28 * DAY + GRACE)
    assert found.why == {Why.GRACE: 1, Why.PACE: 1}


def test_of_two_packs_on_one_seat_the_later_end_counts():
    tove, [pack] = full_house()
    bought(pack.student, tove, sessions=6, minutes=30)
    assert seat_forecast(tove.pk, now=NOW).earliest == NOW + 42 * DAY + GRACE


def test_a_pause_pushes_everything_back():
    tove, [pack] = full_house()
    SessionPack.objects.update(paused_at=NOW - DAY, expires_at=NOW + 10 * DAY)
    Pause.objects.create(
        pack=pack, asked_by=tove, status="RUNNING", days=15, asked_at=NOW - DAY, began_at=NOW - DAY,
        ends_at=NOW + 14 * DAY,
    )  # fmt: skip
    found = seat_forecast(tove.pk, now=NOW)
    assert (found.earliest, found.first) == (NOW + 25 * DAY, Why.EXPIRY)  # ten days, and the fifteen of the pause


def test_what_is_in_dispute_or_being_paid_says_nothing():
    tove, packs = full_house(seats=2)
    freeze(packs[0], cause="claim:1", now=NOW)
    freeze_seat(student_id=packs[0].student_id, mentor_id=tove.pk, now=NOW)
    SessionPack.objects.filter(pk=packs[1].pk).update(status="DEPLETED", sessions_used=4)
    Seat.objects.filter(student=packs[1].student).update(status="HELD", held_until=NOW + HOUR)
    assert seat_forecast(tove.pk, now=NOW) is None


def test_further_back_in_the_line_it_takes_longer():
    tove, packs = full_house(seats=6)
    for days, pack in enumerate(packs, start=1):
        SessionPack.objects.filter(pk=pack.pk).update(expires_at=NOW + days * DAY)
    ranges = [seat_forecast(tove.pk, now=NOW, position=n) for n in (1, 3, 6)]
    days = [(found.earliest - NOW) // DAY for found in ranges], [(found.latest - NOW) // DAY for found in ranges]
    assert days == ([1, 3, 6], [3, 5, 6])
    assert seat_forecast(tove.pk, now=NOW, position=7) is None


def test_it_costs_two_queries_whatever_the_seats(django_assert_num_queries):
    tove, _ = full_house(seats=8)
    with django_assert_num_queries(2):
        seat_forecast(tove.pk, now=NOW)


def test_an_empty_mentor_has_no_forecast():
    assert seat_forecast(cast.mentor("ada").pk, now=NOW + timedelta()) is None
