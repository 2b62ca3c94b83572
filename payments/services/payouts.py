"""Payouts: a mentor asks for what is available, the ledger sets it aside at once, an admin pays it by bank and says so.

Every verb locks the mentor first (as refunds, disputes and payments that touch a mentor's balance do), so that what is
judged is what is booked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Sum

from mentorship.kernel import money
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from notifications.services import notify
from payments import ledger
from payments.ledger import Account, Posting
from payments.models import LedgerEntry, Payout, PayoutDetails
from payments.payout_details import Details

log = structlog.get_logger(__name__)
WALLET = "/tutor/wallet"
Status = Payout.Status


@transaction.atomic
def save_details(*, mentor: Any, details: Details, now: datetime) -> None:
    """Where this mentor's next payouts go. The mentor is told by mail, so that nobody else changes it unnoticed."""
    lock_people([mentor.pk])
    PayoutDetails.objects.update_or_create(mentor=mentor, defaults={"secret": details.sealed(), "changed_at": now})
    notify(
        "payout_details_changed",
        recipient=mentor,
        about=f"payout-details:{mentor.pk}",
        dedupe_key=f"payout-details:{mentor.pk}:{now.isoformat()}",
        now=now,
        account=details.masked,
        role="mentor",
        url=WALLET,
    )
    log.info("payout_details_changed", mentor=mentor.pk)


def available_of(mentor_id: int, currency: str) -> int:
    """What could be paid out to this mentor now, minor units; negative is owed back and netted from the next shares."""
    rows = LedgerEntry.objects.filter(mentor=mentor_id, currency=currency, account=Account.MENTOR_AVAILABLE)
    return -rows.aggregate(n=Sum("amount_minor", default=0))["n"]


@transaction.atomic
def request_payout(*, mentor: Any, currency: str, now: datetime, amount_minor: int | None = None) -> Payout:
    """Set this sum (None: all that is available) aside for the mentor; an admin pays it. A second press changes nothing.

    Raises Refusal `payout_open` (another sum waits already), `nothing_to_pay_out`, `more_than_available`,
    `payout_details_missing`.
    """
    lock_people([mentor.pk])
    waiting = Payout.objects.filter(mentor=mentor, currency=currency, status=Status.REQUESTED).first()
    if waiting is not None:
        if amount_minor in (None, waiting.amount_minor):
            return waiting
        raise Refusal(
            "payout_open", f"{waiting.amount_display} wait to be paid out already. The rest can follow after."
        )
    amount = _payable(available_of(mentor.pk, currency), amount_minor, currency)
    details = PayoutDetails.objects.filter(mentor=mentor).first()
    if details is None:
        raise Refusal("payout_details_missing", "First tell us where the money should go.")
    payout = Payout.objects.create(
        mentor=mentor, amount_minor=amount, currency=currency, secret=details.secret, requested_at=now
    )
    _post(payout, "", [(Account.MENTOR_AVAILABLE, amount), (Account.MENTOR_PAYOUT, -amount)], "Payout requested", now)
    return payout


def _payable(available: int, wanted: int | None, currency: str) -> int:
    amount = available if wanted is None else wanted
    if available <= 0 or amount <= 0:
        raise Refusal("nothing_to_pay_out", "Nothing is available to be paid out.")
    if amount > available:
        there = money.display(available, currency)
        raise Refusal("more_than_available", f"Only {there} are available by now. Please look again and ask for those.")
    return amount


@transaction.atomic
def mark_paid(*, payout_id: int, by: Any, reference: str, now: datetime, already_sent: bool = False) -> Payout:
    """The bank has sent it; the mentor is told. What is paid already stays as it is.

    Raises NotFound, Refusal `wrong_state` (cancelled), and `owes_money`: since the request money went back to a student,
    so that the mentor's balance is negative. Then the payout should be cancelled; `already_sent` books it all the same.
    """
    payout = _locked(payout_id)
    if payout.status == Status.PAID:
        return payout
    _must_wait(payout)
    if not already_sent and available_of(payout.mentor_id, payout.currency) < 0:
        raise Refusal(
            "owes_money", "Money went back since it was requested. Cancel this payout; what is left can follow."
        )
    _close(payout, Status.PAID, by=by, reference=reference, now=now)
    amount = payout.amount_minor
    _post(payout, "-paid", [(Account.MENTOR_PAYOUT, amount), (Account.BANK, -amount)], "Payout paid", now)
    _tell("payout", payout, now, note=f"The bank's reference is {reference}." if reference else "")
    return payout


@transaction.atomic
def cancel_payout(*, payout_id: int, by: Any, reason: str, now: datetime) -> Payout:
    """It is not paid; the sum is available again, and the mentor is told why. Cancelled twice changes nothing.

    Raises NotFound, Refusal `wrong_state` (paid).
    """
    payout = _locked(payout_id)
    if payout.status == Status.CANCELLED:
        return payout
    _must_wait(payout)
    _close(payout, Status.CANCELLED, by=by, reference=reason, now=now)
    amount = payout.amount_minor
    back = [(Account.MENTOR_PAYOUT, amount), (Account.MENTOR_AVAILABLE, -amount)]
    _post(payout, "-cancelled", back, "Payout cancelled", now)
    _tell("payout_cancelled", payout, now, reason=reason)
    return payout


def _locked(payout_id: int) -> Payout:
    """The mentor first, then the payout, read fresh. Raises NotFound."""
    mentor_id = Payout.objects.filter(pk=payout_id).values_list("mentor_id", flat=True).first()
    if mentor_id is None:
        raise NotFound("There is no such payout.")
    lock_people([mentor_id])
    return lock(Payout.objects.filter(pk=payout_id).select_related("mentor"))[0]


def _must_wait(payout: Payout) -> None:
    if payout.status != Status.REQUESTED:
        raise Refusal("wrong_state", f"This payout is {payout.get_status_display()}.")


def _close(payout: Payout, status: str, *, by: Any, reference: str, now: datetime) -> None:
    payout.status, payout.closed_at, payout.closed_by, payout.reference = status, now, by, reference[:200]
    payout.save(update_fields=["status", "closed_at", "closed_by", "reference"])


def _post(payout: Payout, step: str, postings: Sequence[Posting], memo: str, now: datetime) -> None:
    ledger.post(
        cause=f"payout{step}:{payout.pk}",
        memo=memo,
        mentor_id=payout.mentor_id,
        currency=payout.currency,
        postings=postings,
        at=now,
    )


def _tell(kind: str, payout: Payout, now: datetime, **context: Any) -> None:
    notify(
        kind,
        recipient=payout.mentor,
        about=f"payout:{payout.pk}",
        dedupe_key=f"{kind}:{payout.pk}",
        now=now,
        amount_display=payout.amount_display,
        role="mentor",
        url=f"{WALLET}#payout-{payout.pk}",
        **context,
    )
