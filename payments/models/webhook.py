from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

MAX_ATTEMPTS = 8


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def due(self, machine_now: datetime) -> WebhookEventQuerySet:
        return self.waiting().filter(next_attempt_at__lte=machine_now)

    def waiting(self) -> WebhookEventQuerySet:
        """Not worked off yet: new, or to be tried again."""
        return self.filter(processed_at__isnull=True, dead_at__isnull=True)

    def dead(self) -> WebhookEventQuerySet:
        """Given up after too many failures: somebody has to look."""
        return self.filter(dead_at__isnull=False)

    def done(self) -> WebhookEventQuerySet:
        return self.filter(processed_at__isnull=False)

    def over(self) -> WebhookEventQuerySet:
        """Nothing happens to it any more by itself."""
        return self.filter(Q(dead_at__isnull=False) | Q(processed_at__isnull=False))


class WebhookEvent(models.Model):
    """A provider's signed word, as it came. It is a hint: what is true is asked of the provider."""

    provider = models.CharField(max_length=20)
    event_key = models.CharField(max_length=200)
    kind = models.CharField(max_length=100, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    payload = models.TextField()
    received_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(help_text="Machine time.")
    error = models.TextField(blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "event_key"], name="payments_event_once")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(processed_at__isnull=True, dead_at__isnull=True),
                name="payments_events_due",
            ),
            models.Index(fields=["provider"], condition=Q(dead_at__isnull=False), name="payments_dead_letters"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.event_key}"
