"""A row of the outbox as a mail: text and HTML with one action, the same Message-ID however often it is sent."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from notifications.models import Delivery

SETTINGS_PATH = "/settings/notifications"


def message_for(row: Delivery, server: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
    """The finished mail. Raises ValueError for a row that cannot be written as one."""
    text, html = bodies(row)
    headers = {"X-Mentorship-Kind": row.kind, "Message-ID": message_id(row), "Auto-Submitted": "auto-generated"}
    if row.notification_id:
        headers["List-Unsubscribe"] = f"<{absolute(SETTINGS_PATH)}>"
    mail = EmailMultiAlternatives(row.subject, text, to=[row.to], headers=headers, connection=server)
    if html:
        mail.attach_alternative(html, "text/html")
    for name, media_type, content in row.attachments:
        mail.attach(name, base64.b64decode(content), media_type)
    return mail


def bodies(row: Delivery) -> tuple[str, str]:
    """Text and HTML: as stored, or, for a notification, made from its words (so that telling writes no HTML)."""
    told = row.notification
    if told is None:
        return row.text, row.html
    context: dict[str, Any] = {
        "title": told.title,
        "text": told.text,
        "action_label": told.action_label,
        "action_url": absolute(told.url) if told.url else "",
        "settings_url": absolute(SETTINGS_PATH),
        "name": told.recipient.first_name,
    }
    return (
        render_to_string("notifications/mail.txt", context).strip() + "\n",
        render_to_string("notifications/mail.html", context),
    )


def message_id(row: Delivery) -> str:
    """The same for every attempt, another for every row (also after the ids of a new database start again)."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return f"<{row.pk}.{int(row.created_at.timestamp())}@{host}>"


def absolute(path: str) -> str:
    return urljoin(f"{settings.BASE_URL}/", path)
