"""Whether a student buys the next pack without asking. A mentor may end that for one student, before the last session."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from notifications.services import notify, withdraw
from packs.models import SessionPack

Status = SessionPack.Status


def renewal_is_off(student_id: int, mentor_id: int, now: datetime) -> bool:
    """This student asks this mentor before buying a pack, whatever the offering's mode. One query.

    It stands for the pair until the mentor takes it back, also when the seat is gone: nobody gets around the mentor's
    answer by waiting for the grace to end. What is being paid when the mentor says so is honoured.
    """
    packs = SessionPack.objects.filter(student=student_id, mentor=mentor_id)
    return packs.filter(no_renewal_at__lte=now).exists()


def may_turn_off(pack: SessionPack, now: datetime) -> bool:
    """The last session of this pack is not settled yet: the student can still plan with the answer."""
    over = pack.status in (Status.DEPLETED, Status.REFUNDED)
    return pack.takes_seat and not over and (pack.is_open(now) or pack.sessions_held > 0)


@transaction.atomic
def turn_renewal_off(*, pack_id: int, by: Any, now: datetime) -> SessionPack:
    """From now on this student has to ask for the next pack. The student is told. Twice changes nothing.

    Raises NotFound, NotYours (the student), Refusal `wrong_state` (the last session is settled, or it takes no seat).
    """
    pack = _lock(pack_id, by)
    if renewal_is_off(pack.student_id, pack.mentor_id, now):
        return pack
    if not may_turn_off(pack, now):
        name = pack.student.first_name
        raise Refusal("wrong_state", f"The last session of this pack is settled, so {name} may renew as it was agreed.")
    pack.no_renewal_at = now
    pack.save(update_fields=["no_renewal_at"])
    _tell(pack, "", now)
    return pack


@transaction.atomic
def turn_renewal_on(*, pack_id: int, by: Any, now: datetime) -> SessionPack:
    """The student buys the next pack without asking again. The student is told. Twice changes nothing.

    Raises NotFound, NotYours (the student).
    """
    pack = _lock(pack_id, by)
    packs = SessionPack.objects.filter(student=pack.student_id, mentor=pack.mentor_id, no_renewal_at__isnull=False)
    if not packs.update(no_renewal_at=None):
        return pack
    pack.no_renewal_at = None
    # Who has not read the no yet need not read that it is taken back.
    if not withdraw(_about(pack), now=now):
        _tell(pack, "on", now)
    return pack


def _lock(pack_id: int, by: Any) -> SessionPack:
    found = SessionPack.objects.filter(pk=pack_id).values_list("student_id", "mentor_id").first()
    if found is None or by.pk not in found:
        raise NotFound("There is no such pack.")
    if by.pk != found[1]:
        raise NotYours("Only the mentor can decide this.")
    lock_people(found)
    return lock(SessionPack.objects.filter(pk=pack_id).select_related("student", "mentor"))[0]


def _about(pack: SessionPack) -> str:
    return f"renewal:{pack.student_id}:{pack.mentor_id}"


def _tell(pack: SessionPack, what: str, now: datetime) -> None:
    notify(
        "renewal_mode",
        recipient=pack.student,
        about=_about(pack),
        dedupe_key=f"renewal_mode:{pack.pk}:{what or 'off'}:{now.isoformat()}",
        now=now,
        role="student",
        what=what,
        mentor_name=pack.mentor.display_name,
        url=pack.get_absolute_url(),
    )
