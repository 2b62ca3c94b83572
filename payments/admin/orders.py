from __future__ import annotations

from django.contrib import admin

from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline
from payments.models import Order, Payment, Refund


class PaymentInline(ReadOnlyInline):
    model = Payment


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("amount_minor", "currency", "status", "reason", "done_at", "error")


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


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "order", "amount_minor", "currency", "status", "reason", "attempts", "error")
    list_filter = ("status",)
    list_select_related = ("order",)
    search_fields = ("order__number",)
