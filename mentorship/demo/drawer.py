from __future__ import annotations

import time
from datetime import datetime

from django.db.models import QuerySet

from mentorship.demo.models import DemoMail
from mentorship.kernel import clock
from notifications.models import Delivery
from notifications.services import relay

PATIENCE = 2.0  # seconds


def mails(now: datetime, to: str = "") -> QuerySet[DemoMail]:
    """The mails sent so far, newest first, to everybody or to one address.

    What is due in the outbox is sent first: in the product a worker does that within seconds, but whoever has just done
    something in the demo wants to read its mail at once.
    """
    relay(now)
    _wait_for_the_worker()
    rows = DemoMail.objects.order_by("-id")
    return rows.filter(to__iexact=to) if to else rows


def _wait_for_the_worker() -> None:
    """A worker may hold mails in its hand (leased, not written yet); it needs milliseconds for them."""
    until = time.monotonic() + PATIENCE
    held = Delivery.objects.filter(
        status=Delivery.Status.PENDING, attempts__gt=0, error="", next_attempt_at__gt=clock.machine_now()
    )
    while held.exists() and time.monotonic() < until:
        time.sleep(0.02)
