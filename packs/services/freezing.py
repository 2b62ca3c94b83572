"""While money or a session is in dispute a pack is frozen: nothing can be booked from it, and its clock stands."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from mentorship.kernel import local_time
from mentorship.kernel.locking import lock
from packs.models import Freeze, SessionPack
from packs.services.expiry import expire_lapsed
from packs.services.pausing import resume_overdue
from packs.services.shifting import shift_expiry, stood


@transaction.atomic
def freeze(pack: SessionPack, *, cause: str, now: datetime) -> None:
    """Freeze for this cause; once for each. What had expired before has expired, a pause that was over is over.

    The caller holds the people's locks.
    """
    resume_overdue([pack], now)
    expire_lapsed(SessionPack.objects.filter(pk=pack.pk), now=now)
    locked = lock(SessionPack.objects.filter(pk=pack.pk))[0]
    _, new = Freeze.objects.get_or_create(pack=locked, cause=cause, defaults={"since": now})
    if new and locked.frozen_at is None:
        SessionPack.objects.filter(pk=locked.pk).update(frozen_at=now)
    pack.refresh_from_db()


@transaction.atomic
def thaw(pack: SessionPack, *, cause: str, now: datetime) -> None:
    """This cause is over. When it was the last, the pack's expiry moves by the time the clock stood. Twice is harmless."""
    locked = lock(SessionPack.objects.filter(pk=pack.pk))[0]
    ended = Freeze.objects.filter(pack=locked, cause=cause, until=None).update(until=now)
    if ended and locked.frozen_at is not None and not locked.freezes.filter(until=None).exists():
        # A pause meanwhile: both together stood since the earlier one, and the pause goes on from now.
        since = min(filter(None, [locked.frozen_at, locked.paused_at]))
        SessionPack.objects.filter(pk=locked.pk).update(frozen_at=None, paused_at=now if locked.paused_at else None)
        reason = f"it was frozen for {local_time.span(now - since)}"
        shift_expiry([locked], stood(locked, since, now), reason=reason, now=now)
    pack.refresh_from_db()
