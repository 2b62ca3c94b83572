"""A pause as the two see it: a pack stands still only in days in which none of its sessions takes place.

What is booked after the pause stays as it is. What is booked inside it has to be moved or cancelled first, by whoever may
do that: a session in the middle of a pause would be used, and could be the pack's last, while its clock stands. The page
lists these sessions before the question is asked; between question and answer somebody may have booked, so the answer
looks again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from mentorship.kernel.refusals import NotFound, Refusal
from packs.models import Pause, SessionPack
from packs.services import answer_pause, ask_for_pause
from packs.services.pausing import lock_pack
from sessions_app.models import Session


def booked_inside(pack: SessionPack, days: int, now: datetime) -> list[Session]:
    """The sessions of this pack that a pause of so many days would touch if it began now, earliest first."""
    coming = Session.objects.coming(now).filter(pack=pack, starts_at__lt=now + timedelta(days=days))
    return list(coming.order_by("starts_at"))


@transaction.atomic
def ask_to_pause(*, pack_id: int, by: Any, days: int, reason: str = "", now: datetime) -> Pause:
    """Ask the other side. Raises what `packs.services.ask_for_pause` raises, and Refusal `sessions_inside`, `wrong_state`
    (no session is left to pause)."""
    pack = lock_pack(pack_id, by)
    pause = ask_for_pause(pack_id=pack_id, by=by, days=days, reason=reason, now=now)
    _check(pack, days, now)
    return pause


@transaction.atomic
def agree_to_pause(*, pause_id: int, by: Any, expect: str | None = None, now: datetime) -> Pause:
    """The other side agrees. Raises what `packs.services.answer_pause` raises, and Refusal `sessions_inside`."""
    pause = Pause.objects.filter(pk=pause_id).first()
    if pause is None:
        raise NotFound("There is no such pause.")
    pack = lock_pack(pause.pack_id, by)
    pause.refresh_from_db()
    if pause.status == Pause.Status.ASKED and by.pk != pause.asked_by_id:
        _check(pack, pause.days, now)
    return answer_pause(pause_id=pause_id, by=by, agreed=True, expect=expect, now=now)


def _check(pack: SessionPack, days: int, now: datetime) -> None:
    if pack.is_open(now) and not pack.remaining_at(now) and not Session.objects.coming(now).filter(pack=pack).exists():
        raise Refusal("wrong_state", "No session of this pack is left to pause.")
    inside = booked_inside(pack, days, now)
    if inside:
        one = len(inside) == 1
        what = "A session is" if one else f"{len(inside)} sessions are"
        them = "it" if one else "them"
        raise Refusal("sessions_inside", f"{what} booked in these days. Move or cancel {them} first.")
