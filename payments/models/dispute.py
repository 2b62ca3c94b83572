from __future__ import annotations

from django.db import models
from django.db.models import Q

from mentorship.kernel import money
from payments.models.order import Order
from payments.models.payment import Payment


class Dispute(models.Model):
    """A buyer's bank or the provider takes a payment back, or tries to. While it is open the packs stand still."""

    class Status(models.TextChoices):
        OPEN = "OPEN", "open"
        WON = "WON", "won"
        LOST = "LOST", "lost"

    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="disputes")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    provider = models.CharField(max_length=20)
    provider_reference = models.CharField(max_length=200)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    sessions = models.PositiveIntegerField(default=0, help_text="How many sessions a lost one took back.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_reference"], name="payments_dispute_once"),
            models.CheckConstraint(
                condition=Q(status="OPEN", closed_at__isnull=True) | (~Q(status="OPEN") & Q(closed_at__isnull=False)),
                name="payments_closed_dispute_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"dispute over {self.amount_display}"

    @property
    def amount_display(self) -> str:
        return money.display(self.amount_minor, self.currency)

    @property
    def cause(self) -> str:
        """Under which name it freezes packs and is booked in the ledger."""
        return f"dispute:{self.pk}"
