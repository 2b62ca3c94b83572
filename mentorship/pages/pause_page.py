"""`/student/packs/<id>/pause` and `/tutor/packs/<id>/pause`: ask, answer, take back, go on; what it does stands before it."""

from __future__ import annotations

from typing import Any, Literal

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mentorship.kernel.http import page_or_part
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.http import SignedInRequest
from packs.models import Pause, SessionPack
from packs.services import answer_pause, days_left, resume, what_if_paused, what_if_resumed
from packs.services.pausing import pause_url
from sessions_app.services import pauses

Side = Literal["student", "mentor"]
USUAL_DAYS = 14


class PauseForm(forms.Form):
    """How long, and why: the other side reads it."""

    days = forms.IntegerField(
        label="How many days?",
        min_value=1,
        error_messages={"invalid": "Please enter a whole number of days.", "required": "Please say how many days."},
    )
    reason = forms.CharField(label="Why?", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, left: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"].max_value = left  # type: ignore[attr-defined]
        self.fields["days"].widget.attrs |= {"max": left, "inputmode": "numeric"}


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pause_page(request: SignedInRequest, pack_id: int, side: Side) -> HttpResponse:
    """The state of the pack's pause; POST asks the other side for one."""
    pack = _pack(request, pack_id, side)
    if request.method != "POST":
        return _page(request, pack)
    form = PauseForm(request.POST, left=days_left(pack))
    if not form.is_valid():
        return _page(request, pack, form, status=422)
    asked = {"days": form.cleaned_data["days"], "reason": form.cleaned_data["reason"].strip()}
    try:
        pauses.ask_to_pause(pack_id=pack.pk, by=request.user, now=request.now, **asked)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, pack, form, refusal=refusal, status=refusal.status)
    messages.success(request, f"Asked. {_other(request, pack).first_name} is told.")
    return redirect(pause_url(pack, request.user))


@login_required
@never_cache
@require_POST
def answer(request: SignedInRequest, pack_id: int, side: Side) -> HttpResponse:
    """Agree, decline, or (for whoever asked) take it back."""
    pack = _pack(request, pack_id, side)
    pause, agreed = _pause(request, pack), request.POST.get("answer") == "yes"
    by: dict[str, Any] = {"pause_id": pause.pk, "by": request.user, "now": request.now}
    try:
        if agreed:
            pauses.agree_to_pause(expect=request.POST.get("expect", ""), **by)
        else:
            answer_pause(agreed=False, **by)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, _pack(request, pack_id, side), refusal=refusal, status=refusal.status)
    other = _other(request, pack).first_name
    if agreed:
        said = f"Paused. {other} is told."
    else:
        mine = pause.asked_by_id == request.user.pk
        said = "Taken back." if mine else f"Declined. {other} is told; nothing has changed."
    messages.success(request, said)
    return redirect(pack)


@login_required
@never_cache
@require_POST
def end(request: SignedInRequest, pack_id: int, side: Side) -> HttpResponse:
    """Go on before the pause is over."""
    pack = _pack(request, pack_id, side)
    try:
        resume(pause_id=_pause(request, pack).pk, by=request.user, now=request.now)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, _pack(request, pack_id, side), refusal=refusal, status=refusal.status)
    messages.success(request, f"The pause is over. {_other(request, pack).first_name} is told.")
    return redirect(pack)


def _pack(request: SignedInRequest, pack_id: int, side: Side) -> SessionPack:
    mine: dict[str, Any] = {side: request.user}
    pack = SessionPack.objects.filter(pk=pack_id, **mine).select_related("student", "mentor__mentor_profile").first()
    if pack is None:
        raise Http404
    return pack


def _pause(request: SignedInRequest, pack: SessionPack) -> Pause:
    """The pause that the form was about: a form from before another pause must not answer this one."""
    asked = request.POST.get("pause", "")
    pause = pack.pauses.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None
    if pause is None:
        raise Http404
    return pause


def _other(request: SignedInRequest, pack: SessionPack) -> Any:
    return pack.mentor if request.user.pk == pack.student_id else pack.student


def _page(
    request: SignedInRequest,
    pack: SessionPack,
    form: PauseForm | None = None,
    *,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    now, left = request.now, days_left(pack)
    pause = pack.pauses.filter(status__in=[Pause.Status.ASKED, Pause.Status.RUNNING]).select_related("asked_by").first()
    days = pause.days if pause else _days(request, form, left)
    running = pause is not None and pause.status == Pause.Status.RUNNING
    inside = pauses.booked_inside(pack, days, now) if not running and days else []
    context = {
        "pack": pack,
        "other": _other(request, pack),
        "is_student": request.user.pk == pack.student_id,
        "is_open": pack.is_open(now),
        "url": pause_url(pack, request.user),
        "pause": pause,
        "running": running,
        "mine": pause is not None and pause.asked_by_id == request.user.pk,
        "left": left,
        "most": settings.MENTORSHIP.pause_days,
        "days": days,
        "form": form or PauseForm(initial={"days": days}, left=left),
        "what_if": what_if_paused(pack, days, now) if days and not running else None,
        "resumed_expiry": what_if_resumed(pack, pause, now) if running and pause else None,
        "full_expiry": what_if_resumed(pack, pause, pause.ends_at) if running and pause and pause.ends_at else None,
        "inside": inside,
        "refusal": refusal,
    }
    return render(request, page_or_part(request, "packs/pause.html", "ask"), context, status=status)


def _days(request: SignedInRequest, form: PauseForm | None, left: int) -> int:
    """What was sent or asked for in the address, when it makes sense; else two weeks, or what is left."""
    sent = (request.POST if form else request.GET).get("days", "")
    if sent.isdecimal() and len(sent) < 4 and 1 <= int(sent) <= left:
        return int(sent)
    return min(USUAL_DAYS, left)
