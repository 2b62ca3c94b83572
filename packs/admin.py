from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from mentorship.kernel import clock
from mentorship.kernel.admin import CreditsForm, ReadOnlyAdmin, ReadOnlyInline, verb
from packs.models import CreditEntry, Purchase, SessionPack
from packs.services import adjust_credits


class PurchaseInline(ReadOnlyInline):
    model = Purchase


class CreditEntryInline(ReadOnlyInline):
    model = CreditEntry
    fields = ("at", "kind", "total_delta", "held_delta", "used_delta", "purchase", "session_id", "by", "reason")


@admin.register(SessionPack)
class SessionPackAdmin(ReadOnlyAdmin):
    list_display = (
        "id", "student", "mentor", "title", "status", "sessions_total", "sessions_held", "sessions_used", "expires_at"
    )  # fmt: skip
    list_filter = ("status", "takes_seat")
    list_select_related = ("student", "mentor")
    search_fields = ("student__email", "mentor__email", "title")
    inlines = (PurchaseInline, CreditEntryInline)
    actions_detail = ("credits",)

    @verb("Give or take credits", "An entry with your name and reason explains it on the statement.", CreditsForm)
    def credits(self, request: HttpRequest, form: CreditsForm, object_id: str) -> str:
        delta = form.cleaned_data["delta"]
        adjust_credits(
            pack_id=int(object_id), delta=delta, by=request.user, reason=form.cleaned_data["reason"], now=clock.now()
        )
        return f"{abs(delta)} credits {'given' if delta > 0 else 'taken'}."


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "pack", "title", "sessions", "price_display", "order_id", "created_at")
    list_select_related = ("pack",)
    search_fields = ("order_id", "pack__student__email")


@admin.register(CreditEntry)
class CreditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "pack", "kind", "total_delta", "held_delta", "used_delta", "by", "reason")
    list_filter = ("kind",)
    list_select_related = ("pack", "by")
    search_fields = ("pack__student__email", "session_id")
