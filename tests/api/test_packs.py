"""A student's packs over the API: counters, seat and next session, judged when they are read."""

from __future__ import annotations

import pytest
import time_machine

from sessions_app import services
from tests import cast
from tests.api.client import refused
from tests.api.conftest import booked
from tests.cast import DAY, HOUR, at

pytestmark = pytest.mark.django_db
FIELDS = {
    "id", "mentorId", "mentorName", "title", "status", "durationMinutes", "sessionsTotal", "sessionsHeld", "sessionsUsed",
    "remainingSessions", "expiresAt", "takesSeat", "seat", "nextSession", "url",
}  # fmt: skip


def the_pack(caller, path="session-packs/me"):
    items = caller.get(path).json()["items"]
    assert len(items) == 1
    return items[0]


def test_a_fresh_pack_with_its_seat_and_next_session(as_sam, sam, mia, pack):
    later, first = booked(sam, mia, at(4)), booked(sam, mia, at(2))
    said = the_pack(as_sam)
    assert set(said) == FIELDS
    expected = {
        "id": pack.pk,
        "mentorId": mia.pk,
        "mentorName": "Mia",
        "status": "ACTIVE",
        "durationMinutes": 60,
        "sessionsTotal": 4,
        "sessionsHeld": 2,
        "sessionsUsed": 0,
        "remainingSessions": 2,
        "expiresAt": "2026-08-30T12:00:00Z",
        "seat": {"status": "ACTIVE", "number": 1, "graceEndsAt": None},
    }
    assert expected.items() <= said.items()
    assert (said["nextSession"]["id"], said["nextSession"]["number"]) == (str(first.pk), 1)
    assert later.pk != first.pk


def test_nobody_sees_another_s_packs(as_otto, as_mia, pack):
    for caller in (as_otto, as_mia):
        assert caller.get("session-packs/me").json() == {"items": [], "nextCursor": None}


def test_the_last_credit_used_shows_the_grace_and_after_72_h_no_seat(as_sam, sam, mia):
    cast.bought(sam, mia, sessions=2)
    for day in (1, 2):
        session = booked(sam, mia, at(day))
        services.complete(session_id=session.pk, by=mia, now=session.ends_at)
    ends = session.ends_at + 72 * HOUR
    seen = []
    for moment in (ends - HOUR / 3600, ends):
        with time_machine.travel(moment, tick=False):
            said = the_pack(as_sam)
            assert as_sam.get("session-packs/me/active").json()["items"] == []
            seen.append((said["status"], said["remainingSessions"], said["seat"]))
    grace = {"status": "GRACE", "number": 1, "graceEndsAt": "2026-06-06T11:00:00Z"}
    assert seen == [("DEPLETED", 0, grace), ("DEPLETED", 0, None)]


def test_a_pack_past_its_expiry_reads_expired_before_any_job_has_run(as_sam, sam, mia):
    pack = cast.bought(sam, mia, validity_days=20)
    booked(sam, mia, at(2))
    seen = []
    for moment in (pack.expires_at - HOUR / 3600, pack.expires_at):
        with time_machine.travel(moment, tick=False):
            said = the_pack(as_sam)
            active = len(as_sam.get("session-packs/me/active").json()["items"])
            seen.append((said["status"], said["sessionsTotal"], said["remainingSessions"], active))
    assert seen == [("ACTIVE", 4, 3, 1), ("EXPIRED", 1, 0, 0)]


def test_a_pack_of_one_takes_no_seat(as_sam, sam, mia):
    cast.bought(sam, mia)
    cast.bought(sam, mia, sessions=1)
    seats = [p["seat"] and p["seat"]["number"] for p in as_sam.get("session-packs/me").json()["items"]]
    assert seats == [1, None]


def test_packs_can_be_narrowed_to_a_mentor(as_sam, sam, mia, max_):
    cast.bought(sam, mia)
    cast.bought(sam, max_)
    items = as_sam.get("session-packs/me", mentorId=max_.pk).json()["items"]
    assert [p["mentorId"] for p in items] == [max_.pk]
    assert as_sam.get("session-packs/me/active", mentorId=10**9).json()["items"] == []


def test_there_is_no_call_that_creates_a_pack(as_sam):
    for path in ("session-packs/me", "session-packs/me/active"):
        refused(as_sam.post(path, mentorId=1), 405, "method_not_allowed")
    refused(as_sam.post("session-packs", mentorId=1), 404, "not_found")


@pytest.mark.parametrize("path", ["session-packs/me", "session-packs/me/active"])
def test_the_list_takes_as_many_queries_for_one_as_for_twenty(as_sam, sam, path, django_assert_max_num_queries):
    counts = []
    for more in (1, 19):
        for _ in range(more):
            mentor = cast.mentor(f"mentor{len(counts)}{_}")
            cast.bought(sam, mentor)
            booked(sam, mentor, at(1 + (len(counts) * 19 + _) // 8, 8 + (len(counts) * 19 + _) % 8))
        with django_assert_max_num_queries(50) as seen:
            assert len(as_sam.get(path).json()["items"]) == (1 if more == 1 else 20)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 7


def test_pages_follow_one_another(as_sam, sam, mia):
    packs = [cast.bought(sam, mia, sessions=1, now=cast.NOW - DAY) for _ in range(53)]
    first = as_sam.get("session-packs/me").json()
    second = as_sam.get("session-packs/me", cursor=first["nextCursor"]).json()
    assert [p["id"] for p in first["items"] + second["items"]] == [p.pk for p in packs]
    assert (len(first["items"]), second["nextCursor"]) == (50, None)
