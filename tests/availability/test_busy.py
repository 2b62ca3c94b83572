"""What outside calendars say: the door for whoever reads them, and what it does to free times."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from sessions_app.models import BusyTime
from sessions_app.services import book
from sessions_app.services.busy import forget_busy, replace_busy
from sessions_app.slots import free_slots
from tests.cast import DAY, HOUR, NOW, at, bought

pytestmark = pytest.mark.django_db


def spans(person, source="google:1"):
    found = BusyTime.objects.filter(person=person, source=source).order_by("span")
    return [(one.span.lower, one.span.upper) for one in found]


def test_a_calendar_replaces_what_it_said_and_leaves_what_others_say(mia, max_):
    replace_busy(person=mia, source="google:2", spans=[(at(3), at(3, 11))], now=NOW)
    replace_busy(person=max_, source="google:1", spans=[(at(3), at(3, 11))], now=NOW)
    replace_busy(person=mia, source="google:1", spans=[(at(1), at(1, 11))], now=NOW)
    assert replace_busy(person=mia, source="google:1", spans=[(at(2), at(2, 11))], now=NOW) == 1
    assert spans(mia) == [(at(2), at(2, 11))]
    assert len(spans(mia, "google:2")) == len(spans(max_)) == 1


def test_spans_are_joined_and_what_is_empty_over_or_far_away_is_left_out(mia):
    said = [
        (at(2, 12), at(2, 13)),
        (at(2, 10), at(2, 11)),
        (at(2, 10, 30), at(2, 12)),
        (at(3), at(3)),
        (at(4, 11), at(4, 10)),
        (NOW - 2 * HOUR, NOW),
        (NOW - HOUR, NOW + HOUR),
        (NOW + 399 * DAY, NOW + 500 * DAY),
        (NOW + 401 * DAY, NOW + 402 * DAY),
    ]
    assert replace_busy(person=mia, source="google:1", spans=said, now=NOW) == 3
    assert spans(mia) == [
        (NOW - HOUR, NOW + HOUR),
        (at(2, 10), at(2, 13)),
        (NOW + 399 * DAY, NOW + 400 * DAY),
    ]


def test_the_same_again_writes_nothing(mia):
    for _ in range(2):
        replace_busy(person=mia, source="google:1", spans=[(at(2), at(2, 11))], now=NOW)
        ids = list(BusyTime.objects.values_list("pk", flat=True))
    replace_busy(person=mia, source="google:1", spans=iter([(at(2), at(2, 11))]), now=NOW)
    assert list(BusyTime.objects.values_list("pk", flat=True)) == ids


def test_a_naive_time_is_refused_loudly(mia):
    with pytest.raises(ValueError, match="offsets"):
        replace_busy(person=mia, source="x", spans=[(at(2).replace(tzinfo=None), at(3))], now=NOW)


def test_neither_side_is_booked_over_and_what_is_forgotten_is_free(mia, sam):
    bought(sam, mia)
    for person, hour in ((mia, 10), (sam, 14)):
        replace_busy(person=person, source="google:1", spans=[(at(2, hour), at(2, hour + 1))], now=NOW)
    found = free_slots(
        mentor=mia.mentor_profile, start=at(2, 0), end=at(3, 0), duration_minutes=60, now=NOW, viewer=sam
    )
    assert not {at(2, 10), at(2, 14)} & {slot.starts_at for slot in found}
    for hour in (10, 14):
        with pytest.raises(Refusal) as refused:
            book(student=sam, mentor_id=mia.pk, starts_at=at(2, hour), by=sam, now=NOW)
        assert refused.value.code == "slot_unavailable"
    forget_busy(person=mia, source="google:1", now=NOW)
    assert book(student=sam, mentor_id=mia.pk, starts_at=at(2, 10), by=sam, now=NOW)


def test_a_booked_session_stays(mia, sam):
    bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    replace_busy(person=mia, source="google:1", spans=[(at(2), at(2, 11))], now=NOW)
    session.refresh_from_db()
    assert session.status == "SCHEDULED"
