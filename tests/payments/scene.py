"""What the tests of payments share: an order placed, a page decided on, a webhook signed and sent."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from mentorship.kernel import clock
from mentorship.people.models import User
from offerings.models import Offering
from payments import services
from payments.models import LedgerEntry, Order, SandboxCheckout
from payments.providers.sandbox import sign
from payments.services import sandbox
from tests.cast import NOW

SITE = "http://testserver"
# The accounts once a pack of the usual price is paid.
SPLIT = {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


def place(student: User, of: Offering, *, now: datetime = NOW, site: str = SITE, **wish: Any) -> Order:
    """An order with its payment page, as the checkout leaves it."""
    wish.setdefault("provider", "sandbox")
    return services.checkout(student=student, offering_id=of.pk, site_url=site, now=now, **wish)


def decide(order: Order, outcome: str = "paid") -> SandboxCheckout:
    """What the person pressed on the sandbox's page."""
    return sandbox.decide(order.provider_reference, outcome)


def pay(order: Order, *, now: datetime = NOW) -> Order:
    """Paid at the provider, and the buyer is back on the return page."""
    decide(order)
    return services.confirm_and_fulfil(order.pk, now)


def send_webhook(
    body: Any, *, stamp: int | None = None, signature: str | None = None, provider: str = "sandbox"
) -> Any:
    """Post to the webhook's door with the real signature scheme."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int(clock.machine_now().timestamp()) if stamp is None else stamp
    header = sign(raw, stamp) if signature is None else signature
    client = Client(enforce_csrf_checks=True)
    return client.post(
        f"/api/webhooks/{provider}", raw, content_type="application/json", headers={"Sandbox-Signature": header}
    )


def said(order: Order, kind: str = "payment.paid", key: str | None = None) -> dict[str, str]:
    """A webhook's body about this order's page."""
    return {"id": key or uuid4().hex, "type": kind, "checkout": order.provider_reference}


def accounts(currency: str = "EUR") -> dict[str, int]:
    """The sum of every ledger account, minor units; empty ones are left out."""
    sums: dict[str, int] = {}
    for entry in LedgerEntry.objects.filter(currency=currency):
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount_minor
    return {account: amount for account, amount in sums.items() if amount}


def press(client: Client, row: Model, name: str, **answers: Any) -> list[str]:
    """Open the dialog of the admin's verb on this row, then confirm it. Returns the sentences that were shown."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])
    assert client.get(url).status_code == 200
    done = client.post(url, {"_form_submitted": "on", **answers})
    assert done.status_code == 302, done.content[:500]
    return [str(m) for m in get_messages(done.wsgi_request)]
