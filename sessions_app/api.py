"""The API of sessions: both sides' lists, booking with a credit, and what can be done to a booked one."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router, Status
from pydantic import BeforeValidator, Field

from mentorship.kernel.api import CamelSchema, Id, Instant, Link, at_most, page_by_time, signed_in
from mentorship.kernel.idempotency import key_of, once
from mentorship.kernel.refusals import NotFound
from mentorship.people.http import SignedInRequest
from offerings.models import Offering
from sessions_app import services
from sessions_app.models import Session
from sessions_app.models.session import SessionQuerySet

router = Router(tags=["sessions"])
bookings = at_most("book", "bookings_per_minute")

State = Literal["AWAITING_PAYMENT", "SCHEDULED", "IN_PROGRESS", "COMPLETED", "NO_SHOW", "CANCELLED", "EXPIRED"]


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class SessionOut(CamelSchema):
    id: UUID
    status: State
    scheduled_at: Instant
    ends_at: Instant
    mentor_id: int
    mentor_name: str
    student_id: int
    student_name: str
    pack_id: int | None
    offering_id: int | None
    course_id: int | None
    booking_mode: Literal["INSTANT", "REQUEST"]
    payment_status: Literal["PENDING", "PAID", "FAILED"]
    title: str
    agenda: str
    number: int | None = Field(description="its place among the pack's sessions; null when it holds no credit")
    credit: Literal["HELD", "USED", "RETURNED"] | None
    absent_party: Literal["STUDENT", "MENTOR", "BOTH"] | None
    settled_at: Instant | None
    meeting_url: Link | None = Field(description="null unless the room is open right now")
    url: Link


class SessionPage(CamelSchema):
    items: list[SessionOut]
    next_cursor: str | None


class SessionFilters(CamelSchema):
    mentor_id: Id | None = None
    status: Annotated[State, BeforeValidator(_upper)] | None = None
    start: Instant | None = Field(None, alias="from", description="starts at or after")
    end: Instant | None = Field(None, alias="to", description="starts before")
    cursor: str | None = Field(None, max_length=100)


class BookIn(CamelSchema):
    mentor_id: Id
    scheduled_at: Instant
    pack_id: Id | None = None
    agenda: str | None = Field(None, max_length=2000)


class MoveIn(CamelSchema):
    scheduled_at: Instant


class CancelIn(CamelSchema):
    reason: str | None = Field(None, max_length=300)


class AbsentIn(CamelSchema):
    absent_party: Annotated[Literal["STUDENT", "MENTOR", "BOTH"], BeforeValidator(_upper)]


def to_show(rows: SessionQuerySet) -> SessionQuerySet:
    """Everything `shown` reads, in one query."""
    return rows.numbered().select_related("mentor__mentor_profile", "student", "offering")


def shown(session: Session, request: SignedInRequest) -> dict[str, Any]:
    """A session as its two participants see it at `request.now`."""
    now = request.now
    page = session.get_absolute_url()
    return {
        "id": session.pk,
        "status": session.status_at(now),
        "scheduled_at": session.starts_at,
        "ends_at": session.ends_at,
        "mentor_id": session.mentor_id,
        "mentor_name": session.mentor.display_name,
        "student_id": session.student_id,
        "student_name": session.student.display_name,
        "pack_id": session.pack_id,
        "offering_id": session.offering_id,
        "course_id": session.course_id,
        "booking_mode": session.offering.booking_mode if session.offering else Offering.BookingMode.INSTANT,
        "payment_status": session.payment_status_at(now),
        "title": session.title,
        "agenda": session.agenda,
        "number": session.number,  # type: ignore[attr-defined]
        "credit": session.credit or None,
        "absent_party": session.absent_party or None,
        "settled_at": session.settled_at,
        "meeting_url": (session.room_url or page) if session.is_joinable(now) else None,
        "url": page,
    }


def _one(request: SignedInRequest, session_id: UUID) -> dict[str, Any]:
    session = to_show(Session.objects.of(request.user)).filter(pk=session_id).first()
    if session is None:
        raise NotFound
    return shown(session, request)


@router.get("sessions/me", response=SessionPage, auth=signed_in)
def my_sessions(request: SignedInRequest, filters: Query[SessionFilters]) -> dict[str, Any]:
    """The caller's sessions in both roles, by start. `status` is the one judged right now."""
    rows = to_show(Session.objects.of(request.user))
    if filters.mentor_id is not None:
        rows = rows.filter(mentor__id=filters.mentor_id)
    if filters.status is not None:
        rows = rows.with_status(filters.status, request.now)
    if filters.start is not None:
        rows = rows.filter(starts_at__gte=filters.start)
    if filters.end is not None:
        rows = rows.filter(starts_at__lt=filters.end)
    items, cursor = page_by_time(rows, filters.cursor, "starts_at")
    return {"items": [shown(session, request) for session in items], "next_cursor": cursor}


@router.post("sessions/book", response={201: SessionOut}, auth=bookings)
def book(request: SignedInRequest, body: BookIn) -> Status[Any]:
    """Book with a credit. `Idempotency-Key` makes it safe to repeat: same key and body, same answer."""

    def do() -> dict[str, Any]:
        session = services.book(
            student=request.user,
            mentor_id=body.mentor_id,
            starts_at=body.scheduled_at,
            pack_id=body.pack_id,
            agenda=body.agenda or "",
            by=request.user,
            now=request.now,
        )
        # In wire format, so that what is stored and replayed is what was answered.
        return SessionOut.model_validate(_one(request, session.pk)).model_dump(mode="json", by_alias=True)

    said = body.model_dump(mode="json")
    return Status(201, once(user=request.user, scope="sessions/book", key=key_of(request), body=said, do=do))


@router.get("mentorship/session/{session_id}", response=SessionOut, auth=signed_in)
def one_session(request: SignedInRequest, session_id: UUID) -> dict[str, Any]:
    """One session, for its two participants."""
    return _one(request, session_id)


# The four verbs are PATCH; POST does the same for clients that cannot send it.
VERB = ["PATCH", "POST"]


@router.api_operation(VERB, "sessions/{session_id}/reschedule", response=SessionOut, auth=signed_in)
def reschedule(request: SignedInRequest, session_id: UUID, body: MoveIn) -> dict[str, Any]:
    """Move it: until 24 h before the old start, to a free time. No new credit, no payment."""
    services.reschedule(session_id=session_id, starts_at=body.scheduled_at, by=request.user, now=request.now)
    return _one(request, session_id)


@router.api_operation(VERB, "sessions/{session_id}/cancel", response=SessionOut, auth=signed_in)
def cancel(request: SignedInRequest, session_id: UUID, body: CancelIn | None = None) -> dict[str, Any]:
    """Cancel it. The student's credit comes back until 24 h before the start; the mentor's cancel always returns it."""
    reason = (body.reason if body else None) or ""
    services.cancel(session_id=session_id, by=request.user, now=request.now, reason=reason)
    return _one(request, session_id)


@router.api_operation(VERB, "sessions/{session_id}/complete", response=SessionOut, auth=signed_in)
def complete(request: SignedInRequest, session_id: UUID) -> dict[str, Any]:
    """The mentor says, after its end, that it took place."""
    services.complete(session_id=session_id, by=request.user, now=request.now)
    return _one(request, session_id)


@router.api_operation(VERB, "sessions/{session_id}/no-show", response=SessionOut, auth=signed_in)
def no_show(request: SignedInRequest, session_id: UUID, body: AbsentIn) -> dict[str, Any]:
    """Somebody did not come: student, mentor or both."""
    services.no_show(session_id=session_id, absent=body.absent_party, by=request.user, now=request.now)
    return _one(request, session_id)
