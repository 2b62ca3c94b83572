"""Pending money becomes available, share by share: 72 h after each session was used, and after credits have lapsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Concat

from mentorship.kernel.locking import lock
from packs.models import CreditEntry
from payments import ledger
from payments.ledger import Account, Posting, entries
from payments.models import Dispute, LedgerEntry, LedgerTransaction, Order, Refund
from sessions_app.models import Session

BATCH = 500


@dataclass(frozen=True)
class Due:
    """Something whose share is due: a used session (one share), lapsed credits (as many as lapsed), or all that is left."""

    cause: str
    order_id: UUID
    shares: int
    memo: str
    all_that_is_left: bool = False


@dataclass(frozen=True)
class Coming:
    """A share of a mentor's pending money that becomes available by itself: when, and how much in minor units."""

    at: datetime
    amount_minor: int
    currency: str


def coming(mentor_id: int) -> list[Coming]:
    """What of this mentor's pending money is on its way, soonest first: settled or lapsed, and not released yet.

    Counted with the function that releases it. What is overdue is here, too, until the job has run.
    """
    hold = timedelta(hours=settings.MENTORSHIP.money_hold_hours)
    used = _unreleased(_used().filter(mentor=mentor_id), session_cause())
    lapsed = _unreleased(_lapsed().filter(pack__mentor=mentor_id), LAPSE)
    due = [(at + hold, order, 1) for at, order in used.values_list("settled_at", "purchase__order_id")]
    due += [(at + hold, order, -n) for at, order, n in lapsed.values_list("at", "purchase__order_id", "total_delta")]
    orders = Order.objects.in_bulk({order for _, order, _ in due})
    released, standing = released_of(orders), ledger.standing(orders)
    found = []
    for at, order_id, shares in sorted(due):
        order = orders[order_id]
        released[order_id] += shares
        moved = _moves(order, standing[order_id], released[order_id])
        amount = -sum(n for account, n in moved if account == Account.MENTOR_AVAILABLE)
        if amount > 0:
            found.append(Coming(at, amount, order.currency))
    return found


def release_due(now: datetime) -> int:
    """Make available what is due. Batched and restartable: what is done has its ledger transaction (unique cause)."""
    due_before = now - timedelta(hours=settings.MENTORSHIP.money_hold_hours)
    done = 0
    for look in (_used_sessions, _lapsed_credits, _left_over):
        while found := look(due_before):
            count = _release(found, look, due_before, now)
            done += count
            if not count or len(found) < BATCH:
                break
    return done


def session_cause() -> Case:
    """Under which cause a session's share is released. One whose credit came back and was used again is a new cause."""
    first = Concat(Value("session:"), Cast("pk", CharField()))
    return Case(When(given_back=0, then=first), default=Concat(first, Value(":"), Cast("given_back", CharField())))


LAPSE = Concat(Value("lapse:"), Cast("pk", CharField()))


def _unreleased(rows: QuerySet, cause: Case | Concat) -> QuerySet:
    booked = LedgerTransaction.objects.filter(cause=OuterRef("cause"))
    paid = Order.objects.filter(pk=OuterRef("purchase__order_id"), amount_minor__gt=0)
    return rows.annotate(cause=cause).filter(Exists(paid), ~Exists(booked))


# A frozen pack's clocks stand: what is disputed is not paid out, be it used or lapsed.


def _used() -> QuerySet[Session]:
    return Session.objects.filter(credit=Session.Credit.USED, pack__frozen_at__isnull=True)


def _lapsed() -> QuerySet[CreditEntry]:
    revived = CreditEntry.objects.filter(
        pack=OuterRef("pack"),
        purchase=OuterRef("purchase"),
        kind=CreditEntry.Kind.REVIVED,
        pk__gt=OuterRef("pk"),
    )
    lapsed = CreditEntry.objects.filter(~Exists(revived), kind=CreditEntry.Kind.LAPSED)
    return lapsed.filter(pack__frozen_at__isnull=True)


def released_of(orders: Iterable[UUID]) -> defaultdict[UUID, int]:
    """How many shares of each of these orders are available: those that were taken back are not."""
    counts = LedgerTransaction.objects.filter(order__in=list(orders)).order_by().values("order")
    return defaultdict(int, {row["order"]: row["n"] for row in counts.annotate(n=Sum("shares"))})


def _used_sessions(before: datetime) -> list[Due]:
    rows = (
        _unreleased(_used().filter(settled_at__lte=before), session_cause())
        .order_by("settled_at", "pk")
        .values_list("cause", "purchase__order_id", "title", "starts_at")
    )
    return [Due(cause, order, 1, f"{title}, {starts_at:%Y-%m-%d}") for cause, order, title, starts_at in rows[:BATCH]]


def _lapsed_credits(before: datetime) -> list[Due]:
    lapsed = _lapsed().filter(at__lte=before)
    rows = _unreleased(lapsed, LAPSE).order_by("at", "pk").values_list("cause", "purchase__order_id", "total_delta")
    return [Due(cause, order, -delta, "lapsed with the pack") for cause, order, delta in rows[:BATCH]]


def _left_over(before: datetime) -> list[Due]:
    """Orders with pending money but no session left to release it.

    A refund begun at the provider may take more sessions than its sum is worth, and an admin may take credits without
    money: what is kept for them belongs to mentor and platform, once everything else of the order is released.
    """
    given_back = Refund.objects.filter(order=OuterRef("pk"))
    taken = CreditEntry.objects.filter(purchase__order_id=OuterRef("pk"), kind=CreditEntry.Kind.TAKEN)
    disputes = Dispute.objects.filter(order=OuterRef("pk"))
    entries_of = CreditEntry.objects.filter(purchase__order_id=OuterRef("pk")).order_by()
    unsettled = entries_of.values("purchase").annotate(n=Sum(F("total_delta") - F("used_delta"))).values("n")
    last = entries_of.values("purchase").annotate(at=Max("at")).values("at")
    pending = LedgerEntry.objects.filter(
        transaction__order=OuterRef("pk"), account__in=[Account.MENTOR_PENDING, Account.PLATFORM_PENDING]
    )
    still_moving = given_back.filter(Q(status="REQUESTED") | Q(status="FAILED", called_off_at=None))
    orders = (
        Order.objects.filter(Exists(given_back) | Exists(taken) | Exists(disputes), status=Order.Status.FULFILLED)
        .exclude(Exists(still_moving))
        .exclude(Exists(disputes.filter(status="OPEN")))
        .exclude(Exists(entries_of.filter(pack__frozen_at__isnull=False)))
        .annotate(
            unsettled=Subquery(unsettled),
            last=Subquery(last),
            pending=Subquery(
                pending.order_by().values("transaction__order").annotate(n=Sum("amount_minor")).values("n")
            ),
        )
        .filter(unsettled=0, last__lte=before, pending__lt=0)
        .annotate(done=Count("ledger"))
    )
    rows = orders.order_by("pk").values_list("pk", "done")[:BATCH]
    return [Due(f"rest:{pk}:{n}", pk, 0, "nothing is left to be used", all_that_is_left=True) for pk, n in rows]


@transaction.atomic
def _release(found: list[Due], look: Callable[[datetime], list[Due]], before: datetime, now: datetime) -> int:
    """Post these shares, the orders locked, so that no two runs count from the same share.

    Once they are, it looks again: meanwhile another run may have posted it, a refund taken it, a dispute frozen it.
    """
    orders = {o.pk: o for o in lock(Order.objects.filter(pk__in={d.order_id for d in found}), skip_locked=True)}
    known = set(found)
    due = [item for item in look(before) if item in known]
    released = released_of(orders)
    standing = ledger.standing(orders)
    moves = []
    for item in due:
        order = orders.get(item.order_id)
        if order is None:
            continue
        released[order.pk] += item.shares
        memo = f"{item.memo} ({order.number})"[:200]
        row = LedgerTransaction(cause=item.cause, memo=memo, order=order, shares=item.shares, at=now)
        owed = standing[order.pk]
        moved = _all_pending(owed) if item.all_that_is_left else _moves(order, owed, released[order.pk])
        moves.append((row, order, moved))
    LedgerTransaction.objects.bulk_create(row for row, _, _ in moves)
    LedgerEntry.objects.bulk_create(
        entry
        for row, order, postings in moves
        for entry in entries(row, mentor_id=order.mentor_id, currency=order.currency, postings=postings)
    )
    return len(moves)


def _all_pending(owed: ledger.Standing) -> list[Posting]:
    return [
        (Account.MENTOR_PENDING, owed.mentor_pending),
        (Account.MENTOR_AVAILABLE, -owed.mentor_pending),
        (Account.PLATFORM_PENDING, owed.platform_pending),
        (Account.PLATFORM_AVAILABLE, -owed.platform_pending),
    ]


def _moves(order: Order, owed: ledger.Standing, shares: int) -> list[Posting]:
    """Pending to available, up to the worth of the first `shares` sessions; never more than a refund has left pending."""
    shares = min(shares, order.session_count)
    mentors_target = order.mentor_part * shares // order.session_count
    mentors = _move(mentors_target, owed.mentor_available, owed.mentor_pending)
    platforms = _move(order.worth(shares) - mentors_target, owed.platform_available, owed.platform_pending)
    owed.mentor_pending, owed.mentor_available = owed.mentor_pending - mentors, owed.mentor_available + mentors
    owed.platform_pending -= platforms
    owed.platform_available += platforms
    return [
        (Account.MENTOR_PENDING, mentors),
        (Account.MENTOR_AVAILABLE, -mentors),
        (Account.PLATFORM_PENDING, platforms),
        (Account.PLATFORM_AVAILABLE, -platforms),
    ]


def _move(target: int, available: int, pending: int) -> int:
    """How much becomes available. The platform's rounding may take back one unit; what was reversed never returns."""
    return min(target - available, pending) if pending > 0 else 0
