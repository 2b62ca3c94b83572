"""What the foreign company behind the sandbox does: takes (or does not take) the money, and tells us by webhook."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

import requests
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http.request import validate_host

from mentorship.kernel import clock, jobs
from mentorship.kernel.tasks import run_job
from payments.models import SandboxCheckout, SandboxDelivery, SandboxDispute, SandboxRefund
from payments.providers.base import TIMEOUT
from payments.providers.sandbox import SIGNATURE, sign

log = structlog.get_logger(__name__)
BATCH = 20
LEASE = timedelta(seconds=2 * TIMEOUT * BATCH)
MAX_ATTEMPTS = 10
Status = SandboxCheckout.Status


@transaction.atomic
def decide(reference: str, outcome: str) -> SandboxCheckout:
    """The person pressed "paid" or "declined". Only the first decision counts, and only while the page lives."""
    after = {"paid": Status.PAID, "declined": Status.DECLINED}[outcome]
    still_open = SandboxCheckout.objects.filter(
        reference=reference, status=Status.OPEN, expires_at__gt=clock.machine_now()
    )
    payment_id = "sbp_" + secrets.token_urlsafe(12) if after == Status.PAID else ""
    won = still_open.update(status=after, payment_id=payment_id)
    page = SandboxCheckout.objects.get(reference=reference)
    if won:
        _tell(page, f"payment.{outcome}")
    return page


@transaction.atomic
def refund_there(reference: str, amount_minor: int | None = None) -> SandboxRefund:
    """Somebody presses "refund" in the foreign company's dashboard (None: all the rest)."""
    page = SandboxCheckout.objects.get(reference=reference)
    amount = page.left() if amount_minor is None else amount_minor
    done = page.refunds.create(idempotency_key=f"dashboard-{secrets.token_urlsafe(8)}", amount_minor=amount)
    _tell(page, "payment.refunded", done.reference)
    return done


@transaction.atomic
def dispute_there(reference: str, amount_minor: int | None = None) -> SandboxDispute:
    """The buyer's bank takes the payment back, or tries to (None: all that the buyer does not have back already)."""
    page = SandboxCheckout.objects.get(reference=reference)
    dispute = page.disputes.create(amount_minor=page.left() if amount_minor is None else amount_minor)
    _tell(page, "dispute.opened", dispute.reference)
    return dispute


@transaction.atomic
def close_dispute_there(dispute: SandboxDispute, *, won: bool) -> None:
    dispute.status = SandboxDispute.Status.WON if won else SandboxDispute.Status.LOST
    dispute.save(update_fields=["status"])
    _tell(dispute.checkout, f"dispute.{dispute.status.lower()}", dispute.reference)


def _tell(page: SandboxCheckout, kind: str, about: str = "") -> None:
    said = {
        "id": f"evt_{page.reference}_{kind}_{about}".rstrip("_"),
        "type": kind,
        "checkout": page.reference,
    }
    SandboxDelivery.objects.create(url=page.webhook_url, body=json.dumps(said), next_attempt_at=clock.machine_now())
    jobs.nudge(run_job, "deliver_sandbox_webhooks")


def deliver_due() -> int:
    """Send what waits, over real HTTP. Returns how many were taken by the other side."""
    return sum(_send(delivery) for delivery in _claim())


@transaction.atomic
def _claim() -> list[SandboxDelivery]:
    machine_now = clock.machine_now()
    due = SandboxDelivery.objects.due(machine_now).order_by("next_attempt_at", "id")
    claimed = list(due.select_for_update(no_key=True, skip_locked=True)[:BATCH])
    SandboxDelivery.objects.filter(pk__in=[d.pk for d in claimed]).update(
        next_attempt_at=machine_now + LEASE, attempts=F("attempts") + 1
    )
    return claimed


def _send(delivery: SandboxDelivery) -> int:
    row, error = SandboxDelivery.objects.filter(pk=delivery.pk), ""
    try:
        _post(delivery)
    except (requests.RequestException, ValueError) as failed:
        error = str(failed)[:300]
    machine_now = clock.machine_now()
    if not error:
        return row.update(delivered_at=machine_now, error="")
    attempts = delivery.attempts + 1
    log.warning("sandbox_webhook_not_taken", delivery=delivery.pk, attempt=attempts, error=error)
    wait = timedelta(seconds=min(5 * 2**attempts, 3600))
    row.update(
        error=error,
        next_attempt_at=machine_now + wait,
        gave_up_at=machine_now if attempts >= MAX_ATTEMPTS else None,
    )
    return 0


def _post(delivery: SandboxDelivery) -> None:
    """Raises RequestException, and ValueError for an address that is not ours: the worker posts nowhere else."""
    host = urlsplit(delivery.url).hostname or ""
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise ValueError(f"{host!r} is not this site")
    body = delivery.body.encode()
    stamp = int(clock.machine_now().timestamp())
    headers = {"Content-Type": "application/json", SIGNATURE: sign(body, stamp)}
    answer = requests.post(delivery.url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    if not answer.ok or answer.is_redirect:
        raise ValueError(f"answered {answer.status_code}")
