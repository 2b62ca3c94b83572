"""A mentor's weekly hours: /tutor/availability."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Min
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mentorship.kernel.http import wants
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from sessions_app import availability
from sessions_app.availability import Hours
from sessions_app.hours.forms_week import WeekForm
from sessions_app.hours.shown import first_day_of, sessions_from, shown_week, tabs
from sessions_app.models import Session, WeeklyRule
from sessions_app.services.hours import set_hours
from sessions_app.slots import Slot, busy_of, earliest, free_of, hours_of
from sessions_app.week import week_range

USUAL_DURATION = 60


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def week(request: SignedInRequest) -> HttpResponse:
    """See and change the week. Saving never touches booked sessions."""
    mentor = request.user
    if wants(request, "shown-week"):
        return render(request, "availability/week.html#shown", _shown(request)[0])
    rules = list(WeeklyRule.objects.filter(mentor=mentor).values_list("weekday", "start_minute", "end_minute"))
    form = WeekForm(request.POST if request.method == "POST" else None, rules=rules)
    if form.is_bound and form.is_valid():
        set_hours(mentor=mentor, rules=form.rules)
        messages.success(request, "Your week is saved.")
        return redirect("availability")
    shown, hours, sessions = _shown(request)
    context = {
        "form": form,
        "tabs": tabs("week"),
        "rules": rules,
        **shown,
        **_what_follows(mentor.mentor_profile, hours, request.now),
        "outside": _outside(mentor.mentor_profile, hours, sessions, request.now),
    }
    return render(request, "availability/week.html", context, status=422 if form.errors else 200)


def _shown(request: SignedInRequest) -> tuple[dict[str, Any], Hours, list[Session]]:
    """The week to look at, with what it is made of: the hours for as long as anything is booked or can be."""
    mentor, now = request.user, request.now
    first_day = first_day_of(request.GET.get("week"), mentor, now)
    start, end = week_range(first_day, mentor.zone)
    since = min(start, now)
    sessions = sessions_from(mentor, since, now)
    last = max([end, now + mentor.mentor_profile.horizon, *(session.ends_at for session in sessions)])
    hours = hours_of([mentor.pk], since, last)[mentor.pk]
    return {"shown": shown_week(mentor, first_day, hours, sessions, now)}, hours, sessions


def _what_follows(profile: MentorProfile, hours: Hours, now: datetime) -> dict[str, Any]:
    """What the saved hours mean: the next time that students can book."""
    own = Offering.objects.filter(mentor=profile.user, archived_at=None)
    duration = own.aggregate(least=Min("duration_minutes"))["least"] or USUAL_DURATION
    start, end = now + timedelta(hours=profile.notice_hours), now + profile.horizon
    free: Iterator[Slot] = iter(())
    if hours and start < end:
        busy = busy_of([profile], (), start, end, duration, now)
        free = free_of(profile, hours, busy, None, start, end, duration)
    return {
        "profile": profile,
        "hours_a_week": f"{sum(stretch.end - stretch.start for stretch in hours.week) / 60:g}",
        "next": earliest(free),
        "duration": duration,
        "horizon_days": profile.horizon.days,
    }


def _outside(profile: MentorProfile, hours: Hours, sessions: list[Session], now: datetime) -> list[Session]:
    """Coming sessions that do not lie within the mentor's hours."""
    given = [one for one in sessions if one.mentor_id == profile.user_id and one.is_booked and one.ends_at > now]
    return [one for one in given if not availability.covers(hours, profile.zone, one.starts_at, one.ends_at)]
