"""Single dates that differ from the week: /tutor/availability/exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from mentorship.kernel.refusals import Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import User
from sessions_app.availability import MINUTE, first_moment, last_moment
from sessions_app.hours.forms import DateForm
from sessions_app.hours.shown import ADDRESS, tabs
from sessions_app.models import DateException, Session
from sessions_app.services.hours import add_exception, remove_exception


@dataclass(frozen=True)
class Line:
    """One coming date, with the booked sessions that lie in what is closed."""

    exception: DateException
    sessions: list[Session]

    @property
    def settle_url(self) -> str:
        day = self.exception.day.isoformat()
        return f"{ADDRESS}/vacations/new?first_day={day}&last_day={day}"


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def dates(request: SignedInRequest) -> HttpResponse:
    """The coming dates that differ, and one more."""
    mentor, now = request.user, request.now
    form = DateForm(request.POST if request.method == "POST" else None)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            add_exception(mentor=mentor, day=form.cleaned_data["day"], kind=form.kind, minutes=form.minutes, now=now)
        except Refusal as refusal:
            form.add_error("day" if refusal.code == "malformed" else None, refusal.message)
            status = refusal.status
        else:
            messages.success(request, "Saved. Booked sessions stay as they are.")
            return redirect("availability_dates")
    today = now.astimezone(mentor.zone).date()
    context = {"form": form, "lines": coming_dates(mentor, now), "today": today, "tabs": tabs("dates")}
    return render(request, "availability/dates.html", context, status=status)


@mentors_only
@require_POST
def removal(request: SignedInRequest, exception_id: int) -> HttpResponse:
    remove_exception(mentor=request.user, exception_id=exception_id)
    messages.success(request, "Removed. That day is as your week says again.")
    return redirect("availability_dates")


def coming_dates(mentor: User, now: datetime) -> list[Line]:
    """Today's and later ones. Two queries, however many."""
    today = now.astimezone(mentor.zone).date()
    found = list(DateException.objects.filter(mentor=mentor, day__gte=today).order_by("day", "start_minute", "pk"))
    closed = [one for one in found if one.kind == DateException.Kind.CLOSED]
    sessions: list[Session] = []
    if closed:
        coming = Session.objects.filter(mentor=mentor).coming(now)
        sessions = list(coming.select_related("student").order_by("starts_at"))
    return [Line(one, _in(one, sessions, mentor) if one in closed else []) for one in found]


def _in(exception: DateException, sessions: list[Session], mentor: User) -> list[Session]:
    midnight = datetime.combine(exception.day, time())
    first, last = exception.start_minute or 0, exception.end_minute
    start = first_moment(midnight + first * MINUTE, mentor.zone)
    end = last_moment(midnight + (timedelta(days=1) if last is None else last * MINUTE), mentor.zone)
    return [session for session in sessions if session.starts_at < end and session.ends_at > start]
