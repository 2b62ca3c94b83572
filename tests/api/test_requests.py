"""Requests over the API: asked for, answered once, judged in the order that all calls are judged in."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from mentorship.people.models import User
from notifications.models import Notification
from sessions_app.models import BookingRequest, Session
from sessions_app.services import submit_request
from tests.api.client import Caller, refused
from tests.api.conftest import unknown
from tests.cast import DAY, HOUR, NOW, at, offering

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(sam: User, mia: User) -> BookingRequest:
    """Sam asks Mia for a single session, in four or in five days."""
    offer = offering(mia, sessions=1, booking_mode="REQUEST", title="Code review")
    return submit_request(student=sam, offering=offer, times=[at(4), at(5)], message="Rust", now=NOW)


def verb(who: Caller, request: BookingRequest, name: str, **body: Any) -> Any:
    return who.post(f"requests/{request.pk}/{name}", **body)


def test_both_sides_have_it_in_their_lists(as_sam, as_mia, as_otto, asked):
    mine, theirs = as_sam.get("requests/me").json(), as_mia.get("requests/incoming").json()
    assert mine == theirs
    assert mine["nextCursor"] is None
    row = mine["items"][0]
    assert (row["id"], row["status"], row["offeringId"]) == (str(asked.pk), "PENDING_MENTOR_REVIEW", asked.offering_id)
    assert row["times"] == ["2026-06-05T10:00:00Z", "2026-06-06T10:00:00Z"]
    assert (row["message"], row["approvalNotes"], row["sessionId"]) == ("Rust", "", None)
    assert row["approvalDeadline"] == "2026-06-03T12:00:00Z"
    assert (row["studentId"], row["mentorId"], row["title"]) == (asked.student_id, asked.mentor_id, "Code review")
    assert as_otto.get("requests/me").json() == as_otto.get("requests/incoming").json()
    assert as_sam.get("requests/incoming").json()["items"] == as_mia.get("requests/me").json()["items"] == []


def test_approved_it_names_the_session_that_is_kept(as_mia, asked):
    answer = verb(as_mia, asked, "approve", notes="Bring code", scheduledAt=at(5))
    body = answer.json()
    session = Session.objects.get()
    assert (answer.status_code, body["status"], body["approvalNotes"]) == (200, "APPROVED", "Bring code")
    assert (body["sessionId"], body["scheduledAt"]) == (str(session.pk), "2026-06-06T10:00:00Z")
    assert body["paymentDeadline"] == "2026-06-02T12:00:00Z"
    assert verb(as_mia, asked, "approve").json() == body
    assert Session.objects.count() == 1


def test_one_key_is_one_answer(as_mia, asked):
    first = verb(as_mia, asked, "approve", key="k", notes="yes")
    assert verb(as_mia, asked, "approve", key="k", notes="yes").json() == first.json()
    refused(verb(as_mia, asked, "approve", key="k", notes="no"), 422, "key_reused")


def test_an_approval_needs_no_body(as_mia, asked):
    answer = as_mia.send("POST", f"requests/{asked.pk}/approve", "")
    assert (answer.status_code, answer.json()["scheduledAt"]) == (200, "2026-06-05T10:00:00Z")


def test_a_no_needs_its_reason_and_is_said_once(as_mia, asked):
    for body in ({}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": None}):
        refused(verb(as_mia, asked, "reject", **body), 422, "malformed")
    answer = verb(as_mia, asked, "reject", reason="I am away.")
    assert (answer.json()["status"], answer.json()["rejectionReason"]) == ("REJECTED", "I am away.")
    assert verb(as_mia, asked, "reject", reason="again").json() == answer.json()
    refused(verb(as_mia, asked, "approve"), 409, "wrong_state")


def test_withdrawn_twice_is_withdrawn(as_sam, asked):
    assert verb(as_sam, asked, "withdraw").json()["status"] == "WITHDRAWN"
    assert verb(as_sam, asked, "withdraw").status_code == 200


def test_a_suggestion_is_accepted(as_sam, as_mia, asked):
    refused(verb(as_mia, asked, "suggest", times=[]), 422, "malformed")
    suggested = verb(as_mia, asked, "suggest", times=["2026-06-08T10:00:00Z"], notes="Better?").json()
    assert (suggested["status"], suggested["suggestedTimes"]) == ("PENDING_MENTOR_REVIEW", ["2026-06-08T10:00:00Z"])
    refused(verb(as_mia, asked, "accept", scheduledAt=at(7)), 403, "not_yours_to_do")
    assert verb(as_sam, asked, "accept", scheduledAt=at(7)).json()["scheduledAt"] == "2026-06-08T10:00:00Z"


def test_it_is_judged_in_order(as_sam, as_mia, as_otto, asked):
    path, broken = f"requests/{asked.pk}/reject", '{"reason": '
    wrong_token = {"X-CSRFToken": "wrong"}
    refused(Caller().send("POST", path, broken, **wrong_token), 401, "login_required")
    refused(as_otto.send("POST", path, broken, **wrong_token), 403, "csrf_failed")
    refused(as_otto.send("POST", path, broken), 422, "malformed")
    refused(as_otto.post(path, reason="no"), 404, "not_found")
    refused(as_mia.post(f"requests/{unknown()}/reject", reason="no"), 404, "not_found")
    refused(as_mia.post("requests/7/reject", reason="no"), 422, "malformed")
    refused(as_sam.post(path, reason="no"), 403, "not_yours_to_do")
    refused(verb(as_sam, asked, "approve"), 403, "not_yours_to_do")
    refused(verb(as_mia, asked, "withdraw"), 403, "not_yours_to_do")
    refused(verb(as_mia, asked, "approve", scheduledAt="2026-06-05T10:00:00"), 422, "malformed")
    refused(verb(as_mia, asked, "approve", scheduledAt=at(9)), 422, "malformed")


def test_a_stranger_sees_none(as_otto, as_sam, asked):
    refused(as_otto.get(f"requests/{asked.pk}"), 404, "not_found")
    assert as_sam.get(f"requests/{asked.pk}").json()["id"] == str(asked.pk)
    refused(Caller().get("requests/me"), 401, "login_required")


def test_late_is_expired_whether_or_not_a_job_has_run(as_sam, as_mia, asked):
    with time_machine.travel(NOW + 48 * HOUR, tick=False):
        assert as_sam.get("requests/me").json()["items"][0]["status"] == "EXPIRED"
        assert len(as_sam.get("requests/me", status="expired").json()["items"]) == 1
        assert as_sam.get("requests/me", status="PENDING_MENTOR_REVIEW").json()["items"] == []
        refused(verb(as_mia, asked, "approve"), 409, "wrong_state")


def test_unpaid_is_expired_too(as_sam, as_mia, asked):
    verb(as_mia, asked, "approve")
    with time_machine.travel(NOW + DAY, tick=False):
        assert len(as_sam.get("requests/me", status="expired").json()["items"]) == 1
        assert as_sam.get("requests/me", status="approved").json()["items"] == []
    assert len(as_sam.get("requests/me", status="approved").json()["items"]) == 1


def test_the_list_is_paged_with_a_constant_number_of_queries(as_mia, mia, sam, django_assert_max_num_queries):
    for n in range(60):
        offer = offering(mia, sessions=1, booking_mode="REQUEST", title=f"Session {n}")
        submit_request(student=sam, offering=offer, times=[at(20)], now=NOW)
    with django_assert_max_num_queries(4):
        first = as_mia.get("requests/incoming").json()
    rest = as_mia.get("requests/incoming", cursor=first["nextCursor"]).json()
    ids = {row["id"] for row in first["items"] + rest["items"]}
    assert (len(first["items"]), len(ids), rest["nextCursor"]) == (50, 60, None)
    refused(as_mia.get("requests/incoming", cursor="7"), 422, "malformed")


def test_the_same_suggestion_twice_is_one(as_mia, sam, asked):
    said = {"times": ["2026-06-08T10:00:00Z"], "notes": "Better?"}
    first = verb(as_mia, asked, "suggest", **said).json()
    with time_machine.travel(NOW + HOUR, tick=False):
        assert verb(as_mia, asked, "suggest", **said).json() == first
        assert Notification.objects.filter(recipient=sam, kind="request_suggested").count() == 1
        later = verb(as_mia, asked, "suggest", **said | {"notes": "Really better."}).json()
    assert later["approvalDeadline"] > first["approvalDeadline"]
