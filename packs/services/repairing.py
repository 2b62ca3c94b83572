"""What is put right by hand: an expiry moved to another day, a remark on the statement, credits that are given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from notifications.services import withdraw
from packs.models import CreditEntry, SessionPack
from packs.services.credits import free_by_purchase, record
from packs.services.pausing import end_with_pack
from packs.services.refunding import close_refunded
from packs.services.shifting import shift_expiry

Kind, Status = CreditEntry.Kind, SessionPack.Status


def _lock(pack_id: int) -> SessionPack:
    people = SessionPack.objects.filter(pk=pack_id).values_list("student_id", "mentor_id").first()
    if people is None:
        raise NotFound("There is no such pack.")
    lock_people(people)
    return lock(SessionPack.objects.filter(pk=pack_id))[0]


@transaction.atomic
def move_expiry(*, pack_id: int, expires_at: datetime, by: Any, reason: str, now: datetime) -> SessionPack:
    """An admin moves the expiry of an open pack, either way; a line on the statement says to when and why.

    What is booked already keeps its time. Warnings of the old expiry that nobody has read yet are taken back. Raises
    NotFound, Malformed (in the past), Refusal `wrong_state` (not open any more).
    """
    pack = _lock(pack_id)
    if not pack.is_open(now):
        raise Refusal("wrong_state", "This pack is not open any more.")
    if expires_at <= now:
        raise Malformed("The new expiry has to lie ahead.")
    withdraw(f"pack:{pack.pk}", now=now, kinds=["pack_expiring"])
    shift_expiry([pack], expires_at - pack.expires_at, reason=reason, by=by, now=now)
    pack.refresh_from_db()
    return pack


def remark(pack: SessionPack, text: str, *, by: Any, now: datetime) -> None:
    """A line on the statement that moves no credit: what was done, and why."""
    record(pack, Kind.NOTED, by=by, reason=text[:300], at=now)


@transaction.atomic
def give_up(*, pack_id: int, by: Any, reason: str, now: datetime) -> int:
    """The free credits are given up and lapse now, as at an expiry; what is booked keeps its time. Returns how many.

    Raises NotFound. Of a pack that is over nothing is left to give up.
    """
    pack = _lock(pack_id)
    if not pack.is_open(now):
        return 0
    given = _lapse(pack, by=by, reason=reason, now=now)
    if pack.paused_at is not None:
        end_with_pack(pack, now)
    pack.refresh_from_db()
    pack.expires_at = now
    used_up = pack.sessions_used == pack.sessions_total and pack.sessions_used > 0 and not given
    pack.status = Status.DEPLETED if used_up else Status.EXPIRED
    pack.depleted_at = now if used_up else None
    pack.save(update_fields=["expires_at", "status", "depleted_at"])
    withdraw(f"pack:{pack.pk}", now=now, kinds=["pack_expiring", "renewal_reminder"])
    return given


def _lapse(pack: SessionPack, *, by: Any, reason: str, now: datetime) -> int:
    free = free_by_purchase([pack.pk])[pack.pk]
    for purchase_id, count in free:
        record(pack, Kind.LAPSED, total=-count, purchase_id=purchase_id, by=by, reason=reason, at=now)
    return sum(count for _, count in free)


@transaction.atomic
def take_all(*, pack_id: int, by: Any, reason: str, now: datetime) -> int:
    """Take every free credit of a pack for which no money goes back, and close it when nothing is booked any more.

    Returns how many were taken. Raises NotFound.
    """
    pack = _lock(pack_id)
    free = free_by_purchase([pack.pk])[pack.pk]
    for purchase_id, count in free:
        record(pack, Kind.TAKEN, total=-count, purchase_id=purchase_id, by=by, reason=reason, at=now)
    if pack.paused_at is not None and not pack.unsettled:
        end_with_pack(pack, now)
        pack.refresh_from_db()
    close_refunded(pack)
    return sum(count for _, count in free)
