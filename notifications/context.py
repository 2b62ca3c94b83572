from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.models import Notification


def unread(request: HttpRequest) -> dict[str, Any]:
    """`unread_notifications`: counted only when a template asks."""

    def count() -> int:
        user = getattr(request, "user", None)
        return Notification.objects.filter(recipient=user).unread().count() if user and user.is_authenticated else 0

    return {"unread_notifications": SimpleLazyObject(count)}
