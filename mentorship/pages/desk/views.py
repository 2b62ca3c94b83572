"""`/admin/support/`: find somebody, see everything that happened, put it right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.desk import verbs_packs, verbs_seats, verbs_sessions
from mentorship.pages.desk.facts import facts
from mentorship.pages.desk.finding import find, person_url
from mentorship.pages.desk.moments import typed
from mentorship.pages.desk.sources import SOURCES, Reader
from mentorship.pages.desk.timeline import timeline
from mentorship.pages.desk.verb import Case, Deed, Outcome, ReasonForm, Verb, commit, preview
from mentorship.people.http import SignedInRequest
from mentorship.people.models import User
from sessions_app.models import Session
from sessions_app.slots import free_slots

LOOK_AHEAD = timedelta(days=21)
DAYS, TIMES_A_DAY = 5, 3  # of the times that are offered to choose from
VERBS: dict[str, Verb] = {verb.slug: verb for verb in (*verbs_packs.VERBS, *verbs_sessions.VERBS, *verbs_seats.VERBS)}
DESK = "people.view_user"
NOT_YET = "your reason"  # stands for it while the verb is only looked at


def _show(
    request: HttpRequest, template: str, title: str, context: dict[str, Any], status: int = 200
) -> TemplateResponse:
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}, status=status
    )


def _only(request: SignedInRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


@never_cache
@require_safe
def search(request: SignedInRequest) -> HttpResponse:
    _only(request, DESK)
    query = request.GET.get("q", "").replace("\0", "").strip()
    user = request.user
    found = find(
        query,
        orders=user.has_perm("payments.view_order"),
        sessions=user.has_perm("sessions_app.view_session"),
    )
    if found.address:
        return redirect(found.address)
    return _show(request, "admin/desk/search.html", "Support", {"query": query, "people": found.people})


@never_cache
@require_safe
def person(request: SignedInRequest, person_id: int) -> HttpResponse:
    _only(request, DESK)
    who = User.objects.filter(pk=person_id).first()
    if who is None:
        raise Http404
    may = request.user.has_perm
    seen = {source.kind for source in SOURCES if may(source.permission)}
    kind = request.GET.get("kind", "")
    kind = kind if kind in seen else ""
    other_id = _number(request.GET.get("with", ""))
    known = facts(who, now=request.now, other_id=other_id, may=may)
    other = next((one for one in known.mentors if one.pk == other_id), None)
    told = timeline(
        who,
        reader=Reader(request.user.zone, request.now),
        seen=seen,
        kind=kind,
        other_id=other.pk if other else None,
        before=request.GET.get("before", ""),
    )
    labels = {source.kind: source.label for source in SOURCES if source.kind in seen}
    context = {
        "who": who,
        "facts": known,
        "other": other,
        "kind": kind,
        "kinds": labels.items(),
        "timeline": told,
        "about": request.GET.get("about", ""),
        "is_further": bool(request.GET.get("before")),
        "may": {slug: may(verb.permission) for slug, verb in VERBS.items()},
        "may_close": may("people.change_mentorprofile") and may("payments.change_order"),
        "query": "",
    }
    beside = f" and {other.display_name}" if other else ""
    return _show(request, "admin/desk/person.html", f"Support: {who.display_name}{beside}", context)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verb(request: SignedInRequest, slug: str, target: str) -> HttpResponse:
    """GET shows what it asks and, once that is said, what it would do; POST does exactly that, or nothing."""
    chosen = VERBS.get(slug)
    if chosen is None:
        raise Http404
    _only(request, chosen.permission)
    try:
        case = chosen.find(target)
    except NotFound:
        raise Http404 from None
    with timezone.override(request.user.zone):
        return _commit(request, chosen, case, target) if request.method == "POST" else _look(request, chosen, case)


def _look(request: SignedInRequest, verb: Verb, case: Case) -> HttpResponse:
    if verb.asks and "look" not in request.GET:
        return _page(request, verb, case, verb.form(case=case, initial=request.GET.dict()))
    form = verb.form(request.GET, case=case)
    return _page(request, verb, case, form, status=200 if form.is_valid() or "look" not in request.GET else 422)


def _commit(request: SignedInRequest, verb: Verb, case: Case, target: str) -> HttpResponse:
    form, why = verb.form(request.POST, case=case), ReasonForm(request.POST)
    if not form.is_valid() or not why.is_valid():
        return _page(request, verb, case, form, why, status=422)
    deed = Deed(case, form.cleaned_data, request.user, why.cleaned_data["reason"], request.now)
    try:
        outcome = commit(verb, deed, request.user.zone, expect=request.POST.get("expect", ""))
    except Refusal as refusal:
        messages.error(request, refusal.message)
        fresh = verb.find(target)
        return _page(request, verb, fresh, verb.form(request.POST, case=fresh), why, status=refusal.status)
    messages.success(request, outcome.done)
    return redirect(_back(case, form.cleaned_data))


def _back(case: Case, said: dict[str, Any]) -> str:
    student = case.student or said.get("student")
    if student is None:
        return person_url(case.mentor.pk)
    return person_url(student.pk, **{"with": case.mentor.pk})


def _page(
    request: SignedInRequest,
    verb: Verb,
    case: Case,
    form: Any,
    why: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    outcome: Outcome | None = None
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        deed = Deed(case, form.cleaned_data, request.user, NOT_YET, request.now)
        try:
            outcome = preview(verb, deed, request.user.zone)
        except Refusal as impossible:
            refusal = impossible
    context = {
        "verb": verb,
        "case": case,
        "form": form,
        "why": why or ReasonForm(),
        "outcome": outcome,
        "refusal": refusal,
        "press": verb.press(form.cleaned_data) if outcome else "",
        "back": _back(case, {}),
        "zone": request.user.zone,
        "times": _times(case, request) if verb.picks_a_time else [],
    }
    # Drawn at once, while the reader's zone is the one in which times are written and read.
    return _show(request, "admin/desk/verb.html", verb.title, context, status).render()


def _times(case: Case, request: SignedInRequest) -> list[dict[str, Any]]:
    """The mentor's next free times that fit the pack, as addresses that show what choosing one would do."""
    pack = case.pack
    if pack is None:
        return []
    slots = free_slots(
        mentor=case.mentor.mentor_profile,
        start=request.now,
        end=request.now + LOOK_AHEAD,
        duration_minutes=pack.duration_minutes,
        now=request.now,
        viewer=case.student,
        horizon_ends=pack.expires_at,
        ignore_session=case.row if isinstance(case.row, Session) else None,
    )
    side = request.GET.get("side", "student")
    found = []
    for start in _spread([slot.starts_at for slot in slots], request.user.zone):
        asked = {"starts_at": typed(start, request.user.zone), "side": side, "look": 1}
        found.append({"starts_at": start, "query": urlencode(asked)})
    return found


def _spread(starts: list[datetime], zone: Any) -> Iterator[datetime]:
    """Of the next days that have any, the first time, one in the middle and the last."""
    days = groupby(starts, key=lambda start: start.astimezone(zone).date())
    for _, of_day in islice(days, DAYS):
        times = list(of_day)
        steps = min(TIMES_A_DAY, len(times))
        yield from (times[step * (len(times) - 1) // max(1, steps - 1)] for step in range(steps))
