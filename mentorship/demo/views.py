"""The demo bar's forms and its drawer."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from mentorship.demo import drawer, durations, moving
from mentorship.demo.entrance import become
from mentorship.demo.models import DemoMail
from mentorship.demo.next_event import next_event
from mentorship.demo.words import sentence
from mentorship.kernel import clock, local_time
from mentorship.kernel.http import PageRequest, reader_zone
from mentorship.people.models import User

IN_DRAWER = 30
OPEN_TO_ALL = ("/mentorship", "/courses")


@require_POST
def persona(request: HttpRequest) -> HttpResponse:
    """Become somebody, and go to their room; on a page that everybody can see, stay there."""
    user = become(request, request.POST.get("email", ""))
    messages.success(request, f"You are {user.display_name} now.")
    back = _back(request)
    stays = back == "/" or (back.startswith(OPEN_TO_ALL) and not back.startswith("/mentorship/session"))
    return HttpResponseRedirect(back if stays and not user.is_staff else _room(user))


@require_POST
def clock_move(request: PageRequest) -> HttpResponse:
    """Move by `advance`, or to the next event."""
    wanted = request.POST.get("advance", "")
    if wanted == "next":
        event = next_event(clock.now())
        by = event.at - clock.now() if event else timedelta()
        prefix = f"Next: {event.what}. " if event else ""
    else:
        by, prefix = durations.read(wanted), ""
    now, ran = moving.move(max(by, timedelta()))
    zone = reader_zone(request)
    messages.success(request, f"{local_time.words(now, zone, now=now)}. {prefix}{sentence(ran)}")
    return HttpResponseRedirect(_back(request))


@require_GET
def mails(request: PageRequest) -> HttpResponse:
    """The drawer: as a fragment inside the bar, or as a page."""
    name = "demo/mails.html#list" if request.htmx else "demo/mails.html"
    found = drawer.mails(request.now).defer("html", "text")[:IN_DRAWER]
    return render(request, name, {"mails": found})


@require_GET
def mail(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail as text, with its HTML in a frame."""
    return render(request, "demo/mail.html", {"mail": get_object_or_404(DemoMail, pk=mail_id)})


@require_GET
def mail_html(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML of a mail, as a mail program would show it: alone, without scripts, nothing from elsewhere."""
    found = get_object_or_404(DemoMail.objects.exclude(html=""), pk=mail_id)
    response = HttpResponse(found.html)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _back(request: HttpRequest) -> str:
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return back if safe and back.startswith("/") else "/"


def _room(user: User) -> str:
    if user.is_staff:
        return "/admin/"
    return "/tutor/mentorship" if user.is_mentor else "/student/mentorship"
