"""`/mentorship/session/<id>/proposal`: the mentor asks to move a session, the student accepts or keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mentorship.kernel.http import page_or_part
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from mentorship.pages.choosing_times import MoveForm, week_to_move
from mentorship.pages.session_card import SessionCard
from mentorship.pages.session_page import attempt, card_or_404
from mentorship.pages.session_words import open_proposal
from mentorship.people.http import SignedInRequest
from sessions_app.services import answer_proposal, propose_move, what_if_accepted, withdraw_proposal

NOTE_MAX = 300


class ProposalForm(MoveForm):
    note = forms.CharField(
        label="A word to your student", required=False, max_length=NOTE_MAX, widget=forms.Textarea(attrs={"rows": 2})
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_page(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """The mentor's week of times to propose; for the student what is proposed, with what accepting does."""
    card = card_or_404(request, session_id)
    if request.method != "POST":
        return _page(request, card)
    if not card.is_mentor:
        raise NotYours("Only the mentor can propose another time.")
    form = ProposalForm(request.POST)
    if not form.is_valid():
        return _page(request, card, form=form, status=422)
    starts_at, note = form.cleaned_data["scheduledAt"], form.cleaned_data["note"]

    def again(card: SessionCard, refusal: Refusal) -> HttpResponse:
        form.add_error(None, refusal.message)
        return _page(request, card, form=form, status=refusal.status)

    return attempt(
        request,
        card,
        lambda: propose_move(session_id=session_id, starts_at=starts_at, by=card.viewer, note=note, now=card.now),
        again=again,
        done=f"Proposed. {card.other.first_name} is asked.",
    )


@login_required
@never_cache
@require_POST
def acceptance(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    expect = request.POST.get("expect", "")
    return _answer(request, session_id, "Moved. Both of you are told.", accepted=True, expect=expect)


@login_required
@never_cache
@require_POST
def rejection(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    return _answer(request, session_id, "Kept: the session stays as it was.", accepted=False)


@login_required
@never_cache
@require_POST
def proposal_withdrawal(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    card = card_or_404(request, session_id)
    return _try(
        request,
        card,
        lambda: withdraw_proposal(session_id=session_id, by=card.viewer, now=card.now),
        "Taken back: the session stays as it is.",
    )


def _answer(request: SignedInRequest, session_id: UUID, done: str, **said: Any) -> HttpResponse:
    card = card_or_404(request, session_id)
    asked = request.POST.get("proposal", "")
    found = card.session.proposals.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 19 else None
    if found is None:
        raise NotFound
    proposal_id = int(found.pk)
    return _try(
        request, card, lambda: answer_proposal(proposal_id=proposal_id, by=card.viewer, now=card.now, **said), done
    )


def _try(request: SignedInRequest, card: SessionCard, verb: Callable[[], Any], done: str) -> HttpResponse:
    def again(card: SessionCard, refusal: Refusal) -> HttpResponse:
        return _page(request, card, refusal=refusal, status=refusal.status)

    return attempt(request, card, verb, again=again, done=done)


def _page(
    request: SignedInRequest,
    card: SessionCard,
    *,
    form: ProposalForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    proposal = open_proposal(card)
    context: dict[str, Any] = {
        "card": card,
        "session": card.session,
        "other": card.other,
        "mentor": card.session.mentor,
        "proposal": proposal,
        "refusal": refusal,
        "form": form or ProposalForm(),
        "accepting": None,
        "week": None,
    }
    if proposal is not None and not card.is_mentor:
        try:
            context["accepting"] = what_if_accepted(proposal, by=card.viewer, now=card.now)
        except Refusal as impossible:
            context["refusal"] = refusal or impossible
    if card.is_mentor and card.can_propose:
        selected = proposal.starts_at if proposal else None
        context["week"] = week_to_move(request, card.session, "proposal", selected=selected, within_notice=True)
    return render(request, page_or_part(request, "sessions/proposal.html", "week"), context, status=status)
