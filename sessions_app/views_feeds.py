"""`/calendar/<secret>.ics`, which a person's own calendar reads, `/settings/calendar`, where its address is kept, and one
session as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mentorship.kernel import limits
from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import NotFound, SlowDown
from mentorship.people.http import SignedInRequest
from sessions_app import ics
from sessions_app.models import CalendarFeed, Session
from sessions_app.services.feeds import end_feed, feed_content, find_feed, renew_feed

MEDIA_TYPE = "text/calendar; charset=utf-8"
AN_HOUR = 3600


@require_safe
def feed(request: PageRequest, secret: str) -> HttpResponse:
    """The calendar behind a secret address: no login, no cookies, nothing but the calendar."""
    found = find_feed(secret)
    if found is None:
        raise Http404
    try:
        limits.spend("feed", found.pk, settings.MENTORSHIP.calendar_reads_per_hour, None, seconds=AN_HOUR)
    except SlowDown as slow:
        answer = HttpResponse(
            "This calendar is read too often.\n", status=429, content_type="text/plain; charset=utf-8"
        )
        answer["Retry-After"] = str(slow.retry_after)
        return _private(answer)
    content = feed_content(found, now=request.now)
    response = HttpResponse(content.body, content_type=MEDIA_TYPE)
    response["ETag"] = quote_etag(content.etag)
    last_modified = int(content.changed_at.timestamp()) if content.changed_at else None
    if last_modified is not None:
        response["Last-Modified"] = http_date(last_modified)
    unchanged = get_conditional_response(request, response["ETag"], last_modified, response)
    return _private(unchanged or response)


def _private(response: HttpResponse) -> HttpResponse:
    """Whoever holds a copy asks again; no cache in between keeps one, no search engine lists it, no link betrays it."""
    response["Cache-Control"] = "private, no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_required
@never_cache
@require_safe
def calendar_settings(request: SignedInRequest) -> HttpResponse:
    own = CalendarFeed.objects.filter(person=request.user).first()
    context: dict[str, Any] = {"feed": own, "reads": settings.MENTORSHIP.calendar_reads_per_hour}
    if own:
        address = urlsplit(request.build_absolute_uri(own.path))
        context |= {"address": address.geturl(), "webcal": address._replace(scheme="webcal").geturl()}
    return render(request, "calendar/settings.html", context)


@login_required
@require_POST
def new_address(request: SignedInRequest) -> HttpResponse:
    """Make an address, or a new one: the old one ends at once."""
    had_one = CalendarFeed.objects.filter(person=request.user).exists()
    renew_feed(request.user, now=request.now)
    words = "You have a new address. The old one has ended." if had_one else "Your calendar has an address now."
    messages.success(request, words)
    return redirect("settings_calendar")


@login_required
@require_POST
def end_address(request: SignedInRequest) -> HttpResponse:
    """Switch it off. Twice changes nothing."""
    if end_feed(request.user):
        messages.success(request, "Your calendar's address has ended. Nobody can read it any more.")
    return redirect("settings_calendar")


@login_required
@never_cache
@require_safe
def session_file(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """One session for the viewer's own calendar; the same event as in the mails and the feed."""
    rows = Session.objects.of(request.user).select_related("student", "mentor")
    session = rows.filter(pk=session_id).exclude(credit="").first()
    if session is None:
        raise NotFound
    body = ics.build_ics(
        session,
        title=ics.title_for(session, request.user.pk),
        method="PUBLISH",
        is_off=session.status == Session.Status.CANCELLED,
        sequence=ics.sequence_of(session),
        now=request.now,
    )
    response = HttpResponse(body, content_type=MEDIA_TYPE)
    response["Content-Disposition"] = 'attachment; filename="session.ics"'
    return response
