"""A request, as several tests begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mentorship.people.models import User
from sessions_app.models import BookingRequest
from sessions_app.services import submit_request
from tests.cast import NOW, at, offering

STUDENT_ROOM, MENTOR_ROOM = "/student/mentorship", "/tutor/mentorship"
SHELF = "/tutor/mentorship/schedule"


def ask(
    student: User, mentor: User, *days: int, sessions: int = 1, now: datetime = NOW, offer: Any = None, **more: Any
) -> BookingRequest:
    """`student` asks `mentor` for a session (or a pack) at ten on these days."""
    offer = offer or offering(mentor, sessions=sessions, price=7000, booking_mode="REQUEST", title="Code review")
    return submit_request(student=student, offering=offer, times=[at(day) for day in days], now=now, **more)


def url(request: BookingRequest, verb: str = "") -> str:
    return f"{request.get_absolute_url()}/{verb}" if verb else request.get_absolute_url()
