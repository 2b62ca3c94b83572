"""The caller's packs with their seat and next session. Composed of three apps, so it stands above them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import Field

from mentorship.kernel.api import CamelSchema, Id, Instant, Link, page_by_id, signed_in
from mentorship.people.http import SignedInRequest
from packs.models import SessionPack
from seats.models import Seat
from sessions_app.api import SessionOut, shown, to_show
from sessions_app.models import Session

router = Router(tags=["packs"])
Status = SessionPack.Status


class SeatOut(CamelSchema):
    status: Literal["OFFERED", "HELD", "ACTIVE", "GRACE"]
    number: int
    grace_ends_at: Instant | None


class PackOut(CamelSchema):
    id: int
    mentor_id: int
    mentor_name: str
    title: str
    status: Literal["ACTIVE", "DEPLETED", "EXPIRED", "REFUNDED"]
    duration_minutes: int
    sessions_total: int
    sessions_held: int
    sessions_used: int
    remaining_sessions: int = Field(description="credits that can be booked right now")
    expires_at: Instant
    takes_seat: bool
    seat: SeatOut | None
    next_session: SessionOut | None
    url: Link


class PackPage(CamelSchema):
    items: list[PackOut]
    next_cursor: str | None


class PackFilters(CamelSchema):
    mentor_id: Id | None = None
    cursor: str | None = Field(None, max_length=30)


@router.get("session-packs/me", response=PackPage, auth=signed_in)
def my_packs(request: SignedInRequest, filters: Query[PackFilters]) -> dict[str, Any]:
    """All packs the caller ever had. Only a payment creates one."""
    return _page(request, filters, SessionPack.objects.filter(student=request.user))


@router.get("session-packs/me/active", response=PackPage, auth=signed_in)
def my_open_packs(request: SignedInRequest, filters: Query[PackFilters]) -> dict[str, Any]:
    """Those of them that are open right now."""
    return _page(request, filters, SessionPack.objects.open(request.now).filter(student=request.user))


def _page(request: SignedInRequest, filters: PackFilters, rows: QuerySet[SessionPack]) -> dict[str, Any]:
    """Three queries, whatever the number of packs: packs, their seats, their next sessions."""
    now = request.now
    if filters.mentor_id is not None:
        rows = rows.filter(mentor__id=filters.mentor_id)
    packs, cursor = page_by_id(rows.select_related("mentor"), filters.cursor)
    seats = _seats(packs, now)
    coming = _next_sessions(packs, now)
    items = []
    for pack in packs:
        session = coming.get(pack.pk)
        next_session = shown(session, request) if session else None
        items.append({**_told(pack, now), "seat": _seat_of(pack, seats, now), "next_session": next_session})
    return {"items": items, "next_cursor": cursor}


def _told(pack: SessionPack, now: datetime) -> dict[str, Any]:
    return {
        "id": pack.pk,
        "mentor_id": pack.mentor_id,
        "mentor_name": pack.mentor.display_name,
        "title": pack.title,
        "status": pack.status_at(now),
        "duration_minutes": pack.duration_minutes,
        "sessions_total": pack.total_at(now),
        "sessions_held": pack.sessions_held,
        "sessions_used": pack.sessions_used,
        "remaining_sessions": pack.remaining_at(now),
        "expires_at": pack.expires_at,
        "takes_seat": pack.takes_seat,
        "url": pack.get_absolute_url(),
    }


def _seats(packs: Sequence[SessionPack], now: datetime) -> dict[tuple[int, int], Seat]:
    """The seats that occupy right now, by (student, mentor)."""
    pairs = {(pack.student_id, pack.mentor_id) for pack in packs if pack.takes_seat}
    students, mentors = {s for s, _ in pairs}, {m for _, m in pairs}
    rows = Seat.objects.occupying(now).filter(student__in=students, mentor__in=mentors)
    return {(seat.student_id, seat.mentor_id): seat for seat in rows}


def _seat_of(pack: SessionPack, seats: dict[tuple[int, int], Seat], now: datetime) -> Seat | None:
    """The seat this pack is on: an open one's, one's with a session still booked, or a finished one's in grace."""
    seat = seats.get((pack.student_id, pack.mentor_id)) if pack.takes_seat else None
    if seat is None:
        return None
    living = pack.is_open(now) or pack.sessions_held > 0
    kept = seat.status == Seat.Status.GRACE and pack.status_at(now) in (Status.DEPLETED, Status.EXPIRED)
    return seat if living or kept else None


def _next_sessions(packs: Sequence[SessionPack], now: datetime) -> dict[int | None, Session]:
    rows = to_show(Session.objects.coming(now)).filter(pack__in=[pack.pk for pack in packs])
    first = rows.order_by("pack_id", "starts_at", "pk").distinct("pack_id")
    return {session.pack_id: session for session in first}
