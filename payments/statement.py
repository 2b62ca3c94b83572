"""A mentor's statement: every transaction that touched their money, in words, with the way to what it was about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from mentorship.kernel import local_time, money
from payments.models import LedgerEntry, LedgerTransaction
from sessions_app.models import Session

Account = LedgerEntry.Account
BATCH = 500
PAYOUTS = {
    "payout": "Payout requested",
    "payout-paid": "Payout sent to your bank",
    "payout-cancelled": "Payout called off",
}


@dataclass(frozen=True)
class Line:
    """One transaction as the mentor reads it, minor units: how it changed what is pending, available, in payout."""

    id: int
    at: datetime
    what: str
    about: str
    links: tuple[tuple[str, str], ...]
    pending: int
    available: int
    in_payout: int
    currency: str
    order_number: str = ""

    def _display(self, amount: int) -> str:
        return f"{'+' if amount > 0 else ''}{money.display(amount, self.currency)}" if amount else ""

    @property
    def pending_display(self) -> str:
        return self._display(self.pending)

    @property
    def available_display(self) -> str:
        return self._display(self.available)

    @property
    def in_payout_display(self) -> str:
        return self._display(self.in_payout)


def rows_of(mentor_id: int) -> QuerySet[Any, Any]:
    """One row for each transaction that touched this mentor's accounts, newest first; narrow it with `filter`."""

    def sum_of(account: str) -> Sum:
        return Sum("amount_minor", filter=Q(account=account), default=0)

    return (
        LedgerEntry.objects.filter(mentor=mentor_id)
        .values("transaction", "currency")
        .annotate(
            pending=sum_of(Account.MENTOR_PENDING),
            available=sum_of(Account.MENTOR_AVAILABLE),
            in_payout=sum_of(Account.MENTOR_PAYOUT),
        )
        .order_by("-transaction")
    )


def lines(rows: Iterable[dict[str, Any]], zone: tzinfo, now: datetime) -> list[Line]:
    """These rows in words; two statements, however many they are."""
    found = list(rows)
    about = LedgerTransaction.objects.select_related("order__student").in_bulk([row["transaction"] for row in found])
    ids = [UUID(t.cause.split(":")[1]) for t in about.values() if t.cause.startswith(("session:", "unused:"))]
    sessions = Session.objects.select_related("student").in_bulk(ids)
    return [_line(row, about[row["transaction"]], sessions, zone, now) for row in found]


def all_lines(rows: QuerySet[Any, Any], zone: tzinfo, now: datetime) -> Iterator[Line]:
    """The same for a file of any length, in batches."""
    waiting = rows.iterator(chunk_size=BATCH)
    while some := list(islice(waiting, BATCH)):
        yield from lines(some, zone, now)


def _line(
    row: dict[str, Any], booked: LedgerTransaction, sessions: dict[UUID, Session], zone: tzinfo, now: datetime
) -> Line:
    kind, _, key = booked.cause.partition(":")
    order = booked.order
    student = order.student.display_name if order else ""
    what, about, links = booked.memo, "", []
    if kind in ("session", "unused") and (session := sessions.get(UUID(key.partition(":")[0]))):
        what = f"Session with {session.student.display_name}"
        if kind == "unused":
            what += " does not count after all: its share waits until the credit is used"
        about = local_time.words(session.starts_at, zone, now=now)
        links.append((f"/mentorship/session/{session.pk}", "the session"))
    elif kind == "payment" and order:
        what = f"{student} paid {order.amount_display}"
        about = f"{order.title}; your {order.mentor_share_percent} %; order {order.number}"
    elif kind == "refund" and order:
        what, about = f"Refund to {student}", f"{order.title}; order {order.number}"
    elif kind == "dispute" and order:
        what = f"Dispute lost: {student}'s bank took the payment back"
        about = f"{order.title}; order {order.number}"
    elif kind == "lapse" and order:
        n = booked.shares
        what = f"{n} session{'' if n == 1 else 's'} of {student} expired unused"
        about = order.title
    elif kind == "rest" and order:
        what, about = f"Nothing of {student}'s is left to be used: the rest is yours", order.title
    elif kind in PAYOUTS:
        what, about = PAYOUTS[kind], money.display(abs(row["in_payout"]), row["currency"])
        links.append((f"/tutor/wallet#payout-{key}", "the payout"))
    if order and order.pack_id:
        links.append((f"/student/packs/{order.pack_id}", "the pack"))
    if kind == "payment" and order and order.pack_id:
        links.append((f"/tutor/orders/{order.pk}/refund", "refund"))
    return Line(
        id=booked.pk,
        at=booked.at,
        what=what,
        about=about,
        links=tuple(links),
        pending=-row["pending"],
        available=-row["available"],
        in_payout=-row["in_payout"],
        currency=row["currency"],
        order_number=order.number if order else "",
    )
