"""`/metrics`: for whoever has the token, the same from every process, and no dearer with more rows."""

from __future__ import annotations

import pytest
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from mentorship.kernel import clock
from notifications.models import Delivery
from payments import services
from payments.models import Dispute, Order, Payment, Refund, SandboxCheckout, WebhookEvent
from tests.cast import HOUR, offering
from tests.payments.scene import decide, pay, place

TOKEN = "t" * 40


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def ask(client, token=f"Bearer {TOKEN}"):
    return client.get("/metrics", headers={"Authorization": token} if token else {})


def numbers(client):
    """{name or (name, label): value}"""
    answer = ask(client)
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            name = sample.name.removeprefix("mentorship_")
            found[(name, *sample.labels.values()) if sample.labels else name] = sample.value
    return found


def event(key, **fields):
    fields = {"provider": "stripe", "payload": "{}", "received_at": clock.now() - HOUR} | fields
    return WebhookEvent.objects.create(event_key=key, next_attempt_at=clock.machine_now(), **fields)


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer x", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} ", "Bearer ü"])
def test_not_without_the_token(client, db, said):
    answer = ask(client, said)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_no_such_page_without_the_setting(client, db, settings):
    settings.METRICS_TOKEN = ""
    assert ask(client).status_code == ask(client, "Bearer ").status_code == 404


def test_nothing_waits(client, db):
    found = numbers(client)
    assert found["audit_age_seconds"] == -1
    assert {value for name, value in found.items() if name != "audit_age_seconds"} == {0}


def test_webhooks(client, db):
    event("new", received_at=clock.now() - 2 * HOUR)
    event("failed", error="ProviderTrouble: away")
    event("dead", dead_at=clock.now(), error="x")
    event("dead2", dead_at=clock.now(), error="x", provider="paypal")
    event("done", processed_at=clock.now())
    found = numbers(client)
    assert (found["webhooks_waiting"], found["webhooks_failing"]) == (2, 1)
    assert (found["webhooks_dead", "stripe"], found["webhooks_dead", "paypal"]) == (1, 1)
    assert 7200 <= found["webhooks_oldest_seconds"] < 7260
    assert 3600 <= found["webhook_lag_seconds"] == found["webhook_lag_longest_seconds"] < 3660


def test_money(client, mia, sam, sue):
    bought = pay(place(sam, offering(mia), now=clock.now()), now=clock.now())
    payment = Payment.objects.get(order=bought)
    common = {"order": bought, "payment": payment, "currency": "EUR"}
    Refund.objects.create(
        amount_minor=1, cause="a", next_attempt_at=clock.now(), created_at=clock.now() - HOUR, **common
    )
    Refund.objects.create(
        amount_minor=1, cause="b", next_attempt_at=clock.now(), created_at=clock.now(), status="FAILED", **common
    )
    Dispute.objects.create(provider_reference="d", amount_minor=1, opened_at=clock.now(), **common)
    other = place(sue, offering(mia), now=clock.now())
    decide(other)
    SandboxCheckout.objects.filter(reference=other.provider_reference).update(amount_minor=12345)
    services.confirm_and_fulfil(other.pk, clock.now())
    Order.objects.filter(pk=other.pk).update(status="PAID", paid_at=clock.now() - HOUR)
    Delivery.objects.update(created_at=clock.now() - HOUR)

    found = numbers(client)
    assert (found["refunds_waiting"], found["refunds_failed"], found["disputes_open"]) == (1, 1, 1)
    assert 3600 <= found["refunds_oldest_seconds"] < 3660
    assert found["money_unclaimed", "EUR"] == 12345
    assert found["orders_paid_not_granted_waiting"] == 1
    assert found["outbox_waiting"] == Delivery.objects.filter(status="PENDING").count() > 0
    assert 3600 <= found["outbox_oldest_seconds"] < 3660


@pytest.mark.parametrize("rows", [0, 50])
def test_always_the_same_number_of_statements(client, db, rows, django_assert_num_queries):
    for n in range(rows):
        event(str(n), provider=f"p{n % 5}", dead_at=clock.now() if n % 2 else None)
    with django_assert_num_queries(10):
        ask(client)


def test_without_the_database(client, transactional_db, monkeypatch):
    with monkeypatch.context() as away:
        connection.close()
        away.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        away.setitem(connection.settings_dict, "PORT", "1")
        answer = ask(client)
        connection.close()
    assert answer.status_code == 503
