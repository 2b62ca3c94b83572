"""What cannot be taken now is not lost: the provider is told to send it again, in words and without a traceback."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from payments.jobs import process_webhooks
from payments.models import Order, WebhookEvent
from tests.cast import NOW, offering
from tests.payments.scene import decide, place, said, send_webhook


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("demo", [True, False], ids=["demo", "production"])
def test_while_the_database_is_away_the_provider_is_told_to_come_again(mia, sam, settings, monkeypatch, demo):
    settings.DEMO = demo  # there the clock is a row, too
    order = place(sam, offering(mia))
    decide(order)
    with monkeypatch.context() as away:
        connection.close()
        away.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        away.setitem(connection.settings_dict, "PORT", "1")
        answer = send_webhook(said(order, key="evt"))
        connection.close()
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert (answer.json()["code"], answer["Retry-After"]) == ("try_again", "60")

    assert send_webhook(said(order, key="evt")).status_code == 200
    assert process_webhooks(NOW) == 1
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


@pytest.mark.django_db
def test_while_paypals_certificate_is_out_of_reach_it_is_told_to_come_again(settings):
    settings.PROVIDERS = settings.PROVIDERS.model_copy(
        update={
            "paypal_client_id": "id",
            "paypal_client_secret": "secret",
            "paypal_webhook_ids": ["WH-1"],
            "paypal_base_url": "http://127.0.0.1:9",
            "paypal_cert_allowed_hosts": ["127.0.0.1:9"],
            "providers_anywhere": True,
        }
    )
    from mentorship.kernel import clock

    headers = {
        "Paypal-Transmission-Id": "t-1",
        "Paypal-Transmission-Time": clock.machine_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Paypal-Transmission-Sig": "c2ln" * 86,
        "Paypal-Auth-Algo": "SHA256withRSA",
        "Paypal-Cert-Url": "http://127.0.0.1:9/v1/notifications/certs/CERT-360caa42-fca2a594-ab66f33d",
    }
    answer = Client().post("/api/webhooks/paypal", b"{}", content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
    assert not WebhookEvent.objects.exists()
