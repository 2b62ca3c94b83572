"""`/student/packs/<id>`: what is left of a pack and every entry that explains it; the same lines for both sides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mentorship.pages.mentorships import with_renewal
from mentorship.people.http import SignedInRequest
from packs.models import CreditEntry, Pause, SessionPack
from packs.services import may_turn_off, renewal_is_off, what_if_extended
from packs.services.pausing import pause_url
from packs.statement import Line, Reader, lines
from payments.models import Order
from seats.models import Seat
from sessions_app.models import Session

SEATED = (Seat.Status.ACTIVE, Seat.Status.GRACE)


@login_required
@require_safe
def statement(request: SignedInRequest, pack_id: int) -> HttpResponse:
    user, now = request.user, request.now
    packs = SessionPack.objects.filter(Q(student=user) | Q(mentor=user)).select_related(
        "student", "mentor__mentor_profile"
    )
    pack = with_renewal(packs, user).filter(pk=pack_id).first()
    if pack is None:
        raise Http404
    is_student = pack.student_id == user.pk
    entries = list(CreditEntry.objects.filter(pack=pack).select_related("by", "purchase"))
    session_ids = {entry.session_id for entry in entries if entry.session_id}
    sessions = {s.pk: s for s in Session.objects.of(user).filter(pk__in=session_ids).numbered()}
    reader = Reader(user.pk, request.user.zone, sees_price=is_student, now=now)
    told = lines(pack, entries, sessions, reader)
    orders = _orders(told)
    pause = _open_pause(pack) if pack.is_open(now) else None
    held = sorted((s for s in sessions.values() if s.pack_id == pack.pk and s.is_booked), key=lambda s: s.starts_at)
    seats = Seat.objects.occupying(now).filter(student=pack.student_id, mentor=pack.mentor_id)
    seat = seats.first() if pack.takes_seat else None
    # As booking judges it: free credits without a seat that is taken cannot be booked.
    no_seat = pack.takes_seat and pack.is_open(now) and (seat is None or seat.status != Seat.Status.ACTIVE)
    left = pack.total_at(now) - pack.sessions_used
    context = {
        "pack": pack,
        "is_student": is_student,
        "other": pack.mentor if is_student else pack.student,
        "left": left,
        # Where the mails about the last session and about grace lead; before that more would only be noise.
        "renewal_url": _renewal_url(pack) if is_student and left <= 1 and seat and seat.status in SEATED else "",
        "free": pack.remaining_at(now),
        "held": pack.sessions_held,
        "held_for": held[0] if held else None,
        "status": pack.status_at(now),
        "seat": seat,
        "no_seat": no_seat,
        "comes_back": _comes_back(pack, seat, now),
        "pause": pause,
        "pause_url": pause_url(pack, user),
        "may_pause": pack.is_open(now) and not pack.frozen_at and not no_seat,
        "asks_to_renew": pack.takes_seat and renewal_is_off(pack.student_id, pack.mentor_id, now),
        "may_end_renewal": may_turn_off(pack, now),
        "entries": [_entry(line, _links(line, orders, pack, is_student=is_student)) for line in told],
    }
    return render(request, "rooms/statement.html", context)


def _comes_back(pack: SessionPack, seat: Seat | None, now: datetime) -> int:
    """How many expired sessions a renewal in the grace of the seat would bring back to this pack."""
    if seat is None or not seat.in_grace(now) or pack.status_at(now) != SessionPack.Status.EXPIRED:
        return 0
    then = what_if_extended(
        student_id=pack.student_id,
        mentor_id=pack.mentor_id,
        duration_minutes=pack.duration_minutes,
        validity_days=0,
        seat_in_grace_since=seat.activated_at,
        now=now,
    )
    return then.revived if then is not None and then.pack.pk == pack.pk else 0


def _renewal_url(pack: SessionPack) -> str:
    """Where the student buys more: what was bought last, if it is still for sale, else the mentor's page."""
    offer: dict[str, Any] | None = getattr(pack, "renewal", None)
    return f"/checkout/{offer['id']}" if offer else pack.mentor.mentor_profile.get_absolute_url()


def _open_pause(pack: SessionPack) -> Pause | None:
    open_ones = pack.pauses.filter(status__in=[Pause.Status.ASKED, Pause.Status.RUNNING])
    return open_ones.select_related("asked_by").first()


def _orders(told: list[Line]) -> dict[Any, Order]:
    return Order.objects.in_bulk([line.order_id for line in told if line.order_id])


def _links(line: Line, orders: dict[Any, Order], pack: SessionPack, *, is_student: bool) -> list[dict[str, str]]:
    """The ways to the session or the order a line is about, and to its money: each purchase is refunded by itself."""
    links = []
    if line.session_id:
        links.append({"url": f"/mentorship/session/{line.session_id}", "label": "the session"})
    order = orders.get(line.order_id)
    if order is None:
        return links
    if is_student:
        links.append({"url": order.get_absolute_url(), "label": f"order {order.number}"})
        if order.paid_at:
            links.append({"url": f"{order.get_absolute_url()}/receipt", "label": "receipt"})
    if order.amount_minor and pack.status in (SessionPack.Status.ACTIVE, SessionPack.Status.EXPIRED):
        if is_student:
            links.append({"url": f"{order.get_absolute_url()}/refund", "label": "ask for a refund"})
        else:
            links.append({"url": f"/tutor/orders/{order.pk}/refund", "label": "refund"})
    return links


def _entry(line: Line, links: list[dict[str, str]]) -> dict[str, Any]:
    """A line for components/statement.html."""
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
