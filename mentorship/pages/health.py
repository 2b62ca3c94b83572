"""`/healthz` (alive) and `/readyz` (can serve): for machines, without session, user or clock."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from mentorship.kernel import clock
from mentorship.kernel.tasks import BEAT_SEEN, WORKER_SEEN
from mentorship.pages.audit.keeping import signal
from payments import figures
from payments.models import WebhookEvent

STALE_SECONDS = 60


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503. The rest is only reported: people can still book and pay."""
    database, redis = _database(), _redis()
    parts: dict[str, Any] = {
        "database": "ok" if database else "away",
        "redis": "ok" if redis else "away",
        "worker": _seen(WORKER_SEEN) if redis else "unknown",
        "beat": _seen(BEAT_SEEN) if redis else "unknown",
    }
    parts |= _money() if database else {"webhooks": "unknown", "orders": "unknown"}
    audit = _audit() if database else "unknown"
    broken = audit.startswith("broken")
    status = "down" if not database else "ok" if set(parts.values()) == {"ok"} and not broken else "degraded"
    parts["audit"] = audit
    return JsonResponse({"status": status, **parts}, status=200 if database else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _money() -> dict[str, str]:
    """Whether what came in is worked off: more than that is told at `/metrics`, to whoever has the token."""
    try:
        now = clock.now()
        late = figures.webhooks_waiting()[0].is_late(now) or WebhookEvent.objects.dead().exists()
        not_granted = figures.orders_not_granted().is_late(now)
    except DatabaseError:
        return {"webhooks": "unknown", "orders": "unknown"}
    return {"webhooks": "degraded" if late else "ok", "orders": "degraded" if not_granted else "ok"}


def _audit() -> str:
    """What the last audit said: "clean", "broken since ...", "never run"."""
    try:
        return signal()
    except DatabaseError:
        return "unknown"


def _redis() -> bool:
    try:
        return bool(cache._cache.get_client(None).ping())  # type: ignore[attr-defined]
    except (RedisError, OSError):
        return False


def _seen(key: str) -> str:
    last = cache.get(key)
    return "ok" if last is not None and clock.machine_now().timestamp() - last < STALE_SECONDS else "degraded"
