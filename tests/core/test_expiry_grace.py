"""Where the operator grants it, an expired pack keeps its seat for a grace, and renewing revives what was left."""

from __future__ import annotations

import pytest

from notifications.models import Notification
from seats.jobs import sweep_seats, warn_grace_ending
from seats.models import Seat
from seats.services import availability
from tests.cast import DAY, HOUR, NOW, bought, counters

OVER = NOW + 30 * DAY


@pytest.fixture(autouse=True)
def three_days(settings):
    settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"expiry_grace_hours": 72})


def test_the_seat_is_kept_warned_about_and_released(mia, sam):
    bought(sam, mia, validity_days=30)
    assert availability(mia.pk, OVER + HOUR).occupied == 1, "no job has run yet"
    assert sweep_seats(OVER + 2 * HOUR) == 0
    seat = Seat.objects.get()
    assert (seat.status, seat.grace_ends_at) == ("GRACE", OVER + 72 * HOUR)
    told = Notification.objects.get(recipient=sam, kind="grace_started")
    assert "expired" in told.text and "used all" not in told.text
    assert warn_grace_ending(OVER + 61 * HOUR) == 1
    assert availability(mia.pk, OVER + 72 * HOUR).occupied == 0
    assert sweep_seats(OVER + 72 * HOUR) == 1


def test_renewing_revives_what_was_left(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    sweep_seats(OVER + HOUR)
    assert counters(pack) == (0, 0, 0)
    since = Seat.objects.get().activated_at
    assert bought(sam, mia, now=OVER + 2 * HOUR, seat_in_grace_since=since).pk == pack.pk
    assert counters(pack) == (8, 0, 0)
    assert (pack.status, Seat.objects.get().status) == ("ACTIVE", "ACTIVE")


def test_too_late_is_too_late(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    sweep_seats(OVER + HOUR)
    sweep_seats(OVER + 73 * HOUR)
    assert bought(sam, mia, now=OVER + 74 * HOUR).pk != pack.pk
    assert counters(pack) == (0, 0, 0)
