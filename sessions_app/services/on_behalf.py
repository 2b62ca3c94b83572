"""What an admin does to a session for one of the two: the trace names the admin, the rules of that side count."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from mentorship.kernel.guards import polite
from sessions_app.models import Session
from sessions_app.services.common import lock_session, slot_taken, wrong_state
from sessions_app.services.moving import move_to, what_if_moved


def move_for(
    *, session_id: UUID, starts_at: datetime, by: Any, on_behalf_of: Any, rules_count: bool = True, now: datetime
) -> Session:
    """Move a session for one of the two. Without `rules_count` the 24 h, the mentor's notice and a limit do not count.

    Raises NotFound, Refusal `wrong_state`, `too_late`, `no_moves_left`, and what `book` raises for the new time.
    """
    with polite(sessions_nobody_twice=slot_taken()):
        locked = lock_session(session_id, on_behalf_of, now=now)
        session = locked.session
        if session.status == Session.Status.SCHEDULED and session.starts_at == starts_at:
            return session
        if rules_count:
            what_if_moved(session, by=on_behalf_of, now=now)
        elif session.status != Session.Status.SCHEDULED or session.pack is None or now >= session.starts_at:
            raise wrong_state(session)
        move_to(locked, starts_at, by=by, notice_counts=rules_count, now=now)
    return session
