"""The way out: rows that wait are claimed, sent after the claim has committed, and then marked.

A claim is a lease in machine time, so a process that dies between sending and marking, or before, loses nothing: the row
is due again when the lease ends, and the same Message-ID lets mail programs drop the second copy. At least once.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F

from mentorship.kernel import clock
from notifications.mail import message_for
from notifications.models import Delivery, DeliveryQuerySet

log = structlog.get_logger(__name__)

BATCH = 20
LEASE = timedelta(minutes=5)  # longer than a batch can take: 20 sends of at most 10 s
ATTEMPTS = 8
RUN_SECONDS = 60.0
Status = Delivery.Status


def relay(now: datetime) -> int:
    """Send what is due. `now` (product time) judges `not_after`; attempts and leases live in machine time.

    Any number of workers may do this at once. Stops by itself after a minute or when the mail server is away. Returns
    how many were sent.
    """
    sent, until = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < until and (batch := claim(now)):
        done, reachable = _send_batch(batch)
        sent += done
        if not reachable:
            break
    return sent


def claim(now: datetime) -> list[Delivery]:
    """Lease the next rows to this process; those that are worthless by now, or were tried too often, are put away."""
    while True:
        with transaction.atomic():
            rows = list(
                Delivery.objects.due(clock.machine_now())
                .select_related("notification__recipient")
                .order_by("next_attempt_at", "pk")
                .select_for_update(skip_locked=True, no_key=True, of=("self",))[:BATCH]
            )
            stale = {row.pk for row in rows if row.not_after and row.not_after < now}
            spent = {row.pk for row in rows if row.attempts >= ATTEMPTS} - stale
            ours = [row for row in rows if row.pk not in stale | spent]
            Delivery.objects.filter(pk__in=stale).update(status=Status.STALE)
            Delivery.objects.filter(pk__in=spent).update(status=Status.FAILED)
            Delivery.objects.filter(pk__in=[row.pk for row in ours]).update(
                attempts=F("attempts") + 1, next_attempt_at=clock.machine_now() + LEASE
            )
        for row in ours:
            row.attempts += 1
        if ours or not rows:
            return ours


def _send_batch(batch: list[Delivery]) -> tuple[int, bool]:
    """Returns how many were sent and whether the server could be reached."""
    server = get_connection()
    sent = 0
    try:
        for place, row in enumerate(batch):
            try:
                server.open()
            except Exception as away:  # noqa: BLE001  (whatever it is, everything waits for its next attempt)
                log.warning("mail_server_away", error=str(away))
                for waiting in batch[place:]:
                    _retry(waiting, away)
                return sent, False
            sent += _send(server, row)
    finally:
        _close(server)
    return sent, True


def _send(server: BaseEmailBackend, row: Delivery) -> int:
    if not _mine(row).exists():
        return 0  # withdrawn meanwhile, or the lease ran out and somebody else has it
    try:
        server.send_messages([message_for(row, server)])
    except Exception as refused:  # noqa: BLE001  (one bad row never stops the rest)
        _judge(row, refused)
        _close(server)  # after an error the connection's state is anybody's guess
        return 0
    Delivery.objects.filter(pk=row.pk).update(status=Status.SENT, sent_at=clock.machine_now(), error="")
    return 1


def _mine(row: Delivery) -> DeliveryQuerySet:
    return Delivery.objects.filter(pk=row.pk, status=Status.PENDING, attempts=row.attempts)


def _judge(row: Delivery, refused: Exception) -> None:
    if _mailbox_gone(refused):
        _end(row, Status.OFF, refused)
    elif _permanent(refused) or row.attempts >= ATTEMPTS:
        _end(row, Status.FAILED, refused)
    else:
        _retry(row, refused)


def _mailbox_gone(refused: Exception) -> bool:
    """The server says for good that this recipient takes no mail."""
    return isinstance(refused, smtplib.SMTPRecipientsRefused) and all(c >= 500 for c, _ in refused.recipients.values())


def _permanent(refused: Exception) -> bool:
    """This message will never be accepted as it is: refused for good, or impossible to write."""
    if isinstance(refused, smtplib.SMTPResponseException):
        return refused.smtp_code >= 500
    return isinstance(refused, ValueError)


def _end(row: Delivery, status: str, why: Exception) -> None:
    log.warning("mail_not_sent", delivery=row.pk, kind=row.kind, status=status, error=str(why))
    _mine(row).update(status=status, error=_words(why))


def _retry(row: Delivery, why: Exception) -> None:
    if row.attempts >= ATTEMPTS:
        _end(row, Status.FAILED, why)
        return
    log.warning("mail_waits", delivery=row.pk, kind=row.kind, attempts=row.attempts, error=str(why))
    _mine(row).update(next_attempt_at=clock.machine_now() + backoff(row.attempts), error=_words(why))


def backoff(attempts: int) -> timedelta:
    """30 s, 2 min, 8 min, 32 min, 2 h, then every 4 h: eight attempts outlast a night without the mail server."""
    return min(timedelta(seconds=30) * 4 ** (attempts - 1), timedelta(hours=4))


def _words(why: Exception) -> str:
    return f"{type(why).__name__}: {why}"[:500]


def _close(server: BaseEmailBackend) -> None:
    close: Callable[[], None] = server.close
    try:
        close()
    except Exception as already_gone:  # noqa: BLE001
        log.info("mail_connection_lost", error=str(already_gone))
