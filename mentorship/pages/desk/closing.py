"""Close a mentor, from the admin: what it would do, the press, and how it is getting on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import jobs
from mentorship.kernel.refusals import Refusal
from mentorship.kernel.tasks import run_job
from mentorship.pages.closing.service import begin_closing, plan_closing, refund_states, students_left
from mentorship.pages.desk.verb import ReasonForm
from mentorship.pages.models import MentorClosing
from mentorship.people.http import SignedInRequest
from mentorship.people.models import MentorProfile, User

RIGHTS = ("people.change_mentorprofile", "payments.change_order")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: SignedInRequest, mentor_id: int) -> HttpResponse:
    if not request.user.has_perms(RIGHTS):
        raise PermissionDenied
    profile = MentorProfile.objects.select_related("user").filter(user=mentor_id).first()
    if profile is None:
        raise Http404
    if request.method != "POST":
        return _page(request, profile, ReasonForm())
    if "go_on" in request.POST:
        jobs.nudge(run_job, "close_mentors")
        messages.success(request, "It is looked at again within seconds.")
        return redirect("desk:close", mentor_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, profile, form, status=422)
    try:
        closing = begin_closing(
            mentor_id=mentor_id,
            by=request.user,
            reason=form.cleaned_data["reason"],
            expect=request.POST.get("expect", ""),
            now=request.now,
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return _page(request, profile, form, status=refusal.status)
    rows = MentorProfile.objects.filter(pk=profile.pk)
    LogEntry.objects.log_actions(request.user.pk, rows, CHANGE, f"Closed: {closing.reason}", single_object=True)
    messages.success(request, "Sales are off. The mentorships end one by one; this page says how far it is.")
    return redirect("desk:close", mentor_id)


def _page(request: SignedInRequest, profile: MentorProfile, form: ReasonForm, status: int = 200) -> HttpResponse:
    mentor = profile.user
    closing = MentorClosing.objects.filter(mentor=mentor).select_related("by").order_by("-pk").first()
    runs = closing is not None and (closing.finished_at is None or profile.verified_at is None)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Close {mentor.display_name}",
        "mentor": mentor,
        "form": form,
        "closing": closing if runs else None,
        "plan": None if runs else plan_closing(mentor, now=request.now),
    }
    if runs and closing is not None:
        left = students_left(mentor, request.now)
        people = User.objects.in_bulk(left)
        context |= {
            "left": [{"person": people[pk], "why": closing.problems.get(str(pk), "")} for pk in left],
            "refunds": refund_states(closing),
        }
    return TemplateResponse(request, "admin/desk/close.html", context, status=status)
