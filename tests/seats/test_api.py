"""The waiting list over the API: join, leave, what one is told, and the codes."""

from __future__ import annotations

import pytest

from mentorship.people.models import MentorProfile
from tests.api.client import Caller, refused
from tests.cast import NOW
from tests.seats.scene import full_house, lapse, statuses

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday_noon(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


def test_join_wait_be_offered_leave(sam, sue, otto):
    tove, [pack] = full_house()
    as_sam, as_sue = Caller(sam), Caller(sue)
    joined = as_sam.post("waitlist", mentorId=tove.pk)
    assert joined.status_code == 201
    said = {"mentorId": tove.pk, "mentorName": "Tove", "position": 1, "offer": None, "joinedAt": "2026-06-01T12:00:00Z"}
    assert joined.json() == said | {"url": "http://testserver/mentorship/mentors/tove"}
    assert as_sue.post("waitlist", mentorId=str(tove.pk)).json()["position"] == 2
    assert as_sam.post("waitlist", mentorId=tove.pk).status_code == 200
    assert as_sue.get("waitlist/me").json() == {
        "items": [joined.json() | {"position": 2}],
        "nextCursor": None,
    }
    seats = Caller().get(f"seats/availability/{tove.pk}").json()
    assert (seats["occupied"], seats["available"], seats["waiting"]) == (1, 0, 2)

    lapse(pack, NOW)
    assert as_sam.get("waitlist/me").json()["items"][0]["offer"] == {"expiresAt": "2026-06-03T12:00:00Z"}
    assert as_sue.get("waitlist/me").json()["items"][0]["position"] == 1
    seats = Caller().get(f"seats/availability/{tove.pk}").json()
    assert (seats["occupied"], seats["available"], seats["waiting"]) == (1, 0, 1)

    for _ in range(2):
        assert as_sam.send("DELETE", f"waitlist/{tove.pk}").status_code == 204
    assert as_sam.get("waitlist/me").json()["items"] == []
    assert as_sue.get("waitlist/me").json()["items"][0]["offer"] == {"expiresAt": "2026-06-03T12:00:00Z"}
    assert statuses(tove) == {"Sam": "DECLINED", "Sue": "OFFERED"}


def test_who_may_not_wait_is_told_why(mia, sam, otto):
    tove, [pack] = full_house()
    refused(Caller().post("waitlist", mentorId=tove.pk), 401, "login_required")
    as_otto = Caller(otto)
    refused(as_otto.post("waitlist"), 422, "malformed")
    refused(as_otto.post("waitlist", mentorId="tove"), 422, "malformed")
    refused(as_otto.post("waitlist", mentorId=sam.pk), 404, "not_found")
    refused(as_otto.post("waitlist", mentorId=10**30), 422, "malformed")
    refused(as_otto.post("waitlist", mentorId=mia.pk), 409, "seat_free")
    refused(Caller(tove).post("waitlist", mentorId=tove.pk), 409, "own_offering")
    refused(Caller(pack.student).post("waitlist", mentorId=tove.pk), 409, "wrong_state")
    refused(as_otto.send("DELETE", f"waitlist/{sam.pk}"), 404, "not_found")
    refused(as_otto.send("DELETE", f"waitlist/{10**30}"), 404, "not_found")
    refused(as_otto.send("DELETE", "waitlist/tove"), 422, "malformed")
    refused(as_otto.send("POST", "waitlist", {"mentorId": tove.pk}, **{"X-CSRFToken": "x"}), 403, "csrf_failed")
    MentorProfile.objects.filter(user=tove).update(accepts_new=False)
    refused(as_otto.post("waitlist", mentorId=tove.pk), 409, "not_for_sale")


def test_a_place_can_be_left_when_the_mentor_is_gone(sam):
    tove, _ = full_house()
    as_sam = Caller(sam)
    as_sam.post("waitlist", mentorId=tove.pk)
    MentorProfile.objects.filter(user=tove).update(verified_at=None)
    assert len(as_sam.get("waitlist/me").json()["items"]) == 1
    assert as_sam.send("DELETE", f"waitlist/{tove.pk}").status_code == 204
    assert as_sam.get("waitlist/me").json()["items"] == []


def test_the_list_costs_the_same_for_one_line_and_for_five(sam, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    costs = []
    as_sam = Caller(sam)
    for names in (["a"], ["b", "c", "d", "e"]):
        for name in names:
            as_sam.post("waitlist", mentorId=full_house(name=name)[0].pk)
        as_sam.get("waitlist/me")
        with CaptureQueriesContext(connection) as asked:
            as_sam.get("waitlist/me")
        costs.append(len(asked))
    assert costs[0] == costs[1]
