from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from mentorship.people.models import MentorProfile
from packs.models import Purchase, SessionPack
from packs.services import hold_credit
from sessions_app.models import Session, SessionEvent
from sessions_app.services.common import block_time, trace


def schedule(
    pack: SessionPack,
    profile: MentorProfile,
    *,
    starts_at: datetime,
    agenda: str = "",
    order_id: UUID | None = None,
    by: Any,
    now: datetime,
) -> Session:
    """Write a booked session: its credit held, both people's time taken. Everything is locked and checked already."""
    session_id = uuid4()
    purchase_id = hold_credit(pack=pack, session_id=session_id, by=by, now=now)
    purchase = Purchase.objects.select_related("offering").filter(pk=purchase_id or 0).first()
    offering = purchase.offering if purchase else None
    session = Session.objects.create(
        id=session_id,
        student_id=pack.student_id,
        mentor_id=pack.mentor_id,
        pack=pack,
        purchase_id=purchase_id,
        offering=offering,
        course_id=offering.course_id if offering else None,
        order_id=order_id,
        title=purchase.title if purchase else pack.title,
        agenda=agenda,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=pack.duration_minutes),
        status=Session.Status.SCHEDULED,
        credit=Session.Credit.HELD,
        booked_at=now,
        created_at=now,
    )
    block_time(session, profile)
    trace(session, SessionEvent.Kind.BOOKED, by=by, at=now)
    return session
