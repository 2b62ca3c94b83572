"""For machines: alive, and ready; told apart from what is only worse than usual."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection

from mentorship.kernel import clock
from mentorship.kernel.tasks import BEAT_SEEN, WORKER_SEEN, run_job


def test_alive_asks_nobody(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok"


def test_ready_with_everything(client, db, django_assert_num_queries):
    seen = clock.machine_now().timestamp()
    cache.set_many({WORKER_SEEN: seen, BEAT_SEEN: seen})
    with django_assert_num_queries(2):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "database": "ok", "redis": "ok", "worker": "ok", "beat": "ok", "audit": "never run"},
    )


def test_a_missing_beat_is_worse_but_ready(client, db):
    cache.set(WORKER_SEEN, clock.machine_now().timestamp())
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["worker"], answer.json()["beat"]) == ("degraded", "ok", "degraded")


def test_without_redis_people_still_book(client, db, settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["redis"], answer.json()["worker"]) == (200, "away", "unknown")


def test_without_the_database_it_is_not_ready_but_alive(client, db, monkeypatch):
    def away(*args: object) -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", away)
        answer = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
    assert (answer.status_code, answer.json()["status"]) == (503, "down")


@pytest.mark.parametrize(("expires", "beat"), [(None, False), ("2026-06-01T12:00:05Z", True)])
def test_a_job_leaves_its_trace(db, expires, beat):
    run_job.push_request(expires=expires)
    try:
        run_job.run("expire_unpaid_sessions")
    finally:
        run_job.pop_request()
    assert cache.get(WORKER_SEEN) is not None
    assert (cache.get(BEAT_SEEN) is not None) is beat
