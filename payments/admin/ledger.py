from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline
from payments.models import LedgerEntry, LedgerTransaction


class LedgerEntryInline(ReadOnlyInline):
    model = LedgerEntry


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
