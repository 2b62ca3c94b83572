from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class CalendarFeed(models.Model):
    """A person's private calendar address. Whoever knows the secret reads it; a new secret ends the old address."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    secret = models.CharField(max_length=64, unique=True, default=new_secret)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"feed of {self.person}"

    @property
    def path(self) -> str:
        return f"/calendar/{self.secret}.ics"
