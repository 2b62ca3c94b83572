"""`/student/packs/<id>`: what is left of a pack and every entry that explains it; the same lines for both sides."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mentorship.people.http import SignedInRequest
from packs.models import CreditEntry, SessionPack
from packs.statement import Line, Reader, lines
from payments.models import Order
from seats.models import Seat
from sessions_app.models import Session


@login_required
@require_safe
def statement(request: SignedInRequest, pack_id: int) -> HttpResponse:
    user, now = request.user, request.now
    packs = SessionPack.objects.filter(Q(student=user) | Q(mentor=user)).select_related(
        "student", "mentor__mentor_profile"
    )
    pack = packs.filter(pk=pack_id).first()
    if pack is None:
        raise Http404
    is_student = pack.student_id == user.pk
    entries = list(CreditEntry.objects.filter(pack=pack).select_related("by", "purchase"))
    session_ids = {entry.session_id for entry in entries if entry.session_id}
    sessions = {s.pk: s for s in Session.objects.of(user).filter(pk__in=session_ids).numbered()}
    reader = Reader(user.pk, request.user.zone, sees_price=is_student, now=now)
    told = lines(pack, entries, sessions, reader)
    orders = _orders(told) if is_student else {}
    held = sorted((s for s in sessions.values() if s.pack_id == pack.pk and s.is_booked), key=lambda s: s.starts_at)
    context = {
        "pack": pack,
        "is_student": is_student,
        "other": pack.mentor if is_student else pack.student,
        "left": pack.total_at(now) - pack.sessions_used,
        "free": pack.remaining_at(now),
        "held": pack.sessions_held,
        "held_for": held[0] if held else None,
        "status": pack.status_at(now),
        "seat": Seat.objects.occupying(now).filter(student=pack.student_id, mentor=pack.mentor_id).first()
        if pack.takes_seat
        else None,
        "entries": [_entry(line, orders) for line in told],
    }
    return render(request, "rooms/statement.html", context)


def _orders(told: list[Line]) -> dict[Any, Order]:
    return Order.objects.in_bulk([line.order_id for line in told if line.order_id])


def _entry(line: Line, orders: dict[Any, Order]) -> dict[str, Any]:
    """A line for components/statement.html, with the way to the session or the order it is about."""
    links = []
    if line.session_id:
        links.append({"url": f"/mentorship/session/{line.session_id}", "label": "the session"})
    if order := orders.get(line.order_id):
        links.append({"url": order.get_absolute_url(), "label": f"order {order.number}"})
    return {
        "id": line.id,
        "at": line.at,
        "what": line.what,
        "why": line.why,
        "change": line.change,
        "left": line.left,
        "held": line.held,
        "links": links,
    }
