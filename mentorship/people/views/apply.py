"""Becoming a mentor: one form, then waiting for an admin."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mentorship.kernel.refusals import Refusal
from mentorship.people import services
from mentorship.people.forms import ApplicationForm, ProfileForm
from mentorship.people.http import SignedInRequest
from mentorship.people.models import MentorProfile, User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: SignedInRequest) -> HttpResponse:
    """The application and its state: nothing yet, waiting, verified."""
    profile = MentorProfile.objects.filter(user=request.user).prefetch_related("topics").first()
    person = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    form = ApplicationForm(request.POST or None, instance=profile)
    refused = None
    if request.method == "POST" and all([person.is_valid(), form.is_valid()]):
        try:
            services.apply_as_mentor(user=request.user, now=request.now, **form.cleaned_data)
        except Refusal as no:
            refused = no
        else:
            person.instance.save(update_fields=["name", "zone_name"])
            messages.success(request, "Thank you. We look at your application and write to you.")
            return redirect("mentor_apply")
    state = "verified" if profile and profile.verified_at else "waiting" if profile and profile.applied_at else "new"
    context = {"form": form, "person": person, "state": state, "profile": profile, "refused": refused}
    wrong = 409 if refused else 422 if form.errors or person.errors else 200
    return render(request, "people/apply.html", context, status=wrong)
