from __future__ import annotations

from datetime import timedelta

import pytest

from mentorship.kernel.refusals import Refusal
from sessions_app.slots import check_slot
from tests.cast import user
from tests.slots.scene import TUE, always, at, hours, mentor, taken

pytestmark = pytest.mark.django_db

NOW = at("2026-11-20T09:00:00Z")
SLOT = at("2026-11-24T18:00:00Z")


@pytest.fixture
def mia():
    mia = mentor("mia")
    hours(mia, TUE, 18, 20)
    return mia


@pytest.fixture
def sam():
    return user("sam")


def code(mentor, student, starts_at, now=NOW, **options):
    """The refusal's code, or None when the slot is fine."""
    try:
        check_slot(mentor=mentor, student=student, starts_at=starts_at, duration_minutes=60, now=now, **options)
    except Refusal as refusal:
        assert refusal.message.endswith(".")
        return refusal.code
    return None


def test_a_free_slot_is_fine(mia, sam):
    assert code(mia, sam, SLOT) is None
    assert code(mia, sam, SLOT + timedelta(minutes=60)) is None


@pytest.mark.parametrize(
    "starts_at",
    [
        "2026-11-24T18:10:00Z",  # beside the grid
        "2026-11-24T18:00:01Z",
        "2026-11-24T19:30:00Z",  # would end too late
        "2026-11-24T17:30:00Z",
        "2026-11-25T18:00:00Z",  # a day without hours
        "2026-11-17T18:00:00Z",  # the past
        "2027-01-26T18:00:00Z",  # beyond 60 days
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_what_is_no_slot_is_unavailable(mia, sam, starts_at):
    assert code(mia, sam, at(starts_at)) == "slot_unavailable"


def test_notice_is_named_only_for_what_is_otherwise_a_slot(mia, sam):
    twelve_hours_before = SLOT - timedelta(hours=12)
    assert code(mia, sam, SLOT, now=twelve_hours_before) is None
    assert code(mia, sam, SLOT, now=twelve_hours_before + timedelta(microseconds=1)) == "notice_too_short"
    assert code(mia, sam, SLOT, now=SLOT - timedelta(seconds=1)) == "notice_too_short"
    assert code(mia, sam, SLOT, now=SLOT) == "slot_unavailable"
    assert (
        code(mia, sam, SLOT + timedelta(minutes=1), now=twelve_hours_before + timedelta(hours=1)) == "slot_unavailable"
    )


def test_a_taken_slot_within_the_notice_is_unavailable(mia, sam):
    taken(mia, user("sue"), SLOT)
    assert code(mia, sam, SLOT, now=SLOT - timedelta(hours=1)) == "slot_unavailable"


def test_a_busy_mentor(mia, sam):
    taken(mia, user("sue"), SLOT)
    assert code(mia, sam, SLOT) == "slot_unavailable"
    assert code(mia, sam, SLOT + timedelta(minutes=30)) == "slot_unavailable"
    assert code(mia, sam, SLOT + timedelta(minutes=60)) is None


def test_a_busy_student_is_named(mia, sam):
    taken(mentor("max"), sam, SLOT)
    with pytest.raises(Refusal, match="Sam already has a session") as refused:
        check_slot(mentor=mia, student=sam, starts_at=SLOT, duration_minutes=60, now=NOW)
    assert refused.value.code == "slot_unavailable"


def test_a_lapsed_hold_is_nobodys_time(mia, sam):
    taken(mia, user("sue"), SLOT, unpaid_until=NOW)
    assert code(mia, sam, SLOT) is None
    assert code(mia, sam, SLOT, now=NOW - timedelta(seconds=1)) == "slot_unavailable"


def test_moving_a_session_by_half_its_length(mia, sam):
    session = taken(mia, sam, SLOT)
    assert code(mia, sam, SLOT + timedelta(minutes=30)) == "slot_unavailable"
    assert code(mia, sam, SLOT + timedelta(minutes=30), ignore_session=session) is None


def test_a_pack_reaches_to_its_expiry(sam):
    mia = mentor("mia")
    always(mia)
    expires_at = NOW + timedelta(days=80)
    last = expires_at - timedelta(minutes=30)
    assert code(mia, sam, NOW + timedelta(days=60)) is None
    assert code(mia, sam, last) == "slot_unavailable"
    assert code(mia, sam, last, latest=expires_at) is None
    assert code(mia, sam, expires_at, latest=expires_at) == "slot_unavailable"


def test_a_skipped_hour_in_new_york_cannot_be_named(sam):
    mia = mentor("mia", "America/New_York")
    always(mia, 0, 4)
    now = at("2026-03-05T12:00:00Z")
    assert code(mia, sam, at("2026-03-08T06:30:00Z"), now=now) is None  # 01:30 EST
    assert code(mia, sam, at("2026-03-08T07:00:00Z"), now=now) is None  # 03:00 EDT
    assert code(mia, sam, at("2026-03-08T08:00:00Z"), now=now) == "slot_unavailable"  # 04:00, closed


def test_two_queries(mia, sam, django_assert_num_queries):
    with django_assert_num_queries(2):
        check_slot(mentor=mia, student=sam, starts_at=SLOT, duration_minutes=60, now=NOW)
