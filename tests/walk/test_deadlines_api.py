"""Deadlines to the second, over the API, with the beat stopped: the demo clock moves, and no job ever runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from mentorship.kernel import clock
from mentorship.people.models import User
from tests import cast
from tests.api.client import Caller, refused
from tests.cast import DAY, HOUR, NOW, at
from tests.payments.scene import decide

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def machine_stands():
    with time_machine.travel(NOW, tick=False):
        cache.clear()
        yield


@pytest.fixture
def solo(db: None) -> User:
    """A mentor with one seat, awake around the clock."""
    return cast.mentor("solo", seats=1, hours=(0, 24), notice_hours=1)


def wait_until(moment: datetime) -> None:
    """Only time passes: nothing is released, expired or settled by a job."""
    demo = Caller()
    left = moment - datetime.fromisoformat(demo.get("demo/clock").json()["now"])
    moved = demo.post("demo/clock", advance=f"PT{int(left.total_seconds())}S", runJobs=False)
    assert moved.json() == {"now": clock.iso(moment), "ran": []}


def buy(caller: Caller, of: Any, **wish: Any) -> dict[str, Any]:
    """Checkout, paid on the sandbox's page, back on the return page. Gives the order."""
    answer = caller.post("checkout/sandbox", offeringId=of.pk, **wish)
    assert answer.status_code == 201, answer.content
    order = answer.json()
    decide_on(order)
    assert caller.client.get(f"/checkout/return/{order['orderId']}").status_code == 200
    return caller.get(f"orders/{order['orderId']}").json()


def decide_on(order: dict[str, Any]) -> None:
    from payments.models import Order

    decide(Order.objects.get(pk=order["orderId"]))


def seat_of(caller: Caller) -> Any:
    return caller.get("session-packs/me").json()["items"][0]["seat"]


def free_seats(mentor: User) -> int:
    return Caller().get(f"seats/availability/{mentor.pk}").json()["available"]


def used_up(sam: User, mentor: User, caller: Caller, sessions: int = 2) -> datetime:
    """Book and complete every session over the API. Returns when the last was settled."""
    teaching = Caller(mentor)
    for day in range(1, sessions + 1):
        booked = caller.post("sessions/book", mentorId=mentor.pk, scheduledAt=at(day))
        assert booked.status_code == 201, booked.content
        wait_until(at(day) + HOUR)
        assert teaching.patch(f"sessions/{booked.json()['id']}/complete").status_code == 200
    return at(sessions) + HOUR


def test_grace_is_theirs_at_71_59_59_and_anybody_s_at_72_00_00(solo, sam, sue):
    two = cast.offering(solo, sessions=2)
    as_sam, as_sue = Caller(sam), Caller(sue)
    assert buy(as_sam, two)["status"] == "FULFILLED"
    last = used_up(sam, solo, as_sam)
    assert seat_of(as_sam) == {"status": "GRACE", "number": 1, "graceEndsAt": clock.iso(last + 72 * HOUR)}

    wait_until(last + 72 * HOUR - SECOND)
    assert (free_seats(solo), seat_of(as_sam)["status"]) == (0, "GRACE")
    refused(as_sue.post("checkout/sandbox", offeringId=two.pk), 409, "mentor_full")

    wait_until(last + 72 * HOUR)
    assert (free_seats(solo), seat_of(as_sam)) == (1, None)
    assert buy(as_sue, two)["status"] == "FULFILLED"
    assert seat_of(as_sue) == {"status": "ACTIVE", "number": 1, "graceEndsAt": None}
    refused(as_sam.post("checkout/sandbox", offeringId=two.pk), 409, "mentor_full")


def test_a_renewal_in_the_last_second_of_grace_keeps_the_seat(solo, sam, sue):
    two = cast.offering(solo, sessions=2)
    as_sam = Caller(sam)
    first = buy(as_sam, two)
    last = used_up(sam, solo, as_sam)
    wait_until(last + 72 * HOUR - SECOND)
    order = as_sam.post("checkout/sandbox", offeringId=two.pk).json()
    wait_until(last + 72 * HOUR + 30 * timedelta(minutes=1))
    refused(Caller(sue).post("checkout/sandbox", offeringId=two.pk), 409, "mentor_full")
    decide_on(order)
    as_sam.client.get(f"/checkout/return/{order['orderId']}")
    renewed = as_sam.get(f"orders/{order['orderId']}").json()
    assert (renewed["status"], renewed["packId"]) == ("FULFILLED", first["packId"])
    assert seat_of(as_sam) == {"status": "ACTIVE", "number": 1, "graceEndsAt": None}


def test_a_seat_is_held_for_35_minutes(solo, sam, sue):
    pack = cast.offering(solo)
    as_sam, as_sue = Caller(sam), Caller(sue)
    order = as_sam.post("checkout/sandbox", offeringId=pack.pk).json()
    assert order["expiresAt"] == clock.iso(NOW + 35 * timedelta(minutes=1))

    wait_until(NOW + timedelta(minutes=34, seconds=59))
    assert as_sam.get(f"orders/{order['orderId']}").json()["status"] == "PENDING"
    refused(as_sue.post("checkout/sandbox", offeringId=pack.pk), 409, "mentor_full")

    wait_until(NOW + timedelta(minutes=35))
    assert as_sam.get(f"orders/{order['orderId']}").json()["status"] == "EXPIRED"
    assert buy(as_sue, pack)["status"] == "FULFILLED"


def test_a_time_is_held_for_35_minutes(solo, sam, sue):
    single = cast.offering(solo, sessions=1)
    as_sam, as_sue, when = Caller(sam), Caller(sue), at(2)
    as_sam.post("checkout/sandbox", offeringId=single.pk, scheduledAt=when)
    wait_until(NOW + timedelta(minutes=34, seconds=59))
    refused(as_sue.post("checkout/sandbox", offeringId=single.pk, scheduledAt=when), 409, "slot_unavailable")
    wait_until(NOW + timedelta(minutes=35))
    assert buy(as_sue, single, scheduledAt=when)["status"] == "FULFILLED"


def test_a_pack_expires_to_the_second(solo, sam, sue):
    pack = cast.offering(solo, validity_days=30)
    as_sam = Caller(sam)
    buy(as_sam, pack)
    ends = NOW + 30 * DAY
    refused(as_sam.post("sessions/book", mentorId=solo.pk, scheduledAt=ends), 409, "pack_expired")

    wait_until(ends - SECOND)
    (open_one,) = as_sam.get("session-packs/me/active").json()["items"]
    assert (open_one["status"], open_one["expiresAt"]) == ("ACTIVE", clock.iso(ends))
    assert free_seats(solo) == 0
    refused(Caller(sue).post("checkout/sandbox", offeringId=pack.pk), 409, "mentor_full")

    wait_until(ends)
    assert as_sam.get("session-packs/me/active").json()["items"] == []
    (gone,) = as_sam.get("session-packs/me").json()["items"]
    assert (gone["status"], gone["seat"]) == ("EXPIRED", None)
    refused(as_sam.post("sessions/book", mentorId=solo.pk, scheduledAt=ends + DAY), 409, "pack_expired")
    assert free_seats(solo) == 1
    assert buy(Caller(sue), pack)["status"] == "FULFILLED"


def test_a_start_just_before_expiry_can_still_be_booked(solo, sam):
    as_sam = Caller(sam)
    buy(as_sam, cast.offering(solo, validity_days=30))
    wait_until(NOW + 20 * DAY)
    last = as_sam.post("sessions/book", mentorId=solo.pk, scheduledAt=NOW + 30 * DAY - timedelta(minutes=30))
    assert last.status_code == 201


@pytest.fixture
def booked(solo, sam) -> dict[str, Any]:
    as_sam = Caller(sam)
    buy(as_sam, cast.offering(solo))
    return as_sam.post("sessions/book", mentorId=solo.pk, scheduledAt=at(5)).json()


def credits(caller: Caller) -> tuple[int, int, int]:
    (pack,) = caller.get("session-packs/me").json()["items"]
    return pack["sessionsHeld"], pack["sessionsUsed"], pack["remainingSessions"]


def test_at_24_00_00_it_can_be_moved(sam, booked):
    wait_until(at(4))
    moved = Caller(sam).patch(f"sessions/{booked['id']}/reschedule", scheduledAt=at(6))
    assert (moved.status_code, moved.json()["scheduledAt"]) == (200, clock.iso(at(6)))
    assert credits(Caller(sam)) == (1, 0, 3)


def test_at_23_59_59_it_cannot(sam, booked):
    wait_until(at(4) + SECOND)
    refused(Caller(sam).patch(f"sessions/{booked['id']}/reschedule", scheduledAt=at(6)), 409, "too_late")
    assert credits(Caller(sam)) == (1, 0, 3)


def test_at_24_00_00_cancelling_gives_the_credit_back(sam, booked):
    wait_until(at(4))
    assert Caller(sam).patch(f"sessions/{booked['id']}/cancel").json()["status"] == "CANCELLED"
    assert credits(Caller(sam)) == (0, 0, 4)


def test_at_23_59_59_cancelling_uses_it(sam, booked):
    wait_until(at(4) + SECOND)
    assert Caller(sam).patch(f"sessions/{booked['id']}/cancel").json()["status"] == "CANCELLED"
    assert credits(Caller(sam)) == (0, 1, 3)


def test_it_can_be_settled_from_the_second_it_ends(solo, sam, booked):
    as_solo = Caller(solo)
    wait_until(at(5) + HOUR - SECOND)
    refused(as_solo.patch(f"sessions/{booked['id']}/complete"), 409, "not_ended")
    wait_until(at(5) + HOUR)
    assert as_solo.patch(f"sessions/{booked['id']}/complete").json()["status"] == "COMPLETED"


def test_the_door_is_open_from_start_to_end(solo, sam, booked):
    solo.mentor_profile.meeting_url = "https://meet.example.test/solo"
    solo.mentor_profile.save()
    seen = []
    for moment in (at(5) - SECOND, at(5), at(5) + HOUR, at(5) + HOUR + SECOND):
        wait_until(moment)
        url = Caller(sam).get(f"mentorship/session/{booked['id']}").json()["meetingUrl"]
        seen.append(url is not None)
    assert seen == [False, True, True, False]
