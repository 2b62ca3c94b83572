"""Telling the two sides of a request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mentorship.kernel import local_time
from notifications.services import notify
from sessions_app.models import BookingRequest


def times_in_words(times: Sequence[datetime], zone: ZoneInfo, now: datetime) -> str:
    """ "Fri 5 Jun, 10:00 or Sat 6 Jun, 10:00 (Berlin)"; nothing for none."""
    said = " or ".join(local_time.words(time, zone, now=now) for time in times)
    return f"{said} ({local_time.city(zone)})" if said else ""


def tell(
    request: BookingRequest,
    kind: str,
    person: Any,
    *,
    now: datetime,
    not_after: datetime | None = None,
    url: str = "",
    **context: Any,
) -> None:
    """Tell this one of the two. `not_after`: what it asks for cannot be done any more."""
    context.setdefault("times", times_in_words(request.times, person.zone, now))
    notify(
        kind,
        recipient=person,
        about=f"request:{request.pk}",
        dedupe_key=f"{kind}:{request.pk}:{now.isoformat()}:{person.pk}",
        now=now,
        not_after=not_after,
        role="mentor" if person.pk == request.mentor_id else "student",
        mentor_name=request.mentor.display_name,
        student_name=request.student.display_name,
        title=request.title,
        message=request.message,
        url=url or request.get_absolute_url(),
        **context,
    )
