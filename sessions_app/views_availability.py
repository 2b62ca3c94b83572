"""A mentor's weekly hours: /tutor/availability."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Min
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from sessions_app import availability, week_picture
from sessions_app.forms_availability import WeekForm
from sessions_app.models import Session, WeeklyRule
from sessions_app.services.hours import set_hours
from sessions_app.slots import hours_of, next_free

USUAL_DURATION = 60


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def week(request: SignedInRequest) -> HttpResponse:
    """See and change the week. Saving never touches booked sessions."""
    mentor, now = request.user, request.now
    profile = mentor.mentor_profile
    rules = list(WeeklyRule.objects.filter(mentor=mentor).values_list("weekday", "start_minute", "end_minute"))
    form = WeekForm(request.POST if request.method == "POST" else None, rules=rules)
    if form.is_bound and form.is_valid():
        set_hours(mentor=mentor, rules=form.rules)
        messages.success(request, "Your week is saved.")
        return redirect("availability")
    context = {"form": form, "profile": profile, **_what_follows(profile, rules, now)}
    return render(request, "availability/week.html", context, status=422 if form.errors else 200)


def _what_follows(profile: MentorProfile, rules: list[tuple[int, int, int]], now: datetime) -> dict[str, Any]:
    """What the saved week means: its picture, the next time students can book, booked sessions outside it."""
    stretches = availability.merge(rules)
    duration = Offering.objects.filter(mentor=profile.user, archived_at=None).aggregate(least=Min("duration_minutes"))[
        "least"
    ]
    duration = duration or USUAL_DURATION
    found = next_free([profile], now, days=settings.MENTORSHIP.horizon_days, duration=duration) if rules else {}
    return {
        "rules": rules,
        "picture": week_picture.draw(stretches),
        "hours_a_week": f"{sum(stretch.end - stretch.start for stretch in stretches) / 60:g}",
        "next": found.get(profile.user_id),
        "duration": duration,
        "horizon_days": settings.MENTORSHIP.horizon_days,
        "outside": _outside(profile, now),
    }


def _outside(profile: MentorProfile, now: datetime) -> list[Session]:
    """Coming sessions that do not lie within the week's hours."""
    coming = list(
        Session.objects.filter(mentor=profile.user).coming(now).select_related("student").order_by("starts_at")
    )
    if not coming:
        return []
    hours = hours_of([profile.user_id], coming[0].starts_at, coming[-1].ends_at)[profile.user_id]
    return [s for s in coming if not availability.covers(hours, profile.zone, s.starts_at, s.ends_at)]
