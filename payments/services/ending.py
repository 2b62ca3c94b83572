"""What ends by itself, and what was missed: overdue orders, pages of replaced ones, payments nobody told us about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Case, F, Min, Q, When

from mentorship.kernel import clock
from mentorship.kernel.locking import lock
from payments import providers
from payments.models import Dispute, Order, Payment, Refund
from payments.providers.base import ProviderTrouble
from payments.services.fulfil import fulfil_order
from payments.services.reversals import look_for_reversals
from payments.services.settle import confirm_and_fulfil
from sessions_app.services import release_reserved

log = structlog.get_logger(__name__)
BATCH = 200
ASK_FOR = timedelta(hours=72)
WATCH_FOR = timedelta(days=180)  # the longest that banks let their customers wait with a dispute
Status = Order.Status
Key = TypeVar("Key", UUID, int)


def expire_overdue(now: datetime) -> int:
    """PENDING past its hold becomes EXPIRED and its time is free.

    The seat's hold lapses by itself; the page stays open: money that still comes is late money.
    """
    ids = Order.objects.overdue(now).order_by("expires_at").values_list("pk", flat=True)[:BATCH]
    return _each(list(ids), lambda pk: _expire(pk, now), "expire_order")


@transaction.atomic
def _expire(order_id: UUID, now: datetime) -> None:
    for order in lock(Order.objects.overdue(now).filter(pk=order_id), skip_locked=True):
        order.status = Status.EXPIRED
        order.save(update_fields=["status"])
        release_reserved(order_id=order.pk, now=now)


def fulfil_paid(now: datetime) -> int:
    """Grant what was paid and not granted yet, e.g. because a process died in between."""
    ids = Order.objects.to_fulfil().order_by("paid_at").values_list("pk", flat=True)[:BATCH]
    return _each(list(ids), lambda pk: _fulfil(pk, now), "fulfil_order")


def _fulfil(order_id: UUID, now: datetime) -> None:
    try:
        fulfil_order(order_id, now)
    except Exception as failed:
        Order.objects.filter(pk=order_id).update(attention=f"It is paid but could not be granted: {failed}"[:300])
        raise


def close_pages(now: datetime) -> int:
    """Ask the providers to close the pages of orders that were replaced or given up."""
    waiting = Order.objects.filter(
        replaced_at__isnull=False, page_closed_at__isnull=True, provider__in=providers.names()
    ).exclude(provider_reference="")
    ids = waiting.order_by("replaced_at").values_list("pk", flat=True)[:BATCH]
    return _each(list(ids), lambda pk: _close(pk, now), "close_page")


def _close(order_id: UUID, now: datetime) -> None:
    order = Order.objects.get(pk=order_id)
    providers.by_name(order.provider).expire_checkout(order.provider_reference)
    Order.objects.filter(pk=order_id).update(page_closed_at=now)


def reconcile(now: datetime) -> int:
    """Ask the providers about young orders that nobody has told us anything about: neither webhook nor return page.

    The ones asked longest ago come first, so a bounded run gets round to all. Returns how many turned out paid.
    """
    asked = Order.objects.filter(
        status__in=[Status.PENDING, Status.EXPIRED], created_at__gt=now - ASK_FOR, provider__in=providers.names()
    )
    rows = asked.exclude(provider_reference="").order_by(F("asked_at").asc(nulls_first=True), "created_at")
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    Order.objects.filter(pk__in=ids).update(asked_at=clock.machine_now())
    _each(ids, lambda pk: confirm_and_fulfil(pk, now), "reconcile_order")
    return Order.objects.filter(pk__in=ids, status__in=[Status.PAID, Status.FULFILLED]).count()


def reconcile_reversals(now: datetime) -> int:
    """Ask the providers what went back of payments nobody has told us about: a lost webhook must not cost money.

    Those with an open dispute or a refund under way come first, then the ones asked longest ago; a bounded run gets
    round to all. Returns how many were asked.
    """
    at_work = Q(disputes__status=Dispute.Status.OPEN) | Q(refunds__status=Refund.Status.REQUESTED)
    real = Payment.objects.exclude(provider__in=providers.NEVER_REVERSED).exclude(status=Payment.Status.WRONG_MODE)
    young = real.filter(received_at__gt=now - WATCH_FOR, provider__in=providers.names())
    urgent = young.annotate(urgent=Case(When(at_work, then=0), default=1)).values("pk").annotate(rank=Min("urgent"))
    ids = [row["pk"] for row in urgent.order_by("rank", F("asked_at").asc(nulls_first=True), "pk")[:BATCH]]
    Payment.objects.filter(pk__in=ids).update(asked_at=clock.machine_now())
    return _each(ids, lambda pk: look_for_reversals(Payment.objects.get(pk=pk), now=now), "reconcile_payment")


def _each(ids: Iterable[Key], do: Callable[[Key], object], what: str) -> int:
    """One transaction each; one that fails never keeps the others back. Returns how many went well."""
    done = 0
    for pk in ids:
        try:
            do(pk)
            done += 1
        except ProviderTrouble as trouble:
            log.warning("provider_trouble", what=what, row=str(pk), error=str(trouble))
        except Exception:
            log.exception("job_row_failed", what=what, row=str(pk))
    return done
