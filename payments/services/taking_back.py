"""A used session was judged anew and its credit came back: the share that was released for it is pending again.

The credit will be used, lapse or be refunded, and the share goes with it. Until then nobody has earned it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from mentorship.kernel.locking import lock
from payments import ledger
from payments.ledger import Account, Posting, entries
from payments.models import LedgerEntry, LedgerTransaction, Order
from payments.services.shares import released_of
from sessions_app.models import Session


@dataclass(frozen=True)
class Share:
    """A share that was released for a session and is not earned any more."""

    order_id: UUID
    cause: str
    memo: str


def take_back_shares(now: datetime) -> int:
    """Take back what was released for sessions whose credit came back later. Restartable: each has a unique cause."""
    found = _to_take_back()
    by_order: dict[UUID, list[Share]] = {}
    for share in found:
        by_order.setdefault(share.order_id, []).append(share)
    return sum(take_back_of(order_id, now) for order_id in by_order)


def _to_take_back(order_id: UUID | None = None) -> list[Share]:
    """The released shares of every earlier verdict "used" that was overruled."""
    sessions = Session.objects.filter(given_back__gt=0, purchase__order_id__isnull=False)
    if order_id is not None:
        sessions = sessions.filter(purchase__order_id=order_id)
    shares = {}
    for pk, title, starts_at, times in sessions.values_list("pk", "title", "starts_at", "given_back"):
        for verdict in range(times):
            name = f"session:{pk}:{verdict}" if verdict else f"session:{pk}"
            shares[name] = (f"unused:{pk}:{verdict}", f"{title}, {starts_at:%Y-%m-%d}, does not count after all")
    released = _booked(shares)
    done = _booked(cause for cause, _ in shares.values())
    return [
        Share(order, cause, memo)
        for name, (cause, memo) in shares.items()
        if (order := released.get(name)) is not None and cause not in done
    ]


def _booked(causes: Iterable[str]) -> dict[str, UUID]:
    rows = LedgerTransaction.objects.filter(cause__in=list(causes), order__isnull=False)
    return dict(rows.values_list("cause", "order"))


@transaction.atomic
def take_back_of(order_id: UUID, now: datetime) -> int:
    """Take back what is due of one order. With the order locked it looks again: meanwhile another run may have been here.

    An order that somebody works on is left for the job.
    """
    orders = lock(Order.objects.filter(pk=order_id), skip_locked=True)
    shares = _to_take_back(order_id) if orders else []
    if not shares:
        return 0
    order, owed = orders[0], ledger.standing([order_id])[order_id]
    left = released_of([order_id])[order_id]
    for share in shares:
        left -= 1
        row = LedgerTransaction.objects.create(
            cause=share.cause, memo=f"{share.memo} ({order.number})"[:200], order=order, shares=-1, at=now
        )
        postings = _moves_back(order, owed, max(left, 0))
        LedgerEntry.objects.bulk_create(
            entries(row, mentor_id=order.mentor_id, currency=order.currency, postings=postings)
        )
    return len(shares)


def _moves_back(order: Order, owed: ledger.Standing, shares: int) -> list[Posting]:
    """Available to pending, down to the worth of `shares` sessions; what a refund has reversed is gone already."""
    earned = min(shares, order.session_count)
    mentors_target = order.mentor_part * earned // order.session_count
    mentors = max(owed.mentor_available - mentors_target, 0)
    platforms = max(owed.platform_available - (order.worth(earned) - mentors_target), 0)
    owed.mentor_pending, owed.mentor_available = owed.mentor_pending + mentors, owed.mentor_available - mentors
    owed.platform_pending, owed.platform_available = (
        owed.platform_pending + platforms,
        owed.platform_available - platforms,
    )
    return [
        (Account.MENTOR_AVAILABLE, mentors),
        (Account.MENTOR_PENDING, -mentors),
        (Account.PLATFORM_AVAILABLE, platforms),
        (Account.PLATFORM_PENDING, -platforms),
    ]
