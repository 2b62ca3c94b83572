from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class MoveProposal(models.Model):
    """Inside 24 h only the mentor may propose another time; the student accepts it or keeps the old one."""

    class Status(models.TextChoices):
        OPEN = "OPEN", "waiting for the student"
        ACCEPTED = "ACCEPTED", "accepted"
        DECLINED = "DECLINED", "declined"
        WITHDRAWN = "WITHDRAWN", "withdrawn"

    session = models.ForeignKey("sessions_app.Session", on_delete=models.CASCADE, related_name="proposals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    old_starts_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session"], condition=Q(status="OPEN"), name="sessions_one_open_proposal")
        ]

    def __str__(self) -> str:
        return f"{self.session} to {self.starts_at:%Y-%m-%d %H:%M}"

    def is_open(self, now: datetime) -> bool:
        """It can be answered until the session would begin, and until the proposed time itself."""
        return self.status == self.Status.OPEN and now < self.open_until

    @property
    def open_until(self) -> datetime:
        return min(self.old_starts_at, self.starts_at)
