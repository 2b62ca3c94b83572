"""What ends by itself, and what was missed: overdue orders, pages of replaced ones, payments nobody told us about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from mentorship.kernel import clock
from mentorship.kernel.locking import lock
from payments import providers
from payments.models import Order
from payments.providers.base import ProviderTrouble
from payments.services.fulfil import fulfil_order
from payments.services.settle import confirm_and_fulfil
from sessions_app.services import release_reserved

log = structlog.get_logger(__name__)
BATCH = 200
ASK_FOR = timedelta(hours=72)
Status = Order.Status


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
    waiting = Order.objects.filter(replaced_at__isnull=False, page_closed_at__isnull=True).exclude(
        provider_reference=""
    )
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
    asked = Order.objects.filter(status__in=[Status.PENDING, Status.EXPIRED], created_at__gt=now - ASK_FOR)
    rows = asked.exclude(provider_reference="").order_by(F("asked_at").asc(nulls_first=True), "created_at")
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    Order.objects.filter(pk__in=ids).update(asked_at=clock.machine_now())
    _each(ids, lambda pk: confirm_and_fulfil(pk, now), "reconcile_order")
    return Order.objects.filter(pk__in=ids, status__in=[Status.PAID, Status.FULFILLED]).count()


def _each(ids: Iterable[UUID], do: Callable[[UUID], object], what: str) -> int:
    """One transaction each; one that fails never keeps the others back. Returns how many went well."""
    done = 0
    for pk in ids:
        try:
            do(pk)
            done += 1
        except ProviderTrouble as trouble:
            log.warning("provider_trouble", what=what, order=str(pk), error=str(trouble))
        except Exception:
            log.exception("job_row_failed", what=what, order=str(pk))
    return done
