from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.html import format_html
from unfold.dataclasses import UnfoldAction

from mentorship.kernel import clock
from mentorship.kernel.admin import ReadOnlyAdmin, ReasonForm, verb
from payments import services
from payments.admin.forms import ReferenceForm, TakeForm
from payments.models import Dispute, Refund

# Where a dispute is answered: at the provider.
DASHBOARDS = {
    "stripe": "https://dashboard.stripe.com/disputes/{}",
    "paypal": "https://www.paypal.com/resolutioncenter",
    "paystack": "https://dashboard.paystack.com/#/disputes",
}


class NeedsSomebody(admin.SimpleListFilter):
    title = "needs you"
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refund]) -> QuerySet[Refund]:
        return queryset.needing_somebody() if self.value() else queryset  # type: ignore[attr-defined]


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "order",
        "amount_display",
        "sessions",
        "status",
        "needs",
        "reason",
        "by",
        "attempts",
        "error",
    )
    list_filter = ("status", NeedsSomebody, "payment__provider")
    list_select_related = ("order", "payment", "by")
    search_fields = ("order__number", "provider_reference")
    readonly_fields = ("amount_display", "needs")
    actions_detail = ("try_again", "by_hand", "call_off", "take")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[UnfoldAction]:
        """Only the verbs that fit the refund as it stands; the others would refuse."""
        rows = Refund.objects.select_related("payment", "order")
        refund = rows.filter(pk=int(object_id)).first() if _is_pk(str(object_id)) else None
        fitting = _verbs_of(refund) if refund is not None else ()
        verbs = super().get_actions_detail(request, object_id)
        return [one for one in verbs if one.action_name.removeprefix("payments_refund_") in fitting]

    @verb("Try again", "The provider is asked once more to pay it back.")
    def try_again(self, request: HttpRequest, form: object, object_id: str) -> str:
        services.try_again(refund_id=_pk(object_id))
        return "The provider is asked again within seconds."

    @verb(
        "Paid back by hand", "You have sent the money from our bank. It is booked there, and only once.", ReferenceForm
    )
    def by_hand(self, request: HttpRequest, form: ReferenceForm, object_id: str) -> str:
        reference = form.cleaned_data["reference"]
        services.paid_back_by_hand(refund_id=_pk(object_id), by=request.user, reference=reference, now=clock.now())
        return f"Booked as paid back by hand: {reference}."

    @verb("Call off", "No money goes back. Its sessions return to the pack, with your reason.", ReasonForm)
    def call_off(self, request: HttpRequest, form: ReasonForm, object_id: str) -> str:
        services.call_off(
            refund_id=_pk(object_id), by=request.user, reason=form.cleaned_data["reason"], now=clock.now()
        )
        return "It is called off."

    @verb(
        "Take sessions",
        "A part went back at the provider. So many sessions are taken back with it: free ones first, then booked ones, "
        "which are cancelled. No more money moves. To take none, use “Attention given” on the order.",
        TakeForm,
    )
    def take(self, request: HttpRequest, form: TakeForm, object_id: str) -> str:
        refund = services.take_sessions(
            refund_id=_pk(object_id), by=request.user, now=clock.now(),
            sessions=form.cleaned_data["sessions"], reason=form.cleaned_data["reason"],
        )  # fmt: skip
        return f"{refund.sessions} taken back."


def _is_pk(object_id: str) -> bool:
    return object_id.isascii() and object_id.isdecimal() and len(object_id) < 19


def _pk(object_id: str) -> int:
    if not _is_pk(object_id):
        raise Http404
    return int(object_id)


def _verbs_of(refund: Refund) -> tuple[str, ...]:
    if not refund.needs:
        return ()
    if refund.status == Refund.Status.FAILED:
        return ("try_again", "by_hand", "call_off") if refund.order_id else ("try_again", "by_hand")
    return ("by_hand",) if refund.came_back or refund.status == Refund.Status.REQUESTED else ("take",)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = (
        "opened_at",
        "order",
        "amount_display",
        "provider",
        "at_the_provider",
        "status",
        "reason",
        "closed_at",
    )
    list_filter = ("status", "provider")
    list_select_related = ("order",)
    search_fields = ("order__number", "provider_reference")
    readonly_fields = ("amount_display", "at_the_provider")

    @admin.display(description="at the provider")
    def at_the_provider(self, dispute: Dispute) -> str:
        """Its reference, as a link to where it is answered."""
        page = DASHBOARDS.get(dispute.provider)
        if page is None:
            return dispute.provider_reference
        return format_html(
            '<a class="underline" href="{}">{}</a>', page.format(dispute.provider_reference), dispute.provider_reference
        )
