"""For machines: alive, and ready; told apart from what is only worse than usual."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection

from mentorship.kernel import clock
from mentorship.kernel.tasks import BEAT_SEEN, WORKER_SEEN, run_job
from payments.models import Order, WebhookEvent
from tests.cast import offering
from tests.payments.scene import place


def test_alive_asks_nobody(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok"


def test_ready_with_everything(client, db, django_assert_num_queries):
    seen = clock.machine_now().timestamp()
    cache.set_many({WORKER_SEEN: seen, BEAT_SEEN: seen})
    with django_assert_num_queries(6):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "ok",
            "database": "ok",
            "redis": "ok",
            "worker": "ok",
            "beat": "ok",
            "webhooks": "ok",
            "orders": "ok",
            "audit": "never run",
        },
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"received_at": -1}, "ok"),
        ({"received_at": -20}, "degraded"),
        ({"received_at": -20, "processed_at": -19}, "ok"),
        ({"received_at": -1, "dead_at": 0}, "degraded"),
    ],
)
def test_webhooks_that_are_late_or_dead_are_worse_but_ready(client, db, fields, said):
    """Minutes from now."""
    times = {name: clock.now() + timedelta(minutes=minutes) for name, minutes in fields.items()}
    WebhookEvent.objects.create(
        provider="stripe", event_key="e", payload="", next_attempt_at=clock.machine_now(), **times
    )
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["webhooks"]) == (200, said)


def test_an_order_paid_and_not_granted_for_long_is_worse(client, mia, sam):
    order = place(sam, offering(mia), now=clock.now())
    Order.objects.update(status="PAID", paid_at=clock.now() - timedelta(minutes=5))
    assert client.get("/readyz").json()["orders"] == "ok"
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(minutes=11))
    answer = client.get("/readyz").json()
    assert (answer["status"], answer["orders"]) == ("degraded", "degraded")


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
