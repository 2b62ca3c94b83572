from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class NotificationQuerySet(models.QuerySet["Notification"]):
    def shown(self) -> NotificationQuerySet:
        """What the reader's page lists: everything that was not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def unread(self) -> NotificationQuerySet:
        return self.shown().filter(read_at__isnull=True)

    def mark_read(self, now: datetime) -> int:
        """Returns how many were unread."""
        return self.unread().update(read_at=now)


class Notification(models.Model):
    """One thing somebody is told, once (`dedupe_key`), with the words it was told in."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=80, blank=True, help_text="What it concerns, e.g. session:<id>.")
    dedupe_key = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=200)
    text = models.TextField()
    action_label = models.CharField(max_length=60, blank=True)
    url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True, blank=True, help_text="Worthless after this: not sent any more.")
    read_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notifications_of_reader"),
            models.Index(
                fields=["recipient"],
                condition=Q(read_at__isnull=True, withdrawn_at__isnull=True),
                name="notifications_unread",
            ),
            models.Index(fields=["about"], name="notifications_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, machine_now: datetime) -> DeliveryQuerySet:
        return self.filter(status=Delivery.Status.PENDING, next_attempt_at__lte=machine_now)


class Delivery(models.Model):
    """The outbox: one message that still has to leave, or has left. Claimed with SKIP LOCKED, sent after commit."""

    class Channel(models.TextChoices):
        EMAIL = "EMAIL", "mail"
        DISCORD = "DISCORD", "Discord"

    class Status(models.TextChoices):
        PENDING = "PENDING", "waiting"
        SENT = "SENT", "sent"
        OFF = "OFF", "channel closed"
        STALE = "STALE", "too late to be useful"
        WITHDRAWN = "WITHDRAWN", "withdrawn"
        FAILED = "FAILED", "given up"

    notification = models.ForeignKey(
        Notification, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    kind = models.CharField(max_length=40)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField(blank=True)
    attachments = models.JSONField(default=list, blank=True, help_text="[name, media type, base64] each.")
    created_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(help_text="Machine time.")
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="notifications_one_per_channel")
        ]
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(status="PENDING"), name="notifications_outbox")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"


class Preference(models.Model):
    """A person's choice for one kind and channel; without a row the channel is on."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Delivery.Channel.choices)
    enabled = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "channel"], name="notifications_one_preference")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {'on' if self.enabled else 'off'}"
