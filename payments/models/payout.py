from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from mentorship.kernel import money


class PayoutDetails(models.Model):
    """Where a mentor wants to be paid. The text is encrypted (`payments/secret_text.py`); the newest row counts."""

    mentor = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="payout_details")
    secret = models.BinaryField()
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "payout details"

    def __str__(self) -> str:
        return f"payout details of {self.mentor}"


class Payout(models.Model):
    """Available money that a mentor asked for. The ledger sets it aside at once; an admin marks it as paid."""

    class Status(models.TextChoices):
        REQUESTED = "REQUESTED", "requested"
        PAID = "PAID", "paid"
        CANCELLED = "CANCELLED", "cancelled"

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payouts")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    secret = models.BinaryField(help_text="Where it goes: a copy of the details as they were when it was requested.")
    requested_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reference = models.CharField(max_length=200, blank=True, help_text="The bank's reference, or why it was cancelled.")

    class Meta:
        permissions = [("see_payout_details", "Can see where payouts go")]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_payout_of_something"),
            models.UniqueConstraint(
                fields=["mentor", "currency"], condition=Q(status="REQUESTED"), name="payments_one_open_payout"
            ),
            models.CheckConstraint(
                condition=Q(status="REQUESTED", closed_at__isnull=True)
                | (~Q(status="REQUESTED") & Q(closed_at__isnull=False)),
                name="payments_closed_payout_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_display} to {self.mentor}"

    @property
    def amount_display(self) -> str:
        return money.display(self.amount_minor, self.currency)
