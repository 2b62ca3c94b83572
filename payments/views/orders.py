from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mentorship.kernel.http import wants
from mentorship.kernel.refusals import NotFound
from mentorship.people.http import SignedInRequest
from payments import services
from payments.models import Order
from payments.providers.base import ProviderTrouble
from payments.services.confirm import retry_path

log = structlog.get_logger(__name__)


def own_order(request: SignedInRequest, order_id: UUID) -> Order:
    """The buyer's own order. Raises NotFound for a stranger's."""
    rows = Order.objects.filter(student=request.user).select_related("mentor__mentor_profile", "pack", "session")
    order = rows.filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


@never_cache
@login_required
@require_safe
def back(request: SignedInRequest, order_id: UUID) -> HttpResponse:
    """Where the provider sends the buyer back to.

    A GET that may change something: it applies what the provider says is true, never the word of the client, and any
    number of times with one effect. So a payment is granted without Celery and without a webhook.
    """
    order = own_order(request, order_id)
    if request.method == "GET" and order.status != Order.Status.FULFILLED:
        try:
            services.confirm_and_fulfil(order.pk, request.now)
        except ProviderTrouble as trouble:
            log.warning("provider_trouble", order=str(order.pk), error=str(trouble))
        order = own_order(request, order_id)
    page = "payments/return.html#state" if wants(request, "state") else "payments/return.html"
    return render(request, page, state_of(order, request.now))


@never_cache
@login_required
@require_safe
def show(request: SignedInRequest, order_id: UUID) -> HttpResponse:
    """The order as it stands: how long it is held, where it is paid, what became of it. Also where "cancel" leads."""
    return render(request, "payments/order.html", state_of(own_order(request, order_id), request.now))


@login_required
@require_POST
def end(request: SignedInRequest, order_id: UUID) -> HttpResponse:
    """The buyer gives the order up: its time and a seat only held for it are free at once."""
    order = services.give_up(student=request.user, order_id=order_id, now=request.now)
    return redirect(order)


def state_of(order: Order, now: Any) -> dict[str, Any]:
    """What the pages about an order show."""
    status = order.status_at(now)
    refund = order.refunds.filter(payment__status="CONFIRMED").first()
    others = order.payments.exclude(status="CONFIRMED").exists()
    return {
        "order": order,
        "status": "REFUNDED" if refund else status,
        "refund": refund,
        "set_aside": others and status != Order.Status.FULFILLED,
        "confirming": not refund and status in (Order.Status.PENDING, Order.Status.PAID),
        "left": order.pack.remaining_at(now) if order.pack else 0,
        "retry_url": retry_path(order),
        "mentor": order.mentor,
        "profile": order.mentor.mentor_profile,
    }
