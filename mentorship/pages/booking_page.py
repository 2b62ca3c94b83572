"""`/student/mentorship/book`: choose a time, spend a credit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mentorship.kernel import idempotency, limits
from mentorship.kernel.http import page_or_part
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.choosing_times import BookForm, week_of_pack, with_query
from mentorship.people.http import SignedInRequest
from packs.models import SessionPack
from sessions_app.models import Session
from sessions_app.services import book

PATH = "/student/mentorship/book"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def book_page(request: SignedInRequest) -> HttpResponse:
    packs = open_packs(request)
    pack = chosen_pack(request, packs)
    if pack is None:
        return render(request, "rooms/nothing_to_book.html", status=409 if request.method == "POST" else 200)
    if request.method != "POST":
        return _page(request, pack, packs, BookForm())
    form = BookForm(request.POST)
    if not form.is_valid():
        return _page(request, pack, packs, form, status=422)
    try:
        answer = _book(request, pack, form.cleaned_data)
    except NotFound:
        raise
    except Refusal as refusal:
        form.add_error(None, refusal.message)
        response = _page(request, pack, packs, form, status=refusal.status)
        if hasattr(refusal, "retry_after"):
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    session = Session.objects.of(request.user).select_related("mentor").get(pk=answer["session"])
    messages.success(request, f"Booked with {session.mentor.first_name}.")
    return redirect(session)


def _book(request: SignedInRequest, pack: SessionPack, wanted: dict[str, Any]) -> dict[str, str]:
    """Book once for this key; the twin of a click gets the same session."""
    user, now, key = request.user, request.now, idempotency.key_of(request)
    limits.spend("book", user.pk, settings.MENTORSHIP.bookings_per_minute, key)
    starts_at, agenda = wanted["scheduledAt"], wanted["agenda"]

    def do() -> dict[str, str]:
        session = book(
            student=user,
            mentor_id=pack.mentor_id,
            pack_id=pack.pk,
            starts_at=starts_at,
            agenda=agenda,
            by=user,
            now=now,
        )
        return {"session": str(session.pk)}

    body = {"pack": pack.pk, "scheduledAt": starts_at, "agenda": agenda}
    return idempotency.once(user=user, scope="book", key=key, body=body, do=do)


def open_packs(request: SignedInRequest) -> list[SessionPack]:
    """The student's open packs, the one expiring first comes first. One used up by a twin's booking is among them."""
    rows = SessionPack.objects.open(request.now).filter(student=request.user)
    return list(rows.select_related("student", "mentor__mentor_profile__user").order_by("expires_at", "pk"))


def chosen_pack(request: SignedInRequest, packs: list[SessionPack]) -> SessionPack | None:
    """The pack asked for, or the first with a free credit. Raises Http404 for one that is not the reader's."""
    asked = request.POST.get("pack") or request.GET.get("pack")
    if asked is None:
        free = [pack for pack in packs if pack.sessions_remaining > 0]
        return min(free, key=lambda pack: pack.clock_stands, default=None)  # one that can be booked, if there is one
    if not asked.isdecimal() or len(asked) > 18:
        raise Http404
    found = next((pack for pack in packs if pack.pk == int(asked)), None)
    if found is None and not SessionPack.objects.filter(student=request.user, pk=int(asked)).exists():
        raise Http404
    return found


def _page(
    request: SignedInRequest, pack: SessionPack, packs: list[SessionPack], form: BookForm, *, status: int = 200
) -> HttpResponse:
    asked = request.GET.get("week") or request.POST.get("week")
    selected = _time(form, request)
    week = week_of_pack(
        pack,
        pack.mentor.mentor_profile,
        request.user,
        asked=asked,
        zone=request.user.zone,
        now=request.now,
        link=lambda day: _link(pack, day),
        selected=selected,
    )
    context = {
        "pack": pack,
        "mentor": pack.mentor,
        "options": _options(pack, packs),
        "form": form,
        "week": week,
        "key": request.POST.get("idempotency_key") or uuid4().hex,
    }
    return render(request, page_or_part(request, "rooms/book.html", "week"), context, status=status)


def _time(form: BookForm, request: SignedInRequest) -> datetime | None:
    """The time that stands chosen: what was sent, or `?at=`."""
    sent = request.POST.get("scheduledAt") or request.GET.get("at")
    try:
        return form.fields["scheduledAt"].clean(sent)
    except ValidationError:  # whatever an address says, the page shows, with nothing chosen
        return None


def _link(pack: SessionPack, day: date) -> str:
    return with_query(PATH, pack=pack.pk, week=day.isoformat())


def _options(pack: SessionPack, packs: list[SessionPack]) -> list[dict[str, Any]]:
    """The packs with this mentor that have free credits, when there is a choice."""
    fitting = [p for p in packs if p.mentor_id == pack.mentor_id and p.sessions_remaining > 0]
    if len(fitting) < 2:
        return []
    return [
        {
            "url": with_query(PATH, pack=p.pk),
            "title": f"{p.duration_minutes} minutes",
            "note": f"{p.sessions_remaining} of {p.sessions_total} free",
            "price": "",
            "checked": p.pk == pack.pk,
        }
        for p in fitting
    ]
