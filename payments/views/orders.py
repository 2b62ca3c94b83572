from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mentorship.kernel import money
from mentorship.kernel.http import page_or_part
from mentorship.kernel.refusals import NotFound
from mentorship.people.http import SignedInRequest
from payments import services
from payments.models import Order, Payment, Refund
from payments.providers.base import ProviderTrouble
from payments.services.confirm import retry_path
from sessions_app.services import pay_by

log = structlog.get_logger(__name__)
CONFIRMED = Payment.Status.CONFIRMED


def own_order(request: SignedInRequest, order_id: UUID) -> Order:
    """The buyer's own order. Raises NotFound for a stranger's."""
    rows = Order.objects.filter(student=request.user).select_related(
        "mentor__mentor_profile", "pack", "session", "request__session"
    )
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
    order, away = own_order(request, order_id), False
    if request.method == "GET" and order.status != Order.Status.FULFILLED:
        try:
            services.confirm_and_fulfil(order.pk, request.now)
        except (ProviderTrouble, NotFound) as trouble:  # not found: it is not set up here any more
            away = True
            log.warning("provider_trouble", order=str(order.pk), error=str(trouble))
        order = own_order(request, order_id)
    page = page_or_part(request, "payments/return.html", "state")
    return render(request, page, state_of(order, request.now, away=away))


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


def _stays_until(order: Order, now: datetime) -> datetime | None:
    """Until when an approved request keeps time and seat, whatever becomes of this order. None: they go with the order."""
    if order.request is None or not order.request.is_payable(now):
        return None
    until = pay_by(order.request)
    return until if until > now else None


def state_of(order: Order, now: datetime, *, away: bool = False) -> dict[str, Any]:
    """What the pages about an order show. `away`: the provider could not be asked just now."""
    status = order.status_at(now)
    refunds = list(
        order.refunds.filter(payment__status=CONFIRMED, called_off_at=None).select_related("payment").order_by("-pk")
    )
    decided = sum(refund.amount_minor for refund in refunds)  # one that failed is still owed
    sent = any(refund.status != Refund.Status.FAILED for refund in refunds)
    granted = status == Order.Status.FULFILLED
    all_back = bool(refunds) and (not granted or decided >= order.amount_minor)
    others = order.payments.exclude(status=CONFIRMED)
    set_aside = not granted and others.exclude(status=Payment.Status.EXTRA).exists()
    unpaid = status in (Order.Status.PENDING, Order.Status.EXPIRED) and not order.replaced_at
    waiting = unpaid and not set_aside and (away or status == Order.Status.PENDING)
    return {
        "order": order,
        "status": "REFUNDED" if all_back else status,
        "refund": refunds[0] if all_back else None,
        "refunds": refunds,
        "back": sent,
        "stays": money.display(max(order.amount_minor - decided, 0), order.currency),
        "dispute": order.disputes.order_by("-pk").first(),
        "set_aside": set_aside,
        "paid_twice": others.filter(status=Payment.Status.EXTRA).first(),
        "confirming": not all_back and (waiting or status == Order.Status.PAID),
        "away": away,
        "left": order.pack.remaining_at(now) if order.pack else 0,
        "retry_url": retry_path(order),
        "stays_until": _stays_until(order, now),
        "mentor": order.mentor,
        "profile": order.mentor.mentor_profile,
    }
