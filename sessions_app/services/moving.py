from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from mentorship.kernel.guards import polite
from mentorship.kernel.refusals import Refusal
from notifications.services import withdraw
from seats.services import release_lapsed
from sessions_app.models import Session, SessionEvent
from sessions_app.services.booking import check_pack_state
from sessions_app.services.common import (
    Locked,
    block_time,
    free_time,
    lock_session,
    slot_taken,
    tell,
    trace,
    wrong_state,
)
from sessions_app.services.reserving import clear_lapsed
from sessions_app.slots import check_slot


def reschedule(*, session_id: UUID, starts_at: datetime, by: Any, now: datetime) -> Session:
    """Move a session: the old start is at least 24 h away and the new one is bookable. No credit, no payment.

    Moving to where it already is changes nothing. Raises NotFound, Refusal `wrong_state`, `too_late`, and what `book`
    raises for the new time.
    """
    with polite(sessions_nobody_twice=slot_taken()):
        locked = lock_session(session_id, by)
        session, pack = locked.session, locked.pack
        if session.status != Session.Status.SCHEDULED or pack is None:
            raise wrong_state(session)
        if session.starts_at == starts_at:
            return session
        if not session.moves_freely(now):
            hours = settings.MENTORSHIP.move_notice_hours
            raise Refusal("too_late", f"A session can be moved until {hours} hours before it starts.")
        move_to(locked, starts_at, by=by, now=now)
    return session


def move_to(locked: Locked, starts_at: datetime, *, by: Any, notice_counts: bool = True, now: datetime) -> None:
    """Move a locked, booked session to a bookable time. Raises Refusal as `book` does for the new time."""
    session, pack = locked.session, locked.pack
    assert pack is not None, "a booked session has its pack"
    with polite(sessions_nobody_twice=slot_taken()):
        release_lapsed([session.mentor_id], now=now)
        clear_lapsed([session.student_id, session.mentor_id], now=now)
        pack.refresh_from_db()
        check_pack_state(pack, starts_at=starts_at, now=now)
        try:
            check_slot(
                mentor=locked.profile,
                student=session.student,
                starts_at=starts_at,
                duration_minutes=pack.duration_minutes,
                now=now,
                latest=pack.expires_at,
                ignore_session=session,
            )
        except Refusal as refusal:
            if refusal.code != "notice_too_short" or notice_counts:
                raise
        _move(session, starts_at, locked.profile, by=by, now=now)


def _move(session: Session, starts_at: datetime, profile: Any, *, by: Any, now: datetime) -> None:
    old, length = session.starts_at, session.duration
    withdraw(f"session:{session.pk}", now=now)
    session.starts_at, session.ends_at = starts_at, starts_at + length
    session.save(update_fields=["starts_at", "ends_at"])
    free_time(session)
    block_time(session, profile)
    trace(session, SessionEvent.Kind.MOVED, by=by, at=now, reason=f"from {old.isoformat()}")
    moves = session.events.filter(kind=SessionEvent.Kind.MOVED).count()
    tell(
        session,
        "session_moved",
        session.student,
        session.mentor,
        key=str(moves),
        now=now,
        old_starts_at=old,
        by_name=by.display_name if by else "",
    )
