from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from packs.models import CreditEntry, DaysGiven, SessionPack


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


def give_days(
    packs: Iterable[SessionPack], begins_at: datetime, length: timedelta, *, cause: str, reason: str, now: datetime
) -> None:
    """Make these packs, which the caller has locked, valid longer for days ahead, once for each cause.

    A pause or a freeze that covers some of these days moves the expiry by the rest of its time only (see `stood`).
    """
    packs = list(packs)
    shift_expiry(packs, length, reason=reason, now=now)
    DaysGiven.objects.bulk_create(
        DaysGiven(pack=pack, cause=cause, begins_at=begins_at, ends_at=begins_at + length) for pack in packs
    )


def take_days_back(packs: Iterable[SessionPack], length: timedelta, *, cause: str, reason: str, now: datetime) -> None:
    """Undo `give_days` for these packs, which the caller has locked, before the days have begun."""
    packs = list(packs)
    shift_expiry(packs, -length, reason=reason, now=now)
    DaysGiven.objects.filter(pack__in=packs, cause=cause).delete()


def stood(pack: SessionPack, since: datetime, until: datetime) -> timedelta:
    """How much longer a pack is valid whose clock stood from `since` to `until`: the days in it that were given for
    something else already do not count again.
    """
    found = DaysGiven.objects.filter(pack=pack, begins_at__lt=until, ends_at__gt=since)
    length, at = timedelta(), since
    for given in found.order_by("begins_at"):
        length += max(given.begins_at - at, timedelta())
        at = max(at, given.ends_at)
    return length + max(until - at, timedelta())
