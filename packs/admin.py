from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from mentorship.kernel import clock
from mentorship.kernel.admin import CreditsForm, ReadOnlyAdmin, ReadOnlyInline, verb
from packs.models import CreditEntry, DaysGiven, Freeze, Pause, Purchase, SessionPack
from packs.services import adjust_credits


class PurchaseInline(ReadOnlyInline):
    """Each purchase is refunded by itself: its order's page says what that would do."""

    model = Purchase
    fields = ("title", "sessions", "price_display", "created_at", "order_id", "refund")
    readonly_fields = ("price_display", "refund")

    @admin.display(description="refund")
    def refund(self, purchase: Purchase) -> str:
        if purchase.order_id is None or not purchase.amount_minor:
            return "nothing was paid"
        # Only an address: the orders live some floors up.
        url = reverse("admin:payments_order_refund", args=[purchase.order_id])
        return format_html('<a class="text-primary-600 dark:text-primary-500 underline" href="{}">Refund</a>', url)


class FreezeInline(ReadOnlyInline):
    model = Freeze


class PauseInline(ReadOnlyInline):
    model = Pause
    fields = ("asked_at", "asked_by", "days", "status", "began_at", "ends_at", "ended_at")


class DaysGivenInline(ReadOnlyInline):
    model = DaysGiven


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
    inlines = (PurchaseInline, FreezeInline, PauseInline, DaysGivenInline, CreditEntryInline)
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


@admin.register(Freeze)
class FreezeAdmin(ReadOnlyAdmin):
    list_display = ("since", "pack", "cause", "until")
    list_filter = (("until", admin.EmptyFieldListFilter),)
    list_select_related = ("pack",)
    search_fields = ("pack__student__email", "cause")


@admin.register(Pause)
class PauseAdmin(ReadOnlyAdmin):
    list_display = ("asked_at", "pack", "asked_by", "days", "status", "began_at", "ends_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("pack", "asked_by")
    search_fields = ("pack__student__email", "pack__mentor__email")


@admin.register(DaysGiven)
class DaysGivenAdmin(ReadOnlyAdmin):
    list_display = ("begins_at", "ends_at", "pack", "cause")
    list_select_related = ("pack",)
    search_fields = ("pack__student__email", "cause")
