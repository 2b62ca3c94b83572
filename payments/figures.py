"""What an operator watches about money: how much waits, since when, and what somebody has to look at.

Read from PostgreSQL by a constant number of statements, whatever there is: every process tells the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Max, Min, Q, Sum

from payments.models import Dispute, LedgerEntry, Order, Refund, WebhookEvent

LATELY = 500  # so many of the events worked off last tell how fast that goes
NO_TIME = timedelta()
PATIENCE = timedelta(minutes=10)  # what waits longer is worth telling: the jobs run every few seconds


@dataclass(frozen=True)
class Waiting:
    count: int
    since: datetime | None

    def age(self, now: datetime) -> timedelta:
        """How long the oldest has waited; zero when nothing waits."""
        return max(now - self.since, NO_TIME) if self.since else NO_TIME

    def is_late(self, now: datetime) -> bool:
        return self.age(now) > PATIENCE


@dataclass(frozen=True)
class Figures:
    webhooks: Waiting
    webhooks_failing: int
    dead_letters: dict[str, int]  # by provider
    lag: tuple[timedelta, timedelta]  # of the events worked off last: average, longest
    not_granted: Waiting
    refunds: Waiting
    refunds_failed: int
    disputes_open: int
    unclaimed: dict[str, int]  # minor units by currency


def webhooks_waiting() -> tuple[Waiting, int]:
    """What is not worked off yet, and how much of it has failed before."""
    waiting = WebhookEvent.objects.waiting()
    found = waiting.aggregate(count=Count("pk"), since=Min("received_at"), failing=Count("pk", filter=~Q(error="")))
    return Waiting(found["count"], found["since"]), found["failing"]


def orders_not_granted() -> Waiting:
    """Paid, and nothing granted for it yet."""
    found = Order.objects.to_fulfil().aggregate(count=Count("pk", distinct=True), since=Min("paid_at"))
    return Waiting(found["count"], found["since"])


def read() -> Figures:
    """All of them."""
    webhooks, failing = webhooks_waiting()
    dead = WebhookEvent.objects.dead().values("provider").annotate(count=Count("pk")).order_by("provider")
    refunds = Refund.objects.aggregate(
        count=Count("pk", filter=_REQUESTED),
        since=Min("created_at", filter=_REQUESTED),
        failed=Count("pk", filter=Q(status=Refund.Status.FAILED, called_off_at__isnull=True)),
    )
    unclaimed = LedgerEntry.objects.filter(account=LedgerEntry.Account.UNCLAIMED).values("currency")
    return Figures(
        webhooks=webhooks,
        webhooks_failing=failing,
        dead_letters={row["provider"]: row["count"] for row in dead},
        lag=_lag(),
        not_granted=orders_not_granted(),
        refunds=Waiting(refunds["count"], refunds["since"]),
        refunds_failed=refunds["failed"],
        disputes_open=Dispute.objects.filter(status=Dispute.Status.OPEN).count(),
        # What we owe is negative in the ledger.
        unclaimed={row["currency"]: -row["sum"] for row in unclaimed.annotate(sum=Sum("amount_minor")) if row["sum"]},
    )


_REQUESTED = Q(status=Refund.Status.REQUESTED)


def _lag() -> tuple[timedelta, timedelta]:
    last = WebhookEvent.objects.done().order_by("-id").values("id")[:LATELY]
    took: dict[str, Any] = WebhookEvent.objects.filter(pk__in=last).aggregate(
        average=Avg(F("processed_at") - F("received_at")), longest=Max(F("processed_at") - F("received_at"))
    )
    return took["average"] or NO_TIME, took["longest"] or NO_TIME
