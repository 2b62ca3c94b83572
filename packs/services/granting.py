from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from mentorship.kernel.locking import lock
from packs.models import CreditEntry, Purchase, SessionPack
from packs.services.credits import record
from packs.services.expiry import expire_lapsed


@transaction.atomic
def grant_or_extend(
    *,
    student_id: int,
    mentor_id: int,
    offering_id: int | None,
    title: str,
    sessions: int,
    duration_minutes: int,
    validity_days: int,
    takes_seat: bool,
    amount_minor: int,
    currency: str,
    order_id: UUID | None,
    seat_in_grace_since: datetime | None = None,
    by: Any = None,
    now: datetime,
) -> Purchase:
    """Give what was bought: extend the open pack of this mentor and length, or open a new one. Returns the purchase.

    `seat_in_grace_since`: the pair's seat is in grace and was taken at that instant; a pack used up since then is
    extended too, whatever its expiry. `expires_at` only ever moves later. The caller holds the people's locks.
    Raises IntegrityError (`order_id` is unique) when this order was granted before.
    """
    expire_lapsed(SessionPack.objects.filter(student_id=student_id, mentor_id=mentor_id), now=now)
    pack = _pack_to_extend(student_id, mentor_id, duration_minutes, seat_in_grace_since, now) if takes_seat else None
    expires_at = now + timedelta(days=validity_days)
    if pack is None:
        pack = SessionPack.objects.create(
            student_id=student_id,
            mentor_id=mentor_id,
            title=title,
            duration_minutes=duration_minutes,
            takes_seat=takes_seat,
            created_at=now,
            expires_at=expires_at,
        )
    else:
        _reopen(pack, max(pack.expires_at, expires_at), now)
    purchase = Purchase.objects.create(
        pack=pack,
        order_id=order_id,
        offering_id=offering_id,
        title=title,
        sessions=sessions,
        amount_minor=amount_minor,
        currency=currency,
        created_at=now,
    )
    record(pack, CreditEntry.Kind.GRANTED, total=sessions, purchase=purchase, by=by, reason=title, at=now)
    return purchase


@dataclass(frozen=True)
class Extension:
    """What buying again would do: to the `pack` that is extended, with `left` sessions unused and `revived` coming back."""

    pack: SessionPack
    left: int
    revived: int
    expires_at: datetime


def what_if_extended(
    *,
    student_id: int,
    mentor_id: int,
    duration_minutes: int,
    validity_days: int,
    seat_in_grace_since: datetime | None,
    now: datetime,
) -> Extension | None:
    """What `grant_or_extend` would do at `now` with something that takes a seat. None: it opens a new pack."""
    packs = _extendable(student_id, mentor_id, duration_minutes, seat_in_grace_since, now)
    pack = max(packs, key=lambda p: (p.is_open(now), p.pk), default=None)
    if pack is None:
        return None
    left = pack.total_at(now) - pack.sessions_used
    expires_at = max(pack.expires_at, now + timedelta(days=validity_days))
    return Extension(pack, left, revived_by_renewal(pack, now), expires_at)


def revived_by_renewal(pack: SessionPack, now: datetime) -> int:
    """How many unused credits of this pack come back if it is renewed at `now`; none unless it has expired."""
    if pack.has_lapsed(now):
        return pack.sessions_total - pack.total_at(now)
    if pack.status != SessionPack.Status.EXPIRED:
        return 0
    return sum(count for _, count in lapsed_by_purchase(pack))


def _pack_to_extend(
    student_id: int, mentor_id: int, duration_minutes: int, seat_in_grace_since: datetime | None, now: datetime
) -> SessionPack | None:
    found = lock(_extendable(student_id, mentor_id, duration_minutes, seat_in_grace_since, now))
    # An ACTIVE one first (there is at most one), else the one that was used up last.
    return max(found, key=lambda p: (p.status == SessionPack.Status.ACTIVE, p.pk), default=None)


def _extendable(
    student_id: int, mentor_id: int, duration_minutes: int, seat_in_grace_since: datetime | None, now: datetime
) -> QuerySet[SessionPack]:
    extendable = SessionPack.objects.unexpired(now)
    if seat_in_grace_since is not None:
        extendable |= Q(status=SessionPack.Status.DEPLETED, depleted_at__gte=seat_in_grace_since)
        extendable |= SessionPack.objects.in_expiry_grace(now)
    return SessionPack.objects.filter(
        extendable, student_id=student_id, mentor_id=mentor_id, duration_minutes=duration_minutes, takes_seat=True
    )


def _reopen(pack: SessionPack, expires_at: datetime, now: datetime) -> None:
    was_expired = pack.status == SessionPack.Status.EXPIRED
    if expires_at > pack.expires_at:
        # It now ends by what was bought, without the days that were given before: a pause in them counts whole.
        pack.days_given.all().delete()
    pack.status, pack.depleted_at, pack.expires_at = SessionPack.Status.ACTIVE, None, expires_at
    pack.save(update_fields=["status", "depleted_at", "expires_at"])
    if was_expired:
        # Renewed within the expiry grace: what lapsed at this expiry lives again, each credit under its purchase.
        for purchase_id, count in lapsed_by_purchase(pack):
            record(
                pack, CreditEntry.Kind.REVIVED, total=count, purchase_id=purchase_id, reason="renewed in time", at=now
            )


def lapsed_by_purchase(pack: SessionPack) -> list[tuple[int | None, int]]:
    """(purchase id, credits) of what lapsed and was not revived since."""
    kinds = [CreditEntry.Kind.LAPSED, CreditEntry.Kind.REVIVED]
    rows = pack.entries.filter(kind__in=kinds).order_by().values_list("purchase_id").annotate(n=-Sum("total_delta"))
    return [(purchase_id, n) for purchase_id, n in rows if n > 0]
