from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action

from mentorship.kernel import clock
from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, verb
from mentorship.kernel.refusals import Refusal
from payments.admin.forms import OrderRefundForm
from payments.admin.recording import recording_page
from payments.models import Dispute, Order, Payment, Refund
from payments.services import refund_order
from payments.views.refunds import refund_preview


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("received_at", "provider", "provider_payment_id", "amount_display", "status", "note", "by")
    readonly_fields = ("amount_display",)


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("created_at", "amount_display", "sessions", "status", "reason", "by", "done_at", "error")
    readonly_fields = ("amount_display",)


class DisputeInline(ReadOnlyInline):
    model = Dispute
    fields = ("opened_at", "amount_display", "status", "provider_reference", "sessions", "closed_at")
    readonly_fields = ("amount_display",)


class Wish(admin.SimpleListFilter):
    title = "refund asked for"
    parameter_name = "wish"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(refund_asked_at__isnull=False) if self.value() else queryset


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    ordering = ("-created_at",)
    list_display = (
        "number",
        "created_at",
        "student",
        "mentor",
        "title",
        "amount_display",
        "status",
        "provider",
        "refund_wish",
        "attention",
    )
    list_filter = ("status", "provider", "currency", ("attention", admin.EmptyFieldListFilter), Wish)
    list_select_related = ("student", "mentor")
    search_fields = ("number", "id", "student__email", "mentor__email", "provider_reference")
    inlines = (PaymentInline, RefundInline, DisputeInline)
    actions_detail = ("refund", "seen")
    actions_list = ("record_payment",)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[UnfoldAction]:
        """Attention is given where it is asked for."""
        verbs = super().get_actions_detail(request, object_id)
        order = _find(str(object_id))
        return [one for one in verbs if (order and order.attention) or one.action_name != "payments_order_seen"]

    @action(description="Refund", url_path="refund", permissions=["verb"])
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A page, not a dialog: what would happen stands there before the press, and without scripts too."""
        order = _order(object_id)
        if request.method != "POST":
            return self._refund_page(request, order, OrderRefundForm())
        form = OrderRefundForm(request.POST)
        if not form.is_valid():
            return self._refund_page(request, order, form, status=422)
        try:
            given = refund_order(order_id=order.pk, by=request.user, now=clock.now(), **form.cleaned_data)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return self._refund_page(request, order, form, status=refusal.status)
        messages.success(request, f"{given.amount_display} goes back to {order.student}. Both are told.")
        return redirect("admin:payments_order_change", order.pk)

    def _refund_page(
        self, request: HttpRequest, order: Order, form: OrderRefundForm, status: int = 200
    ) -> HttpResponse:
        wanted = request.POST.get("sessions") or request.GET.get("sessions") or ""
        context = {
            **self.admin_site.each_context(request),
            **refund_preview(order, wanted, clock.now()),
            "title": f"Refund order {order.number}",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/refund_order.html", context, status=status)

    @verb("Attention given", "The remark is taken off the order; what you write stays in its history.", ReasonForm)
    def seen(self, request: HttpRequest, form: ReasonForm, object_id: str) -> str:
        order = _order(object_id)
        if not order.attention:
            raise Refusal("wrong_state", "This order asks for no attention.")
        Order.objects.filter(pk=order.pk, attention=order.attention).update(attention="")
        self.log_change(request, order, f"Attention “{order.attention}”: {form.cleaned_data['reason']}")
        return "The remark is taken off."

    @action(description="Record money received elsewhere", url_path="record-payment", permissions=["verb"])
    def record_payment(self, request: HttpRequest) -> HttpResponse:
        return recording_page(self, request)


def _find(object_id: str) -> Order | None:
    try:
        return Order.objects.select_related("student", "mentor", "pack").filter(pk=object_id).first()
    except (ValidationError, ValueError):
        return None


def _order(object_id: str) -> Order:
    order = _find(object_id)
    if order is None:
        raise Http404
    return order
