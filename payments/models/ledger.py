from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from mentorship.kernel import money
from payments.models.order import Order


class LedgerTransaction(models.Model):
    """One cause, one transaction: its entries sum to zero in every currency (a deferred trigger sees to it)."""

    cause = models.CharField(max_length=120, unique=True)
    memo = models.CharField(max_length=200)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="ledger")
    shares = models.SmallIntegerField(
        default=0, help_text="How many sessions' shares it made available; negative: took back."
    )
    at = models.DateTimeField()

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.memo


class LedgerEntry(models.Model):
    """A signed sum on an account, minor units: positive is a debit, negative a credit."""

    class Account(models.TextChoices):
        PROVIDER = "PROVIDER", "money at the provider"
        UNCLAIMED = "UNCLAIMED", "received, but nobody's yet"
        MENTOR_PENDING = "MENTOR_PENDING", "owed to the mentor, pending"
        MENTOR_AVAILABLE = "MENTOR_AVAILABLE", "owed to the mentor, available"
        PLATFORM_PENDING = "PLATFORM_PENDING", "the platform's, pending"
        PLATFORM_AVAILABLE = "PLATFORM_AVAILABLE", "the platform's, available"
        MENTOR_PAYOUT = "MENTOR_PAYOUT", "set aside for a mentor's payout"
        FEES = "FEES", "fees the providers kept, paid by the platform"
        BANK = "BANK", "money at our bank"

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    account = models.CharField(max_length=20, choices=Account.choices)
    mentor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="ledger_entries",
    )
    provider = models.CharField(max_length=20, blank=True, help_text="At which provider the money is.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(account="PROVIDER") & ~models.Q(provider=""))
                | (~models.Q(account="PROVIDER") & models.Q(provider="")),
                name="payments_provider_account_names_it",
            ),
            models.CheckConstraint(
                condition=models.Q(account__startswith="MENTOR", mentor__isnull=False)
                | (~models.Q(account__startswith="MENTOR") & models.Q(mentor__isnull=True)),
                name="payments_mentor_accounts_name_theirs",
            ),
        ]
        indexes = [
            models.Index(fields=["mentor", "currency", "account"], name="payments_balances"),
            models.Index(fields=["mentor", "-transaction"], name="payments_statement"),
            models.Index(fields=["currency"], condition=Q(account="UNCLAIMED"), name="payments_unclaimed"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="balanced",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM payments_ledgerentry WHERE transaction_id = NEW.transaction_id
                        GROUP BY currency HAVING sum(amount_minor) <> 0
                    ) THEN
                        RAISE EXCEPTION 'ledger transaction % is not balanced', NEW.transaction_id
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    @property
    def owed_display(self) -> str:
        """The sum as the person we owe it to reads it: what we owe is a credit, so the sign turns."""
        return f"{'+' if self.amount_minor < 0 else ''}{money.display(-self.amount_minor, self.currency)}"

    def __str__(self) -> str:
        return f"{self.account} {money.display(self.amount_minor, self.currency)}"
