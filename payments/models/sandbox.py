"""The sandbox provider's own tables: it stands for a foreign company, so nothing else reads them."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q, Sum


def new_reference() -> str:
    return "sbx_" + secrets.token_urlsafe(18)


class SandboxCheckout(models.Model):
    class Status(models.TextChoices):
        OPEN = "OPEN"
        PAID = "PAID"
        DECLINED = "DECLINED"
        EXPIRED = "EXPIRED"

    reference = models.CharField(max_length=60, unique=True, default=new_reference)
    merchant_reference = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    return_url = models.URLField(max_length=2000)
    cancel_url = models.URLField(max_length=2000)
    webhook_url = models.URLField(max_length=2000)
    payment_id = models.CharField(max_length=60, blank=True)
    expires_at = models.DateTimeField(help_text="Machine time: a foreign site does not know the demo clock.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.reference

    def is_over(self, machine_now: datetime) -> bool:
        """It takes no money any more and never took any: expired, or older than its page may live."""
        return self.status == self.Status.EXPIRED or (
            self.status == self.Status.OPEN and self.expires_at <= machine_now
        )

    def left(self) -> int:
        """What can still be refunded, minor units: not what went back, nor what a bank holds or has taken."""
        gone = self.refunds.aggregate(n=Sum("amount_minor", default=0))["n"]
        held = self.disputes.exclude(status="WON").aggregate(n=Sum("amount_minor", default=0))["n"]
        return int(self.amount_minor - gone - held)


class SandboxRefund(models.Model):
    checkout = models.ForeignKey(SandboxCheckout, on_delete=models.PROTECT, related_name="refunds")
    idempotency_key = models.CharField(max_length=100, unique=True)
    amount_minor = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"refund of {self.checkout}"

    @property
    def reference(self) -> str:
        return f"sbr_{self.pk}"


class SandboxDispute(models.Model):
    class Status(models.TextChoices):
        OPEN = "OPEN"
        WON = "WON"
        LOST = "LOST"

    checkout = models.ForeignKey(SandboxCheckout, on_delete=models.PROTECT, related_name="disputes")
    amount_minor = models.PositiveBigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"dispute over {self.checkout}"

    @property
    def reference(self) -> str:
        return f"sbd_{self.pk}"


class SandboxDeliveryQuerySet(models.QuerySet["SandboxDelivery"]):
    def due(self, machine_now: datetime) -> SandboxDeliveryQuerySet:
        return self.filter(
            delivered_at__isnull=True,
            gave_up_at__isnull=True,
            next_attempt_at__lte=machine_now,
        )


class SandboxDelivery(models.Model):
    """A webhook the sandbox still has to send."""

    url = models.URLField(max_length=2000)
    body = models.TextField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(help_text="Machine time.")
    delivered_at = models.DateTimeField(null=True, blank=True)
    gave_up_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    objects = SandboxDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "sandbox deliveries"
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(delivered_at__isnull=True, gave_up_at__isnull=True),
                name="payments_sandbox_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.url} ({self.attempts})"
