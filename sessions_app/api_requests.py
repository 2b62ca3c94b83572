"""The API of requests: what a student has asked for, what a mentor is asked, and the verbs of both sides."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router
from pydantic import BeforeValidator, Field, StringConstraints

from mentorship.kernel.api import CamelSchema, Id, Instant, Link, page_by_time, signed_in
from mentorship.kernel.idempotency import key_of, once
from mentorship.kernel.refusals import NotFound
from mentorship.people.http import SignedInRequest
from sessions_app import services
from sessions_app.api import _upper
from sessions_app.models import BookingRequest
from sessions_app.models.request import MOST_TIMES, BookingRequestQuerySet

router = Router(tags=["requests"])

RequestStatus = Literal["PENDING_MENTOR_REVIEW", "APPROVED", "REJECTED", "WITHDRAWN", "EXPIRED"]


class RequestPriceOut(CamelSchema):
    amount: int = Field(description="minor units, as it was when it was asked for")
    currency: str
    display: str


class RequestOut(CamelSchema):
    id: UUID
    status: RequestStatus = Field(description="judged right now: EXPIRED once the answer or the payment is late")
    offering_id: int
    title: str
    times: list[Instant] = Field(description="asked for by the student; none is blocked")
    message: str
    approval_notes: str
    approval_deadline: Instant = Field(description="until then the mentor (after a suggestion: the student) answers")
    session_id: UUID | None = Field(description="the time kept for the payment, then the booked session")
    student_id: int
    student_name: str
    mentor_id: int
    mentor_name: str
    session_count: int
    duration_minutes: int
    price: RequestPriceOut
    suggested_times: list[Instant] = Field(description="offered by the mentor instead")
    scheduled_at: Instant | None = Field(description="the approved time")
    payment_deadline: Instant | None = Field(description="an approved request is paid until then")
    paid_at: Instant | None
    rejection_reason: str
    created_at: Instant
    url: Link


class RequestPage(CamelSchema):
    items: list[RequestOut]
    next_cursor: str | None


class RequestFilters(CamelSchema):
    status: Annotated[RequestStatus, BeforeValidator(_upper)] | None = None
    offering_id: Id | None = None
    cursor: str | None = Field(None, max_length=100)


class ApproveIn(CamelSchema):
    notes: Annotated[str | None, Field(max_length=2000)] = None
    scheduled_at: Annotated[Instant | None, Field(description="one of `times`; the first when left out")] = None


class RejectIn(CamelSchema):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class SuggestIn(CamelSchema):
    times: list[Instant] = Field(min_length=1, max_length=MOST_TIMES)
    notes: str | None = Field(None, max_length=2000)


class AcceptIn(CamelSchema):
    scheduled_at: Instant = Field(description="one of `suggestedTimes`")


def requests_to_show(rows: BookingRequestQuerySet) -> BookingRequestQuerySet:
    """Everything `request_shown` reads, in one query."""
    return rows.select_related("student", "mentor", "session")


def request_shown(row: BookingRequest, request: SignedInRequest) -> dict[str, Any]:
    """A request as its two sides see it at `request.now`: what `RequestOut` answers."""
    return {
        "id": row.pk,
        "status": row.status_at(request.now),
        "offering_id": row.offering_id,
        "title": row.title,
        "times": row.times,
        "message": row.message,
        "approval_notes": row.approval_notes,
        "approval_deadline": row.approval_deadline,
        "session_id": row.session_id,
        "student_id": row.student_id,
        "student_name": row.student.display_name,
        "mentor_id": row.mentor_id,
        "mentor_name": row.mentor.display_name,
        "session_count": row.session_count,
        "duration_minutes": row.duration_minutes,
        "price": {"amount": row.amount_minor, "currency": row.currency, "display": row.price_display},
        "suggested_times": row.suggested_times,
        "scheduled_at": row.session.starts_at if row.session else None,
        "payment_deadline": row.payment_deadline,
        "paid_at": row.paid_at,
        "rejection_reason": row.rejection_reason,
        "created_at": row.created_at,
        "url": row.get_absolute_url(),
    }


def _one(request: SignedInRequest, request_id: UUID) -> dict[str, Any]:
    row = requests_to_show(BookingRequest.objects.of(request.user)).filter(pk=request_id).first()
    if row is None:
        raise NotFound("There is no such request.")
    return request_shown(row, request)


def _page(rows: BookingRequestQuerySet, filters: RequestFilters, request: SignedInRequest, by: str) -> dict[str, Any]:
    if filters.status is not None:
        rows = rows.with_status(filters.status, request.now)
    if filters.offering_id is not None:
        rows = rows.filter(offering__id=filters.offering_id)
    items, cursor = page_by_time(requests_to_show(rows), filters.cursor, by)
    return {"items": [request_shown(row, request) for row in items], "next_cursor": cursor}


@router.get("requests/me", response=RequestPage, auth=signed_in)
def my_requests(request: SignedInRequest, filters: Query[RequestFilters]) -> dict[str, Any]:
    """What the caller has asked mentors for, oldest first. `status` is the one judged right now."""
    return _page(BookingRequest.objects.filter(student=request.user), filters, request, "created_at")


@router.get("requests/incoming", response=RequestPage, auth=signed_in)
def incoming_requests(request: SignedInRequest, filters: Query[RequestFilters]) -> dict[str, Any]:
    """What students have asked the caller for, by the deadline of the answer."""
    return _page(BookingRequest.objects.filter(mentor=request.user), filters, request, "approval_deadline")


@router.get("requests/{request_id}", response=RequestOut, auth=signed_in)
def one_request(request: SignedInRequest, request_id: UUID) -> dict[str, Any]:
    """One request, for its two sides."""
    return _one(request, request_id)


@router.post("requests/{request_id}/approve", response=RequestOut, auth=signed_in)
def approve(request: SignedInRequest, request_id: UUID, body: ApproveIn | None = None) -> Any:
    """The mentor says yes to one of the times: it is kept for the payment, for a pack with a seat. Twice is once."""
    wish = body or ApproveIn()

    def do() -> dict[str, Any]:
        services.approve(
            request_id=request_id,
            by=request.user,
            scheduled_at=wish.scheduled_at,
            notes=wish.notes or "",
            now=request.now,
        )
        # In wire format, so that what is stored and replayed is what was answered.
        return RequestOut.model_validate(_one(request, request_id)).model_dump(mode="json", by_alias=True)

    said = wish.model_dump(mode="json")
    return once(user=request.user, scope=f"requests/{request_id}/approve", key=key_of(request), body=said, do=do)


@router.post("requests/{request_id}/reject", response=RequestOut, auth=signed_in)
def reject(request: SignedInRequest, request_id: UUID, body: RejectIn) -> dict[str, Any]:
    """The mentor says no, and why. Twice changes nothing."""
    services.reject(request_id=request_id, by=request.user, reason=body.reason, now=request.now)
    return _one(request, request_id)


@router.post("requests/{request_id}/suggest", response=RequestOut, auth=signed_in)
def suggest(request: SignedInRequest, request_id: UUID, body: SuggestIn) -> dict[str, Any]:
    """The mentor offers up to three other times, of which the student accepts one."""
    services.suggest(request_id=request_id, by=request.user, times=body.times, notes=body.notes or "", now=request.now)
    return _one(request, request_id)


@router.post("requests/{request_id}/accept", response=RequestOut, auth=signed_in)
def accept(request: SignedInRequest, request_id: UUID, body: AcceptIn) -> dict[str, Any]:
    """The student takes one of the suggested times: it is kept for the payment. Twice is once."""
    services.accept_suggestion(request_id=request_id, by=request.user, scheduled_at=body.scheduled_at, now=request.now)
    return _one(request, request_id)


@router.post("requests/{request_id}/withdraw", response=RequestOut, auth=signed_in)
def withdraw(request: SignedInRequest, request_id: UUID) -> dict[str, Any]:
    """The student changes their mind; what was kept for the payment is free at once. Twice changes nothing."""
    services.withdraw_request(request_id=request_id, by=request.user, now=request.now)
    return _one(request, request_id)
