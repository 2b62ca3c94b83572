"""`/tutor/packs/<id>/renewal`: whether this student buys the next pack at once, or asks the mentor first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.http import SignedInRequest
from packs.models import SessionPack
from packs.services import may_turn_off, renewal_is_off, turn_renewal_off, turn_renewal_on


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def renewal_page(request: SignedInRequest, pack_id: int) -> HttpResponse:
    pack = SessionPack.objects.filter(pk=pack_id, mentor=request.user).select_related("student").first()
    if pack is None:
        raise Http404
    if request.method != "POST":
        return _page(request, pack)
    name = pack.student.first_name
    try:
        said = _decide(request, pack, name)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, pack, refusal=refusal, status=refusal.status)
    messages.success(request, said)
    return redirect(pack)


def _decide(request: SignedInRequest, pack: SessionPack, name: str) -> str:
    wanted = request.POST.get("renewal")
    verb: dict[str, Any] = {"pack_id": pack.pk, "by": request.user, "now": request.now}
    if wanted == "ask":
        turn_renewal_off(**verb)
        return f"{name} asks you before the next pack, and is told so."
    if wanted == "free":
        turn_renewal_on(**verb)
        return f"{name} can renew without asking."
    raise Malformed("Please choose one of the two.")


def _page(
    request: SignedInRequest, pack: SessionPack, *, refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "pack": pack,
        "other": pack.student,
        "is_off": renewal_is_off(pack.student_id, pack.mentor_id, request.now),
        "may_turn_off": may_turn_off(pack, request.now),
        "refusal": refusal,
    }
    return render(request, "packs/renewal.html", context, status=status)
