from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from mentorship.kernel.locking import lock
from packs.models import CreditEntry, SessionPack
from packs.services.credits import free_by_purchase


@transaction.atomic
def expire_lapsed(packs: QuerySet[SessionPack], *, now: datetime) -> list[SessionPack]:
    """Mark those of `packs` EXPIRED that are past expiry; their free credits lapse, stamped with the expiry itself.

    The statements do not depend on the number of packs. Sessions already booked survive. The caller holds the locks of
    the people concerned. Returns the packs that were marked.
    """
    found = lock(packs.lapsed(now))  # type: ignore[attr-defined]
    if not found:
        return []
    free = free_by_purchase([p.pk for p in found])
    CreditEntry.objects.bulk_create(
        CreditEntry(
            pack=pack,
            kind=CreditEntry.Kind.LAPSED,
            total_delta=-count,
            purchase_id=purchase_id,
            reason="the pack has expired",
            at=pack.expires_at,
        )
        for pack in found
        for purchase_id, count in free[pack.pk]
    )
    SessionPack.objects.filter(pk__in=[p.pk for p in found]).update(
        status=SessionPack.Status.EXPIRED, sessions_total=F("sessions_held") + F("sessions_used")
    )
    return found
