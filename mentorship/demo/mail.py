from __future__ import annotations

from collections.abc import Sequence

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from mentorship.demo.models import DemoMail
from mentorship.kernel import clock


class DrawerBackend(BaseEmailBackend):
    """Keeps mails for the demo's drawer."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        at = clock.now()
        rows = [
            DemoMail(
                to=to,
                subject=str(message.subject),
                text=str(message.body),
                html=next((str(c) for c, kind in getattr(message, "alternatives", []) if kind == "text/html"), ""),
                kind=str(message.extra_headers.get("X-Mentorship-Kind", "")),
                sent_at=at,
            )
            for message in email_messages
            for to in message.recipients()
        ]
        DemoMail.objects.bulk_create(rows)
        return len(email_messages)
