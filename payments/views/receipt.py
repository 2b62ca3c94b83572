"""The buyer's receipt, as a page that prints well and as a PDF."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mentorship.kernel.http import reader_zone
from mentorship.kernel.refusals import NotFound
from mentorship.people.http import SignedInRequest
from payments.models import Order
from payments.receipts import Receipt, receipt_of


def _own(request: SignedInRequest, order_id: UUID) -> Receipt:
    """Of the buyer's own order. Raises NotFound for a stranger's, and while it is not paid."""
    orders = Order.objects.filter(student=request.user).select_related("student", "mentor__mentor_profile")
    order = orders.filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return receipt_of(order)


@never_cache
@login_required
@require_safe
def page(request: SignedInRequest, paid_id: UUID) -> HttpResponse:
    from payments.receipt_pdf import can_draw  # the PDF library is loaded by whoever needs it

    receipt = _own(request, paid_id)
    context = {"receipt": receipt, "order": receipt.order, "has_pdf": can_draw(receipt, reader_zone(request))}
    return render(request, "payments/receipt.html", context)


@never_cache
@login_required
@require_safe
def pdf(request: SignedInRequest, paid_id: UUID) -> HttpResponse:
    from payments.receipt_pdf import can_draw, draw

    receipt, zone = _own(request, paid_id), reader_zone(request)
    if not can_draw(receipt, zone):
        raise NotFound("This receipt has signs the PDF's font does not know. Please print the page instead.")
    answer = HttpResponse(draw(receipt, zone), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="receipt-{receipt.order.number}.pdf"'
    return answer
