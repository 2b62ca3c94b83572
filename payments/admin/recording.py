"""The admin's page "Record money received elsewhere": who, what, how much, and where the money is found."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from mentorship.kernel import clock, idempotency
from mentorship.kernel.admin import ReadOnlyAdmin
from mentorship.kernel.refusals import Refusal
from offerings.models import Offering
from payments.admin.forms import RecordForm, person_of
from payments.services import record_payment
from payments.views.site import site_url

FOUND = 20


def recording_page(page: ReadOnlyAdmin, request: HttpRequest) -> HttpResponse:
    """One form with a search in it: its button only looks, so that everything works without scripts."""
    if request.method != "POST":
        asked = {name: request.GET.get(name, "") for name in ("email", "amount", "currency", "note")}
        return _show(page, request, RecordForm(initial=asked), request.GET.get("q", ""))
    query = request.POST.get("q", "")
    if "search" in request.POST:
        return _show(page, request, RecordForm(initial=request.POST.dict()), query)
    form = RecordForm(request.POST)
    if not form.is_valid():
        return _show(page, request, form, query, status=422)
    try:
        order = record_payment(
            student=form.student,
            offering_id=form.cleaned_data["offering"],
            amount_minor=form.amount_minor,
            currency=form.cleaned_data["currency"],
            note=form.cleaned_data["note"],
            by=request.user,
            site_url=site_url(request),
            idempotency_key=idempotency.key_of(request),
            now=clock.now(),
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return _show(page, request, form, query, status=refusal.status)
    what = f"{order.amount_display} is recorded" if order.amount_minor else "It is given for nothing"
    messages.success(request, f"{what}, and {order.student} has “{order.title}” with {order.mentor}. Both are told.")
    return redirect("admin:payments_order_change", order.pk)


def _show(page: ReadOnlyAdmin, request: HttpRequest, form: RecordForm, query: str, status: int = 200) -> HttpResponse:
    query = query.replace("\0", "").strip()[:100]
    chosen = str(form["offering"].value() or "")
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        "title": "Record money received elsewhere",
        "opts": page.opts,
        "form": form,
        "query": query,
        "chosen": chosen,
        "offerings": _offerings(query, str(form["email"].value() or ""), chosen),
        "idempotency_key": uuid4().hex,
    }
    return TemplateResponse(request, "admin/record_payment.html", context, status=status)


def _offerings(query: str, email: str, chosen: str) -> list[Offering]:
    """What this student can buy and fits the words; the one that is chosen stays in the list."""
    student = person_of(email.replace("\0", "")) if email else None
    rows = Offering.objects.visible_to(student).select_related("mentor")
    fits = Q(title__icontains=query) | Q(mentor__name__icontains=query) | Q(mentor__email__icontains=query)
    if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19:
        fits |= Q(pk=int(chosen))
    return list(rows.filter(fits).order_by("mentor__name", "pk")[:FOUND])
