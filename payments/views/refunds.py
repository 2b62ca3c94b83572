"""Money back, as people decide on it: the mentor refunds or declines, the student asks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from payments import services
from payments.forms_refunds import ReasonForm, RefundForm
from payments.models import Order, Payment
from payments.services.wishes import check_refundable
from payments.views.orders import own_order


@mentors_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: SignedInRequest, order_id: UUID) -> HttpResponse:
    """What a refund of this sale would do, for the number of sessions chosen; POST does exactly that, or nothing."""
    order = own_sale(request, order_id)
    if request.method != "POST":
        return _mentors_page(request, order, RefundForm())
    form = RefundForm(request.POST)
    if not form.is_valid():
        return _mentors_page(request, order, form, status=422)
    try:
        given = services.refund_order(
            order_id=order.pk,
            by=request.user,
            reason=form.cleaned_data["reason"],
            now=request.now,
            sessions=form.cleaned_data["sessions"],
            expect=form.cleaned_data["expect"],
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _mentors_page(request, order, form, refusal=refusal, status=refusal.status)
    messages.success(request, f"{given.amount_display} goes back to {order.student.first_name}. Both of you are told.")
    return redirect("refund_sale", order.pk)


@mentors_only
@never_cache
@require_POST
def decline(request: SignedInRequest, order_id: UUID) -> HttpResponse:
    """The mentor says no to the student's wish, and why."""
    order = own_sale(request, order_id)
    form = ReasonForm(request.POST, auto_id="decline_%s")
    if not form.is_valid():
        return _mentors_page(request, order, RefundForm(), declining=form, status=422)
    services.decline_refund(order_id=order.pk, mentor=request.user, reason=form.cleaned_data["reason"], now=request.now)
    messages.success(request, f"{order.student.first_name} is told that you do not refund it, and why.")
    return redirect("refund_sale", order.pk)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: SignedInRequest, order_id: UUID) -> HttpResponse:
    """What could go back at most, and the wish for it. The mentor decides."""
    order = own_order(request, order_id)
    if request.method != "POST":
        return _students_page(request, order, ReasonForm())
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _students_page(request, order, form, status=422)
    try:
        services.ask_for_refund(
            order_id=order.pk, student=request.user, reason=form.cleaned_data["reason"], now=request.now
        )
    except Refusal as refusal:
        return _students_page(request, order, form, status=refusal.status)
    messages.success(request, f"{order.mentor.first_name} is told, and decides.")
    return redirect("refund_ask", order.pk)


def own_sale(request: SignedInRequest, order_id: UUID) -> Order:
    """The mentor's own sale, once it was paid. Raises NotFound for a stranger's."""
    sales = Order.objects.filter(mentor=request.user, payments__status=Payment.Status.CONFIRMED)
    order = sales.select_related("student", "mentor", "pack").filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


def _mentors_page(
    request: SignedInRequest,
    order: Order,
    form: RefundForm,
    *,
    refusal: Refusal | None = None,
    declining: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    wanted = request.POST.get("sessions") or request.GET.get("sessions") or ""
    context = refund_preview(order, wanted, request.now) | {
        "form": form,
        "refusal": refusal,
        "declining": declining or ReasonForm(auto_id="decline_%s"),
    }
    return render(request, "payments/refund.html", context, status=status)


def refund_preview(order: Order, wanted: str, now: Any) -> dict[str, Any]:
    """What the pages about refunding this order show: the plan for as many sessions as wanted (else all), or why not."""
    context: dict[str, Any] = {"order": order, "refunds": order.refunds.select_related("payment").order_by("-pk")}
    try:
        plan = check_refundable(order, now)
    except Refusal as refusal:
        return context | {"blocked": refusal}
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 6 else plan.most
    if 0 < number < plan.most:
        plan = services.plan_refund(order, now=now, sessions=number)
    return context | {"plan": plan, "choices": range(1, plan.most + 1)}


def _students_page(request: SignedInRequest, order: Order, form: ReasonForm, status: int = 200) -> HttpResponse:
    context = refund_preview(order, "", request.now) | {"form": form}
    return render(request, "payments/refund_ask.html", context, status=status)
