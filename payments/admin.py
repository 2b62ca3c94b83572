from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline, verb
from mentorship.kernel.refusals import Refusal
from payments.models import (
    LedgerEntry,
    LedgerTransaction,
    Order,
    Payment,
    Refund,
    SandboxCheckout,
    SandboxDelivery,
    SandboxRefund,
    WebhookEvent,
)
from payments.services.inbox import replay


class PaymentInline(ReadOnlyInline):
    model = Payment


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("amount_minor", "currency", "status", "reason", "done_at", "error")


class LedgerEntryInline(ReadOnlyInline):
    model = LedgerEntry


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = (
        "number",
        "created_at",
        "student",
        "mentor",
        "title",
        "amount_display",
        "status",
        "provider",
        "attention",
    )
    list_filter = ("status", "provider", "currency", ("attention", admin.EmptyFieldListFilter))
    list_select_related = ("student", "mentor")
    search_fields = ("number", "id", "student__email", "mentor__email", "provider_reference")
    inlines = (PaymentInline, RefundInline)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "order", "provider", "amount_minor", "currency", "status", "note")
    list_filter = ("status", "provider")
    list_select_related = ("order",)
    search_fields = ("order__number", "provider_payment_id")


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "order", "amount_minor", "currency", "status", "reason", "attempts", "error")
    list_filter = ("status",)
    list_select_related = ("order",)
    search_fields = ("order__number",)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "provider", "kind", "reference", "attempts", "processed_at", "dead_at", "error")
    list_filter = ("provider", ("dead_at", admin.EmptyFieldListFilter), ("processed_at", admin.EmptyFieldListFilter))
    search_fields = ("reference", "event_key")
    actions_detail = ("replay",)

    @verb("Replay", "The provider is asked again what is true. What was granted before is not granted twice.")
    def replay(self, request: HttpRequest, form: object, object_id: str) -> str:
        if not replay(int(object_id)):
            raise Refusal("wrong_state", "This event is waiting to be processed already.")
        return "It is processed again within seconds."


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    list_display = ("at", "memo", "cause", "order")
    list_select_related = ("order",)
    search_fields = ("cause", "order__number")
    inlines = (LedgerEntryInline,)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ("transaction", "account", "mentor", "amount_minor", "currency")
    list_filter = ("account", "currency")
    list_select_related = ("transaction", "mentor")
    search_fields = ("mentor__email",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return super().get_queryset(request).order_by("-id")


@admin.register(SandboxCheckout, SandboxRefund, SandboxDelivery)
class SandboxAdmin(ReadOnlyAdmin):
    pass
