"""Redis stopped: people browse, sign in, buy, pay and book. Started again: what waited leaves, once."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from mentorship.demo.models import DemoMail
from notifications.models import Delivery
from packs.models import CreditEntry, SessionPack
from payments.models import LedgerEntry, Order, Payment, SandboxDelivery, WebhookEvent
from sessions_app.models import Session
from tests import cast
from tests.walk.house import House, Reader, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SECONDS = 4  # a page's slowest answer on a busy machine; a driver that retries for ever takes many more


@pytest.fixture
def house(settings, mia, sam):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # as the web server knows it
    sam.password = make_password(cast.PASSWORD)
    sam.save()
    EmailAddress.objects.create(user=sam, email=sam.email, verified=True, primary=True)
    folder = Path(tempfile.mkdtemp(prefix="mentorship-walk-"))
    running = House(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def sign_in(reader: Reader, email: str) -> None:
    page = reader.get("/accounts/login/")
    home = reader.submit(page, 'name="password"', login=email, password=cast.PASSWORD)
    assert "/student/mentorship" in home.url


def buy(reader: Reader, offering_id: int) -> Order:
    """From the checkout to the return page, which grants without anybody's help."""
    page = reader.submit(reader.get(f"/checkout/{offering_id}"), 'name="provider"')
    assert "/sandbox/checkout/" in page.url
    back = reader.submit(page, 'name="outcome"', outcome="paid")
    assert "/checkout/return/" in back.url
    order = Order.objects.get()
    assert order.status == Order.Status.FULFILLED
    return order


def book(reader: Reader, pack_id: int) -> None:
    page = reader.get(f"/student/mentorship/book?pack={pack_id}")
    time = re.search(r'name="scheduledAt"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="scheduledAt"', page.text)
    assert time
    booked = reader.submit(page, 'name="idempotency_key"', scheduledAt=time[1] or time[2], agenda="")
    assert "/mentorship/session/" in booked.url


def all_done() -> bool:
    waiting = Delivery.objects.filter(status="PENDING").exists()
    told = SandboxDelivery.objects.filter(delivered_at__isnull=True).exists()
    return not waiting and not told and WebhookEvent.objects.filter(processed_at__isnull=False).exists()


def test_redis_stops_and_nobody_notices(house, mia, sam):
    offered = cast.offering(mia)
    house.stop_redis()

    reader = Reader(house.address)
    assert "Mia" in reader.get("/mentorship").text
    sign_in(reader, sam.email)
    order = buy(reader, offered.pk)
    book(reader, order.pack_id)
    assert reader.slowest < SECONDS
    assert reader.get("/readyz").json()["redis"] == "away"
    # Nothing was lost and nothing has left yet: it waits in its rows.
    assert Delivery.objects.filter(status="PENDING").exists()
    assert not DemoMail.objects.exists() and not WebhookEvent.objects.exists()

    house.start_redis()
    until(all_done)
    assert Payment.objects.count() == WebhookEvent.objects.count() == SandboxDelivery.objects.count() == 1
    pack, session = SessionPack.objects.get(), Session.objects.get()
    assert (pack.sessions_total, pack.sessions_held, session.status) == (4, 1, "SCHEDULED")
    assert CreditEntry.objects.filter(pack=pack).count() == 2
    assert LedgerEntry.objects.values("transaction").distinct().count() == 1
    mailed = Counter(DemoMail.objects.values_list("to", "kind"))
    assert set(mailed.values()) == {1}, mailed
    assert {(sam.email, "pack_purchased"), (sam.email, "session_scheduled")} <= set(mailed)
    assert len(mailed) == Delivery.objects.filter(status="SENT").count()
