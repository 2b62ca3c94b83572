"""`/mentorship/mentors/<slug>/waiting-list`: join with one press, signing in on the way; leave; and what the page asks again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel.http import PageRequest, wants
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.line import Line, line_of_reader
from mentorship.pages.waiting import leave_line
from mentorship.people.models import MentorProfile
from mentorship.people.signing_up import SigningUp
from seats.services import availability, join


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def waiting_list(request: PageRequest, slug: str) -> HttpResponse:
    """The line of one mentor. 404 for the unverified, as for the unknown."""
    profile = MentorProfile.objects.visible().filter(slug=slug).select_related("user").first()
    if profile is None:
        raise NotFound("This mentor is not here, or not any more.")
    step = Step(request, profile)
    if request.method != "POST":
        return step.asked_again() if wants(request, "line") else step.show()
    if not request.user.is_authenticated:
        return step.sign_in()
    return step.leave() if request.POST.get("do") == "leave" else step.join()


class Step:
    """One request of this page."""

    def __init__(self, request: PageRequest, profile: MentorProfile) -> None:
        self.request, self.profile, self.signing_up = request, profile, SigningUp(request)

    def line(self) -> Line:
        waiting = availability(self.profile.user_id, self.request.now).waiting
        return line_of_reader(self.request, self.profile, waiting)

    def asked_again(self) -> HttpResponse:
        """The open page asks whether something has changed: nothing at all when it has not."""
        line = self.line()
        if line.sign == self.request.GET.get("was"):
            return HttpResponse(status=204)
        return render(self.request, "shop/line.html", {"line": line, "changed": True})

    def join(self) -> HttpResponse:
        try:
            join(student=self.request.user, mentor_id=self.profile.user_id, now=self.request.now)
        except NotFound:
            raise
        except Refusal as refusal:
            return self.show(status=refusal.status, refusal=refusal)
        line = self.line()
        if line.state == "waiting":
            messages.success(
                self.request, f"You are {line.position_words} in line. We write to you when a seat is yours."
            )
        return redirect(f"{self.profile.get_absolute_url()}#line")

    def leave(self) -> HttpResponse:
        try:
            leave_line(
                student=self.request.user,
                mentor_id=self.profile.user_id,
                expect=self.request.POST.get("expect", ""),
                now=self.request.now,
            )
        except Refusal as refusal:
            messages.warning(self.request, refusal.message)
        else:
            messages.success(self.request, "Done. You are not on this list any more.")
        return redirect(self.profile)

    def sign_in(self) -> HttpResponse:
        """With the code one is in line."""
        url = self.line().url
        if "step" not in self.request.POST:  # the button on the mentor's page: one press, then who one is
            return redirect(url)
        answer = self.signing_up.post(url, self.show)
        # With a second step to come nobody is signed in yet: the button waits behind it.
        return self.join() if self.request.user.is_authenticated else answer

    def show(self, *, status: int = 200, refusal: Refusal | None = None) -> HttpResponse:
        line = self.line()
        if line.place is not None and refusal is None:
            return redirect(f"{self.profile.get_absolute_url()}#line")
        context: dict[str, Any] = {
            "line": line,
            "profile": self.profile,
            "mentor": self.profile.user,
            "refusal": refusal,
            "final": refusal is not None and refusal.status == 409 and self.request.user.is_authenticated,
            "signing_up": self.signing_up,
        }
        return render(self.request, "shop/join.html", context, status=status)
