"""Double entry. Debits are positive, credits negative; what we owe a mentor is a credit, so balances turn the sign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum

from mentorship.kernel import money
from payments.models import Dispute, LedgerEntry, LedgerTransaction, Order, Payment, Refund

Account = LedgerEntry.Account
Posting = tuple[str, int]  # account, signed minor units
MENTORS = (Account.MENTOR_PENDING, Account.MENTOR_AVAILABLE, Account.MENTOR_PAYOUT)
MANUAL = "manual"  # money received or paid back elsewhere: it is at our bank, not at a provider


@dataclass(frozen=True)
class Balance:
    """What a mentor has in one currency, minor units. `in_payout` was asked for and is not paid yet."""

    currency: str
    pending: int
    available: int
    in_payout: int = 0

    @property
    def pending_display(self) -> str:
        return money.display(self.pending, self.currency)

    @property
    def available_display(self) -> str:
        return money.display(self.available, self.currency)

    @property
    def in_payout_display(self) -> str:
        return money.display(self.in_payout, self.currency)


@transaction.atomic
def post(
    *,
    cause: str,
    memo: str,
    order: Order | None = None,
    mentor_id: int | None = None,
    provider: str = "",
    currency: str,
    postings: Iterable[Posting],
    at: datetime,
) -> LedgerTransaction:
    """Write one transaction. Raises IntegrityError for a cause posted before, and at commit when it is not balanced."""
    booked = LedgerTransaction.objects.create(cause=cause, memo=memo[:200], order=order, at=at)
    rows = entries(booked, mentor_id=mentor_id, provider=provider, currency=currency, postings=postings)
    LedgerEntry.objects.bulk_create(rows)
    return booked


def entries(
    booked: LedgerTransaction,
    *,
    mentor_id: int | None,
    provider: str = "",
    currency: str,
    postings: Iterable[Posting],
) -> list[LedgerEntry]:
    """The entries of these postings, without those of nothing."""
    return [
        LedgerEntry(
            transaction=booked,
            account=account,
            mentor_id=mentor_id if account in MENTORS else None,
            provider=provider if account == Account.PROVIDER else "",
            amount_minor=amount,
            currency=currency,
        )
        for account, amount in postings
        if amount
    ]


def is_posted(cause: str) -> bool:
    return LedgerTransaction.objects.filter(cause=cause).exists()


def _where(payment: Payment) -> str:
    """The account the money of this payment is on."""
    return Account.BANK if payment.provider == MANUAL else Account.PROVIDER


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
        provider=payment.provider,
        currency=order.currency,
        postings=[
            (_where(payment), order.amount_minor),
            (Account.MENTOR_PENDING, -mentors),
            (Account.PLATFORM_PENDING, mentors - order.amount_minor),
        ],
        at=now,
    )


def post_fee(payment: Payment, amount: int, currency: str, *, now: datetime) -> None:
    """What the provider kept of this payment is the platform's cost, so that our books show what the provider holds."""
    cause = f"fee:{payment.pk}"
    if not amount or is_posted(cause):
        return
    post(
        cause=cause,
        memo=f"{payment.provider}'s fee",
        order=payment.order,
        provider=payment.provider,
        currency=currency,
        postings=[(Account.FEES, amount), (Account.PROVIDER, -amount)],
        at=now,
    )


def post_unclaimed(payment: Payment, *, now: datetime) -> None:
    """Money has arrived that pays for nothing: it is nobody's until an admin decides or it goes back."""
    post(
        cause=f"payment:{payment.pk}",
        memo=f"unclaimed: {payment.get_status_display()}",
        order=payment.order,
        provider=payment.provider,
        currency=payment.currency,
        postings=[(_where(payment), payment.amount_minor), (Account.UNCLAIMED, -payment.amount_minor)],
        at=now,
    )


def post_refund(refund: Refund, *, now: datetime) -> None:
    """Reverse what the payment had posted. The caller has locked the order and the mentor."""
    what = f"{refund.order.title} ({refund.order.number})" if refund.order else "money that belonged to no order"
    where = Account.BANK if refund.by_hand else _where(refund.payment)
    _reverse(refund.payment, refund.amount_minor, where, cause=f"refund:{refund.pk}", memo=f"refund: {what}", now=now)


def post_bounced(refund: Refund, *, now: datetime) -> None:
    """A refund came back: the money is at the provider again, and is nobody's until it is paid by hand."""
    amount = refund.amount_minor
    post(
        cause=f"bounced:{refund.pk}",
        memo="a refund came back",
        order=refund.order,
        provider=refund.payment.provider,
        currency=refund.currency,
        postings=[(Account.PROVIDER, amount), (Account.UNCLAIMED, -amount)],
        at=now,
    )


def post_bounce_paid(refund: Refund, *, now: datetime) -> None:
    """And was paid to the buyer from our bank."""
    amount = refund.amount_minor
    post(
        cause=f"bounced-paid:{refund.pk}",
        memo="a refund that came back, paid by hand",
        order=refund.order,
        currency=refund.currency,
        postings=[(Account.UNCLAIMED, amount), (Account.BANK, -amount)],
        at=now,
    )


def post_dispute_fee(dispute: Dispute, amount: int, currency: str, *, now: datetime) -> None:
    """What the provider charges for a dispute, won or lost, is the platform's cost."""
    cause = f"dispute-fee:{dispute.pk}"
    if not amount or is_posted(cause):
        return
    post(
        cause=cause,
        memo=f"{dispute.provider}'s fee for a dispute",
        order=dispute.order,
        provider=dispute.provider,
        currency=currency,
        postings=[(Account.FEES, amount), (Account.PROVIDER, -amount)],
        at=now,
    )


def post_lost_dispute(dispute: Dispute, *, now: datetime) -> None:
    """The bank has taken it back, all of it. The caller has locked the order and the mentor."""
    payment = dispute.payment
    _reverse(payment, dispute.amount_minor, _where(payment), cause=dispute.cause, memo=f"lost {dispute}", now=now)


def _reverse(payment: Payment, amount: int, where: str, *, cause: str, memo: str, now: datetime) -> None:
    """Money leaves. What is pending of the order goes first; the rest comes from what was already available."""
    order, claimed = payment.order, payment.status == Payment.Status.CONFIRMED
    back = _shares_back(order, amount) if order and claimed else [(Account.UNCLAIMED.value, amount)]
    post(
        cause=cause,
        memo=memo,
        order=order,
        mentor_id=order.mentor_id if order else None,
        provider=payment.provider,
        currency=payment.currency,
        postings=[(where, -amount), *back],
        at=now,
    )


@dataclass
class Standing:
    """What one order's money is to whom, minor units; positive is owed. Sums to what is kept of the payment."""

    mentor_pending: int = 0
    mentor_available: int = 0
    platform_pending: int = 0
    platform_available: int = 0

    @property
    def mentors(self) -> int:
        return self.mentor_pending + self.mentor_available

    @property
    def kept(self) -> int:
        return self.mentors + self.platform_pending + self.platform_available


def standing(order_ids: Iterable[object]) -> dict[object, Standing]:
    """The standing of each of these orders, in one query."""
    found = {pk: Standing() for pk in order_ids}
    accounts = [
        *(Account.MENTOR_PENDING, Account.MENTOR_AVAILABLE),
        *(Account.PLATFORM_PENDING, Account.PLATFORM_AVAILABLE),
    ]
    rows = LedgerEntry.objects.filter(transaction__order__in=list(found), account__in=accounts).order_by()
    for order_id, account, amount in rows.values_list("transaction__order", "account").annotate(n=Sum("amount_minor")):
        setattr(found[order_id], account.lower(), -amount)
    return found


def _shares_back(order: Order, amount: int) -> list[Posting]:
    now_owed = standing([order.pk])[order.pk]
    mentors = now_owed.mentors - order.mentors_of(now_owed.kept - amount)
    platforms = amount - mentors
    from_mentor = min(mentors, max(now_owed.mentor_pending, 0))
    from_platform = min(platforms, max(now_owed.platform_pending, 0))
    return [
        (Account.MENTOR_PENDING, from_mentor),
        (Account.MENTOR_AVAILABLE, mentors - from_mentor),
        (Account.PLATFORM_PENDING, from_platform),
        (Account.PLATFORM_AVAILABLE, platforms - from_platform),
    ]


def balances(mentor_id: int) -> list[Balance]:
    """Pending, available and asked for of this mentor, one row a currency. Available may be negative."""
    rows = (
        LedgerEntry.objects.filter(mentor=mentor_id)
        .order_by("currency")
        .values("currency")
        .annotate(
            pending=Sum("amount_minor", filter=Q(account=Account.MENTOR_PENDING), default=0),
            available=Sum("amount_minor", filter=Q(account=Account.MENTOR_AVAILABLE), default=0),
            in_payout=Sum("amount_minor", filter=Q(account=Account.MENTOR_PAYOUT), default=0),
        )
    )
    return [Balance(row["currency"], -row["pending"], -row["available"], -row["in_payout"]) for row in rows]
