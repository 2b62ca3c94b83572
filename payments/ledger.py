"""Double entry. Debits are positive, credits negative; what we owe a mentor is a credit, so balances turn the sign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum

from mentorship.kernel import money
from payments.models import LedgerEntry, LedgerTransaction, Order, Payment, Refund

Account = LedgerEntry.Account
Posting = tuple[str, int]  # account, signed minor units


@dataclass(frozen=True)
class Balance:
    """What a mentor has in one currency, minor units."""

    currency: str
    pending: int
    available: int

    @property
    def pending_display(self) -> str:
        return money.display(self.pending, self.currency)

    @property
    def available_display(self) -> str:
        return money.display(self.available, self.currency)


@transaction.atomic
def post(
    *,
    cause: str,
    memo: str,
    order: Order | None,
    mentor_id: int | None,
    currency: str,
    postings: Iterable[Posting],
    at: datetime,
) -> LedgerTransaction:
    """Write one transaction. Raises IntegrityError for a cause posted before, and at commit when it is not balanced."""
    booked = LedgerTransaction.objects.create(cause=cause, memo=memo[:200], order=order, at=at)
    LedgerEntry.objects.bulk_create(entries(booked, mentor_id=mentor_id, currency=currency, postings=postings))
    return booked


def entries(
    booked: LedgerTransaction,
    *,
    mentor_id: int | None,
    currency: str,
    postings: Iterable[Posting],
) -> list[LedgerEntry]:
    """The entries of these postings, without those of nothing."""
    return [
        LedgerEntry(
            transaction=booked,
            account=account,
            mentor_id=mentor_id if account in MENTORS else None,
            amount_minor=amount,
            currency=currency,
        )
        for account, amount in postings
        if amount
    ]


MENTORS = (Account.MENTOR_PENDING, Account.MENTOR_AVAILABLE)


def post_payment(order: Order, payment: Payment, *, now: datetime) -> None:
    """The mentor's part and the platform's, both pending. What is free posts nothing."""
    if not payment.amount_minor:
        return
    mentors = order.mentor_part
    post(
        cause=f"payment:{payment.pk}",
        memo=f"{order.title} ({order.number})",
        order=order,
        mentor_id=order.mentor_id,
        currency=order.currency,
        postings=[
            (Account.PROVIDER, order.amount_minor),
            (Account.MENTOR_PENDING, -mentors),
            (Account.PLATFORM_PENDING, mentors - order.amount_minor),
        ],
        at=now,
    )


def post_unclaimed(payment: Payment, *, now: datetime) -> None:
    """Money has arrived that pays for nothing: it is nobody's until an admin decides or it goes back."""
    post(
        cause=f"payment:{payment.pk}",
        memo=f"unclaimed: {payment.get_status_display()}",
        order=payment.order,
        mentor_id=None,
        currency=payment.currency,
        postings=[
            (Account.PROVIDER, payment.amount_minor),
            (Account.UNCLAIMED, -payment.amount_minor),
        ],
        at=now,
    )


def post_refund(refund: Refund, *, now: datetime) -> None:
    """Reverse what the payment had posted. The last shares go back first, released are the first ones: they never meet.

    The caller has locked the order.
    """
    order, amount = refund.order, refund.amount_minor
    if refund.payment.status == Payment.Status.CONFIRMED:
        mentors = _mentors_part_of(refund)
        back = [
            (Account.MENTOR_PENDING, mentors),
            (Account.PLATFORM_PENDING, amount - mentors),
        ]
    else:
        back = [(Account.UNCLAIMED, amount)]
    post(
        cause=f"refund:{refund.pk}",
        memo=f"refund: {order.title} ({order.number})",
        order=order,
        mentor_id=order.mentor_id,
        currency=refund.currency,
        postings=[(Account.PROVIDER, -amount), *back],
        at=now,
    )


def _mentors_part_of(refund: Refund) -> int:
    order = refund.order
    others = order.refunds.filter(payment=refund.payment, status=Refund.Status.SUCCEEDED).exclude(pk=refund.pk)
    before = others.aggregate(n=Sum("sessions"))["n"] or 0
    last = order.session_count - before
    return sum(money.share(order.mentor_part, order.session_count, k) for k in range(last, last - refund.sessions, -1))


def balances(mentor_id: int) -> list[Balance]:
    """Pending and available of this mentor, one row a currency."""
    rows = (
        LedgerEntry.objects.filter(mentor=mentor_id)
        .order_by("currency")
        .values("currency")
        .annotate(
            pending=Sum("amount_minor", filter=Q(account=Account.MENTOR_PENDING), default=0),
            available=Sum("amount_minor", filter=Q(account=Account.MENTOR_AVAILABLE), default=0),
        )
    )
    return [Balance(row["currency"], -row["pending"], -row["available"]) for row in rows]
