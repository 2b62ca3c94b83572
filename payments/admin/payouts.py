"""Payouts in the admin: what waits, to whom, what became of it. Accounts are shown only to whoever asks and may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from mentorship.kernel import clock, csv_cells, money
from mentorship.kernel.admin import ReadOnlyAdmin, ReasonForm, verb
from mentorship.kernel.refusals import Refusal
from payments.models import LedgerEntry, Payout, PayoutDetails
from payments.payout_details import Details
from payments.secret_text import Unreadable
from payments.services.payouts import cancel_payout, mark_paid

SEE = "payments.see_payout_details"
BATCH = 500


class PaidForm(BaseDialogForm):
    reference = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        label="The bank's reference",
        help_text="The mentor reads it.",
    )
    already_sent = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanWidget,
        label="The bank has sent it already, whatever happened meanwhile",
        help_text="Books it even when money went back since it was requested.",
    )


class Selected(forms.Form):
    """Asked once for all that were chosen."""

    reference = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        label="The bank's reference",
        help_text="The mentors read it.",
    )


def with_available(rows: QuerySet[Payout]) -> QuerySet[Any]:
    """Each with what its mentor has available in its currency now: negative when money went back meanwhile."""
    entries = LedgerEntry.objects.filter(
        mentor=OuterRef("mentor"), currency=OuterRef("currency"), account=LedgerEntry.Account.MENTOR_AVAILABLE
    )
    # Positive is owed to us: the account's sum is the other way round.
    sums = entries.order_by().values("mentor").annotate(n=Sum("amount_minor")).values("n")
    return rows.annotate(owed=Coalesce(Subquery(sums, output_field=BigIntegerField()), 0))


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    list_display = ("requested_at", "mentor", "sum", "status", "meanwhile", "closed_at", "reference")
    list_filter = ("status", "currency")
    list_select_related = ("mentor",)
    search_fields = ("mentor__email", "mentor__name", "reference")
    fields = ("mentor", "sum", "status", "meanwhile", "requested_at", "closed_at", "closed_by", "reference")
    readonly_fields = ("sum", "meanwhile")
    actions = ("pay_selected",)
    actions_detail = ("paid", "cancel", "account")
    actions_list = ("requested_file",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payout]:
        return with_available(super().get_queryset(request)).order_by("-requested_at", "-pk")

    def has_see_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm(SEE)

    @admin.display(ordering="amount_minor")
    def sum(self, payout: Payout) -> str:
        return payout.amount_display

    @admin.display(description="Meanwhile")
    def meanwhile(self, payout: Any) -> str:
        if payout.status != Payout.Status.REQUESTED or payout.owed <= 0:
            return ""
        return f"{money.display(payout.owed, payout.currency)} went back to students: cancel it"

    @verb(
        "Mark as paid", "The sum leaves our bank in the books, and the mentor is told. It cannot be undone.", PaidForm
    )
    def paid(self, request: HttpRequest, form: PaidForm, object_id: str) -> str:
        payout = mark_paid(payout_id=_pk(object_id), by=request.user, now=clock.now(), **_said(form))
        self.log_change(request, payout, f"Marked as paid: {payout.reference}")
        return f"{payout.amount_display} to {payout.mentor} is paid."

    @verb("Cancel", "The sum is available to the mentor again, who reads your reason.", ReasonForm)
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> str:
        reason = form.cleaned_data["reason"]
        payout = cancel_payout(payout_id=_pk(object_id), by=request.user, reason=reason, now=clock.now())
        self.log_change(request, payout, f"Cancelled: {reason}")
        return f"{payout.amount_display} are available to {payout.mentor} again."

    @action(description="Show the account", url_path="account", permissions=["see"])
    def account(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asked for with a press, and written into the payout's history."""
        payout = Payout.objects.select_related("mentor").filter(pk=_pk(object_id)).first()
        if payout is None:
            raise Http404
        context: dict[str, Any] = {"title": f"Where {payout} goes", "payout": payout, "back": _page(payout)}
        if request.method == "POST":
            context["details"], context["unreadable"] = _opened(payout)
            self.log_change(request, payout, "Looked at the account")
        return self._show(request, "admin/payout_account.html", context)

    @action(description="Requested payouts as a file", url_path="requested", permissions=["see"])
    def requested_file(self, request: HttpRequest) -> HttpResponseBase:
        """The accounts of all payouts that wait, for the bank. Left out: whose mentor owes money by now."""
        waiting = with_available(Payout.objects.filter(status=Payout.Status.REQUESTED))
        ready = waiting.filter(owed__lte=0).select_related("mentor").order_by("currency", "requested_at", "pk")
        if request.method == "POST":
            for payout in ready:
                self.log_change(request, payout, "Looked at the account (file of requested payouts)")
            answer = StreamingHttpResponse(csv_cells.lines(_table(ready)), content_type="text/csv; charset=utf-8")
            answer.headers["Content-Disposition"] = 'attachment; filename="payouts.csv"'
            answer.headers["Cache-Control"] = "no-store"
            return answer
        sums = ready.order_by("currency").values("currency").annotate(n=Sum("amount_minor"))
        context = {
            "title": "Requested payouts as a file",
            "sums": [money.display(row["n"], row["currency"]) for row in sums],
            "count": ready.count(),
            "left_out": waiting.filter(owed__gt=0).select_related("mentor"),
        }
        return self._show(request, "admin/payouts_file.html", context)

    @admin.action(description="Mark as paid", permissions=["verb"])
    def pay_selected(self, request: HttpRequest, chosen: QuerySet[Payout]) -> HttpResponse | None:
        """Asks for one reference, then pays each in a transaction of its own: one that is refused stops no other."""
        waiting = list(chosen.filter(status=Payout.Status.REQUESTED).select_related("mentor"))
        form = Selected(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            context = {
                "title": "Mark as paid",
                "payouts": waiting,
                "others": chosen.count() - len(waiting),
                "form": form,
            }
            return self._show(request, "admin/payouts_paid.html", context)
        for payout in waiting:
            try:
                done = mark_paid(payout_id=payout.pk, by=request.user, now=clock.now(), **form.cleaned_data)
                self.log_change(request, done, f"Marked as paid: {done.reference}")
                messages.success(request, f"{done} is paid.")
            except Refusal as refusal:
                messages.error(request, f"{payout}: {refusal.message}")
        return redirect("admin:payments_payout_changelist")

    def _show(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        answer = TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


@admin.register(PayoutDetails)
class PayoutDetailsAdmin(ReadOnlyAdmin):
    """That there are some, and since when; never what stands in them."""

    list_display = ("mentor", "changed_at")
    list_select_related = ("mentor",)
    search_fields = ("mentor__email",)
    fields = ("mentor", "changed_at")


def _pk(object_id: str) -> int:
    if not (object_id.isascii() and object_id.isdecimal() and len(object_id) < 19):
        raise Http404
    return int(object_id)


def _said(form: BaseDialogForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("reference", "already_sent")}


def _page(payout: Payout) -> str:
    return f"/admin/payments/payout/{payout.pk}/change/"


def _opened(payout: Payout) -> tuple[Details | None, bool]:
    try:
        return Details.opened(payout.secret), False
    except Unreadable:
        return None, True


def _table(ready: QuerySet[Any]) -> Iterator[list[object]]:
    yield [
        "payout",
        "requested",
        "mentor",
        "email",
        "amount",
        "currency",
        "holder",
        "account",
        "bank",
        "bic",
        "country",
        "note",
    ]
    for payout in ready.iterator(chunk_size=BATCH):
        details, unreadable = _opened(payout)
        account = ["", "no key can read it", *[""] * 4] if unreadable or details is None else _account(details)
        amount = money.to_major(payout.amount_minor, payout.currency)
        who = [payout.pk, clock.iso(payout.requested_at), payout.mentor.display_name, payout.mentor.email]
        yield [*who, amount, payout.currency, *account]
    for row in ready.order_by("currency").values("currency").annotate(n=Sum("amount_minor")):
        yield ["sum", "", "", "", money.to_major(row["n"], row["currency"]), row["currency"]]


def _account(details: Details) -> list[str]:
    return [details.holder, details.account, details.bank, details.bic, details.country, details.note]
