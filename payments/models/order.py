from __future__ import annotations

import secrets
import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from mentorship.kernel import money

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_number() -> str:
    """A short number people can read out; the unique constraint guards it."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


class OrderQuerySet(models.QuerySet["Order"]):
    def open(self, now: datetime) -> OrderQuerySet:
        """Waiting for money that can still come in time."""
        return self.filter(status=Order.Status.PENDING, expires_at__gt=now)

    def overdue(self, now: datetime) -> OrderQuerySet:
        return self.filter(status=Order.Status.PENDING, expires_at__lte=now)

    def to_fulfil(self) -> OrderQuerySet:
        """Paid, not granted yet, not given back and not in dispute. (Money paid twice going back does not count.)"""
        paid = self.filter(status=Order.Status.PAID).exclude(refunds__payment__status="CONFIRMED")
        return paid.exclude(disputes__status__in=["OPEN", "LOST"])

    def of_pair(self, student_id: int, mentor_id: int) -> OrderQuerySet:
        return self.filter(student=student_id, mentor=mentor_id)

    def pending(self) -> OrderQuerySet:
        """Still waiting, in time or not: what stands in the way of a new order of the pair."""
        return self.filter(status=Order.Status.PENDING)


class Order(models.Model):
    """What a student wants to buy, as it was offered: the snapshot is what they saw and what they get."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "waiting for the payment"
        PAID = "PAID", "paid"
        FULFILLED = "FULFILLED", "fulfilled"
        EXPIRED = "EXPIRED", "expired"
        FAILED = "FAILED", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=8, unique=True, default=new_number, editable=False)
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sales")
    offering = models.ForeignKey(
        "offerings.Offering",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="orders",
    )
    request = models.ForeignKey(
        "sessions_app.BookingRequest",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders",
        help_text="The approved request that it pays.",
    )
    title = models.CharField(max_length=120)
    takes_seat = models.BooleanField()
    session_count = models.PositiveSmallIntegerField()
    duration_minutes = models.PositiveSmallIntegerField()
    validity_days = models.PositiveSmallIntegerField()
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    mentor_share_percent = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField(null=True, blank=True, help_text="The first time, if one was chosen.")
    agenda = models.TextField(max_length=2000, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    provider = models.CharField(max_length=20)
    provider_reference = models.CharField(max_length=200, blank=True)
    checkout_url = models.URLField(max_length=2000, blank=True)
    site_url = models.URLField(
        max_length=300,
        help_text="Scheme and host the student came by; links go back there.",
    )
    # Null, not "": without a key an order is no twin of any other.
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    body_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)
    page_closed_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    fulfilled_at = models.DateTimeField(null=True, blank=True)
    pack = models.ForeignKey(
        "packs.SessionPack",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders",
    )
    session = models.ForeignKey(
        "sessions_app.Session",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders",
    )
    refund_asked_at = models.DateTimeField(null=True, blank=True)
    refund_wish = models.CharField(max_length=300, blank=True, help_text="Why the student asks for a refund.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="Machine time of the last reconciliation.")
    attention = models.CharField(max_length=300, blank=True, help_text="Why an admin should look at it.")

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="payments_reference_once",
            ),
            models.UniqueConstraint(
                fields=["student", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="payments_one_order_per_key",
            ),
            models.UniqueConstraint(
                fields=["student", "mentor"],
                condition=Q(status="PENDING"),
                name="payments_one_open_per_pair",
            ),
            models.CheckConstraint(condition=~Q(student=F("mentor")), name="payments_not_with_oneself"),
            models.CheckConstraint(
                condition=Q(mentor_share_percent__lte=100),
                name="payments_share_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=~Q(status="FULFILLED") | Q(pack__isnull=False),
                name="payments_fulfilled_has_its_pack",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(status="PENDING"),
                name="payments_open_orders",
            ),
            models.Index(
                fields=["paid_at"],
                condition=Q(status="PAID"),
                name="payments_to_fulfil",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.title}"

    @property
    def amount_display(self) -> str:
        return money.display(self.amount_minor, self.currency)

    @property
    def mentor_part(self) -> int:
        """The mentor's part of the whole amount, minor units; the remainder is the platform's."""
        return money.part(self.amount_minor, self.mentor_share_percent)

    def worth(self, sessions: int) -> int:
        """What the first `sessions` of the order cost, minor units: all of them are the whole amount exactly."""
        return self.amount_minor * sessions // self.session_count

    def mentors_of(self, kept: int) -> int:
        """The mentor's part of what is kept of the amount, minor units.

        For the worth of whole sessions it is the sum of their shares, so that what was released and what goes back meet
        exactly; for any other sum (a partial refund at the provider) it is the same proportion, rounded down.
        """
        if kept <= 0:
            return 0
        sessions = -(-kept * self.session_count // self.amount_minor)
        if self.worth(sessions) == kept:
            return self.mentor_part * sessions // self.session_count
        return kept * self.mentor_part // self.amount_minor

    def status_at(self, now: datetime) -> str:
        """A PENDING order past its hold is EXPIRED, whether or not the job has run."""
        if self.status == self.Status.PENDING and self.expires_at <= now:
            return self.Status.EXPIRED.value
        return self.status

    @property
    def is_collected(self) -> bool:
        """Whether a payment the buyer has only approved may be taken.

        Not what was replaced or given up; nor what was declined: the buyer was told so and may have paid another order.
        """
        return self.replaced_at is None and self.status != self.Status.FAILED

    def get_absolute_url(self) -> str:
        return f"/checkout/orders/{self.pk}"

    @property
    def return_path(self) -> str:
        """Where the provider sends the student back to after paying."""
        return f"/checkout/return/{self.pk}"
