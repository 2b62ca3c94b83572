from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from mentorship.kernel import clock
from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, verb
from mentorship.people.http import SignedInRequest
from payments.models import Payment, Refund
from payments.services import give_money_back

ASIDE = (Payment.Status.MISMATCHED, Payment.Status.UNMATCHED)


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("amount_display", "status", "reason", "created_at", "done_at", "error")
    readonly_fields = ("amount_display",)


class GiveBackForm(ReasonForm):
    """Says the sum and where it goes before it is given back."""

    form_before_template = "admin/give_back.html"

    def get_before_template_context(self, request: HttpRequest, object_id: int | str | None = None) -> dict[str, Any]:
        payment = Payment.objects.select_related("order__student").get(pk=object_id or 0)
        return {"payment": payment, "going": payment.refunds.exclude(status=Refund.Status.FAILED).first()}


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "order", "provider", "amount_display", "status_label", "note")
    list_filter = ("status", "provider", "currency")
    list_select_related = ("order",)
    search_fields = ("order__number", "provider_payment_id")
    inlines = (RefundInline,)
    actions_detail = ("give_back",)

    def has_verb_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Only money that is set aside can be given back here; an order's own goes back by a refund of the order."""
        payment = self.get_object(request, object_id) if object_id is not None else None
        if object_id is not None and (payment is None or payment.status not in ASIDE):
            return False
        return super().has_verb_permission(request, object_id)

    @display(
        description="Status",
        ordering="status",
        label={"CONFIRMED": "success", "EXTRA": "info", "MISMATCHED": "danger", "UNMATCHED": "danger"},
    )
    def status_label(self, payment: Payment) -> tuple[str, str]:
        return payment.status, payment.get_status_display()

    @verb("Give the money back", "The whole sum goes back the way it came.", GiveBackForm)
    def give_back(self, request: SignedInRequest, form: GiveBackForm, object_id: str) -> str:
        refund = give_money_back(
            payment_id=int(object_id), by=request.user, reason=form.cleaned_data["reason"], now=clock.now()
        )
        return f"{refund.amount_display} go back; the provider is asked within seconds."
