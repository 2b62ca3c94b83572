from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Count

from mentorship.kernel.jobs import job
from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import Refusal
from notifications.services import Notice, notify_many
from sessions_app.models import BookingRequest, Session, SessionEvent
from sessions_app.services import expire_request, settle_unmarked_session
from sessions_app.services.reserving import expire_unpaid

log = structlog.get_logger(__name__)
REMIND_HOURS = (24, 1)
BATCH = 500


@job
def expire_unpaid_sessions(now: datetime) -> int:
    """Clear times that were kept for payments that did not come."""
    done = 0
    while ids := list(Session.objects.lapsed(now).values_list("pk", flat=True)[:BATCH]):
        cleared = expire_unpaid(Session.objects.filter(pk__in=ids, status=Session.Status.AWAITING_PAYMENT), now=now)
        done += cleared
        if cleared == 0:
            break  # all of them are being worked on; the next run finds what is left
    return done


@job
def expire_requests(now: datetime) -> int:
    """End requests that were not answered or not paid in time."""
    late = BookingRequest.objects.unanswered(now) | BookingRequest.objects.unpaid(now)
    done = 0
    for request_id in late.order_by("approval_deadline").values_list("pk", flat=True)[:BATCH]:
        try:
            done += expire_request(request_id=request_id, now=now)
        except (DatabaseError, Refusal):
            log.exception("expire_request_failed", request=str(request_id))
    return done


@job
def settle_unmarked(now: datetime) -> int:
    """Settle what nobody marked, oldest first, stamped with the time it was due."""
    due = Session.objects.to_settle(now).order_by("ends_at", "pk").values_list("pk", flat=True)
    done = 0
    for session_id in due.iterator(chunk_size=1000):
        try:
            done += settle_unmarked_session(session_id=session_id, now=now)
        except (DatabaseError, Refusal):
            log.exception("settle_failed", session=str(session_id))
    return done


@job
def remind_sessions(now: datetime) -> int:
    """Tell both people 24 h and 1 h before the start; a late run sends only the nearer one, and none after the start."""
    soon = list(
        Session.objects.to_remind(now, max(REMIND_HOURS)).order_by("starts_at", "pk").values_list("pk", flat=True)
    )
    return sum(_remind(soon[n : n + BATCH], now) for n in range(0, len(soon), BATCH))


@transaction.atomic
def _remind(session_ids: list[UUID], now: datetime) -> int:
    """Write the reminders of these sessions. They are locked meanwhile: without that, one that is moved between the
    reading and the writing would be announced for its old time, with nobody left to withdraw it. Whoever works on a
    session keeps it: the next run finds it where it then is.
    """
    rows = Session.objects.to_remind(now, max(REMIND_HOURS)).filter(pk__in=session_ids)
    sessions = lock(rows.select_related("student", "mentor"), skip_locked=True)
    moved = SessionEvent.objects.filter(session__in=sessions, kind=SessionEvent.Kind.MOVED).order_by()
    moves = dict(moved.values_list("session").annotate(n=Count("pk")))
    notices = []
    for session in sessions:
        hours = min(h for h in REMIND_HOURS if session.starts_at <= now + timedelta(hours=h))
        if session.booked_at is not None and session.booked_at > session.starts_at - timedelta(hours=hours):
            continue  # booked inside this window: the confirmation has just said it
        for person in (session.student, session.mentor):
            notices.append(_starting(session, person, hours, moves.get(session.pk, 0), now))
    return notify_many("session_starting", notices)


def _starting(session: Session, person: Any, hours: int, moves: int, now: datetime) -> Notice:
    # Moved away and back again, it is reminded of anew: what was said before has been taken back, or said otherwise.
    time = f"{session.starts_at.isoformat()}{f'+{moves}' if moves else ''}"
    return Notice(
        recipient=person,
        about=f"session:{session.pk}",
        dedupe_key=f"session_starting:{session.pk}:{hours}:{time}:{person.pk}",
        now=now,
        not_after=session.starts_at,
        context={
            "mentor_name": session.mentor.display_name,
            "student_name": session.student.display_name,
            "role": "mentor" if person.pk == session.mentor_id else "student",
            "starts_at": session.starts_at,
            "duration_minutes": session.minutes,
            "agenda": session.agenda,
            "url": session.get_absolute_url(),
        },
    )
