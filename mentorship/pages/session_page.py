"""`/mentorship/session/<id>`: before, during and after one session, for its two people; everybody else gets 404."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mentorship.kernel.http import wants
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.session_card import SessionCard
from mentorship.people.http import SignedInRequest
from packs.models import SessionPack
from sessions_app.models import Session, SessionEvent
from sessions_app.services import what_if_cancelled
from sessions_app.services.settling import PRESENT_AFTER

HERE_SECONDS = 45
# From when on before the start it matters who is here.
SOON = timedelta(hours=1)


def card_or_404(request: SignedInRequest, session_id: UUID) -> SessionCard:
    """The session of this viewer. Raises NotFound for a stranger's or an unknown one."""
    rows = Session.objects.of(request.user).select_related("student", "mentor__mentor_profile", "pack").numbered()
    session = rows.filter(pk=session_id).first()
    if session is None:
        raise NotFound
    card = SessionCard(session, request.user, request.now)
    card.seat_kept_otherwise = card.is_mentor and card.stage == "over" and _seat_kept_otherwise(card)
    return card


def _seat_kept_otherwise(card: SessionCard) -> bool:
    session = card.session
    if session.pack_id is None:
        return False
    packs = SessionPack.objects.keeping_a_seat(card.now).filter(student=session.student_id, mentor=session.mentor_id)
    return packs.exclude(pk=session.pack_id).exists()


@login_required
@never_cache
@require_safe
def session_page(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    page = "sessions/session.html"
    if wants(request, "session"):
        page += "#session"
    return render(request, page, context_of(card_or_404(request, session_id)))


@login_required
@never_cache
@require_POST
def presence(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """The page says its reader is here and asks who else is. It is kept for a moment only, never a row."""
    card = card_or_404(request, session_id)
    cache.set(_here_key(card.session, card.viewer.pk), True, HERE_SECONDS)
    return render(request, "sessions/presence.html", context_of(card, polled=True))


def context_of(card: SessionCard, **more: Any) -> dict[str, Any]:
    """What every state of the page shows. The meeting's address is in it only for someone who has entered an open room."""
    events = list(card.session.events.select_related("by"))
    entered = {event.by_id for event in events if event.kind == SessionEvent.Kind.ENTERED}
    inside = card.viewer.pk in entered
    context = {
        "card": card,
        "soon": card.session.room_opens_at() - card.now <= SOON,
        "session": card.session,
        "other": card.other,
        "inside": inside,
        "other_entered": card.other.pk in entered,
        "other_here": bool(cache.get(_here_key(card.session, card.other.pk))),
        "meeting_url": card.session.room_url if card.stage == "open" and inside else "",
        "has_room": bool(card.session.room_url),
        "judge_absent": _may_judge_absent(card, inside, entered),
        "cancelling": _cancelling(card),
        "if_used": card.if_used if card.is_mentor else "",
        "history": [event for event in events if event.kind != SessionEvent.Kind.ENTERED],
        "last_reason": next(
            (event.reason for event in reversed(events) if event.kind == SessionEvent.Kind.CANCELLED), ""
        ),
        "bookable_pack": _bookable_pack(card),
    }
    return context | more


def _here_key(session: Session, person_id: int) -> str:
    return f"here:{session.pk}:{person_id}"


def _may_judge_absent(card: SessionCard, inside: bool, entered: set[int | None]) -> bool:
    """From minute 15 whoever is inside may say that the other did not come."""
    waited = card.now >= card.session.starts_at + PRESENT_AFTER
    return card.session.is_booked and inside and waited and card.other.pk not in entered


def _cancelling(card: SessionCard) -> Any:
    try:
        return what_if_cancelled(card.session, by=card.viewer, now=card.now)
    except Refusal:
        return None


def _bookable_pack(card: SessionCard) -> SessionPack | None:
    """The pack out of which the student books the next one: this one, where it has credits left."""
    pack = card.session.pack
    return pack if pack is not None and not card.is_mentor and pack.remaining_at(card.now) > 0 else None
