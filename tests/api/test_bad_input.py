"""Bad input is never a 500, and never changes a row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps

from sessions_app.services import submit_request
from tests import cast
from tests.api.client import Caller, refused
from tests.cast import at

pytestmark = pytest.mark.django_db
HUGE = 10**30
NOBODY = "00000000-0000-4000-8000-000000000000"
WHEN = "2026-06-03T10:00:00Z"


def rows() -> dict[str, Any]:
    """Every row of our apps, as a picture to compare."""
    ours = {"packs", "seats", "sessions_app", "payments", "offerings", "notifications", "kernel"}
    models = [m for m in apps.get_models() if m._meta.app_label in ours]
    return {m._meta.label: list(m._base_manager.order_by("pk").values()) for m in models}


BODIES = {
    "nothing": b"",
    "broken": b'{"mentorId": 1',
    "text": b"hello",
    "null": b"null",
    "a list": b"[1, 2]",
    "a number": b"42",
    "NaN": b'{"mentorId": NaN}',
    "not UTF-8": b'{"agenda": "\xff\xfe"}',
    "deep": b"[" * 200_000,
    "deep object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "form": b"mentorId=1&scheduledAt=now",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("path", ["sessions/book", "checkout/sandbox", "offerings"])
def test_a_body_that_is_no_object_is_malformed(as_sam, as_mia, path, body):
    caller = as_mia if path == "offerings" else as_sam
    before = rows()
    refused(caller.send("POST", path, body), 422, "malformed")
    assert rows() == before


NO_OBJECTS = ["a list", "a number", "text as JSON", "an empty list"]


@pytest.mark.parametrize("name", NO_OBJECTS)
def test_where_the_body_may_be_left_out_another_kind_of_body_is_malformed_too(as_mia, as_sam, mia, sam, pack, name):
    """A list was read as an empty object: it approved a request, and cancelled a session."""
    body = {**BODIES, "text as JSON": b'"hello"', "an empty list": b"[]"}[name]
    offer = cast.offering(mia, sessions=1, booking_mode="REQUEST")
    asked = submit_request(student=sam, offering=offer, times=[at(4)], message="", now=cast.NOW)
    booked = as_sam.post("sessions/book", mentorId=mia.pk, scheduledAt=at(3)).json()
    before = rows()
    refused(as_mia.send("POST", f"requests/{asked.pk}/approve", body), 422, "malformed")
    refused(as_sam.send("PATCH", f"sessions/{booked['id']}/cancel", body), 422, "malformed")
    assert rows() == before


def test_what_is_wrong_is_named_as_the_caller_named_it(as_sam):
    for path in ("checkout/sandbox", "waitlist", "mentorship/proceed-payment"):
        assert "wish" not in refused(as_sam.send("POST", path, {}), 422, "malformed")["detail"]
    assert refused(as_sam.get("mentors/mia/slots"), 422, "malformed")["detail"].startswith("mentorId: ")


FIELDS = {
    "no mentor": {"scheduledAt": WHEN},
    "no time": {"mentorId": 1},
    "mentor null": {"mentorId": None, "scheduledAt": WHEN},
    "mentor text": {"mentorId": "mia", "scheduledAt": WHEN},
    "mentor true": {"mentorId": True, "scheduledAt": WHEN},
    "mentor 1.5": {"mentorId": 1.5, "scheduledAt": WHEN},
    "mentor negative": {"mentorId": -1, "scheduledAt": WHEN},
    "mentor huge": {"mentorId": HUGE, "scheduledAt": WHEN},
    "mentor list": {"mentorId": [1], "scheduledAt": WHEN},
    "pack huge": {"mentorId": 1, "scheduledAt": WHEN, "packId": HUGE},
    "pack text": {"mentorId": 1, "scheduledAt": WHEN, "packId": "x"},
    "naive time": {"mentorId": 1, "scheduledAt": "2026-06-03T10:00:00"},
    "a date": {"mentorId": 1, "scheduledAt": "2026-06-03"},
    "a number": {"mentorId": 1, "scheduledAt": 1780480800},
    "a number as text": {"mentorId": 1, "scheduledAt": "1780480800"},
    "no such day": {"mentorId": 1, "scheduledAt": "2026-02-30T10:00:00Z"},
    "no such year": {"mentorId": 1, "scheduledAt": "0000-01-01T00:00:00Z"},
    "before year 1": {"mentorId": 1, "scheduledAt": "0001-01-01T00:00:00+14:00"},
    "words": {"mentorId": 1, "scheduledAt": "tomorrow"},
    "agenda 10 kB": {"mentorId": 1, "scheduledAt": WHEN, "agenda": "a" * 10_000},
    "agenda number": {"mentorId": 1, "scheduledAt": WHEN, "agenda": 7},
    "agenda NUL": {"mentorId": 1, "scheduledAt": WHEN, "agenda": "a\x00b"},
    "half a character": {"mentorId": 1, "scheduledAt": WHEN, "agenda": "\ud800"},
    "NUL in a name": {"mentorId": 1, "scheduledAt": WHEN, "x\x00": 1},
}


@pytest.mark.parametrize("body", FIELDS.values(), ids=FIELDS.keys())
def test_a_booking_s_fields_are_checked(as_sam, mia, pack, body):
    if body.get("mentorId") is not True and body.get("mentorId") == 1:
        body = {**body, "mentorId": mia.pk}
    before = rows()
    refused(as_sam.post("sessions/book", **body), 422, "malformed")
    assert rows() == before


TIMES = {
    "past": at(-1),
    "now": cast.NOW,
    "between two slots": at(2, 10, 7),
    "outside the hours": at(2, 3),
    "a microsecond off": at(2).replace(microsecond=1),
    "the year 9999": at(2).replace(year=9999),
    "the year 1": at(2).replace(year=1),
}


@pytest.mark.parametrize("when", TIMES.values(), ids=TIMES.keys())
def test_a_time_that_is_no_slot_is_refused(as_sam, mia, pack, when):
    before = rows()
    code = "pack_expired" if when.year == 9999 else "slot_unavailable"
    refused(as_sam.post("sessions/book", mentorId=mia.pk, scheduledAt=when), 409, code)
    assert rows() == before


def test_a_slot_inside_the_notice_is_too_short(as_sam, mia, pack):
    refused(as_sam.post("sessions/book", mentorId=mia.pk, scheduledAt=at(0, 18)), 409, "notice_too_short")


@pytest.mark.parametrize("address", ["nonsense", "123", "00000000-0000-0000-0000-00000000000g", "%00", "x" * 5000])
@pytest.mark.parametrize("verb", ["reschedule", "cancel", "complete", "no-show"])
def test_a_bad_uuid_is_malformed(as_sam, address, verb):
    body = {"scheduledAt": at(3), "absentParty": "student"}
    refused(as_sam.send("PATCH", f"sessions/{address}/{verb}", body), 422, "malformed")


PATHS = [
    ("GET", "mentorship/session/nonsense"),
    ("GET", "orders/nonsense"),
    ("GET", f"seats/availability/{HUGE}"),
    ("GET", "seats/availability/mia"),
    ("GET", f"mentors/{HUGE}/slots"),
    ("GET", "mentors/mia/slots"),
    ("PATCH", f"offerings/{HUGE}"),
    ("DELETE", f"offerings/{HUGE}"),
    ("GET", f"sessions/me?mentorId={HUGE}"),
    ("GET", "sessions/me?mentorId=-1"),
    ("GET", "sessions/me?mentorId=%00"),
    ("GET", "sessions/me?status=ASLEEP"),
    ("GET", "sessions/me?from=2026-06-03T10:00:00"),
    ("GET", "sessions/me?to=never"),
    ("GET", "sessions/me?cursor=nonsense"),
    ("GET", "sessions/me?cursor=2026-06-03T10:00:00Z_x"),
    ("GET", f"sessions/me?cursor=0001-01-01T00:00:00%2B14:00_{NOBODY}"),
    ("GET", f"session-packs/me?mentorId={HUGE}"),
    ("GET", "session-packs/me?cursor=-1"),
    ("GET", "session-packs/me?cursor=%D9%A3"),
    ("GET", f"session-packs/me/active?cursor={HUGE}"),
    ("GET", "offerings?cursor=x"),
    ("GET", "offerings?maxPrice=x"),
    ("GET", f"offerings?mentorId={HUGE}"),
    ("GET", "offerings?q=%00"),
    ("GET", "mentors?cursor=x"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_bad_address_is_malformed_or_unknown_and_never_a_500(as_sam, method, path):
    answer = as_sam.send(method, path, {})
    code = "not_found" if answer.status_code == 404 else "malformed"
    refused(answer, 404 if answer.status_code == 404 else 422, code)


def test_a_bad_session_cookie_is_nobody(db):
    caller = Caller()
    caller.client.cookies["sessionid"] = "x" * 32
    refused(caller.get("me"), 401, "login_required")


def test_what_a_client_says_about_price_and_mode_is_not_read(as_sam, sam, mia):
    offering = cast.offering(mia)
    lies = {"price": 1, "amount": 1, "currency": "IDR", "bookingMode": "INSTANT", "sessions": 100}
    order = as_sam.post("checkout/sandbox", offeringId=offering.pk, **lies).json()
    said = as_sam.get(f"orders/{order['orderId']}").json()
    assert (said["amount"], said["currency"], said["status"]) == (28000, "EUR", "PENDING")


@pytest.mark.parametrize("provider", ["nobody", "manual", "SANDBOX", "%00", "..", "x" * 300])
def test_an_unknown_provider_is_not_found(as_sam, mia, provider):
    offering = cast.offering(mia)
    before = rows()
    answer = as_sam.post(f"checkout/{provider}", offeringId=offering.pk)
    assert answer.status_code in (404, 422), answer.content
    assert rows() == before


def test_a_body_too_large_is_refused(as_sam, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    refused(as_sam.post("sessions/book", agenda="a" * 2000), 413, "too_large")


def test_an_absurd_idempotency_key_is_malformed(as_sam, mia, pack):
    before = rows()
    refused(as_sam.post("sessions/book", key="k" * 201, mentorId=mia.pk, scheduledAt=at(2)), 422, "malformed")
    assert rows() == before


@pytest.mark.parametrize("path", ["nothing", "sessions/me/x", "", "sessions/book/../../etc", "me/"])
def test_an_unknown_address_is_not_found(as_sam, path):
    refused(as_sam.get(path), 404, "not_found")


def test_the_wrong_method_is_told_in_the_same_form(as_sam):
    answer = as_sam.send("DELETE", "sessions/me")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


def test_what_breaks_inside_is_told_without_its_details(as_sam, monkeypatch):
    from mentorship.pages import api_packs

    def broken(*args: Any) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(api_packs, "_seats", broken)
    body = refused(as_sam.get("session-packs/me"), 500, "server_error")
    assert "secret" not in json.dumps(body)
