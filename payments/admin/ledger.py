from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.dataclasses import ActionDialog
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from mentorship.kernel import clock, money
from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline
from mentorship.kernel.refusals import Refusal
from payments.models import LedgerEntry, LedgerTransaction
from payments.services.transfers import account_balances, record_transfer

PROVIDERS = ("stripe", "paypal", "paystack", "sandbox")


class LedgerEntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ("account", "provider", "mentor", "sum_display")
    readonly_fields = ("sum_display",)

    @admin.display(description="Sum")
    def sum_display(self, entry: LedgerEntry) -> str:
        return money.display(entry.amount_minor, entry.currency)


class TransferForm(BaseDialogForm):
    """Sums as the bank's statement has them; they become minor units here."""

    provider = forms.ChoiceField(choices=[(name, name) for name in PROVIDERS], widget=UnfoldAdminSelectWidget)
    direction = forms.ChoiceField(
        choices=[("in", "from the provider to our bank"), ("out", "from our bank to the provider")],
        widget=UnfoldAdminSelectWidget,
    )
    amount = forms.DecimalField(
        min_value=0,
        max_digits=15,
        widget=UnfoldAdminDecimalFieldWidget,
        label="Sum at our bank",
        help_text="For example 1250.00",
    )
    fee = forms.DecimalField(
        min_value=0,
        max_digits=12,
        required=False,
        widget=UnfoldAdminDecimalFieldWidget,
        label="Kept by the provider for it",
    )
    currency = forms.CharField(
        min_length=3, max_length=3, widget=UnfoldAdminTextInputWidget, help_text="EUR, USD, NGN ..."
    )
    reference = forms.CharField(
        max_length=80, widget=UnfoldAdminTextInputWidget, help_text="The provider's name of it; each counts once."
    )
    note = forms.CharField(max_length=100, required=False, widget=UnfoldAdminTextInputWidget)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        currency = data["currency"] = data.get("currency", "").upper()
        for name in ("amount", "fee"):
            try:
                data[name] = money.to_minor(data.get(name) or Decimal(), currency)
            except ValueError as wrong:
                self.add_error("currency" if "unknown" in str(wrong) else name, str(wrong))
        return data


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    list_display = ("at", "memo", "cause", "order")
    list_select_related = ("order",)
    search_fields = ("cause", "order__number")
    inlines = (LedgerEntryInline,)
    actions_list = ("transfer", "balances")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerTransaction]:
        return super().get_queryset(request).order_by("-id")

    @action(
        description="Record a transfer",
        url_path="transfer",
        permissions=["verb"],
        dialog=ActionDialog(
            title="Record a transfer",
            description="Money that moved between a provider's balance and our bank, so that books and bank match.",
            form_class=TransferForm,
            form_submit_text="Record",
        ),
    )
    def transfer(self, request: HttpRequest, form: TransferForm) -> HttpResponse:
        said = form.cleaned_data
        sign = -1 if said["direction"] == "out" else 1
        try:
            booked = record_transfer(
                provider=said["provider"],
                reference=said["reference"],
                amount_minor=sign * said["amount"],
                fee_minor=said["fee"],
                currency=said["currency"],
                note=said["note"],
                now=clock.now(),
            )
            self.log_addition(request, booked, "Recorded a transfer")
            messages.success(request, f"Recorded: {booked.memo}")
        except Refusal as refusal:
            messages.error(request, refusal.message)
        back = redirect("admin:payments_ledgertransaction_changelist")
        return HttpResponse(headers={"HX-Redirect": back.url}) if request.headers.get("HX-Request") else back

    @action(description="Balances", url_path="balances", permissions=["view"])
    def balances(self, request: HttpRequest) -> HttpResponse:
        """What is on each account, by provider and currency."""
        return balances_page(self, request)


def balances_page(site: ReadOnlyAdmin, request: HttpRequest) -> HttpResponse:
    if not site.has_view_permission(request):
        raise PermissionDenied
    labels = dict(LedgerEntry.Account.choices)
    rows = [
        {
            "currency": row["currency"],
            "account": labels[row["account"]],
            "provider": row["provider"],
            "sum": money.display(row["sum"], row["currency"]),
            "minor": row["sum"],
        }
        for row in account_balances()
    ]
    currencies = [(currency, list(some)) for currency, some in groupby(rows, key=lambda row: row["currency"])]
    context = {
        **site.admin_site.each_context(request),
        "opts": site.opts,
        "title": "Balances",
        "currencies": [
            {"currency": c, "rows": some, "rest": money.display(sum(row["minor"] for row in some), c)}
            for c, some in currencies
        ],
    }
    return TemplateResponse(request, "admin/balances.html", context)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ("transaction", "account", "provider", "mentor", "amount_minor", "currency")
    list_filter = ("account", "provider", "currency")
    list_select_related = ("transaction", "mentor")
    search_fields = ("mentor__email",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return super().get_queryset(request).order_by("-id")
