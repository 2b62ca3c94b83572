"""What happened at a bank and only a person knows: a provider has paid out to us, or we have topped it up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Sum

from mentorship.kernel.refusals import Refusal
from payments import ledger
from payments.ledger import Account
from payments.models import LedgerEntry, LedgerTransaction


def record_transfer(
    *, provider: str, reference: str, amount_minor: int, currency: str, note: str, now: datetime, fee_minor: int = 0
) -> LedgerTransaction:
    """Money moved from a provider's balance to our bank, minor units; a negative sum moved the other way.

    `amount_minor` is what arrived at the bank, `fee_minor` what the provider kept for it. The reference is unique for
    each provider. Raises Refusal `already_recorded`, `nothing_moved`.
    """
    if not amount_minor or fee_minor < 0:
        raise Refusal("nothing_moved", "A transfer moves a sum, and a fee is never negative.")
    try:
        with transaction.atomic():
            return ledger.post(
                cause=f"transfer:{provider}:{reference}",
                memo=f"{provider} {reference}: {note}" if note else f"{provider} {reference}",
                provider=provider,
                currency=currency,
                postings=[
                    (Account.BANK, amount_minor),
                    (Account.FEES, fee_minor),
                    (Account.PROVIDER, -amount_minor - fee_minor),
                ],
                at=now,
            )
    except IntegrityError:
        raise Refusal("already_recorded", f"A transfer with the reference {reference} is recorded already.") from None


def account_balances() -> list[Any]:
    """The sum of each account, provider and currency, minor units; positive is what we have, negative what we owe."""
    rows = LedgerEntry.objects.order_by("currency", "account", "provider").values("currency", "account", "provider")
    return list(rows.annotate(sum=Sum("amount_minor")))
