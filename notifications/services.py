"""Telling people things. Everything is a row first (the outbox), written in the caller's transaction; it leaves after
commit, at least once, by `notifications.outbox`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils.text import Truncator

from mentorship.kernel import clock, jobs
from mentorship.kernel.tasks import run_job
from mentorship.people.models import User
from notifications.models import Delivery, Notification
from notifications.outbox import relay
from notifications.words import tell

__all__ = ["Notice", "notify", "notify_many", "relay", "send_mail", "withdraw"]


@dataclass(frozen=True)
class Notice:
    """One person to tell. `context` are the values the kind's sentences need (`notifications/kinds/`)."""

    recipient: User
    about: str
    dedupe_key: str
    now: datetime
    context: dict[str, Any] = field(default_factory=dict)
    not_after: datetime | None = None


def notify(
    kind: str,
    *,
    recipient: User,
    about: str,
    dedupe_key: str,
    now: datetime,
    not_after: datetime | None = None,
    **context: Any,
) -> None:
    """Tell one person one thing, once per `dedupe_key`, in the caller's transaction; mail follows after commit.

    `about` names what it concerns ("session:<id>"), for `withdraw`. After `not_after` (product time) it is not mailed
    any more. `context`: the values its sentences need, plus `url` (a path) and `ics` (bytes of a calendar file, or several); `role`
    ("student" | "mentor") where the names do not tell which of the two the recipient is.
    Raises KeyError for an unknown kind or a missing value.
    """
    notify_many(kind, [Notice(recipient, about, dedupe_key, now, context, not_after)])


def notify_many(kind: str, rows: Iterable[Notice]) -> int:
    """Tell many people, one statement for each thousand of them. Returns how many were new."""
    told, waiting = 0, iter(rows)
    while some := list(islice(waiting, 1000)):
        told += _write([_row(kind, notice) for notice in some])
    if told:
        _nudge()
    return told


# One statement: the notifications that are new by their key, and for each its mail, closed where the reader said so.
# A twin in another transaction waits at the unique key and then finds it taken.
_INSERT = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS row(
        recipient_id bigint, kind text, about text, dedupe_key text, title text, text text, action_label text, url text,
        "to" text, attachments jsonb, created_at timestamptz, not_after timestamptz)
), fresh AS (
    INSERT INTO notifications_notification
        (recipient_id, kind, about, dedupe_key, title, text, action_label, url, created_at, not_after)
    SELECT recipient_id, kind, about, dedupe_key, title, text, action_label, url, created_at, not_after FROM told
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, dedupe_key
)
INSERT INTO notifications_delivery
    (notification_id, channel, kind, "to", subject, text, html, attachments, created_at, not_after,
     status, attempts, next_attempt_at, error)
SELECT fresh.id, 'EMAIL', told.kind, told."to", told.title, '', '', told.attachments, told.created_at, told.not_after,
       CASE WHEN choice.enabled IS FALSE THEN 'OFF' ELSE 'PENDING' END, 0, %s, ''
FROM fresh
JOIN told USING (dedupe_key)
LEFT JOIN notifications_preference choice
    ON choice.user_id = told.recipient_id AND choice.kind = told.kind AND choice.channel = 'EMAIL'
"""


def _write(rows: Sequence[dict[str, Any]]) -> int:
    # Ascending keys: two transactions telling the same things wait for each other in one order.
    unique = {row["dedupe_key"]: row for row in sorted(rows, key=lambda row: row["dedupe_key"])}
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [json.dumps(list(unique.values())), clock.machine_now()])
        return cursor.rowcount


def _row(kind: str, notice: Notice) -> dict[str, Any]:
    context = dict(notice.context)
    ics = context.pop("ics", None)
    told = tell(kind, notice.recipient, context, notice.now)
    return {
        "recipient_id": notice.recipient.pk,
        "kind": kind,
        "about": notice.about,
        "dedupe_key": notice.dedupe_key,
        "title": told.title,
        "text": told.text,
        "action_label": told.action if told.url else "",
        "url": told.url,
        "to": notice.recipient.email,
        "attachments": _calendar_files(ics),
        "created_at": notice.now.isoformat(),
        "not_after": notice.not_after.isoformat() if notice.not_after else None,
    }


def _calendar_files(ics: bytes | Sequence[bytes] | None) -> list[list[str]]:
    """Attachments as the outbox keeps them. A calendar takes in each file by itself: one file, one event."""
    files = [ics] if isinstance(ics, bytes) else list(ics or ())
    names = ["session.ics"] if len(files) == 1 else [f"session-{n}.ics" for n in range(1, len(files) + 1)]
    return [[name, "text/calendar", base64.b64encode(file).decode()] for name, file in zip(names, files, strict=True)]


def withdraw(about: str, now: datetime, kinds: Iterable[str] | None = None) -> int:
    """Take back what was not yet told about `about` (optionally only these kinds): mails not sent, and their unread
    notifications. What a mail has already told stays on the reader's page. Returns how many mails will not leave.
    """
    unsent = Delivery.objects.filter(notification__about=about, status=Delivery.Status.PENDING)
    untold = Notification.objects.filter(about=about, read_at__isnull=True, withdrawn_at__isnull=True)
    if kinds is not None:
        wanted = list(kinds)
        unsent, untold = unsent.filter(kind__in=wanted), untold.filter(kind__in=wanted)
    with transaction.atomic():
        withdrawn = unsent.update(status=Delivery.Status.WITHDRAWN)
        untold.exclude(deliveries__status=Delivery.Status.SENT).update(withdrawn_at=now)
    return withdrawn


def send_mail(
    kind: str,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    *,
    now: datetime,
    not_after: datetime | None = None,
) -> Delivery:
    """A mail that is not a notification (codes, account mails): an outbox row in the caller's transaction."""
    mail = Delivery.objects.create(
        kind=kind,
        to=to,
        subject=Truncator(" ".join(subject.split())).chars(250),
        text=text,
        html=html,
        created_at=now,
        not_after=not_after,
        next_attempt_at=clock.machine_now(),
    )
    _nudge()
    return mail


def _look() -> None:
    jobs.nudge(run_job, "relay_outbox")


def _nudge() -> None:
    """Ask for one look at the outbox after commit, however many things one transaction tells."""
    if not any(waiting[1] is _look for waiting in connection.run_on_commit):
        transaction.on_commit(_look)
