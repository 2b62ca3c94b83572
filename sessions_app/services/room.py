from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import NotFound, Refusal
from sessions_app.models import Session, SessionEvent
from sessions_app.services.common import trace, wrong_state


@transaction.atomic
def enter(*, session_id: UUID, by: Any, now: datetime) -> Session:
    """One of the two enters the room: recorded as evidence; the first entry starts the session.

    Raises NotFound, Refusal `wrong_state` (not booked), `room_closed` (not its time).
    """
    found = lock(Session.objects.of(by).filter(pk=session_id))
    if not found:
        raise NotFound
    session = found[0]
    if not session.is_booked:
        raise wrong_state(session)
    if not session.is_joinable(now):
        raise Refusal("room_closed", "The room is open from the start of the session until its end.")
    if session.status == Session.Status.SCHEDULED:
        session.status, session.started_at = Session.Status.IN_PROGRESS, now
        session.save(update_fields=["status", "started_at"])
    trace(session, SessionEvent.Kind.ENTERED, by=by, at=now)
    return session
