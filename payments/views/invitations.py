"""`/tutor/invite`: a mentor gives a seat and sessions to a student of their own, who pays them directly."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import idempotency
from mentorship.kernel.refusals import Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from payments import services
from payments.forms_refunds import InviteForm
from payments.views.site import site_url
from seats.services import availability


@mentors_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: SignedInRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, InviteForm())
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        services.invite_student(
            mentor=request.user,
            **form.cleaned_data,
            site_url=site_url(request),
            idempotency_key=idempotency.key_of(request),
            now=request.now,
        )
    except Refusal as refusal:
        return _page(request, form, refusal=refusal, status=refusal.status)
    count, said = form.cleaned_data["sessions"], form.cleaned_data
    messages.success(
        request,
        f"{said['name']} has {count} session{'s' if count > 1 else ''} with you. "
        f"We have written to {said['email']} how to sign in.",
    )
    return redirect("seats")


def _page(
    request: SignedInRequest, form: InviteForm, *, refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "refusal": refusal,
        "free": availability(request.user.pk, request.now).available,
        "verified": request.user.mentor_profile.verified_at is not None,
        "most": settings.MENTORSHIP.invitations_per_day,
        "idempotency_key": uuid4().hex,
    }
    return render(request, "payments/invite.html", context, status=status)
