"""A used session was judged anew and its credit came back: the share that was released for it is pending again.

The credit will be used, lapse or be refunded, and the share goes with it. Until then nobody has earned it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import CharField, Exists, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from mentorship.kernel.locking import lock
from payments import ledger
from payments.ledger import Account, Posting, entries
from payments.models import LedgerEntry, LedgerTransaction, Order
from payments.services.shares import released_of
from sessions_app.models import Session

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Share:
    """A share that was released for a session and is not earned any more."""

    order_id: UUID
    cause: str
    memo: str


def take_back_shares(now: datetime) -> int:
    """Take back what was released for sessions whose credit came back later. Restartable: each has a unique cause.

    One order that fails never keeps the others back.
    """
    done = 0
    for order_id in dict.fromkeys(share.order_id for share in _to_take_back()):
        try:
            done += take_back_of(order_id, now)
        except DatabaseError:
            log.exception("take_back_failed", order=str(order_id))
    return done


def _to_take_back(order_id: UUID | None = None) -> list[Share]:
    """The released shares of every earlier verdict "used" that was overruled, and not taken back yet.

    One query for each time that a session's credit has come back (seldom more than one), however many sessions.
    """
    sessions = Session.objects.filter(given_back__gt=0, purchase__order_id__isnull=False)
    if order_id is not None:
        sessions = sessions.filter(purchase__order_id=order_id)
    most = sessions.aggregate(n=Max("given_back", default=0))["n"]
    return [share for verdict in range(most) for share in _of_verdict(sessions.filter(given_back__gt=verdict), verdict)]


def _of_verdict(sessions: QuerySet[Session], verdict: int) -> Iterator[Share]:
    pk = Cast("pk", CharField())
    released = Concat(Value("session:"), pk, Value(f":{verdict}" if verdict else ""))
    rows = sessions.annotate(released=released, undone=Concat(Value("unused:"), pk, Value(f":{verdict}"))).filter(
        Exists(LedgerTransaction.objects.filter(cause=OuterRef("released"))),
        ~Exists(LedgerTransaction.objects.filter(cause=OuterRef("undone"))),
    )
    wanted = rows.order_by("settled_at", "pk").values_list("purchase__order_id", "undone", "title", "starts_at")
    for order, cause, title, starts_at in wanted:
        assert order is not None, "only what an order paid has a share"
        yield Share(order, cause, f"{title}, {starts_at:%Y-%m-%d}, does not count after all")


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
