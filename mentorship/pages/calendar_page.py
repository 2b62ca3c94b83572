"""`/student/calendar` and `/tutor/calendar`: one week as an agenda, in the reader's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mentorship.pages.choosing_times import with_query
from mentorship.pages.session_card import SessionCard, cards
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import User
from sessions_app.models import Session
from sessions_app.week import DAYS, week_range

FARTHEST = timedelta(days=800)


@login_required
@require_safe
def student_calendar(request: SignedInRequest) -> HttpResponse:
    """All mentors, or with `?mentor=<user id>` one of them."""
    mentors = list(User.objects.filter(sessions_given__student=request.user).distinct().order_by("name", "pk"))
    chosen = _chosen(request.GET.get("mentor"), mentors)
    rows = Session.objects.filter(student=request.user)
    if chosen:
        rows = rows.filter(mentor=chosen)
    return _page(request, rows, "/student/calendar", mentors, chosen)


@mentors_only
@require_safe
def tutor_calendar(request: SignedInRequest) -> HttpResponse:
    return _page(request, Session.objects.filter(mentor=request.user), "/tutor/calendar", [], None)


def _page(request: SignedInRequest, rows: Any, path: str, mentors: list[User], chosen: User | None) -> HttpResponse:
    now, zone = request.now, request.user.zone
    monday = _monday(request.GET.get("week"), now, zone)
    start, end = week_range(monday, zone)
    gone = (Session.Status.CANCELLED, Session.Status.EXPIRED)
    rows = rows.filter(starts_at__gte=start, starts_at__lt=end).exclude(status__in=gone)
    found = cards(
        rows.select_related("student", "mentor", "pack").numbered().order_by("starts_at", "pk"), request.user, now
    )
    mentor = chosen.pk if chosen else None

    def link(day: date) -> str:
        return with_query(path, week=day.isoformat(), mentor=mentor)

    context = {
        "days": _days(found, monday, zone),
        "today": now.astimezone(zone).date(),
        "monday": monday,
        "sunday": monday + timedelta(days=DAYS - 1),
        "earlier_url": link(monday - timedelta(days=DAYS)),
        "later_url": link(monday + timedelta(days=DAYS)),
        "this_week_url": with_query(path, mentor=mentor) if _monday(None, now, zone) != monday else "",
        "pills": _pills(path, monday, mentors, mentor),
        "has_sessions": bool(found),
        "week_ends": end,
    }
    return render(request, "rooms/calendar.html", context)


def _chosen(asked: str | None, mentors: list[User]) -> User | None:
    if not asked:
        return None
    found = next((mentor for mentor in mentors if str(mentor.pk) == asked), None)
    if found is None:
        raise Http404
    return found


def _monday(asked: str | None, now: datetime, zone: Any) -> date:
    """The Monday of the week asked for; this week's where that is missing, absurd or no date."""
    today = now.astimezone(zone).date()
    try:
        day = date.fromisoformat(asked or "")
    except ValueError:
        day = today
    if abs(day - today) > FARTHEST:
        day = today
    return day - timedelta(days=day.weekday())


def _days(found: list[SessionCard], monday: date, zone: Any) -> list[dict[str, Any]]:
    days = [monday + timedelta(days=n) for n in range(DAYS)]
    return [
        {"day": day, "cards": [c for c in found if c.session.starts_at.astimezone(zone).date() == day]} for day in days
    ]


def _pills(path: str, monday: date, mentors: list[User], current: int | None) -> list[dict[str, Any]]:
    """Filters, once there is something to choose between."""
    if len(mentors) < 2:
        return []
    choices = [(None, "All mentors"), *((mentor.pk, mentor.display_name) for mentor in mentors)]
    return [
        {"url": with_query(path, week=monday.isoformat(), mentor=pk), "label": label, "current": pk == current}
        for pk, label in choices
    ]
