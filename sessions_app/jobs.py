from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError

from mentorship.kernel.jobs import job
from mentorship.kernel.refusals import Refusal
from notifications.services import Notice, notify_many
from sessions_app.models import BookingRequest, Session
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
    soon = Session.objects.filter(
        status=Session.Status.SCHEDULED, starts_at__gt=now, starts_at__lte=now + timedelta(hours=max(REMIND_HOURS))
    ).select_related("student", "mentor")
    notices = []
    for session in soon.iterator(chunk_size=1000):
        hours = min(h for h in REMIND_HOURS if session.starts_at <= now + timedelta(hours=h))
        if session.booked_at is not None and session.booked_at > session.starts_at - timedelta(hours=hours):
            continue  # booked inside this window: the confirmation has just said it
        notices += [_starting(session, person, hours, now) for person in (session.student, session.mentor)]
    return notify_many("session_starting", notices)


def _starting(session: Session, person: Any, hours: int, now: datetime) -> Notice:
    return Notice(
        recipient=person,
        about=f"session:{session.pk}",
        dedupe_key=f"session_starting:{session.pk}:{hours}:{session.starts_at.isoformat()}:{person.pk}",
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
