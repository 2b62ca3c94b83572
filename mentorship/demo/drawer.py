from __future__ import annotations

import time
from datetime import datetime

from django.db.models import QuerySet

from mentorship.demo.models import DemoMail
from notifications.models import Delivery
from notifications.services import relay

PATIENCE = 2.0  # seconds


def mails(now: datetime, to: str = "") -> QuerySet[DemoMail]:
    """The mails sent so far, newest first, to everybody or to one address.

    What is due in the outbox is sent first: in the product a worker does that within seconds, but whoever has just done
    something in the demo wants to read its mail at once.
    """
    _send_all(now)
    rows = DemoMail.objects.order_by("-id")
    return rows.filter(to__iexact=to) if to else rows


def _send_all(now: datetime) -> None:
    """Send until nothing waits. What a worker has in its hand (locked or leased, not written yet) needs milliseconds."""
    until = time.monotonic() + PATIENCE
    # Not judged by the lease: while a worker is claiming a row, the row looks untouched to everybody else.
    waiting = Delivery.objects.filter(status=Delivery.Status.PENDING, error="")
    relay(now)
    while waiting.exists() and time.monotonic() < until:
        time.sleep(0.02)
        relay(now)
