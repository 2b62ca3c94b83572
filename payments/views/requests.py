"""The page on which an approved request is paid: the price that was asked for, the time that is kept, one button."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import idempotency, limits
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.http import SignedInRequest
from payments import services
from payments.providers.base import Provider
from payments.views.site import site_url
from sessions_app.models import BookingRequest


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: SignedInRequest, request_id: UUID) -> HttpResponse:
    """The student's own request. What cannot be paid (any more) is told on the request's own page."""
    rows = BookingRequest.objects.filter(student=request.user).select_related("mentor__mentor_profile", "session")
    asked = rows.filter(pk=request_id).first()
    if asked is None:
        raise NotFound("There is no such request.")
    if request.method == "POST":
        return _pay(request, asked)
    if not asked.is_payable(request.now):
        return redirect(asked)
    return _show(request, asked)


def _pay(request: SignedInRequest, asked: BookingRequest) -> HttpResponse:
    try:
        key = idempotency.key_of(request)
        limits.spend("checkout", str(request.user.pk), settings.MENTORSHIP.checkouts_per_minute, key)
        chosen = request.POST.get("provider", "")
        if chosen not in {provider.name for provider in _providers(asked)}:
            raise Malformed("This way to pay is not offered here any more. Please choose another.")
        order = services.proceed_payment(
            student=request.user,
            request_id=asked.pk,
            provider=chosen,
            idempotency_key=key,
            site_url=site_url(request),
            now=request.now,
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request, asked, refusal=refusal)
    return redirect(order.checkout_url or order)


def _providers(asked: BookingRequest) -> list[Provider]:
    return services.providers_for(asked.currency, asked.amount_minor)


def _show(request: SignedInRequest, asked: BookingRequest, *, refusal: Refusal | None = None) -> HttpResponse:
    providers = _providers(asked)
    context = {
        "asked": asked,
        "mentor": asked.mentor,
        "profile": asked.mentor.mentor_profile,
        "starts_at": asked.session.starts_at if asked.session else None,
        "expires_at": request.now + timedelta(days=asked.validity_days),
        "providers": providers,
        "chosen": providers[0].name if providers else "",
        "refusal": refusal or (None if providers else services.cannot_be_paid(asked.currency)),
        "idempotency_key": uuid4().hex,
    }
    return render(request, "payments/checkout_request.html", context, status=refusal.status if refusal else 200)
