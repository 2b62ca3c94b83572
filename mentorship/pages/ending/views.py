"""`/student/mentorship/<mentor_id>/end` and `/tutor/mentorship/<student_id>/end`: what ending it does, then the press."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.ending.service import Ended, ask_back, commit, end_by_mentor, give_up, preview
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import User
from packs.models import SessionPack
from payments.models import Order
from seats.models import Seat

LONGEST = 300
BACK, UP = "refund", "give-up"


class WhyForm(forms.Form):
    reason = forms.CharField(max_length=LONGEST, label="Why?", widget=forms.Textarea(attrs={"rows": 3}))


class MaybeWhyForm(forms.Form):
    reason = forms.CharField(
        max_length=LONGEST, required=False, label="A last word", widget=forms.Textarea(attrs={"rows": 3})
    )


@mentors_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_mentor(request: SignedInRequest, student_id: int) -> HttpResponse:
    student = _other(student_id, mine="mentor", me=request.user)
    form = WhyForm(request.POST) if request.method == "POST" else WhyForm()

    def end(reason: str) -> Ended:
        mentor = request.user
        return end_by_mentor(student=student, mentor=mentor, by=mentor, reason=reason, now=request.now)

    refusal, status = None, 200
    if form.is_bound:
        if form.is_valid():
            refusal = _try(partial(end, form.cleaned_data["reason"]), request)
            if refusal is None:
                messages.success(request, f"It is ended. {student.first_name} is told, and why.")
                return redirect("mentor_room")
        status = refusal.status if refusal else 422
    ended, blocked = _look(partial(end, "-"))
    if refusal and ended and not ended.does_something:
        return _over(request, "mentor_room")
    context = {"student": student, "form": form, "ended": ended, "blocked": blocked, "refusal": refusal}
    return render(request, "ending/mentor.html", context, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_student(request: SignedInRequest, mentor_id: int) -> HttpResponse:
    """Two ways: ask for what is unused, which the mentor decides, or give it up."""
    mentor = _other(mentor_id, mine="student", me=request.user)
    chosen = request.POST.get("way", "") if request.method == "POST" else ""
    asking = WhyForm(request.POST if chosen == BACK else None, auto_id="back_%s")
    leaving = MaybeWhyForm(request.POST if chosen == UP else None, auto_id="up_%s")

    def end(do: Callable[..., Ended], reason: str) -> Ended:
        return do(student=request.user, mentor=mentor, reason=reason, now=request.now)

    refusal, status = None, 200
    ways: dict[str, tuple[Callable[..., Ended], forms.Form]] = {BACK: (ask_back, asking), UP: (give_up, leaving)}
    if chosen in ways:
        do, form = ways[chosen]
        if form.is_valid():
            refusal = _try(partial(end, do, form.cleaned_data["reason"]), request)
            if refusal is None:
                messages.success(request, _done(chosen, mentor))
                return redirect("student_room")
        status = refusal.status if refusal else 422
    elif request.method == "POST":
        status = 422
    back, no_back = _look(partial(end, ask_back, "-"))
    up, blocked = _look(partial(end, give_up, ""))
    asked = Order.objects.filter(student=request.user, mentor=mentor, refund_asked_at__isnull=False).exists()
    if refusal and chosen == UP and up and not up.does_something:
        return _over(request, "student_room")
    context = {
        "mentor": mentor,
        "asking": asking,
        "leaving": leaving,
        "back": back,
        "no_back": no_back,
        "up": up,
        "blocked": blocked,
        "asked": asked,
        "refusal": refusal,
    }
    return render(request, "ending/student.html", context, status=status)


def _over(request: SignedInRequest, room: str) -> HttpResponse:
    """A second press finds what the first one did."""
    messages.info(request, "This mentorship has ended already.")
    return redirect(room)


def _done(chosen: str, mentor: User) -> str:
    if chosen == BACK:
        return f"{mentor.first_name} is told, and decides. Until then everything stays as it is."
    return f"It is ended. {mentor.first_name} is told."


def _other(person_id: int, *, mine: str, me: User) -> User:
    """The other side of a mentorship of mine. Raises NotFound where there is, and was, none."""
    theirs = "student" if mine == "mentor" else "mentor"
    pair = {mine: me, theirs: person_id}
    known = any(model._default_manager.filter(**pair).exists() for model in (Seat, SessionPack, Order))
    person = User.objects.filter(Q(pk=person_id) & ~Q(pk=me.pk)).first() if known else None
    if person is None:
        raise NotFound("There is no such mentorship.")
    return person


def _look(end: Callable[[], Ended]) -> tuple[Ended | None, Refusal | None]:
    try:
        return preview(end), None
    except Refusal as refusal:
        return None, refusal


def _try(end: Callable[[], Ended], request: Any) -> Refusal | None:
    try:
        commit(end, expect=request.POST.get("expect", ""))
    except Refusal as refusal:
        return refusal
    return None
