"""`/mentorship/session/<id>`: before, during and after one session, for its two people; everybody else gets 404."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mentorship.kernel.http import page_or_part
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from mentorship.pages.session_card import SessionCard
from mentorship.pages.session_words import claiming, open_proposal
from mentorship.people.http import SignedInRequest
from packs.models import CreditEntry, SessionPack
from sessions_app.models import Session, SessionEvent
from sessions_app.services import Consequence, judged_by_evidence, what_if_cancelled, what_if_forgiven
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
    return SessionCard(session, request.user, request.now)


def attempt(
    request: SignedInRequest,
    card: SessionCard,
    verb: Callable[[], Any],
    *,
    again: Callable[[SessionCard, Refusal], HttpResponse],
    done: str,
    to: str = "",
) -> HttpResponse:
    """Do it and go on to the session (or `to`); a refusal is shown by `again`, with the session read anew.

    What is nobody's or the other side's to do is no page of this session. Raises NotFound, NotYours.
    """
    try:
        verb()
    except (NotFound, NotYours):
        raise
    except Refusal as refusal:
        return again(card_or_404(request, card.session.pk), refusal)
    messages.success(request, done)
    return redirect(to or card.session)


@login_required
@never_cache
@require_safe
def session_page(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    page = page_or_part(request, "sessions/session.html", "session")
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
        "by_itself": by_itself(card, entered) if card.stage == "over" else "",
        "claiming": claiming(card),
        "proposal": open_proposal(card),
        "forgivable": _asks(what_if_forgiven, card) is not None,
        "cancelling": _asks(what_if_cancelled, card),
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


def _asks(what_if: Callable[..., Consequence], card: SessionCard) -> Consequence | None:
    """What this verb would do for the card's viewer; None where it cannot be done."""
    try:
        return what_if(card.session, by=card.viewer, now=card.now)
    except Refusal:
        return None


def by_itself(card: SessionCard, entered: set[int | None]) -> str:
    """As what a session that is over settles if nobody says anything, and why, for the card's viewer."""
    _, absent, _, _ = judged_by_evidence(card.session, entered)
    if not absent:
        why = "both of you were in the room" if entered else "nobody entered the room, nothing speaks against it"
        return f"as completed: {why}"
    missing = card.session.student if absent == Session.Party.STUDENT else card.session.mentor
    who = "you" if missing == card.viewer else missing.first_name
    there = "only you" if who != "you" else f"only {card.other.first_name}"
    does = "it is used" if absent == Session.Party.STUDENT else "it comes back"
    return f"as missed by {who}: {there} entered the room, so {does}"


def _bookable_pack(card: SessionCard) -> SessionPack | None:
    """The pack out of which the student books the next one: this one, or the make-up pack its credit went to."""
    pack = card.session.pack
    if pack is None or card.is_mentor:
        return None
    if pack.remaining_at(card.now) > 0:
        return None if pack.clock_stands else pack
    if card.session.credit != Session.Credit.RETURNED:
        return None
    made_up = SessionPack.objects.open(card.now).filter(
        entries__session_id=card.session.pk, entries__kind=CreditEntry.Kind.MOVED_IN, sessions_remaining__gt=0
    )
    return made_up.first()
