"""Sessions over the API: what one sees, and what one can do."""

from __future__ import annotations

import pytest
import time_machine

from mentorship.kernel import clock
from sessions_app import services
from sessions_app.models import Session
from tests import cast
from tests.api.client import Caller, refused
from tests.api.conftest import booked, unknown
from tests.cast import HOUR, at

pytestmark = pytest.mark.django_db
FIELDS = {
    "id", "status", "scheduledAt", "endsAt", "mentorId", "mentorName", "studentId", "studentName", "packId", "offeringId",
    "courseId", "bookingMode", "paymentStatus", "title", "agenda", "number", "credit", "absentParty", "settledAt",
    "meetingUrl", "url",
}  # fmt: skip


def test_sam_books_with_a_credit(as_sam, sam, mia, pack):
    answer = as_sam.post("sessions/book", mentorId=mia.pk, scheduledAt=at(2), agenda="My first deployment")
    assert answer.status_code == 201
    said = answer.json()
    assert set(said) == FIELDS
    expected = {
        "status": "SCHEDULED",
        "scheduledAt": "2026-06-03T10:00:00Z",
        "endsAt": "2026-06-03T11:00:00Z",
        "mentorId": mia.pk,
        "studentId": sam.pk,
        "packId": pack.pk,
        "bookingMode": "INSTANT",
        "paymentStatus": "PAID",
        "agenda": "My first deployment",
        "number": 1,
        "credit": "HELD",
        "meetingUrl": None,
    }
    assert expected.items() <= said.items()
    assert cast.counters(pack) == (4, 1, 0)


def test_a_text_that_may_be_left_out_may_be_null(as_sam, mia, pack):
    answer = as_sam.post("sessions/book", mentorId=mia.pk, scheduledAt=at(2), agenda=None, packId=None)
    assert (answer.status_code, answer.json()["agenda"]) == (201, "")
    assert as_sam.patch(f"sessions/{answer.json()['id']}/cancel", reason=None).json()["status"] == "CANCELLED"


def test_ids_may_come_as_strings(as_sam, mia, pack):
    answer = as_sam.post("sessions/book", mentorId=str(mia.pk), packId=str(pack.pk), scheduledAt=at(2))
    assert answer.status_code == 201


def test_what_a_client_says_about_price_length_or_status_is_ignored(as_sam, mia, pack):
    lies = {"durationMinutes": 480, "status": "COMPLETED", "bookingMode": "REQUEST", "price": 1, "studentId": mia.pk}
    said = as_sam.post("sessions/book", mentorId=mia.pk, scheduledAt=at(2), **lies).json()
    assert (said["endsAt"], said["status"], said["bookingMode"]) == ("2026-06-03T11:00:00Z", "SCHEDULED", "INSTANT")


def test_both_sides_see_the_session_and_otto_does_not(as_sam, as_mia, as_otto, session):
    for caller in (as_sam, as_mia):
        assert [s["id"] for s in caller.get("sessions/me").json()["items"]] == [str(session.pk)]
        assert caller.get(f"mentorship/session/{session.pk}").json()["id"] == str(session.pk)
    assert as_otto.get("sessions/me").json() == {"items": [], "nextCursor": None}
    refused(as_otto.get(f"mentorship/session/{session.pk}"), 404, "not_found")


def test_the_room_s_address_is_told_only_while_it_is_open(as_sam, mia, session):
    mia.mentor_profile.meeting_url = "https://meet.example.test/mia"
    mia.mentor_profile.save()
    seen = {}
    for name, moment in {
        "before": session.starts_at - HOUR / 3600,
        "start": session.starts_at,
        "end": session.ends_at,
        "after": session.ends_at + HOUR / 3600,
    }.items():
        with time_machine.travel(moment, tick=False):
            seen[name] = as_sam.get(f"mentorship/session/{session.pk}").json()["meetingUrl"]
    room = "https://meet.example.test/mia"
    assert seen == {"before": None, "start": room, "end": room, "after": None}


def test_without_a_room_of_the_mentor_s_own_the_address_is_our_page(as_sam, session):
    with time_machine.travel(session.starts_at, tick=False):
        address = as_sam.get(f"mentorship/session/{session.pk}").json()["meetingUrl"]
    assert address == f"http://testserver/mentorship/session/{session.pk}"


def test_the_list_is_by_start_and_can_be_narrowed(as_sam, sam, mia, max_, pack):
    cast.bought(sam, max_)
    late, early, other = booked(sam, mia, at(4)), booked(sam, mia, at(2)), booked(sam, max_, at(3))
    ids = lambda **by: [s["id"] for s in as_sam.get("sessions/me", **by).json()["items"]]  # noqa: E731
    assert ids() == [str(early.pk), str(other.pk), str(late.pk)]
    assert ids(mentorId=max_.pk) == [str(other.pk)]
    assert ids(**{"from": at(3), "to": at(4)}) == [str(other.pk)]
    services.cancel(session_id=early.pk, by=sam, now=cast.NOW)
    assert ids(status="CANCELLED") == ids(status="cancelled") == [str(early.pk)]
    assert ids(status="COMPLETED") == []


def test_pages_follow_one_another_without_gap_or_repeat(as_sam, sam, mia):
    cast.bought(sam, mia, sessions=60)
    made = [booked(sam, mia, at(day, hour)) for day in range(1, 14) for hour in (8, 10, 12, 14)]
    first = as_sam.get("sessions/me").json()
    second = as_sam.get("sessions/me", cursor=first["nextCursor"]).json()
    assert len(first["items"]) == 50
    assert second["nextCursor"] is None
    assert [s["id"] for s in first["items"] + second["items"]] == [str(s.pk) for s in made]


def test_the_list_takes_as_many_queries_for_one_as_for_twenty(as_sam, sam, mia, django_assert_max_num_queries):
    cast.bought(sam, mia, sessions=30)
    counts = []
    for more in (1, 19):
        made = Session.objects.count()
        for n in range(more):
            booked(sam, mia, at(1 + (made + n) // 4, 8 + 2 * ((made + n) % 4)))
        with django_assert_max_num_queries(50) as seen:
            assert len(as_sam.get("sessions/me").json()["items"]) == made + more
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5


def test_a_time_whose_payment_did_not_come_reads_expired(as_sam, sam, mia):
    offering = cast.offering(mia, sessions=1)
    services.reserve(
        student=sam, offering=offering, order_id=cast.order_id(), starts_at=at(2), until=at(0, 13), now=cast.NOW
    )
    seen = []
    for moment in (at(0, 12, 59), at(0, 13)):
        with time_machine.travel(moment, tick=False):
            shown = as_sam.get("sessions/me").json()["items"][0]
            listed = len(as_sam.get("sessions/me", status="EXPIRED").json()["items"])
            seen.append((shown["status"], shown["paymentStatus"], listed))
    assert seen == [("AWAITING_PAYMENT", "PENDING", 0), ("EXPIRED", "FAILED", 1)]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_sam_moves_a_session(as_sam, session, method):
    said = as_sam.send(method, f"sessions/{session.pk}/reschedule", {"scheduledAt": at(3)})
    assert (said.status_code, said.json()["scheduledAt"]) == (200, "2026-06-04T10:00:00Z")
    again = as_sam.send(method, f"sessions/{session.pk}/reschedule", {"scheduledAt": at(3)})
    assert (again.status_code, again.json()) == (200, said.json())


def test_inside_24_h_it_is_too_late_to_move(as_sam, session):
    path, new = f"sessions/{session.pk}/reschedule", {"scheduledAt": at(5)}
    with time_machine.travel(session.starts_at - 24 * HOUR + HOUR / 3600, tick=False):
        refused(as_sam.send("PATCH", path, new), 409, "too_late")
    with time_machine.travel(session.starts_at - 24 * HOUR, tick=False):
        assert as_sam.send("PATCH", path, new).status_code == 200


def test_sam_cancels_in_time_and_a_second_time_nothing_changes(as_sam, session, pack):
    first = as_sam.patch(f"sessions/{session.pk}/cancel", reason="ill")
    assert (first.status_code, first.json()["status"], first.json()["credit"]) == (200, "CANCELLED", "RETURNED")
    assert as_sam.send("PATCH", f"sessions/{session.pk}/cancel", "").json() == first.json()
    assert cast.counters(pack) == (4, 0, 0)


def test_mia_completes_after_the_end_and_not_before(as_mia, as_sam, session, pack):
    path = f"sessions/{session.pk}/complete"
    with time_machine.travel(session.ends_at - HOUR / 3600, tick=False):
        refused(as_mia.patch(path), 409, "not_ended")
    with time_machine.travel(session.ends_at, tick=False):
        refused(as_sam.patch(path), 403, "not_yours_to_do")
        said = as_mia.send("PATCH", path, "")
        assert (said.status_code, said.json()["status"], said.json()["settledAt"]) == (
            200,
            "COMPLETED",
            clock.iso(session.ends_at),
        )
        assert as_mia.patch(path).json() == said.json()
        refused(as_mia.patch(f"sessions/{session.pk}/cancel"), 409, "wrong_state")
    assert cast.counters(pack) == (4, 0, 1)


@pytest.mark.parametrize(("party", "used"), [("student", 1), ("MENTOR", 0), ("Both", 0)])
def test_somebody_did_not_come(as_mia, session, pack, party, used):
    with time_machine.travel(session.ends_at, tick=False):
        said = as_mia.patch(f"sessions/{session.pk}/no-show", absentParty=party).json()
    assert (said["status"], said["absentParty"]) == ("NO_SHOW", party.upper())
    assert cast.counters(pack) == (4, 0, used)


def test_the_refusal_says_what_has_to_happen_first_and_what_has_happened(as_mia, session):
    path = f"sessions/{session.pk}/no-show"
    with time_machine.travel(session.starts_at + HOUR / 3, tick=False):
        said = refused(as_mia.patch(path, absentParty="STUDENT"), 409, "not_ended")["detail"]
    assert said == "Enter the room first: who waits in it can say from minute 15 on that the other has not come."
    with time_machine.travel(session.ends_at, tick=False):
        as_mia.patch(path, absentParty="STUDENT")
        said = refused(as_mia.patch(f"sessions/{session.pk}/complete"), 409, "wrong_state")["detail"]
    assert said == "This session is settled already: somebody did not come."


@pytest.mark.parametrize("verb", ["reschedule", "cancel", "complete", "no-show"])
def test_a_stranger_s_session_is_not_there(as_otto, session, verb):
    body = {"scheduledAt": at(3), "absentParty": "student"}
    refused(as_otto.send("PATCH", f"sessions/{session.pk}/{verb}", body), 404, "not_found")
    refused(as_otto.send("PATCH", f"sessions/{unknown()}/{verb}", body), 404, "not_found")


def test_nobody_signed_in_is_told_to(session):
    refused(Caller().get("sessions/me"), 401, "login_required")
    refused(Caller().get(f"mentorship/session/{session.pk}"), 401, "login_required")
