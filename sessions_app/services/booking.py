from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from mentorship.kernel import clock
from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import MentorProfile
from packs.models import SessionPack
from packs.services import resume_overdue
from seats.models import Seat
from seats.services import release_lapsed
from sessions_app.models import Session
from sessions_app.services.common import slot_taken, tell
from sessions_app.services.reserving import clear_lapsed
from sessions_app.services.scheduling import schedule
from sessions_app.slots import check_slot

Status = SessionPack.Status


def book(
    *,
    student: Any,
    mentor_id: int,
    starts_at: datetime,
    pack_id: int | None = None,
    agenda: str = "",
    tells: bool = True,
    by: Any,
    now: datetime,
) -> Session:
    """Book a session with a credit. `tells`: both people are told; a whole series tells them once, by itself.

    Raises NotFound (mentor, pack) and Refusals in this order:

    `pack_expired`, `no_remaining_sessions`, `no_active_pack`, `seat_not_active`, `pack_frozen`, `pack_paused`,
    `notice_too_short`, `slot_unavailable`.
    """
    starts_at = clock.utc(starts_at)
    with polite(sessions_nobody_twice=slot_taken()):
        profile = _mentor_of(student, mentor_id)
        lock_people([student.pk, mentor_id])
        release_lapsed([mentor_id], now=now)
        clear_lapsed([student.pk, mentor_id], now=now)
        packs = lock(SessionPack.objects.filter(student=student, mentor=mentor_id))
        resume_overdue([pack for pack in packs if pack.paused_at is not None], now)
        pack = choose_pack(packs, pack_id=pack_id, starts_at=starts_at, now=now)
        check_pack(pack, starts_at=starts_at, now=now)
        check_slot(
            mentor=profile,
            student=student,
            starts_at=starts_at,
            duration_minutes=pack.duration_minutes,
            now=now,
            latest=pack.expires_at,
        )
        session = schedule(pack, profile, starts_at=starts_at, agenda=agenda, by=by, now=now)
        if tells:
            tell(session, "session_scheduled", session.student, session.mentor, key=starts_at.isoformat(), now=now)
    return session


def _mentor_of(student: Any, mentor_id: int) -> MentorProfile:
    """The mentor, if this student may know of them: one buyers can see, or one they have bought from."""
    known = Q(verified_at__isnull=False, user__is_active=True) | Q(user__sold_packs__student=student)
    profile = MentorProfile.objects.filter(known, user=mentor_id).select_related("user").distinct().first()
    if profile is None:
        raise NotFound("There is no such mentor.")
    return profile


def choose_pack(packs: list[SessionPack], *, pack_id: int | None, starts_at: datetime, now: datetime) -> SessionPack:
    """The pack a booking is judged by: the one asked for, else of the open ones the one that fits and expires first."""
    if pack_id is not None:
        packs = [p for p in packs if p.pk == pack_id]
        if not packs:
            raise NotFound("There is no such pack.")
    opened = [p for p in packs if p.is_open(now)]
    if opened:
        return min(opened, key=lambda p: (_fits_badly(p, starts_at), p.expires_at, p.pk))
    newest = max(packs, key=lambda p: (p.created_at, p.pk), default=None)
    if newest is not None and newest.status_at(now) == Status.EXPIRED:
        raise Refusal("pack_expired", "This pack has expired.")
    if newest is not None and newest.status == Status.DEPLETED:
        raise Refusal("no_remaining_sessions", "All sessions of this pack are used. Renew to book the next one.")
    raise Refusal("no_active_pack", "You have no open pack with this mentor.")


def _fits_badly(pack: SessionPack, starts_at: datetime) -> tuple[bool, bool, bool]:
    return (pack.sessions_remaining <= 0, bool(pack.frozen_at or pack.paused_at), starts_at >= pack.expires_at)


def check_pack(pack: SessionPack, *, starts_at: datetime, now: datetime) -> None:
    """Whether a credit of this open pack can be booked at that time. Raises Refusal."""
    if pack.sessions_remaining <= 0:
        raise Refusal("no_remaining_sessions", "All sessions of this pack are used or booked.")
    check_pack_state(pack, starts_at=starts_at, now=now)


def check_pack_state(pack: SessionPack, *, starts_at: datetime, now: datetime) -> None:
    """Seat, freeze, pause and expiry: what a move has to respect as well."""
    if pack.takes_seat and not _is_seated(pack, now):
        raise Refusal("seat_not_active", "Your seat with this mentor is not active.")
    if pack.frozen_at is not None:
        raise Refusal("pack_frozen", "This pack is frozen while something about it is being decided.")
    if pack.paused_at is not None:
        raise Refusal("pack_paused", "This pack is paused. Resume it to book.")
    if starts_at >= pack.expires_at:
        raise Refusal("pack_expired", "The pack expires before this time. Choose an earlier one, or renew.")


def _is_seated(pack: SessionPack, now: datetime) -> bool:
    seats = Seat.objects.occupying(now).filter(student=pack.student_id, mentor=pack.mentor_id)
    return seats.filter(status=Seat.Status.ACTIVE).exists()
