from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from mentorship.kernel import money

MOST_TIMES = 3


class BookingRequestQuerySet(models.QuerySet["BookingRequest"]):
    def of(self, person: object) -> BookingRequestQuerySet:
        return self.filter(Q(student=person) | Q(mentor=person))

    def waiting(self, now: datetime) -> BookingRequestQuerySet:
        """Still to be answered, in time."""
        return self.filter(status=BookingRequest.Status.PENDING_MENTOR_REVIEW, approval_deadline__gt=now)

    def unanswered(self, now: datetime) -> BookingRequestQuerySet:
        """Their time to be answered is over, and no job has marked them yet."""
        return self.filter(status=BookingRequest.Status.PENDING_MENTOR_REVIEW, approval_deadline__lte=now)

    def to_pay(self, now: datetime) -> BookingRequestQuerySet:
        """Approved, and still payable."""
        approved = self.filter(status=BookingRequest.Status.APPROVED, paid_at=None)
        return approved.filter(payment_deadline__gt=now)

    def unpaid(self, now: datetime) -> BookingRequestQuerySet:
        """Approved, and not paid in time; no job has marked them yet."""
        approved = self.filter(status=BookingRequest.Status.APPROVED, paid_at=None)
        return approved.filter(payment_deadline__lte=now)

    def open(self, now: datetime) -> BookingRequestQuerySet:
        """Waiting for an answer, or approved and payable."""
        waiting = Q(status=BookingRequest.Status.PENDING_MENTOR_REVIEW, approval_deadline__gt=now)
        return self.filter(waiting | Q(status=BookingRequest.Status.APPROVED, paid_at=None, payment_deadline__gt=now))

    def with_status(self, status: str, now: datetime) -> BookingRequestQuerySet:
        """With this `status_at(now)`, whether or not a job has run."""
        Status = BookingRequest.Status
        late = Q(status=Status.PENDING_MENTOR_REVIEW, approval_deadline__lte=now)
        late |= Q(status=Status.APPROVED, paid_at=None, payment_deadline__lte=now)
        if status == Status.EXPIRED:
            return self.filter(Q(status=Status.EXPIRED) | late)
        return self.filter(~late, status=status)


class BookingRequest(models.Model):
    """A student's wish for a REQUEST offering. It blocks nothing; what was seen is what is bought: the price is frozen."""

    class Status(models.TextChoices):
        PENDING_MENTOR_REVIEW = "PENDING_MENTOR_REVIEW", "waiting for the mentor"
        APPROVED = "APPROVED", "approved"
        REJECTED = "REJECTED", "rejected"
        WITHDRAWN = "WITHDRAWN", "withdrawn"
        EXPIRED = "EXPIRED", "expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requests_made")
    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requests_received")
    offering = models.ForeignKey("offerings.Offering", on_delete=models.PROTECT, related_name="requests")
    title = models.CharField(max_length=120)
    takes_seat = models.BooleanField()
    session_count = models.PositiveSmallIntegerField()
    duration_minutes = models.PositiveSmallIntegerField()
    validity_days = models.PositiveSmallIntegerField()
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    times = ArrayField(models.DateTimeField(), default=list, blank=True, size=MOST_TIMES)
    suggested_times = ArrayField(models.DateTimeField(), default=list, blank=True, size=MOST_TIMES)
    suggested_at = models.DateTimeField(null=True, blank=True, help_text="When the mentor offered other times.")
    message = models.TextField(max_length=2000, blank=True)
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.PENDING_MENTOR_REVIEW)
    approval_notes = models.TextField(max_length=2000, blank=True)
    rejection_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    approval_deadline = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    rejected_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    payment_deadline = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    session = models.OneToOneField(
        "sessions_app.Session", null=True, blank=True, on_delete=models.PROTECT, related_name="request"
    )

    objects = BookingRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "offering"],
                condition=Q(status="PENDING_MENTOR_REVIEW") | Q(status="APPROVED", paid_at__isnull=True),
                name="sessions_one_open_request",
            ),
            models.CheckConstraint(condition=~Q(student=F("mentor")), name="sessions_nobody_asks_oneself"),
            models.CheckConstraint(
                condition=~Q(status="APPROVED") | Q(payment_deadline__isnull=False),
                name="sessions_approved_has_its_deadline",
            ),
        ]
        indexes = [
            models.Index(fields=["mentor", "approval_deadline"], name="sessions_requests_in"),
            models.Index(fields=["student", "-created_at"], name="sessions_requests_out"),
            models.Index(
                fields=["approval_deadline"],
                condition=Q(status="PENDING_MENTOR_REVIEW"),
                name="sessions_requests_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} asks for {self.title}"

    @property
    def price_display(self) -> str:
        return money.display(self.amount_minor, self.currency)

    def status_at(self, now: datetime) -> str:
        """EXPIRED once the answer or the payment is late, whether or not a job has run."""
        late_answer = self.status == self.Status.PENDING_MENTOR_REVIEW and self.approval_deadline <= now
        late_payment = self.status == self.Status.APPROVED and self.paid_at is None and not self.is_payable(now)
        return self.Status.EXPIRED.value if late_answer or late_payment else self.status

    def is_payable(self, now: datetime) -> bool:
        """Approved, unpaid and in time (the same word as the queryset's `to_pay`)."""
        approved = self.status == self.Status.APPROVED and self.paid_at is None
        return approved and self.payment_deadline is not None and self.payment_deadline > now

    def is_waiting(self, now: datetime) -> bool:
        """Still to be answered, in time (the same word as the queryset's)."""
        return self.status_at(now) == self.Status.PENDING_MENTOR_REVIEW

    def is_open(self, now: datetime) -> bool:
        """Waiting for an answer, or approved and payable (the same word as the queryset's)."""
        return self.is_waiting(now) or self.is_payable(now)

    @property
    def due(self) -> datetime:
        """When what it waits for is due, the answer or the payment."""
        return (self.status == self.Status.APPROVED and self.payment_deadline) or self.approval_deadline

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.duration_minutes)

    def get_absolute_url(self) -> str:
        return f"/mentorship/requests/{self.pk}"
