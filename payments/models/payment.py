from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from mentorship.kernel import money
from payments.models.order import Order


class Payment(models.Model):
    """Money that a provider says it has received. Kept even when it matches no order or not its sum."""

    class Status(models.TextChoices):
        CONFIRMED = "CONFIRMED", "confirmed"
        EXTRA = "EXTRA", "paid once too often"
        MISMATCHED = "MISMATCHED", "not what the order asked for"
        UNMATCHED = "UNMATCHED", "belongs to no order"
        WRONG_MODE = "WRONG_MODE", "test money among real money"

    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=20)
    provider_payment_id = models.CharField(max_length=200)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices)
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who recorded it by hand.",
    )
    received_at = models.DateTimeField()
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="Machine time at which the provider was last asked what went back of it."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_payment_id"],
                name="payments_money_counted_once",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status="CONFIRMED"),
                name="payments_order_paid_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{money.display(self.amount_minor, self.currency)} by {self.provider}"

    @property
    def amount_display(self) -> str:
        return money.display(self.amount_minor, self.currency)


class RefundQuerySet(models.QuerySet["Refund"]):
    def due(self, machine_now: datetime) -> RefundQuerySet:
        """To be asked for at the provider. While the payment is disputed nothing is: it could go back twice."""
        waiting = self.filter(status=Refund.Status.REQUESTED, next_attempt_at__lte=machine_now)
        return waiting.exclude(payment__disputes__status="OPEN")

    def needing_somebody(self) -> RefundQuerySet:
        """An admin has to do or decide something about them."""
        failed = Q(status=Refund.Status.FAILED, called_off_at__isnull=True)
        by_hand = Q(status=Refund.Status.REQUESTED, payment__provider="manual")
        came_back = Q(bounced_at__isnull=False, bounce_paid_at__isnull=True)
        begun_there = Q(cause__startswith="provider:", sessions=0, payment__status=Payment.Status.CONFIRMED)
        return self.filter(failed | by_hand | came_back | (begun_there & ~Q(order__attention="")))

    def going_back(self) -> int:
        """The sum that went back or is on its way, minor units."""
        standing = self.exclude(status=Refund.Status.FAILED)
        return standing.aggregate(sum=models.Sum("amount_minor", default=0))["sum"]


class Refund(models.Model):
    """Money that goes back. Credits are taken when it is requested; the provider is asked by a worker."""

    class Status(models.TextChoices):
        REQUESTED = "REQUESTED", "requested"
        SUCCEEDED = "SUCCEEDED", "succeeded"
        FAILED = "FAILED", "failed"

    # Null: the money belonged to no order.
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    sessions = models.PositiveIntegerField(default=0)
    cause = models.CharField(
        max_length=100,
        unique=True,
        help_text="What this refund is for; one refund a cause.",
    )
    reason = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    provider_reference = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(help_text="Machine time.")
    error = models.CharField(max_length=500, blank=True)
    by_hand = models.BooleanField(default=False, help_text="Paid back from our bank, not by the provider.")
    bounced_at = models.DateTimeField(
        null=True, blank=True, help_text="It had succeeded, and the money came back: the buyer's account is closed."
    )
    bounce_paid_at = models.DateTimeField(
        null=True, blank=True, help_text="What had come back was paid to the buyer by hand."
    )
    called_off_at = models.DateTimeField(
        null=True, blank=True, help_text="It had failed, and an admin gave the sessions back instead."
    )

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_refund_of_something")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status="REQUESTED"),
                name="payments_refunds_due",
            )
        ]

    def __str__(self) -> str:
        return f"{money.display(self.amount_minor, self.currency)} back"

    @property
    def amount_display(self) -> str:
        return money.display(self.amount_minor, self.currency)

    @property
    def needs(self) -> str:
        """What an admin has to do or decide about it, or "" (the same word as the queryset's)."""
        if self.status == self.Status.FAILED and self.called_off_at is None:
            return "failed: try again, pay it back by hand, or call it off"
        if self.status == self.Status.REQUESTED and self.payment.provider == "manual":
            return "pay it back by hand"
        if self.came_back:
            return "came back from the buyer's bank: pay it by hand"
        undecided = self.came_from_provider and not self.sessions and self.payment.status == Payment.Status.CONFIRMED
        if undecided and self.order is not None and self.order.attention:
            return "decide how many sessions go with it"
        return ""

    @property
    def came_back(self) -> bool:
        """It had succeeded, came back from the buyer's bank, and is not paid by hand yet."""
        return self.bounced_at is not None and self.bounce_paid_at is None

    @property
    def came_from_provider(self) -> bool:
        """It was begun at the provider (its dashboard), not here."""
        return self.cause.startswith("provider:")
