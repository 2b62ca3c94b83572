"""`/mentorship/requests/<id>`: one request for its two sides, and the verbs of both; everybody else gets 404.

GET says what a verb would do, POST does it; a refusal is shown on the page as it is by then, with nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mentorship.kernel import local_time
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from mentorship.pages.choosing_times import TimeField
from mentorship.pages.requests_card import RequestCard, judged, loaded, note_rivals
from mentorship.pages.requests_times import WishedTimes, asked_week, read_times
from mentorship.people.http import SignedInRequest
from seats.models import Seat
from sessions_app.models import BookingRequest
from sessions_app.services import accept_suggestion, approve, check_seat, reject, suggest, withdraw_request
from sessions_app.services.withdrawing import what_if_withdrawn

NOTES_MAX, REASON_MAX = 2000, 500
MOST_RIVALS = 200


class AnswerForm(forms.Form):
    """A yes: to which time, and what the student reads with it."""

    scheduledAt = TimeField(required=False)
    notes = forms.CharField(
        label="A word with it", required=False, max_length=NOTES_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )


class RejectForm(forms.Form):
    reason = forms.CharField(label="Why?", max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 3}))


class SuggestForm(forms.Form):
    notes = forms.CharField(
        label="A word with it", required=False, max_length=NOTES_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )


def card_or_404(request: SignedInRequest, request_id: UUID) -> RequestCard:
    """The request of this viewer. Raises NotFound for a stranger's or an unknown one."""
    row = loaded(BookingRequest.objects.of(request.user)).filter(pk=request_id).first()
    if row is None:
        raise NotFound("There is no such request.")
    card = judged([row], request.user, request.now)[0]
    if row.takes_seat:
        card.seat = Seat.objects.occupying(request.now).filter(student=row.student, mentor=row.mentor).first()
    if card.is_mentor and card.is_waiting:
        others = BookingRequest.objects.waiting(request.now).filter(mentor=request.user).exclude(pk=row.pk)
        note_rivals([card], others.select_related("student")[:MOST_RIVALS])
    return card


@login_required
@never_cache
@require_safe
def request_page(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    return _page(request, card_or_404(request, request_id))


def _page(
    request: SignedInRequest,
    card: RequestCard,
    *,
    form: AnswerForm | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    row = card.request
    context = {
        "card": card,
        "asked": row,
        "other": card.other,
        "form": form or AnswerForm(initial={"notes": row.approval_notes}),
        "chosen": form.cleaned_data.get("scheduledAt") if form and form.is_bound and form.is_valid() else None,
        "refusal": refusal,
        "full": card.is_mentor and card.is_waiting and _is_full(card),
    }
    return render(request, "requests/request.html", context, status=status)


def _is_full(card: RequestCard) -> bool:
    """Whether there is no seat for a yes: none is free, and none is the student's, or on offer to them."""
    try:
        if card.request.takes_seat:
            check_seat(card.request.student, card.request.mentor_id, card.now)
    except Refusal:
        return True
    return False


@login_required
@never_cache
@require_POST
def approval(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    form = AnswerForm(request.POST)
    return _do(
        request,
        request_id,
        form,
        lambda said: approve(
            request_id=request_id,
            by=request.user,
            scheduled_at=said["scheduledAt"],
            notes=said["notes"],
            now=request.now,
        ),
        lambda card: f"{card.other.first_name} has until {_near(card.request.payment_deadline, request)} to pay.",
    )


@login_required
@never_cache
@require_POST
def acceptance(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    form = AnswerForm(request.POST)
    form.fields["scheduledAt"].required = True
    return _do(
        request,
        request_id,
        form,
        lambda said: accept_suggestion(
            request_id=request_id, by=request.user, scheduled_at=said["scheduledAt"], now=request.now
        ),
        lambda card: f"This time is kept for you. Pay by {_near(card.request.payment_deadline, request)}.",
    )


def _do(
    request: SignedInRequest,
    request_id: UUID,
    form: AnswerForm,
    verb: Callable[[dict[str, Any]], Any],
    done: Callable[[RequestCard], str],
) -> HttpResponse:
    """One verb, then the request's page; a refusal is shown on it, as it is by now."""
    card = card_or_404(request, request_id)
    if card.request.times:  # to one of several nobody says yes by accident
        form.fields["scheduledAt"].required = True
    if not form.is_valid():
        return _page(request, card, form=form, status=422)
    try:
        verb(form.cleaned_data)
    except (NotFound, NotYours):
        raise
    except Refusal as refusal:
        return _page(request, card_or_404(request, request_id), form=form, refusal=refusal, status=refusal.status)
    card = card_or_404(request, request_id)
    messages.success(request, done(card))
    return redirect(card.request)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rejection(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """No, with a reason that the student reads."""
    card, form, refusal, status = _card_of_mentor(request, request_id), RejectForm(), None, 200
    if request.method == "POST":
        form, status = RejectForm(request.POST), 422
        if form.is_valid():
            try:
                reject(request_id=request_id, by=request.user, reason=form.cleaned_data["reason"], now=request.now)
                messages.success(request, f"{card.other.first_name} is told.")
                return redirect(card.request)
            except Refusal as no:
                card, refusal, status = card_or_404(request, request_id), no, no.status
    context = {"card": card, "asked": card.request, "other": card.other, "form": form, "refusal": refusal}
    return render(request, "requests/rejection.html", context, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def suggestion(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """Other times, out of the mentor's own free week; the student takes one of them, or lets it be."""
    card, form, refusal, status = _card_of_mentor(request, request_id), SuggestForm(), None, 200
    row = card.request
    times = WishedTimes(
        request, row.mentor.mentor_profile, row.duration_minutes, row.student, f"{row.get_absolute_url()}/suggestion"
    )
    if request.method == "POST":
        form, status = SuggestForm(request.POST), 422
        if week := asked_week(request):  # what was typed stays in the form: this answer changes nothing
            return redirect(times.here(week=week, notes=request.POST.get("notes", "")[:NOTES_MAX]))
        if form.is_valid():
            try:
                suggest(
                    request_id=request_id,
                    by=request.user,
                    times=read_times(request.POST.getlist("at")),
                    notes=form.cleaned_data["notes"],
                    now=request.now,
                )
                messages.success(request, f"{card.other.first_name} is asked to choose.")
                return redirect(row)
            except Refusal as no:
                card, refusal, status = card_or_404(request, request_id), no, no.status
    elif notes := request.GET.get("notes") or row.approval_notes:
        form = SuggestForm(initial={"notes": notes})
    context = {
        "card": card,
        "asked": row,
        "other": card.other,
        "mentor": row.mentor,
        "times": times,
        "answer_hours": settings.MENTORSHIP.approval_hours,
        "least_hours": settings.MENTORSHIP.approval_least_hours_before,
        "form": form,
        "refusal": refusal,
    }
    return render(request, "requests/suggestion.html", context, status=status)


def _card_of_mentor(request: SignedInRequest, request_id: UUID) -> RequestCard:
    card = card_or_404(request, request_id)
    if not card.is_mentor:
        raise NotYours("Only the mentor answers a request.")
    return card


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdrawal(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """The student takes it back, after reading what that does. If that has changed since, nothing happens."""
    card, refusal, status = card_or_404(request, request_id), None, 200
    if card.is_mentor:
        raise NotYours("Only the student can take a request back.")
    if request.method == "POST":
        try:
            withdraw_request(
                request_id=request_id, by=request.user, now=request.now, expect=request.POST.get("expect", "")
            )
            messages.success(request, "Taken back. Nothing was paid.")
            return redirect(card.request)
        except Refusal as no:
            card, refusal, status = card_or_404(request, request_id), no, no.status
    try:
        consequence = what_if_withdrawn(card.request, now=card.now)
    except Refusal as impossible:
        consequence, refusal = None, refusal or impossible
    context = {"card": card, "asked": card.request, "other": card.other, "consequence": consequence, "refusal": refusal}
    return render(request, "requests/withdrawal.html", context, status=status)


def _near(moment: datetime | None, request: SignedInRequest) -> str:
    return local_time.words(moment, request.user.zone, now=request.now, style="near") if moment else "then"
