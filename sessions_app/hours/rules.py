"""How a mentor is booked: notice, horizon, step, breaks, limits: /tutor/availability/rules."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import MentorProfile
from sessions_app.hours.forms import RulesForm
from sessions_app.hours.shown import tabs
from sessions_app.services.hours import set_booking_rules


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: SignedInRequest) -> HttpResponse:
    # A row of its own: a refused form must not change what the page says elsewhere.
    instance = MentorProfile.objects.get(user=request.user)
    form = RulesForm(
        request.POST if request.method == "POST" else None,
        instance=instance,
        usual_horizon=settings.MENTORSHIP.horizon_days,
    )
    if form.is_bound and form.is_valid():
        set_booking_rules(mentor=request.user, values=form.cleaned_data)
        messages.success(request, "Your booking rules are saved.")
        return redirect("availability_rules")
    context = {"form": form, "tabs": tabs("rules"), "usual_horizon": settings.MENTORSHIP.horizon_days}
    return render(request, "availability/rules.html", context, status=422 if form.errors else 200)
