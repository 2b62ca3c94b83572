from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from unfold.dataclasses import ActionDialog
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from mentorship.kernel import clock
from mentorship.kernel.admin import ModelAdmin, ReadOnlyAdmin, ReasonForm, verb
from mentorship.kernel.locking import lock
from mentorship.pages.audit.keeping import audit_and_keep
from mentorship.pages.models import AuditRun, MentorClosing, MentorListing
from mentorship.pages.verification import verify_mentor, withdraw_verification
from mentorship.people.http import SignedInRequest
from mentorship.people.models import MentorProfile


class CommissionForm(ReasonForm):
    percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        label="The platform's share, percent",
        help_text="Empty: the usual one.",
    )
    field_order = ("percent", "reason")


def _percent(commission: int | None) -> str:
    return "usual" if commission is None else f"{commission} %"


@admin.register(MentorProfile)
class MentorProfileAdmin(ModelAdmin):
    list_display = (
        "user",
        "slug",
        "applied_at",
        "verified_at",
        "accepts_new",
        "max_active_students",
        "commission_percent",
    )
    list_filter = (("verified_at", admin.EmptyFieldListFilter), "accepts_new")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "slug")
    autocomplete_fields = ("user", "topics")
    readonly_fields = ("applied_at", "verified_at", "commission_percent")
    actions_detail = ("verify", "withdraw", "commission", "support", "close")
    show_full_result_count = False

    def has_verb_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("people.change_mentorprofile")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @action(description="Support desk", url_path="support", permissions=["verb"])
    def support(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect("desk:person", _mentor_of(object_id))

    @action(description="Close the mentor", url_path="close", permissions=["verb"])
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Only leads there: the page says what it would do before the press."""
        return redirect("desk:close", _mentor_of(object_id))

    @verb("Verify", "Students can find and book this mentor from now on; the mentor is told.")
    def verify(self, request: SignedInRequest, form: object, object_id: str) -> str:
        profile = MentorProfile.objects.get(pk=object_id)
        verify_mentor(mentor_id=profile.user_id, by=request.user, now=clock.now())
        return f"{profile} is verified."

    @verb(
        "Withdraw verification", "Sales stop and the mentor is hidden from buyers. Existing students keep their rooms."
    )
    def withdraw(self, request: SignedInRequest, form: object, object_id: str) -> str:
        profile = MentorProfile.objects.get(pk=object_id)
        withdraw_verification(mentor_id=profile.user_id, by=request.user, now=clock.now())
        return f"{profile} is hidden from buyers."

    @verb(
        "Set the commission",
        "Counts for what is sold from now on; orders keep what they were placed with.",
        CommissionForm,
    )
    def commission(self, request: SignedInRequest, form: CommissionForm, object_id: str) -> str:
        with transaction.atomic():
            profile = lock(MentorProfile.objects.filter(pk=object_id))[0]
            before, after = profile.commission_percent, form.cleaned_data["percent"]
            MentorProfile.objects.filter(pk=profile.pk).update(commission_percent=after)
            what = f"Commission {_percent(before)} -> {_percent(after)}: {form.cleaned_data['reason']}"
            self.log_change(request, profile, what)
        profile.commission_percent = after
        return f"{profile} keeps {profile.share_percent} % of each payment from now on."


def _mentor_of(object_id: str) -> int:
    known = object_id.isascii() and object_id.isdecimal() and len(object_id) < 19
    profile = MentorProfile.objects.filter(pk=object_id).first() if known else None
    if profile is None:
        raise Http404
    return profile.user_id


@admin.register(MentorClosing)
class MentorClosingAdmin(ReadOnlyAdmin):
    list_display = ("mentor", "began_at", "done", "waiting", "finished_at", "by", "reason")
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    list_select_related = ("mentor", "by")
    search_fields = ("mentor__email", "mentor__name")


@admin.register(MentorListing)
class MentorListingAdmin(ReadOnlyAdmin):
    list_display = ("mentor", "next_free_at", "refreshed_at")
    list_select_related = ("mentor",)


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ("at", "result_label", "broken", "overdue", "notes", "took_ms")
    fields = ("at", "result", "took_ms", "found")
    readonly_fields = ("result", "found")
    actions_list = ("run_now",)

    def has_verb_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("pages.view_auditrun")

    @display(description="Result", label={"clean": "success", "broken": "danger"})
    def result_label(self, run: AuditRun) -> tuple[str, str]:
        return ("broken" if run.broken else "clean"), run.result

    @admin.display(description="Found")
    def found(self, run: AuditRun) -> str:
        """Every check that does not hold, with its rows and where they are."""
        return render_to_string("admin/audit_findings.html", {"run": run, "findings": linked(run.findings)})

    @action(
        description="Run the audit now",
        url_path="run-now",
        permissions=["verb"],
        dialog=ActionDialog(
            title="Run the audit now",
            description="Every sum is proved against the others. It changes nothing and takes a few seconds.",
            form_class=BaseDialogForm,
            form_submit_text="Run the audit",
        ),
    )
    def run_now(self, request: HttpRequest, form: BaseDialogForm) -> HttpResponse:
        run = audit_and_keep(clock.now())
        tell = messages.error if run.broken else messages.success
        tell(request, f"The audit is {run.result}; {run.overdue} overdue, {run.notes} worth a look.")
        page = reverse("admin:pages_auditrun_change", args=[run.pk])
        return HttpResponse(headers={"HX-Redirect": page}) if request.headers.get("HX-Request") else redirect(page)


def linked(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings with the admin's address of each row (none where the row is a sum)."""
    return [
        finding | {"rows": [row | {"url": row_address(finding["rowsOf"], row["id"])} for row in finding["rows"]]}
        for finding in findings
    ]


def row_address(model: str, pk: str) -> str:
    try:
        return reverse(f"admin:{model}_change", args=[pk]) if model else ""
    except NoReverseMatch:
        return ""
