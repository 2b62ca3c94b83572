from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from packs.models import CreditEntry, SessionPack


def shift_expiry(
    packs: Iterable[SessionPack], length: timedelta, *, reason: str, by: Any = None, now: datetime
) -> None:
    """Move the expiry of these packs, which the caller has locked; a line on each statement says to when and why.

    Three statements for any number of packs. A pack that is over moves without a line: nothing ends there any more.
    """
    ids = [pack.pk for pack in packs]
    if not ids or not length:
        return
    SessionPack.objects.filter(pk__in=ids).update(expires_at=F("expires_at") + length)
    moved = SessionPack.objects.filter(pk__in=ids, status=SessionPack.Status.ACTIVE).order_by("pk")
    CreditEntry.objects.bulk_create(
        CreditEntry(pack_id=pk, kind=CreditEntry.Kind.EXPIRY, expires_at=expires_at, reason=reason, by=by, at=now)
        for pk, expires_at in moved.values_list("pk", "expires_at")
    )
