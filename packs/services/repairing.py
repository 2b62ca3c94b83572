"""What is put right by hand: an expiry moved to another day, a remark on the statement, credits that are given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from notifications.services import withdraw
from packs.models import CreditEntry, SessionPack
from packs.services.credits import free_by_purchase, record
from packs.services.expiry import expire_lapsed
from packs.services.granting import lapsed_by_purchase
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
    """An admin moves the expiry of a pack, either way; a line on the statement says to when and why.

    What is booked already keeps its time. Warnings of the old expiry that nobody has read yet are taken back. A pack
    that has expired is open again, with what lapsed then, as long as the mentor was not paid for it; its seat is the
    caller's business. Raises NotFound, Malformed (in the past), Refusal `wrong_state` (used up, refunded, or expired too
    long ago).
    """
    pack = _lock(pack_id)
    if expires_at <= now:
        raise Malformed("The new expiry has to lie ahead.")
    expire_lapsed(SessionPack.objects.filter(pk=pack.pk), now=now)
    pack.refresh_from_db()
    if pack.status == Status.EXPIRED:
        _revive(pack, by=by, reason=reason, now=now)
    if not pack.is_open(now) and pack.status != Status.ACTIVE:
        raise Refusal("wrong_state", "This pack is not open any more.")
    withdraw(f"pack:{pack.pk}", now=now, kinds=["pack_expiring"])
    shift_expiry([pack], expires_at - pack.expires_at, reason=reason, by=by, now=now)
    pack.refresh_from_db()
    return pack


def _revive(pack: SessionPack, *, by: Any, reason: str, now: datetime) -> None:
    """What lapsed at the expiry lives again, each credit under its purchase."""
    lapsed = lapsed_by_purchase(pack)
    last = pack.entries.filter(kind=Kind.LAPSED).order_by("-at").values_list("at", flat=True).first()
    hours = settings.MENTORSHIP.money_hold_hours
    if not lapsed or last is None or last <= now - timedelta(hours=hours):
        said = f"It expired with nothing left, or more than {hours} hours ago: then the mentor has earned it. "
        raise Refusal("wrong_state", f"{said}Record money of 0 to give another pack.")
    pack.status = Status.ACTIVE
    another = Refusal("wrong_state", "There is another open pack of this length. Give credits in that one instead.")
    with polite(packs_one_open_per_pair_and_length=another):
        pack.save(update_fields=["status"])
    for purchase_id, count in lapsed:
        record(pack, Kind.REVIVED, total=count, purchase_id=purchase_id, by=by, reason=reason, at=now)


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
