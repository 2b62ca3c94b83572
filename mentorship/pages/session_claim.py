"""`/mentorship/session/<id>/claim`: something was wrong. One side says so, the other agrees or answers, else an admin decides."""

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

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.session_card import SessionCard
from mentorship.pages.session_page import attempt, card_or_404, context_of
from mentorship.pages.session_words import outcome_words
from mentorship.people.http import SignedInRequest
from sessions_app.models import Claim
from sessions_app.services import (
    agree,
    answer,
    check_may_claim,
    counts_as,
    open_claim,
    what_if_agreed,
    what_if_claimed,
    what_if_judged,
    withdraw_claim,
)

TEXT_MAX = 2000


class ClaimForm(forms.Form):
    wanted = forms.ChoiceField(
        choices=Claim.Outcome.choices, error_messages={"required": "Please say what it should count as."}
    )
    reason = forms.CharField(
        label="What happened?",
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Please say what happened: the other side and, if need be, an admin read it."},
    )


class AnswerForm(forms.Form):
    text = forms.CharField(
        label="How do you see it?",
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Please say how you see it."},
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim_page(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """What is being said about the session, and the form to say it."""
    card = card_or_404(request, session_id)
    if request.method != "POST":
        return _page(request, card)
    form = ClaimForm(request.POST)
    if not form.is_valid():
        return _page(request, card, form=form, status=422)
    return _try(
        request,
        card,
        lambda: open_claim(session_id=session_id, by=card.viewer, now=card.now, **form.cleaned_data),
        f"Said. {card.other.first_name} is told.",
        form=form,
    )


@login_required
@never_cache
@require_POST
def agreement(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    card = card_or_404(request, session_id)
    expect, claim_id = request.POST.get("expect", ""), _claim_id(request, card)
    done = "You agreed. Both of you are told."
    return _try(request, card, lambda: agree(claim_id=claim_id, by=card.viewer, now=card.now, expect=expect), done)


@login_required
@never_cache
@require_POST
def claim_answer(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    card = card_or_404(request, session_id)
    claim_id, form = _claim_id(request, card), AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, card, answering=form, status=422)
    text = form.cleaned_data["text"]
    done = "Answered. An admin decides."
    return _try(
        request, card, lambda: answer(claim_id=claim_id, by=card.viewer, text=text, now=card.now), done, answering=form
    )


@login_required
@never_cache
@require_POST
def claim_withdrawal(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    card = card_or_404(request, session_id)
    claim_id = _claim_id(request, card)
    done = "Taken back. Both of you are told."
    return _try(request, card, lambda: withdraw_claim(claim_id=claim_id, by=card.viewer, now=card.now), done)


def _claim_id(request: SignedInRequest, card: SessionCard) -> int:
    """The claim the reader saw, if it is about this session. Raises NotFound."""
    said = request.POST.get("claim", "")
    found = card.session.claims.filter(pk=int(said)).first() if said.isdecimal() and len(said) < 19 else None
    if found is None:
        raise NotFound
    return int(found.pk)


def _try(
    request: SignedInRequest, card: SessionCard, verb: Callable[[], Any], done: str, **forms_: Any
) -> HttpResponse:
    """One verb, then the claim's page; a refusal is shown on it, with what was typed."""

    def again(card: SessionCard, refusal: Refusal) -> HttpResponse:
        return _page(request, card, refusal=refusal, status=refusal.status, **forms_)

    return attempt(request, card, verb, again=again, done=done, to=f"{card.session.get_absolute_url()}/claim")


def _page(
    request: SignedInRequest,
    card: SessionCard,
    *,
    form: ClaimForm | None = None,
    answering: AnswerForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    context = context_of(card, refusal=refusal)
    said = context["claiming"].said
    context |= {"agreeing": None, "answering": None, "opening": None, "now_words": _now_words(card)}
    if said is not None and said.is_open:
        if not said.is_own:
            context["agreeing"], impossible = _agreeing(said.claim, card)
            context["refusal"] = refusal or impossible
        if said.for_reader:
            context["answering"] = answering or AnswerForm()
    elif context["claiming"].until is not None:
        form = form or ClaimForm()
        context |= {
            "form": form,
            "options": _outcomes(card, form["wanted"].value()),
            "opening": what_if_claimed(card.session, by=card.viewer, now=card.now),
        }
    elif said is None:
        context["why_no_claim"] = _why_not(card)
    return render(request, "sessions/claim.html", context, status=status)


def _now_words(card: SessionCard) -> str:
    """What the session counts as before anything is decided."""
    if card.stage != "settled":
        return "not settled yet"
    badge = card.badge
    return badge[0].lower() + badge[1:] if badge.startswith(("C", "N", "Y")) else badge


def _why_not(card: SessionCard) -> str:
    try:
        check_may_claim(card.session, by=card.viewer, now=card.now)
    except Refusal as refusal:
        return refusal.message
    return ""


def _agreeing(claim: Claim, card: SessionCard) -> tuple[Any, Refusal | None]:
    try:
        return what_if_agreed(claim, by=card.viewer, now=card.now), None
    except Refusal as impossible:
        return None, impossible


def _outcomes(card: SessionCard, chosen: str | None) -> list[dict[str, Any]]:
    """What the session could count as instead, each with what that would do."""
    found = []
    for outcome in Claim.Outcome.values:
        if outcome == counts_as(card.session):
            continue
        try:
            consequence = what_if_judged(card.session, outcome, by=card.viewer, now=card.now)
        except Refusal:
            continue
        title = outcome_words(card.session, outcome, card.viewer)
        checked = outcome == chosen
        found.append({"value": outcome, "title": title, "note": consequence.sentence, "checked": checked})
    return found
