"""A pause: agreed by both, at most 30 days a pack in all. While it lasts nothing can be booked and no deadline is reached."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, NotYours, Refusal
from packs.models import Pause, SessionPack

Status = Pause.Status


def _lock_pack(pack_id: int, by: Any) -> SessionPack:
    """The pack of one of the two (None: the system), locked with its people. Raises NotFound."""
    found = SessionPack.objects.filter(pk=pack_id).values_list("student_id", "mentor_id").first()
    if found is None or (by is not None and by.pk not in found):
        raise NotFound("There is no such pack.")
    lock_people(found)
    return lock(SessionPack.objects.filter(pk=pack_id).select_related("student", "mentor"))[0]


def days_left(pack: SessionPack) -> int:
    """How many days this pack can still be paused."""
    used = pack.pauses.filter(status=Status.ENDED).aggregate(s=Sum("seconds", default=0))["s"]
    return max(settings.MENTORSHIP.pause_days - -(-used // 86400), 0)


@transaction.atomic
def ask_for_pause(*, pack_id: int, by: Any, days: int, now: datetime) -> Pause:
    """One of the two asks for a pause of so many days; it begins when the other agrees.

    Raises NotFound, Malformed (days), Refusal `wrong_state` (not open, in grace, asked or paused already), `pause_used_up`.
    """
    pack = _lock_pack(pack_id, by)
    if not pack.is_open(now) or pack.paused_at is not None:
        raise Refusal("wrong_state", "Only an open pack can be paused.")
    if days < 1:
        raise Malformed("A pause has at least one day.")
    left = days_left(pack)
    if days > left:
        raise Refusal("pause_used_up", f"This pack can be paused for {left} more days.")
    with polite(packs_one_open_pause=Refusal("wrong_state", "A pause has been asked for already.")):
        return Pause.objects.create(pack=pack, asked_by=by, days=days, asked_at=now)


@transaction.atomic
def answer_pause(*, pause_id: int, by: Any, agreed: bool, now: datetime) -> Pause:
    """The other side agrees (it begins at once) or not; whoever asked may take it back. Twice changes nothing.

    Raises NotFound, NotYours (agreeing with oneself), Refusal `wrong_state`.
    """
    pause, pack = _locked(pause_id, by)
    if agreed and by.pk == pause.asked_by_id:
        raise NotYours("The other side has to agree.")
    if pause.status == (Status.RUNNING if agreed else Status.DECLINED):
        return pause
    if pause.status != Status.ASKED:
        raise Refusal("wrong_state", f"This pause is {pause.get_status_display()}.")
    if not agreed:
        pause.status = Status.DECLINED
        pause.save(update_fields=["status"])
        return pause
    if not pack.is_open(now):
        raise Refusal("wrong_state", "Only an open pack can be paused.")
    pause.status, pause.began_at, pause.ends_at = Status.RUNNING, now, now + timedelta(days=pause.days)
    pause.save(update_fields=["status", "began_at", "ends_at"])
    SessionPack.objects.filter(pk=pack.pk).update(paused_at=now)
    return pause


@transaction.atomic
def resume(*, pause_id: int, by: Any, now: datetime) -> Pause:
    """End a running pause (either side; None: its time is over): the expiry moves by the elapsed seconds. Twice is once.

    Raises NotFound, Refusal `wrong_state`.
    """
    pause, pack = _locked(pause_id, by)
    if pause.status == Status.ENDED:
        return pause
    if pause.status != Status.RUNNING or pause.began_at is None or pause.ends_at is None:
        raise Refusal("wrong_state", f"This pause is {pause.get_status_display()}.")
    ended = min(now, pause.ends_at)
    pause.status, pause.ended_at, pause.seconds = Status.ENDED, ended, int((ended - pause.began_at).total_seconds())
    pause.save(update_fields=["status", "ended_at", "seconds"])
    if pack.paused_at is not None and pack.frozen_at is None:
        stood = ended - pack.paused_at
        SessionPack.objects.filter(pk=pack.pk).update(paused_at=None, expires_at=pack.expires_at + stood)
    else:
        # Frozen as well: the freeze goes on, and its end moves the expiry by all the time the clock stood.
        earlier = min(filter(None, [pack.paused_at, pack.frozen_at]))
        SessionPack.objects.filter(pk=pack.pk).update(paused_at=None, frozen_at=earlier)
    return pause


def _locked(pause_id: int, by: Any) -> tuple[Pause, SessionPack]:
    pack_id = Pause.objects.filter(pk=pause_id).values_list("pack_id", flat=True).first()
    if pack_id is None:
        raise NotFound("There is no such pause.")
    pack = _lock_pack(pack_id, by)
    return lock(Pause.objects.filter(pk=pause_id))[0], pack
