"""Credits that were paid for and go back with their money. What is used, or has earned its share, stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, Q, Sum

from packs.models import CreditEntry, SessionPack
from packs.services.credits import record

Kind = CreditEntry.Kind


@dataclass(frozen=True)
class Unsettled:
    """Credits of one purchase in one pack that are free or lapsed. `lapses` are the entries by which they lapsed."""

    pack: SessionPack
    free: int
    lapsed: int = 0
    lapses: tuple[CreditEntry, ...] = field(default=())


def unsettled_of(purchase_id: int) -> list[Unsettled]:
    """Free and lapsed credits of this purchase, in whichever packs they are now (a make-up pack, too)."""
    free = Sum(F("total_delta") - F("held_delta") - F("used_delta"))
    gone = Sum("total_delta", filter=Q(kind__in=[Kind.LAPSED, Kind.REVIVED]), default=0)
    rows = CreditEntry.objects.filter(purchase=purchase_id).order_by("pack").values("pack").annotate(f=free, g=gone)
    packs = SessionPack.objects.in_bulk([row["pack"] for row in rows])
    return [
        Unsettled(packs[row["pack"]], max(row["f"], 0), -row["g"], _standing_lapses(row["pack"], purchase_id))
        for row in rows
    ]


def _standing_lapses(pack_id: int, purchase_id: int) -> tuple[CreditEntry, ...]:
    """The lapses that no revival has undone."""
    entries = CreditEntry.objects.filter(pack=pack_id, purchase=purchase_id, kind__in=[Kind.LAPSED, Kind.REVIVED])
    standing: list[CreditEntry] = []
    for entry in entries.order_by("pk"):
        standing = [] if entry.kind == Kind.REVIVED else [*standing, entry]
    return tuple(standing)


def refund_credits(
    pack: SessionPack,
    *,
    purchase_id: int,
    count: int,
    lapses: Iterable[CreditEntry] = (),
    by: Any,
    reason: str,
    now: datetime,
) -> None:
    """Take `count` credits of this purchase out of the pack: free ones, or (with `lapses`) lapsed ones.

    Lapsed ones live again for a moment, so that the share of their lapse is not paid out; what is not refunded of them
    lapses again, at the time it did. The caller has locked the pack.
    """
    why = {"purchase_id": purchase_id, "by": by, "reason": reason}
    lapses = list(lapses)
    if lapses:
        revived = -sum(entry.total_delta for entry in lapses)
        record(pack, Kind.REVIVED, total=revived, at=now, **why)
        record(pack, Kind.REFUNDED, total=-count, at=now, **why)
        if revived > count:
            lapsed_at = max(entry.at for entry in lapses)
            record(pack, Kind.LAPSED, total=count - revived, at=lapsed_at, **why)
    elif count:
        record(pack, Kind.REFUNDED, total=-count, at=now, **why)


def close_refunded(pack: SessionPack) -> bool:
    """A refund has left no unsettled credit: the pack is REFUNDED. False when something is left, or it was over."""
    if pack.unsettled or pack.status not in (SessionPack.Status.ACTIVE, SessionPack.Status.EXPIRED):
        return False
    pack.status = SessionPack.Status.REFUNDED
    pack.save(update_fields=["status"])
    return True


def restore_credits(pack: SessionPack, *, purchase_id: int, count: int, by: Any, reason: str, now: datetime) -> bool:
    """The money could not go back after all: its credits return to their pack. False when that pack is over."""
    if not pack.is_open(now):
        return False
    record(pack, Kind.GIVEN, total=count, purchase_id=purchase_id, by=by, reason=reason, at=now)
    return True
