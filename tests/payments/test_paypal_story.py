"""PayPal and the whole product, over HTTP: what a forged, a late or an unverifiable webhook does to money (nothing)."""

from __future__ import annotations

import zlib

import pytest
from django.test import Client

from mentorship.kernel import clock
from payments import services
from payments.jobs import process_webhooks
from payments.models import LedgerEntry, Order, Payment, WebhookEvent
from tests.cast import NOW, offering
from tests.payments.paypal_scene import calls_to, connected
from tests.payments.scene import place
from tests.payments.test_paypal_webhooks import forge

pytestmark = pytest.mark.django_db


@pytest.fixture
def standin(settings):
    with connected(settings) as running:
        yield running


@pytest.fixture
def order(standin, mia, sam):
    return place(sam, offering(mia), provider="paypal")


def post(body, headers):
    client = Client(enforce_csrf_checks=True)
    return client.post("/api/webhooks/paypal", body, content_type="application/json", headers=headers)


def work_off():
    WebhookEvent.objects.update(next_attempt_at=clock.machine_now())
    process_webhooks(NOW)


def test_the_webhook_alone_suffices(standin, order):
    standin.approve(order.provider_reference)
    [approved] = standin.events(order.provider_reference)

    assert post(approved.body, approved.sign()).status_code == 200
    work_off()

    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    payment = Payment.objects.get()
    assert (payment.order, payment.amount_minor, payment.status) == (order, 28000, "CONFIRMED")


def test_a_colliding_body_moves_no_money(standin, order):
    """Someone who saw one genuine delivery makes it say that 999.00 were paid. The signature fits; PayPal says otherwise."""
    seen = standin._emit("", "BILLING.PLAN.CREATED", {"id": "P-1"})
    forged = forge(order.provider_reference, zlib.crc32(seen.body))

    assert post(forged, seen.sign()).status_code == 200  # nothing about it can be told from a genuine one
    work_off()

    order.refresh_from_db()
    assert order.status == Order.Status.PENDING
    assert not Payment.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert not calls_to(standin, "/capture")


def test_a_colliding_body_about_an_approved_order_brings_what_was_agreed(standin, order):
    standin.approve(order.provider_reference)
    seen = standin._emit("", "BILLING.PLAN.CREATED", {"id": "P-1"})

    post(forge(order.provider_reference, zlib.crc32(seen.body)), seen.sign())
    work_off()

    assert [(p.amount_minor, p.currency, p.status) for p in Payment.objects.all()] == [(28000, "EUR", "CONFIRMED")]


@pytest.mark.parametrize("reference", ["NOSUCHORDER", "../../v1/oauth2/token"])
def test_a_colliding_body_about_nothing_of_ours(standin, order, reference):
    seen = standin._emit("", "BILLING.PLAN.CREATED", {"id": "P-1"})
    post(forge(reference, zlib.crc32(seen.body)), seen.sign())
    work_off()
    assert not Payment.objects.exists()
    assert not calls_to(standin, "..")


def test_while_the_certificate_is_out_of_reach_paypal_is_asked_to_send_again(standin, order):
    standin.approve(order.provider_reference)
    [approved] = standin.events(order.provider_reference)
    standin.fail_next(1, only="/certs/")

    assert post(approved.body, approved.sign()).status_code == 503
    assert not WebhookEvent.objects.exists()

    assert post(approved.body, approved.sign()).status_code == 200
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("spoil", ["stale", "future", "another webhook", "body", "unsigned", "elsewhere"])
def test_what_is_not_paypals_is_refused_and_not_kept(standin, order, spoil):
    standin.approve(order.provider_reference)
    [approved] = standin.events(order.provider_reference)
    now, body = int(clock.machine_now().timestamp()), approved.body
    headers = {
        "stale": lambda: approved.sign(now - 4 * 86400),
        "future": lambda: approved.sign(now + 3600),
        "another webhook": lambda: approved.sign(secret="WEBHOOK_ID"),
        "body": approved.sign,
        "unsigned": dict,
        "elsewhere": lambda: approved.sign() | {"PAYPAL-CERT-URL": "https://evil.example/v1/notifications/certs/C"},
    }[spoil]()
    if spoil == "body":
        body += b" "

    assert post(body, headers).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_what_was_declined_is_not_taken_later_behind_the_buyers_back(standin, order):
    standin.decline(order.provider_reference)
    services.confirm_and_fulfil(order.pk, NOW)
    order.refresh_from_db()
    assert order.status == Order.Status.FAILED
    standin._buyers[order.provider_reference]["declined"] = False  # the card would say yes now

    services.confirm_and_fulfil(order.pk, NOW)
    [approved] = standin.events(order.provider_reference)
    post(approved.body, approved.sign())
    work_off()

    assert not standin.captures
    order.refresh_from_db()
    assert order.status == Order.Status.FAILED
