"""The settings of one's own account."""

from __future__ import annotations

from urllib.parse import quote

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from mentorship.kernel.refusals import Refusal
from mentorship.people import services
from mentorship.people.forms import MentorForm, ProfileForm
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    # A row of its own: a refused form must not change the name in the page's head.
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        asked = form.instance.zone_name
        if request.user.is_mentor and asked != request.user.zone_name:
            # A mentor's hours are on the zone's clock: what becomes of them is asked where they are.
            form.instance.save(update_fields=["name"])
            return redirect(f"{reverse('availability_zone')}?to={quote(asked)}")
        form.instance.save(update_fields=["name", "zone_name"])
        messages.success(request, "Saved.")
        return redirect("settings_profile")
    return render(request, "people/profile.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def security(request: SignedInRequest) -> HttpResponse:
    """How one signs in, and where to change it."""
    kinds = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    ways = {
        "app": Authenticator.Type.TOTP in kinds,
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "password": request.user.has_usable_password(),
    }
    return render(request, "people/security.html", ways)


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def mentor(request: SignedInRequest) -> HttpResponse:
    """A mentor's shop front and rules."""
    shown = request.user.mentor_profile
    form = MentorForm(request.POST or None, request.FILES or None, instance=type(shown).objects.get(pk=shown.pk))
    if request.method == "POST" and form.is_valid():
        try:
            services.save_mentor(form=form)
        except Refusal as refused:
            form.add_error("slug", refused.message)
        else:
            messages.success(request, "Saved.")
            return redirect("settings_mentor")
    return render(request, "people/mentor.html", {"form": form, "shown": shown}, status=422 if form.errors else 200)
