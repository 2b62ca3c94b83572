from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError
from django.db.models import Max
from django.db.models.functions import Greatest

from mentorship.kernel.jobs import job
from mentorship.kernel.refusals import Refusal
from notifications.services import Notice, notify_many
from packs.models import Pause, SessionPack
from packs.services import resume

log = structlog.get_logger(__name__)
WARN_DAYS = (30, 7, 1)


@job
def end_pauses(now: datetime) -> int:
    """Resume what was paused for as long as was agreed; close questions about packs that are over."""
    done = 0
    over = Pause.objects.filter(status=Pause.Status.RUNNING, ends_at__lte=now).order_by("ends_at", "pk")
    for pk in list(over.values_list("pk", flat=True)):
        try:
            done += resume(pause_id=pk, by=None, now=now).status == Pause.Status.ENDED
        except (DatabaseError, Refusal):
            log.exception("end_pause_failed", pause=pk)
    asked = Pause.objects.filter(status=Pause.Status.ASKED)
    asked.exclude(pack__in=SessionPack.objects.open(now)).update(status=Pause.Status.LAPSED)
    return done


@job
def warn_pack_expiry(now: datetime) -> int:
    """Tell students 30, 7 and 1 days before expiry how many credits are at risk; a late run sends only the nearest."""
    at_risk = (
        SessionPack.objects.open(now)
        .filter(
            expires_at__lte=now + timedelta(days=max(WARN_DAYS)),
            sessions_remaining__gt=0,
            paused_at=None,
            frozen_at=None,
        )
        .annotate(told_at=Greatest("created_at", Max("purchases__created_at"), Max("pauses__ended_at")))
        .select_related("student", "mentor")
    )
    notices = []
    for pack in at_risk.iterator(chunk_size=1000):
        days = min(d for d in WARN_DAYS if pack.expires_at <= now + timedelta(days=d))
        if pack.told_at >= pack.expires_at - timedelta(days=days):
            continue  # it was bought or extended, or its pause ended, inside this window: they have just read the date
        notices.append(
            Notice(
                recipient=pack.student,
                about=f"pack:{pack.pk}",
                dedupe_key=f"pack_expiring:{pack.pk}:{days}:{pack.expires_at.isoformat()}",
                now=now,
                not_after=pack.expires_at,
                context={
                    "mentor_name": pack.mentor.display_name,
                    "credits": pack.sessions_remaining,
                    "expires_at": pack.expires_at,
                    "url": pack.get_absolute_url(),
                },
            )
        )
    return notify_many("pack_expiring", notices)
