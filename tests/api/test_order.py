"""In which order a call is judged: 401, 403 `csrf_failed`, 429, 422, 404, 403 `not_yours_to_do`, 409.

Each test sends something wrong in as many ways as possible, and takes one wrong after the other away.
"""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.api.client import Caller, refused
from tests.cast import at

pytestmark = pytest.mark.django_db


def test_booking_is_judged_in_order(as_sam, as_otto, sam, mia, pack):
    path, broken = "sessions/book", '{"mentorId": '
    refused(Caller().send("POST", path, broken, **{"X-CSRFToken": "wrong"}), 401, "login_required")
    refused(as_sam.send("POST", path, broken, **{"X-CSRFToken": "wrong"}), 403, "csrf_failed")
    for _ in range(settings.MENTORSHIP.bookings_per_minute):
        refused(as_sam.send("POST", path, broken), 422, "malformed")
    slow = as_sam.send("POST", path, broken)
    refused(slow, 429, "slow_down")
    assert 1 <= int(slow.headers["Retry-After"]) <= 60
    cache.delete(f"limit:book:{sam.pk}")  # a minute later
    refused(as_sam.post(path, mentorId=10**9, packId=10**9, scheduledAt=at(-1)), 404, "not_found")
    refused(as_sam.post(path, mentorId=mia.pk, packId=10**9, scheduledAt=at(-1)), 404, "not_found")
    refused(as_sam.post(path, mentorId=mia.pk, scheduledAt=at(-1)), 409, "slot_unavailable")


def test_a_verb_is_judged_in_order(as_sam, as_otto, as_mia, session):
    path = f"sessions/{session.pk}/no-show"
    wrong_token = {"X-CSRFToken": "wrong"}
    refused(Caller().send("PATCH", path, {"absentParty": "dog"}, **wrong_token), 401, "login_required")
    refused(as_otto.send("PATCH", path, {"absentParty": "dog"}, **wrong_token), 403, "csrf_failed")
    refused(as_otto.patch(path, absentParty="dog"), 422, "malformed")
    refused(as_otto.patch(path, absentParty="student"), 404, "not_found")
    refused(as_sam.patch(path, absentParty="student"), 403, "not_yours_to_do")
    refused(as_mia.patch(path, absentParty="student"), 409, "not_ended")


def test_a_retried_request_is_not_slowed_down(as_sam, mia, pack):
    for _ in range(settings.MENTORSHIP.bookings_per_minute + 5):
        assert as_sam.post("sessions/book", key="one", mentorId=mia.pk, scheduledAt=at(2)).status_code == 201


def test_one_person_s_haste_slows_nobody_else_down(as_sam, as_otto):
    for _ in range(settings.MENTORSHIP.bookings_per_minute + 1):
        last = as_sam.post("sessions/book")
    refused(last, 429, "slow_down")
    refused(as_otto.post("sessions/book"), 422, "malformed")


@pytest.mark.parametrize("token", ["", "wrong", "x" * 64])
def test_an_unsafe_call_needs_the_csrf_token(as_sam, session, token):
    refused(as_sam.send("PATCH", f"sessions/{session.pk}/cancel", "", **{"X-CSRFToken": token}), 403, "csrf_failed")
    session.refresh_from_db()
    assert session.status == "SCHEDULED"


def test_reading_needs_no_token(as_sam):
    assert as_sam.client.get("/api/me").status_code == 200


def test_the_cookie_can_be_had_from_the_api():
    answer = Caller().client.get("/api/csrf")
    assert answer.json()["csrfToken"]
    assert answer.cookies["csrftoken"].value
