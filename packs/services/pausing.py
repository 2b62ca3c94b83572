"""A pause: agreed by both, at most 30 days a pack in all. While it lasts nothing can be booked and no deadline is reached.

What is booked inside its days is the sessions' own question: see `sessions_app.services.pauses`, which asks it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from mentorship.kernel import clock, local_time
from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, NotYours, Refusal
from notifications.services import notify, withdraw
from packs.models import CreditEntry, Pause, SessionPack
from packs.services.shifting import shift_expiry, stood

Status = Pause.Status


@dataclass(frozen=True)
class PauseConsequence:
    """What a pause that begins now would do. `key` stands for it: the commit refuses when it has changed."""

    days: int
    ends_at: datetime
    expires_before: datetime
    expires_after: datetime

    @property
    def counts_already(self) -> bool:
        """The mentor is away in some of its days: the pack is valid longer for these, however it is used then."""
        return self.expires_after - self.expires_before < timedelta(days=self.days)

    @property
    def key(self) -> str:
        # Not the expiry after it: where a vacation covers one end of the pause, that moves with every second one thinks.
        # What can change the answer (credits bought, days given, a freeze) moves the expiry before it.
        return f"{self.days}:{clock.iso(self.expires_before)}"


def what_if_paused(pack: SessionPack, days: int, now: datetime) -> PauseConsequence:
    """What agreeing to so many days does at `now`: when it ends, and to when the expiry moves."""
    ends_at = now + timedelta(days=days)
    return PauseConsequence(days, ends_at, pack.expires_at, pack.expires_at + stood(pack, now, ends_at))


def what_if_resumed(pack: SessionPack, pause: Pause, now: datetime) -> datetime:
    """The expiry when this running pause is ended at `now`."""
    return pack.expires_at + _stood(pack, pause, now)


def days_left(pack: SessionPack) -> int:
    """How many days this pack can still be paused."""
    used = pack.pauses.filter(status=Status.ENDED).aggregate(s=Sum("seconds", default=0))["s"]
    return max(settings.MENTORSHIP.pause_days - -(-used // 86400), 0)


def lock_pack(pack_id: int, by: Any) -> SessionPack:
    """The pack of one of the two (None: the system), locked with its people. Raises NotFound."""
    found = SessionPack.objects.filter(pk=pack_id).values_list("student_id", "mentor_id").first()
    if found is None or (by is not None and by.pk not in found):
        raise NotFound("There is no such pack.")
    lock_people(found)
    return lock(SessionPack.objects.filter(pk=pack_id).select_related("student", "mentor"))[0]


@transaction.atomic
def ask_for_pause(*, pack_id: int, by: Any, days: int, reason: str = "", now: datetime) -> Pause:
    """One of the two asks for a pause of so many days; it begins when the other agrees. The same twice is once.

    Raises NotFound, Malformed (days), Refusal `wrong_state` (not open, in grace, asked or paused already), `pause_used_up`.
    """
    pack = lock_pack(pack_id, by)
    check_pausable(pack, now)
    if days < 1:
        raise Malformed("A pause has at least one day.")
    left = days_left(pack)
    if days > left:
        raise Refusal("pause_used_up", f"This pack can be paused for {left} more day{'' if left == 1 else 's'}.")
    again = pack.pauses.filter(status=Status.ASKED, asked_by=by, days=days).first()
    if again is not None:
        return again
    with polite(packs_one_open_pause=Refusal("wrong_state", "A pause has been asked for already.")):
        pause = Pause.objects.create(pack=pack, asked_by=by, days=days, reason=reason, asked_at=now)
    other = pack.mentor if by.pk == pack.student_id else pack.student
    after = what_if_paused(pack, days, now).expires_after
    _tell(
        pack, pause, "pause_asked", other, now, days=days, reason=reason, expires_at=after, url=pause_url(pack, other)
    )
    return pause


def check_pausable(pack: SessionPack, now: datetime) -> None:
    """A pack can be paused while it is open: not in grace, not over, not paused already. Raises Refusal."""
    if not pack.is_open(now):
        raise Refusal("wrong_state", "Only an open pack can be paused.")
    if pack.paused_at is not None:
        raise Refusal("wrong_state", "This pack is paused already.")


@transaction.atomic
def answer_pause(*, pause_id: int, by: Any, agreed: bool, expect: str | None = None, now: datetime) -> Pause:
    """The other side agrees (it begins at once) or not; whoever asked may take it back. Twice changes nothing.

    `expect` is the key of the consequence that was shown. Raises NotFound, NotYours (agreeing with oneself), Refusal
    `wrong_state`, `answer_changed`.
    """
    pause, pack = _locked(pause_id, by)
    if agreed and by.pk == pause.asked_by_id:
        raise NotYours("The other side has to agree.")
    no = Status.WITHDRAWN if by.pk == pause.asked_by_id else Status.DECLINED
    if pause.status == (Status.RUNNING if agreed else no):
        return pause
    if pause.status != Status.ASKED:
        raise Refusal("wrong_state", f"This pause is {pause.get_status_display()}.")
    withdraw(_about(pause), now=now)  # the question, where it was not read yet
    if agreed:
        check_pausable(pack, now)
        return _begin(pause, pack, by, expect, now)
    pause.status = no
    pause.save(update_fields=["status"])
    if no == Status.DECLINED:
        told = {"what": "declined", "expires_at": pack.expires_at, "ends_at": pack.expires_at}
        _tell(pack, pause, "pause_answered", pause.asked_by, now, url=pack.get_absolute_url(), **told)
    return pause


def _begin(pause: Pause, pack: SessionPack, by: Any, expect: str | None, now: datetime) -> Pause:
    consequence = what_if_paused(pack, pause.days, now)
    if expect is not None and expect != consequence.key:
        raise Refusal("answer_changed", "Meanwhile the pack has changed. Please read again what the pause would do.")
    pause.status, pause.began_at, pause.ends_at = Status.RUNNING, now, consequence.ends_at
    pause.save(update_fields=["status", "began_at", "ends_at"])
    SessionPack.objects.filter(pk=pack.pk).update(paused_at=now)
    # No deadline comes nearer: a warning that was not read yet would be wrong.
    withdraw(f"pack:{pack.pk}", now=now, kinds=["pack_expiring"])
    days = f"{pause.days} day{'' if pause.days == 1 else 's'}"
    CreditEntry.objects.create(
        pack=pack,
        kind=CreditEntry.Kind.PAUSED,
        reason=f"for {days} at most; {pause.asked_by.first_name} asked, {by.first_name} agreed",
        at=now,
    )
    told = {"ends_at": consequence.ends_at, "expires_at": consequence.expires_after}
    _tell(pack, pause, "pause_answered", pause.asked_by, now, url=pack.get_absolute_url(), **told)
    return pause


@transaction.atomic
def resume(*, pause_id: int, by: Any, now: datetime) -> Pause:
    """End a running pause (either side; None: its time is over): the expiry moves by the elapsed seconds. Twice is once.

    Raises NotFound, Refusal `wrong_state`.
    """
    pause, pack = _locked(pause_id, by)
    if pause.status == Status.ENDED:
        return pause
    if pause.status != Status.RUNNING:
        raise Refusal("wrong_state", f"This pause is {pause.get_status_display()}.")
    _end(pause, pack, by, now)
    pack.refresh_from_db()
    told = {"expires_at": pack.expires_at, "by_name": by.first_name if by else ""}
    for person in (pack.student, pack.mentor) if pack.is_open(now) else ():
        if by is None or by.pk != person.pk:
            _tell(pack, pause, "pause_ended", person, now, url=pack.get_absolute_url(), **told)
    return pause


def _end(pause: Pause, pack: SessionPack, by: Any, now: datetime) -> None:
    assert pause.began_at is not None and pause.ends_at is not None, "a running pause has its times"
    ended = min(now, pause.ends_at)
    longer, frozen_at = _stood(pack, pause, now), pack.frozen_at
    if frozen_at is not None and frozen_at < ended:
        # Frozen meanwhile: the freeze goes on, and its end moves the expiry by all the time that the clock stood.
        frozen_at = min(filter(None, [pack.paused_at, frozen_at]))
        longer = timedelta()
    pause.status, pause.ended_at = Status.ENDED, ended
    pause.seconds = int((ended - pause.began_at).total_seconds())
    pause.save(update_fields=["status", "ended_at", "seconds"])
    SessionPack.objects.filter(pk=pack.pk).update(paused_at=None, frozen_at=frozen_at)
    lasted = local_time.span(timedelta(seconds=pause.seconds))
    shift_expiry([pack], longer, reason=f"the pause took {lasted}", by=by, now=ended)


def _stood(pack: SessionPack, pause: Pause, now: datetime) -> timedelta:
    """How much longer the pack is valid by this pause alone. A freeze that ended meanwhile has counted its part."""
    if pack.paused_at is None or pause.ends_at is None:
        return timedelta()
    return stood(pack, pack.paused_at, min(now, pause.ends_at))


def resume_overdue(packs: Iterable[SessionPack], now: datetime) -> None:
    """End the pauses of these packs whose time is over: a late job keeps nobody from booking. They are read again.

    The caller has locked people and packs.
    """
    for pack in packs:
        over = pack.pauses.filter(status=Status.RUNNING, ends_at__lte=now).values_list("pk", flat=True)
        for pause_id in over:
            resume(pause_id=pause_id, by=None, now=now)
            pack.refresh_from_db()


def end_with_pack(pack: SessionPack, now: datetime) -> None:
    """The pack is over: so is its pause. The caller has locked the pack."""
    for pause in lock(Pause.objects.filter(pack=pack, status=Status.RUNNING)):
        _end(pause, pack, None, now)
        pack.refresh_from_db()


def pause_url(pack: SessionPack, person: Any) -> str:
    """Where this one of the two answers."""
    return f"/{'tutor' if person.pk == pack.mentor_id else 'student'}/packs/{pack.pk}/pause"


def _about(pause: Pause) -> str:
    return f"pause:{pause.pk}"


def _tell(pack: SessionPack, pause: Pause, kind: str, person: Any, now: datetime, **context: Any) -> None:
    notify(
        kind,
        recipient=person,
        about=_about(pause),
        dedupe_key=f"{kind}:{pause.pk}:{person.pk}",
        now=now,
        role="mentor" if person.pk == pack.mentor_id else "student",
        mentor_name=pack.mentor.display_name,
        student_name=pack.student.display_name,
        **context,
    )


def _locked(pause_id: int, by: Any) -> tuple[Pause, SessionPack]:
    pack_id = Pause.objects.filter(pk=pause_id).values_list("pack_id", flat=True).first()
    if pack_id is None:
        raise NotFound("There is no such pause.")
    pack = lock_pack(pack_id, by)
    return lock(Pause.objects.filter(pk=pause_id).select_related("asked_by"))[0], pack
