"""Every change of a pack's counters goes through `record`: the entry that explains it and the counters move together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Sum

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import NotFound, Refusal
from packs.models import CreditEntry, Freeze, SessionPack
from packs.services.pausing import end_with_pack
from packs.services.shifting import shift_expiry

Kind = CreditEntry.Kind


def no_credit_left() -> Refusal:
    return Refusal("no_remaining_sessions", "All sessions of this pack are used or booked.")


def record(pack: SessionPack, kind: str, *, total: int = 0, held: int = 0, used: int = 0, **why: Any) -> CreditEntry:
    """Write one entry and move the counters by it. The CHECKs refuse what would go below zero or above the total.

    `why`: purchase or purchase_id, session_id, by, reason, at.
    """
    entry = CreditEntry.objects.create(pack=pack, kind=kind, total_delta=total, held_delta=held, used_delta=used, **why)
    SessionPack.objects.filter(pk=pack.pk).update(
        sessions_total=F("sessions_total") + total,
        sessions_held=F("sessions_held") + held,
        sessions_used=F("sessions_used") + used,
    )
    pack.refresh_from_db()
    return entry


def free_by_purchase(pack_ids: Iterable[int]) -> dict[int, list[tuple[int | None, int]]]:
    """For each pack the (purchase id, free credits) with free ones, oldest purchase first; gifts come last."""
    free = F("total_delta") - F("held_delta") - F("used_delta")
    rows = (
        CreditEntry.objects.filter(pack__in=list(pack_ids))
        .order_by()
        .values_list("pack_id", "purchase_id")
        .annotate(free=Sum(free))
        .filter(free__gt=0)
        .order_by("pack_id", F("purchase_id").asc(nulls_last=True))
    )
    found: dict[int, list[tuple[int | None, int]]] = defaultdict(list)
    for pack_id, purchase_id, count in rows:
        found[pack_id].append((purchase_id, count))
    return found


def hold_credit(*, pack: SessionPack, session_id: UUID, by: Any, now: datetime, reason: str = "") -> int | None:
    """available -> held, from the oldest purchase with credits. Returns that purchase's id (None: a gift).

    The caller has locked the pack. Raises Refusal `no_remaining_sessions`.
    """
    free = free_by_purchase([pack.pk])[pack.pk]
    if not free:
        raise no_credit_left()
    purchase_id = free[0][0]
    with polite(packs_held_and_used_within_total=no_credit_left()):
        record(pack, Kind.HELD, held=1, purchase_id=purchase_id, session_id=session_id, by=by, reason=reason, at=now)
    return purchase_id


def use_credit(
    *, pack: SessionPack, purchase_id: int | None, session_id: UUID, by: Any, reason: str, settled_at: datetime
) -> None:
    """held -> used. Only this makes a pack DEPLETED, or EXPIRED when it is settled past expiry."""
    record(
        pack,
        Kind.USED,
        held=-1,
        used=1,
        purchase_id=purchase_id,
        session_id=session_id,
        by=by,
        reason=reason,
        at=settled_at,
    )
    _mark_used_up(pack, settled_at)


def _mark_used_up(pack: SessionPack, settled_at: datetime) -> None:
    if pack.status == SessionPack.Status.ACTIVE and pack.sessions_used == pack.sessions_total:
        expired = pack.expires_at <= settled_at and not pack.clock_stands
        pack.status = SessionPack.Status.EXPIRED if expired else SessionPack.Status.DEPLETED
        pack.depleted_at = None if expired else settled_at
        pack.save(update_fields=["status", "depleted_at"])
        if pack.paused_at is not None:
            end_with_pack(pack, settled_at)


def release_credit(
    *, pack: SessionPack, purchase_id: int | None, session_id: UUID, by: Any, reason: str, now: datetime
) -> None:
    """held -> available, whatever the pack's state: the caller takes the credit out of the pack in the same breath."""
    record(pack, Kind.RETURNED, held=-1, purchase_id=purchase_id, session_id=session_id, by=by, reason=reason, at=now)


def lapse_credit(
    *, pack: SessionPack, purchase_id: int | None, session_id: UUID, by: Any, reason: str, now: datetime
) -> None:
    """held -> available; and where the pack is no longer open, the credit has lapsed at once (a student's own cancel)."""
    release_credit(pack=pack, purchase_id=purchase_id, session_id=session_id, by=by, reason=reason, now=now)
    if pack.status != SessionPack.Status.ACTIVE:
        record(
            pack,
            Kind.LAPSED,
            total=-1,
            purchase_id=purchase_id,
            session_id=session_id,
            by=None,
            reason="the pack has expired",
            at=now,
        )


def come_back(
    *, pack: SessionPack, purchase_id: int | None, session_id: UUID, by: Any, reason: str, now: datetime
) -> SessionPack:
    """A credit comes back that the student did not give up. Returns the pack it is in now.

    An open pack just gets it back; otherwise it moves to a make-up pack of one: no seat, 14 days, its purchase kept.
    """
    release_credit(pack=pack, purchase_id=purchase_id, session_id=session_id, by=by, reason=reason, now=now)
    return _find_home(pack, purchase_id, session_id, reason, now)


def unuse_credit(
    *,
    pack: SessionPack,
    purchase_id: int | None,
    session_id: UUID,
    seat_in_grace: bool,
    by: Any,
    reason: str,
    now: datetime,
) -> SessionPack:
    """used -> available: the session was judged anew. Returns the pack the credit is in now.

    A pack used up whose seat is in grace (the caller says so) is open again; otherwise as `come_back`.
    """
    record(pack, Kind.CORRECTED, used=-1, purchase_id=purchase_id, session_id=session_id, by=by, reason=reason, at=now)
    if pack.status == SessionPack.Status.DEPLETED and seat_in_grace:
        # Its expiry does not count while the grace runs, as for a renewal.
        pack.status, pack.depleted_at = SessionPack.Status.ACTIVE, None
        pack.save(update_fields=["status", "depleted_at"])
        longer = now + timedelta(days=settings.MENTORSHIP.make_up_days) - pack.expires_at
        shift_expiry([pack], max(longer, timedelta()), reason="the pack is open again", now=now)
        pack.refresh_from_db()
    return _find_home(pack, purchase_id, session_id, reason, now)


def take_returned(
    *, pack: SessionPack, purchase_id: int | None, session_id: UUID, by: Any, reason: str, now: datetime
) -> SessionPack:
    """A credit that had come back is used after all. Returns the pack it was taken from.

    That is the make-up pack it went to, or its own. Raises Refusal `no_remaining_sessions` when it is spent.
    """
    found = returned_credit(pack=pack, purchase_id=purchase_id, session_id=session_id)
    home = lock(SessionPack.objects.filter(pk=found.pk))[0]
    use = {"purchase_id": purchase_id, "session_id": session_id, "by": by, "reason": reason, "at": now}
    record(home, Kind.CORRECTED, used=1, **use)
    _mark_used_up(home, now)
    return home


def returned_credit(*, pack: SessionPack, purchase_id: int | None, session_id: UUID) -> SessionPack:
    """The pack that now has the credit this session gave back. Raises Refusal `no_remaining_sessions` when it is spent."""
    moved = CreditEntry.objects.filter(kind=Kind.MOVED_IN, session_id=session_id).values("pack")
    for home in SessionPack.objects.filter(Q(pk__in=moved) | Q(pk=pack.pk)).order_by("pk"):
        if dict(free_by_purchase([home.pk])[home.pk]).get(purchase_id):
            return home
    raise no_credit_left()


def _find_home(pack: SessionPack, purchase_id: int | None, session_id: UUID, reason: str, now: datetime) -> SessionPack:
    """A free credit of an open pack stays; else it moves to a make-up pack of one: no seat, 14 days, purchase kept."""
    if pack.is_open(now):
        return pack
    record(
        pack,
        Kind.MOVED_OUT,
        total=-1,
        purchase_id=purchase_id,
        session_id=session_id,
        by=None,
        reason="moved to a make-up pack",
        at=now,
    )
    make_up = SessionPack.objects.create(
        student_id=pack.student_id,
        mentor_id=pack.mentor_id,
        title="Make-up session",
        duration_minutes=pack.duration_minutes,
        takes_seat=False,
        created_at=now,
        expires_at=now + timedelta(days=settings.MENTORSHIP.make_up_days),
    )
    for freeze in pack.freezes.filter(until=None):
        # What is in dispute stays so wherever its credit goes.
        Freeze.objects.create(pack=make_up, cause=freeze.cause, since=now)
        SessionPack.objects.filter(pk=make_up.pk).update(frozen_at=now)
    record(
        make_up, Kind.MOVED_IN, total=1, purchase_id=purchase_id, session_id=session_id, by=None, reason=reason, at=now
    )
    return make_up


@transaction.atomic
def adjust_credits(*, pack_id: int, delta: int, by: Any, reason: str, now: datetime) -> SessionPack:
    """An admin gives (`delta` > 0) or takes free credits of an open pack.

    Raises NotFound, and Refusal `wrong_state` (not open), `no_remaining_sessions` (fewer free ones than to take).
    """
    packs = lock(SessionPack.objects.filter(pk=pack_id))
    if not packs:
        raise NotFound
    pack = packs[0]
    if not pack.is_open(now):
        raise Refusal("wrong_state", "This pack is not open any more.")
    if delta > 0:
        record(pack, Kind.GIVEN, total=delta, by=by, reason=reason, at=now)
    elif delta < 0:
        _take(pack, -delta, by=by, reason=reason, now=now)
    return pack


def _take(pack: SessionPack, count: int, *, by: Any, reason: str, now: datetime) -> None:
    free = free_by_purchase([pack.pk])[pack.pk]
    if sum(n for _, n in free) < count:
        raise no_credit_left()
    # Gifts go first, then the newest purchase: what was paid longest ago stays longest.
    for purchase_id, n in reversed(free):
        taken = min(n, count)
        if taken:
            record(pack, Kind.TAKEN, total=-taken, purchase_id=purchase_id, by=by, reason=reason, at=now)
        count -= taken
