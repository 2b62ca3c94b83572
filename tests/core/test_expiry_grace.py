"""Where the operator grants it, an expired pack keeps its seat for a grace, and renewing revives what was left."""

from __future__ import annotations

import pytest

from notifications.models import Notification
from seats.jobs import sweep_seats, warn_grace_ending
from seats.models import Seat
from seats.services import availability
from tests.cast import DAY, HOUR, NOW, bought, counters, offering
from tests.payments.scene import pay, place
from tests.rooms.scene import used_up, words

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


def test_a_pack_that_expires_while_it_is_being_renewed_is_revived_before_any_job_has_run(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    order = place(sam, offering(mia), now=OVER - HOUR / 6)
    assert pay(order, now=OVER + HOUR / 6).pack == pack
    assert (counters(pack), Seat.objects.get().status) == ((8, 0, 0), "ACTIVE")


def test_too_late_is_too_late(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    sweep_seats(OVER + HOUR)
    sweep_seats(OVER + 73 * HOUR)
    assert bought(sam, mia, now=OVER + 74 * HOUR).pk != pack.pk
    assert counters(pack) == (0, 0, 0)


def test_room_statement_and_checkout_say_that_renewing_brings_it_back(mia, sam, client, time_machine):
    pack = bought(sam, mia, validity_days=30, offering_id=offering(mia).pk)
    used_up(sam, mia, 1)
    client.force_login(sam)
    time_machine.move_to(OVER + HOUR, tick=False)
    checkout = words(client.get(f"/checkout/{offering(mia).pk}"))  # no job has run yet, but this purchase would
    assert "3 sessions that expired unused come back, 7 together. All can be used until 29 Sep" in checkout
    sweep_seats(OVER + HOUR)
    room = words(client.get("/student/mentorship"))
    assert "Renew, and 3 unused sessions come back" in room and "3 come back if you renew" in room
    said = words(client.get(pack.get_absolute_url()))
    assert "Renew with 60-minute sessions before then and your 3 unused sessions come back." in said
    assert "come back" not in words(client.get(f"/checkout/{offering(mia, minutes=30).pk}"))
    since = Seat.objects.get().activated_at
    bought(sam, mia, now=OVER + 2 * HOUR, seat_in_grace_since=since)
    assert counters(pack) == (8, 0, 1)
    assert "come back" not in words(client.get("/student/mentorship"))
