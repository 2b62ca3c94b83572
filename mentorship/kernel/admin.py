"""The admin's common ground: rows that only services may change are shown, not edited; verbs ask for a reason first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from mentorship.kernel.models import IdempotencyKey
from mentorship.kernel.refusals import Refusal


class SeenOnly:
    """Nobody adds, edits or deletes here: the rows are history, or belong to a service."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(SeenOnly, ModelAdmin):
    show_full_result_count = False
    list_per_page = 50

    def has_verb_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Who may press the repairing verbs: whoever could change the row if rows were edited by hand."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


class ReadOnlyInline(SeenOnly, TabularInline):
    extra = 0
    show_change_link = True


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(max_length=300, widget=UnfoldAdminTextInputWidget, help_text="Kept with the change.")


class CreditsForm(ReasonForm):
    delta = forms.IntegerField(
        min_value=-100,
        max_value=100,
        widget=UnfoldAdminIntegerFieldWidget,
        label="Credits",
        help_text="Positive gives, negative takes free ones.",
    )


def verb(title: str, explanation: str, form: type[BaseDialogForm] = BaseDialogForm) -> Callable[..., Any]:
    """A detail action that says what it will do, asks, and then makes one service call. Its refusal is shown as it is.

    The decorated method gets (request, form, object_id) of a row that there is, and returns the sentence to show.
    """

    def decorate(method: Callable[..., str]) -> Any:
        def act(self: ModelAdmin, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
            if self.get_object(request, object_id) is None:
                raise Http404
            try:
                messages.success(request, method(self, request, form, object_id))
            except Refusal as refusal:
                messages.error(request, refusal.message)
            page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            back = redirect(page, object_id)
            return HttpResponse(headers={"HX-Redirect": back.url}) if request.headers.get("HX-Request") else back

        act.__name__ = method.__name__
        dialog = ActionDialog(title=title, description=explanation, form_class=form, form_submit_text=title)
        path = method.__name__.replace("_", "-")
        return action(description=title, url_path=path, permissions=["verb"], dialog=dialog)(act)

    return decorate


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "user", "scope", "key")
    list_select_related = ("user",)
