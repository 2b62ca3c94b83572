from __future__ import annotations

from django.contrib import admin

from mentorship.kernel.admin import ReadOnlyAdmin
from payments.models import Payment


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "order", "provider", "amount_minor", "currency", "status", "note")
    list_filter = ("status", "provider")
    list_select_related = ("order",)
    search_fields = ("order__number", "provider_payment_id")
