"""`/metrics` for Prometheus: what waits and what went wrong, for whoever has the token.

All numbers are read from PostgreSQL when they are asked for. Counters kept in a process (as django-prometheus has them)
would each tell of one of several processes, and forget at a restart.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from mentorship.kernel import clock
from mentorship.pages.models import AuditRun
from notifications.models import Delivery
from payments import figures
from payments.figures import Waiting


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Only with `Authorization: Bearer METRICS_TOKEN`; without such a setting there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    said = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(said, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse("A token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    try:
        registry.register(Numbers(clock.now()))
        text = generate_latest(registry)
    except DatabaseError:
        return HttpResponse("The database is away.\n", status=503, content_type="text/plain")
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


class Numbers(Collector):
    """The numbers as of `now`; ten statements, however much there is."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def describe(self) -> list[Metric]:
        return []  # otherwise registering would already read them

    def collect(self) -> Iterator[Metric]:
        money = figures.read()
        yield from self._waiting("webhooks", "webhooks kept but not worked off", money.webhooks)
        yield _gauge("webhooks_failing", "webhooks that failed and are tried again", money.webhooks_failing)
        yield _gauges("webhooks_dead", "webhooks given up (dead letters)", "provider", money.dead_letters)
        average, longest = (span.total_seconds() for span in money.lag)
        yield _gauge("webhook_lag_seconds", "from arrival to worked off, average of the last ones", average)
        yield _gauge("webhook_lag_longest_seconds", "the longest of the last ones", longest)
        yield from self._waiting("orders_paid_not_granted", "orders paid and not granted", money.not_granted)
        yield from self._waiting("refunds", "refunds asked of the provider and not done", money.refunds)
        yield _gauge("refunds_failed", "refunds that failed and wait for an admin", money.refunds_failed)
        yield _gauge("disputes_open", "disputes that are not decided", money.disputes_open)
        yield _gauges("money_unclaimed", "received but nobody's, minor units", "currency", money.unclaimed)
        yield from self._waiting("outbox", "messages that have not left", outbox_waiting())
        audit = AuditRun.objects.first()
        yield _gauge("audit_broken_rows", "rows the last audit found broken", audit.broken if audit else 0)
        age = (self.now - audit.at).total_seconds() if audit else -1
        yield _gauge("audit_age_seconds", "since the last audit; -1: there was none", age)

    def _waiting(self, name: str, what: str, waiting: Waiting) -> Iterator[Metric]:
        yield _gauge(f"{name}_waiting", what, waiting.count)
        yield _gauge(
            f"{name}_oldest_seconds", f"how long the oldest waits: {what}", waiting.age(self.now).total_seconds()
        )


def outbox_waiting() -> Waiting:
    """Messages that still have to leave."""
    pending = Delivery.objects.filter(status=Delivery.Status.PENDING)
    found = pending.aggregate(count=Count("pk"), since=Min("created_at"))
    return Waiting(found["count"], found["since"])


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mentorship_{name}", what, value=value)


def _gauges(name: str, what: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"mentorship_{name}", what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
