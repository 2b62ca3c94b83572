from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from mentorship.kernel import clock
from mentorship.kernel.guards import polite
from mentorship.kernel.refusals import Refusal
from seats.services import release_lapsed
from sessions_app.models import Session, SessionEvent
from sessions_app.services.booking import check_pack_state
from sessions_app.services.changes import changes_of
from sessions_app.services.common import (
    Locked,
    block_time,
    free_time,
    lock_session,
    slot_taken,
    take_back_plans,
    tell,
    trace,
    wrong_state,
)
from sessions_app.services.consequences import Consequence
from sessions_app.services.reserving import clear_lapsed
from sessions_app.slots import check_slot


def what_if_moved(session: Session, *, by: Any, now: datetime) -> Consequence:
    """What moving it at `now` does, wherever to. Raises Refusal `wrong_state`, `too_late`, `no_moves_left`."""
    if session.status != Session.Status.SCHEDULED or session.pack is None:
        raise wrong_state(session)
    if not session.moves_freely(now):
        hours = settings.MENTORSHIP.move_notice_hours
        raise Refusal("too_late", f"A session can be moved until {hours} hours before it starts.")
    allowance = changes_of(session) if by is not None and by.pk == session.student_id else None
    words = "The session stays the same: nothing is paid or used."
    if allowance is None:
        return Consequence("move", words, False, session.free_until)
    if not allowance.left:
        raise Refusal("no_moves_left", f"{allowance.sentence_spent} This session stays where it is.")
    words = f"{words} {allowance.sentence_after_one_more}"
    return Consequence(f"move:{allowance.left - 1}", words, False, session.free_until)


def reschedule(*, session_id: UUID, starts_at: datetime, by: Any, now: datetime, expect: str | None = None) -> Session:
    """Move a session: the old start is at least 24 h away and the new one is bookable. No credit, no payment.

    Moving to where it already is changes nothing. `expect`: what they were shown. Raises NotFound, Refusal
    `wrong_state`, `too_late`, `no_moves_left`, `answer_changed`, and what `book` raises for the new time.
    """
    starts_at = clock.utc(starts_at)
    with polite(sessions_nobody_twice=slot_taken()):
        locked = lock_session(session_id, by, now=now)
        session = locked.session
        if session.status == Session.Status.SCHEDULED and session.starts_at == starts_at:
            return session
        what_if_moved(session, by=by, now=now).must_be(expect)
        move_to(locked, starts_at, by=by, now=now)
    return session


def move_to(
    locked: Locked, starts_at: datetime, *, by: Any, notice_counts: bool = True, proposed: bool = False, now: datetime
) -> None:
    """Move a locked, booked session to a bookable time. `proposed`: by the mentor, and `by` has accepted it.

    Raises Refusal as `book` does for the new time.
    """
    session, pack = locked.session, locked.pack
    assert pack is not None, "a booked session has its pack"
    with polite(sessions_nobody_twice=slot_taken()):
        release_lapsed([session.mentor_id], now=now)
        clear_lapsed([session.student_id, session.mentor_id], now=now)
        pack.refresh_from_db()
        check_new_time(session, starts_at, notice_counts=notice_counts, now=now)
        _move(session, starts_at, locked.profile, by=by, proposed=proposed, now=now)


def check_new_time(session: Session, starts_at: datetime, *, notice_counts: bool, now: datetime) -> None:
    """Whether this booked session can take place then. Raises Refusal as `book` does; the notice may not count."""
    pack = session.pack
    assert pack is not None, "a booked session has its pack"
    check_pack_state(pack, starts_at=starts_at, now=now)
    try:
        check_slot(
            mentor=session.mentor.mentor_profile,
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


def _move(session: Session, starts_at: datetime, profile: Any, *, by: Any, proposed: bool, now: datetime) -> None:
    old, length = session.starts_at, session.duration
    take_back_plans(session, now=now)
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
        by=by,
        **({"what": "accepted"} if proposed else {}),
    )
