"""The webhook inbox: a verified event is stored and answered at once; what is true is asked of the provider later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from mentorship.kernel import clock, jobs
from mentorship.kernel.tasks import run_job
from payments import providers
from payments.models import Order, Payment, WebhookEvent
from payments.models.webhook import MAX_ATTEMPTS
from payments.providers.base import Event, PaymentFacts, PaymentStatus
from payments.services.confirm import apply_facts, keep_unmatched
from payments.services.fulfil import fulfil_order
from payments.services.reversals import look_for_reversals

log = structlog.get_logger(__name__)
BATCH = 100
LEASE = timedelta(minutes=2)


def check(event: Event) -> None:
    """Raises ValueError for an event that no row can hold."""
    for text, least, most in ((event.key, 1, 200), (event.kind, 1, 100), (event.reference, 0, 200)):
        if not least <= len(text) <= most or not text.isprintable():
            raise ValueError("an event has short printable names")


def store(provider: str, event: Event, payload: str, *, now: datetime) -> None:
    """Keep this event once (unique by provider and key), however often it is delivered."""
    row = WebhookEvent(
        provider=provider,
        event_key=event.key,
        kind=event.kind,
        reference=event.reference,
        payload=payload,
        received_at=now,
        next_attempt_at=clock.machine_now(),
    )
    WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
    jobs.nudge(run_job, "process_webhooks")


def process_due(now: datetime) -> int:
    """Work off what is due. Any number of workers: an event is claimed by its update's row count."""
    due = WebhookEvent.objects.due(clock.machine_now()).order_by("next_attempt_at", "id")[:BATCH]
    return sum(process(event, now) for event in due if _claim(event))


def _claim(event: WebhookEvent) -> bool:
    """True for the one worker that gets it; a worker that dies loses it to the next when the lease is over."""
    unclaimed = WebhookEvent.objects.filter(
        pk=event.pk,
        next_attempt_at=event.next_attempt_at,
        processed_at__isnull=True,
        dead_at__isnull=True,
    )
    return unclaimed.update(next_attempt_at=clock.machine_now() + LEASE, attempts=F("attempts") + 1) == 1


def process(event: WebhookEvent, now: datetime) -> int:
    """Do what a claimed event asks for. After 8 failures it is a dead letter: visible, and replayable by hand."""
    row = WebhookEvent.objects.filter(pk=event.pk)
    try:
        if event.reference:
            _look(event, now)
    except Exception as failed:  # whatever is wrong with one event, the others go on
        attempts = event.attempts + 1
        log.exception("webhook_failed", event_id=event.pk, attempt=attempts)
        wait = timedelta(seconds=min(5 * 2**attempts, 900))
        row.update(
            error=f"{type(failed).__name__}: {failed}"[:2000],
            next_attempt_at=clock.machine_now() + wait,
            dead_at=now if attempts >= MAX_ATTEMPTS else None,
        )
        return 0
    row.update(processed_at=now, error="")
    return 1


def _look(event: WebhookEvent, now: datetime) -> None:
    """The event only says where to look: what is true is asked of the provider."""
    named = Order.objects.filter(provider=event.provider, provider_reference=event.reference).first()
    collect = named is not None and named.is_collected
    facts = providers.by_name(event.provider).fetch_payment(event.reference, collect=collect)
    order = _order_of(event.provider, facts)
    if order is not None:
        apply_facts(order.pk, facts, now=now)
        fulfil_order(order.pk, now)
    elif facts.status is PaymentStatus.PAID:
        keep_unmatched(event.provider, facts, now=now)
    if facts.status is PaymentStatus.PAID:
        payment = Payment.objects.get(provider=event.provider, provider_payment_id=facts.payment_id)
        if payment.status != Payment.Status.WRONG_MODE:
            look_for_reversals(payment, now=now)


def _order_of(provider: str, facts: PaymentFacts) -> Order | None:
    theirs = Q(provider_reference=facts.reference)
    if facts.order_id is not None:
        theirs |= Q(pk=facts.order_id)
    return Order.objects.filter(theirs, provider=provider).first()


def replay(event_id: int) -> bool:
    """Try a dead letter (or a processed event) once more from the beginning. False when it waits already."""
    return replay_all([event_id]) == 1


def replay_all(event_ids: Iterable[int]) -> int:
    """Try these events once more from the beginning. Returns how many; the others wait already."""
    again = {
        "dead_at": None,
        "processed_at": None,
        "attempts": 0,
        "error": "",
        "next_attempt_at": clock.machine_now(),
    }
    done = WebhookEvent.objects.over().filter(pk__in=event_ids).update(**again)
    jobs.nudge(run_job, "process_webhooks")
    return done
