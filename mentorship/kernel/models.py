from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class ClockOffset(models.Model):
    """The demo clock: one row whose offset `clock.now()` adds. Only the demo reads or writes it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    offset = models.DurationField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="kernel_one_clock")]

    def __str__(self) -> str:
        return f"now + {self.offset}"


class IdempotencyKey(models.Model):
    """The answer that a POST with this key got, stored in the transaction of its effect. Only successes are stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    answer = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "scope", "key"], name="kernel_idempotency_key")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
