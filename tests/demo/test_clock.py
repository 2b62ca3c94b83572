"""The demo clock: it moves what is judged, runs what is due, and says what happened."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection

from mentorship.demo import moving
from mentorship.demo.next_event import next_event
from mentorship.kernel import clock, jobs
from seats.models import Seat
from sessions_app import services
from tests import cast
from tests.api.client import Caller, refused
from tests.cast import HOUR, NOW, at

pytestmark = pytest.mark.django_db


def now_of(demo: Caller) -> datetime:
    return datetime.fromisoformat(demo.client.get("/api/demo/clock").json()["now"])


def move(demo: Caller, advance: str, run_jobs: bool = True) -> dict:
    """Without a CSRF token: the demo's calls need none."""
    body = {"advance": advance, "runJobs": run_jobs}
    answer = demo.client.post("/api/demo/clock", body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT71H59M59S", timedelta(hours=71, minutes=59, seconds=59)),
        ("P1D", timedelta(days=1)),
        ("P1DT2H", timedelta(days=1, hours=2)),
        ("P2W", timedelta(weeks=2)),
        ("PT0S", timedelta()),
        ("P0D", timedelta()),
        ("PT0.5S", timedelta(milliseconds=500)),
        ("pt1h", timedelta(hours=1)),
    ],
)
def test_it_moves_by_an_iso_duration(demo, text, length):
    assert datetime.fromisoformat(move(demo, text)["now"]) == now_of(demo) == NOW + length


@pytest.mark.parametrize(
    "text", ["-P1D", "P-1D", "PT-1H", "1 day", "", "P", "PT", "P1DT", "3600", "1:00:00", "P1M", "P1Y", "P9999999D", "P9999999999W", "x" * 50]
)  # fmt: skip
def test_it_does_not_move_by_anything_else(demo, text):
    refused(demo.post("demo/clock", advance=text), 422, "malformed")
    assert now_of(demo) == NOW


@pytest.mark.parametrize("body", [{}, {"advance": None}, {"advance": 5}, {"advance": "P1D", "runJobs": "perhaps"}])
def test_a_body_that_is_none_is_malformed(demo, body):
    refused(demo.send("POST", "demo/clock", body), 422, "malformed")
    assert now_of(demo) == NOW


def test_one_move_releases_a_seat_whose_grace_ended_and_says_so(demo, sam, mia):
    cast.bought(sam, mia, sessions=2)
    for day in (1, 2):
        session = services.book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
        services.complete(session_id=session.pk, by=mia, now=session.ends_at)
    move(demo, "P1DT23H")  # the second session's end
    assert Seat.objects.get().status == "GRACE"
    move(demo, "PT71H59M59S")
    assert Seat.objects.get().status == "GRACE"
    ran = move(demo, "PT1S")["ran"]
    assert {"job": "sweep_seats", "rows": 1, "error": None} in ran
    assert Seat.objects.get().status == "RELEASED"


def test_a_warning_whose_time_is_over_is_not_sent(demo, sam, mia):
    cast.bought(sam, mia, sessions=2)
    for day in (1, 2):
        session = services.book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
        services.complete(session_id=session.pk, by=mia, now=session.ends_at)
    move(demo, "P30D")
    kinds = [m["kind"] for m in demo.get("demo/mails", to=sam.email).json()["items"]]
    assert "seat_released" in kinds
    assert "grace_final_warning" not in kinds


def test_without_jobs_only_time_passes(demo, pack):
    said = move(demo, "P100D", run_jobs=False)
    assert said["ran"] == []
    pack.refresh_from_db()
    assert (pack.status, pack.status_at(clock.now())) == ("ACTIVE", "EXPIRED")
    ran = {entry["job"]: entry["rows"] for entry in move(demo, "PT0S")["ran"]}
    pack.refresh_from_db()
    assert (pack.status, ran["sweep_seats"]) == ("EXPIRED", 1)


def test_a_job_that_fails_is_reported_and_stops_nothing(demo, monkeypatch):
    def broken(now: datetime) -> int:
        raise RuntimeError("out of order")

    monkeypatch.setitem(jobs._jobs, "sweep_seats", broken)
    ran = {entry["job"]: entry for entry in move(demo, "PT1H")["ran"]}
    assert ran["sweep_seats"] == {"job": "sweep_seats", "rows": 0, "error": "RuntimeError: out of order"}
    assert ran["relay_outbox"]["error"] is None
    assert now_of(demo) == NOW + HOUR


def test_every_beat_has_its_place_in_the_order():
    from mentorship.celery import app

    known = {*moving.ORDER, *moving.LAST, *moving.NEVER}
    assert known == set(app.conf.beat_schedule) == set(jobs.names())


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_happen_one_after_the_other():
    def hour(_: int) -> datetime:
        try:
            return moving.move(HOUR, run_jobs=False)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        seen = sorted(pool.map(hour, range(4)))
    assert seen == [NOW + n * HOUR for n in (1, 2, 3, 4)]


def test_cookies_and_limits_live_in_machine_time(demo, sam):
    caller = Caller(sam)
    move(demo, "P400D", run_jobs=False)
    assert caller.get("me").status_code == 200


def test_the_next_event_is_the_nearest_thing_due(sam, mia, pack):
    session = services.book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    seen, now = [], NOW
    for _ in range(4):
        event = next_event(now)
        now = event.at
        seen.append((now, event.what))
    start = session.starts_at
    assert seen == [
        (start - 24 * HOUR, "a session starts in 24 hours"),
        (start - HOUR, "a session starts in 1 hour"),
        (start, "a session starts"),
        (start + HOUR, "a session ends"),
    ]


def test_with_nothing_planned_there_is_no_next_event(db):
    assert next_event(NOW) is None
