"""What can be done to a session: one noun an address. GET says what it would do, POST does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mentorship.kernel.http import page_or_part
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from mentorship.pages.choosing_times import MoveForm, week_to_move
from mentorship.pages.session_card import SessionCard
from mentorship.pages.session_page import attempt, card_or_404, context_of
from mentorship.people.http import SignedInRequest
from sessions_app.models import Session
from sessions_app.services import (
    cancel,
    complete,
    enter,
    forgive,
    no_show,
    reschedule,
    what_if_absent,
    what_if_cancelled,
    what_if_forgiven,
    what_if_moved,
)

REASON_MAX = 500
Party = Session.Party


@login_required
@never_cache
@require_POST
def entry(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    return do(request, session_id, lambda card: enter(session_id=session_id, by=card.viewer, now=card.now), "")


@login_required
@never_cache
@require_POST
def completion(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """The consequence stands beside the button, on the session's page and in the mentor's room."""
    expect = request.POST.get("expect", "")
    return do(
        request,
        session_id,
        lambda card: complete(session_id=session_id, by=card.viewer, now=card.now, expect=expect),
        "Marked as completed.",
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def no_show_page(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Who did not come, with what each answer does to the credit. `?absent=` chooses, as a link that names somebody does."""
    card = card_or_404(request, session_id)
    if request.method != "POST":
        return _no_show_page(request, card)
    absent = request.POST.get("absent", "")
    expect = request.POST.get(f"expect-{absent}", "")
    return attempt(
        request,
        card,
        lambda: no_show(session_id=session_id, absent=absent, by=card.viewer, now=card.now, expect=expect),
        again=lambda card, refusal: _no_show_page(request, card, refusal=refusal),
        done="Marked. Both of you are told.",
    )


def _no_show_page(request: SignedInRequest, card: SessionCard, *, refusal: Refusal | None = None) -> HttpResponse:
    context = context_of(card, options=_parties(card, _chosen(request)), refusal=refusal)
    return render(request, "sessions/no_show.html", context, status=refusal.status if refusal else 200)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgiveness(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """The mentor lets a late cancellation pass, once for each pack, after reading what it does."""
    card = card_or_404(request, session_id)
    if request.method != "POST":
        return _forgiveness_page(request, card)
    expect = request.POST.get("expect", "")
    return attempt(
        request,
        card,
        lambda: forgive(session_id=session_id, by=card.viewer, now=card.now, expect=expect),
        again=lambda card, refusal: _forgiveness_page(request, card, refusal=refusal),
        done=f"Forgiven. {card.other.first_name} is told.",
    )


def _forgiveness_page(request: SignedInRequest, card: SessionCard, *, refusal: Refusal | None = None) -> HttpResponse:
    try:
        consequence = what_if_forgiven(card.session, by=card.viewer, now=card.now)
    except NotYours:
        raise
    except Refusal as impossible:
        consequence, refusal = None, refusal or impossible
    context = context_of(card, forgiving=consequence, refusal=refusal)
    return render(request, "sessions/forgiveness.html", context, status=409 if request.method == "POST" else 200)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancellation(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Cancel, after reading what it does. If that has changed since, nothing happens and the page says so."""
    card = card_or_404(request, session_id)
    if request.method != "POST":
        return _cancellation_page(request, card)
    reason = request.POST.get("reason", "").strip()
    if wrong := _wrong_reason(card, reason):
        return _cancellation_page(request, card, refusal=Refusal("malformed", wrong), reason=reason, status=422)
    expect = request.POST.get("expect", "")
    return attempt(
        request,
        card,
        lambda: cancel(session_id=session_id, by=card.viewer, now=card.now, reason=reason, expect=expect),
        again=lambda card, refusal: _cancellation_page(request, card, refusal=refusal, reason=reason, status=409),
        done="Cancelled. Both of you are told.",
    )


def _wrong_reason(card: SessionCard, reason: str) -> str:
    if len(reason) > REASON_MAX or not reason.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return f"A reason has at most {REASON_MAX} characters."
    if card.is_mentor and card.session.is_booked and card.has_ended and not reason:
        return f"Please say why it did not take place: {card.other.first_name} reads it."
    return ""


def _cancellation_page(
    request: SignedInRequest, card: SessionCard, *, refusal: Refusal | None = None, reason: str = "", status: int = 200
) -> HttpResponse:
    try:
        consequence = what_if_cancelled(card.session, by=card.viewer, now=card.now)
    except Refusal as impossible:
        consequence, refusal = None, refusal or impossible
    context = context_of(card, cancelling=consequence, refusal=refusal, reason=reason, reason_max=REASON_MAX)
    return render(request, "sessions/cancellation.html", context, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """A week of free times; choosing one moves the session."""
    card = card_or_404(request, session_id)
    if request.method != "POST":
        return _move_page(request, card, MoveForm())
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _move_page(request, card, form, status=422)
    try:
        reschedule(
            session_id=session_id,
            starts_at=form.cleaned_data["scheduledAt"],
            by=card.viewer,
            now=card.now,
            expect=request.POST.get("expect", ""),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        return _move_page(request, card_or_404(request, session_id), form, status=refusal.status)
    messages.success(request, "Moved. Both of you are told.")
    return redirect(card.session)


def _move_page(request: SignedInRequest, card: SessionCard, form: MoveForm, *, status: int = 200) -> HttpResponse:
    week, moving, session, why_not = None, None, card.session, ""
    try:
        moving = what_if_moved(session, by=card.viewer, now=card.now)
    except Refusal as impossible:
        why_not = impossible.message
    if moving is not None and session.pack is not None:
        week = week_to_move(request, session, "move")
    context = {
        "card": card,
        "session": session,
        "other": card.other,
        "mentor": session.mentor,
        "form": form,
        "week": week,
        "moving": moving,
        "why_not": why_not,
    }
    return render(request, page_or_part(request, "sessions/move.html", "week"), context, status=status)


def do(request: SignedInRequest, session_id: UUID, verb: Callable[[SessionCard], Any], done: str) -> HttpResponse:
    """One verb, then the session's page; a refusal is shown on it, with nothing changed."""
    card = card_or_404(request, session_id)
    try:
        verb(card)
    except NotFound:
        raise
    except Refusal as refusal:
        card = card_or_404(request, session_id)
        return render(request, "sessions/session.html", context_of(card, refusal=refusal), status=refusal.status)
    if done:
        messages.success(request, done)
    return redirect(card.session)


def _chosen(request: SignedInRequest) -> str:
    return (request.POST if request.method == "POST" else request.GET).get("absent", "")


def _parties(card: SessionCard, chosen: str) -> list[dict[str, Any]]:
    """Who may be named absent by this viewer right now, with the consequence, which the form sends back."""
    student, mentor = card.session.student.first_name, card.session.mentor.first_name
    titles = {
        Party.STUDENT: f"{student} did not come",
        Party.MENTOR: "I did not come" if card.is_mentor else f"{mentor} did not come",
        Party.BOTH: "Neither of us came",
    }
    found = []
    for party, title in titles.items():
        try:
            consequence = what_if_absent(card.session, party, by=card.viewer, now=card.now)
        except Refusal:
            continue
        words = {"value": party, "title": title, "note": consequence.sentence, "expect": consequence.code}
        found.append(words | {"checked": party == chosen})
    return found
