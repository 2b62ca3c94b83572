from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q, Value


class ClaimQuerySet(models.QuerySet["Claim"]):
    def open(self) -> ClaimQuerySet:
        return self.filter(status__in=Claim.OPEN)

    def for_an_admin(self, now: datetime) -> ClaimQuerySet:
        """The other side has answered, or has not in time: somebody has to decide."""
        late = Q(status=Claim.Status.OPENED, answer_by__lte=now)
        return self.filter(late | Q(status=Claim.Status.ANSWERED))

    def seen(self, now: datetime) -> ClaimQuerySet:
        """Each with the instant at which it is looked at, `seen_at`: where one stands is judged when it is read."""
        return self.annotate(seen_at=Value(now, models.DateTimeField()))

    def asking(self, person: Any) -> ClaimQuerySet:
        """Those that wait for this person, who has not made them, to agree or to answer."""
        return self.filter(status=Claim.Status.OPENED).exclude(by=person)


class Claim(models.Model):
    """One of the two says that something was wrong with a session, and what would be right instead."""

    class Status(models.TextChoices):
        OPENED = "OPENED", "waiting for the other side"
        ANSWERED = "ANSWERED", "answered; an admin decides"
        AGREED = "AGREED", "the other side agreed"
        UPHELD = "UPHELD", "decided for the claim"
        DISMISSED = "DISMISSED", "decided against the claim"
        WITHDRAWN = "WITHDRAWN", "withdrawn"

    class Outcome(models.TextChoices):
        """What the session should count as."""

        COMPLETED = "COMPLETED", "it took place"
        STUDENT_ABSENT = "STUDENT_ABSENT", "the student did not come"
        MENTOR_ABSENT = "MENTOR_ABSENT", "the mentor did not come"
        BOTH_ABSENT = "BOTH_ABSENT", "nobody came"
        GIVEN_BACK = "GIVEN_BACK", "it should not count"

    OPEN = (Status.OPENED, Status.ANSWERED)

    session = models.ForeignKey("sessions_app.Session", on_delete=models.PROTECT, related_name="claims")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims_made")
    reason = models.TextField(max_length=2000)
    wanted = models.CharField(max_length=16, choices=Outcome.choices)
    answer = models.TextField(max_length=2000, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPENED)
    decision = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    seen_at: datetime  # of `seen`

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(status__in=["OPENED", "ANSWERED"]), name="sessions_one_open_claim"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["OPENED", "ANSWERED"], closed_at__isnull=True)
                | (~Q(status__in=["OPENED", "ANSWERED"]) & Q(closed_at__isnull=False)),
                name="sessions_closed_claim_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"claim about {self.session}"

    def is_for_an_admin(self, now: datetime) -> bool:
        """The other side has answered, or has not in time, whether or not anybody has looked since."""
        return self.status == self.Status.ANSWERED or (self.status == self.Status.OPENED and self.answer_by <= now)

    def asks(self, person: Any) -> bool:
        """This person, who has not made it, can agree or answer; after the deadline too, until an admin has decided."""
        return self.status == self.Status.OPENED and self.by_id != person.pk

    def status_words(self, now: datetime) -> str:
        """Where it stands at `now`, for an admin."""
        if self.status == self.Status.OPENED and self.is_for_an_admin(now):
            return "no answer in time; an admin decides"
        return self.get_status_display()

    @property
    def cause(self) -> str:
        """Under which name it freezes the pack."""
        return f"claim:{self.pk}"
