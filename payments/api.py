"""Buying over the API. What was bought is granted by the payment, never by a call."""

from __future__ import annotations

from uuid import UUID

from ninja import Router, Status
from pydantic import Field

from mentorship.kernel import idempotency
from mentorship.kernel.api import CamelSchema, Id, Instant, at_most, signed_in
from mentorship.kernel.refusals import NotFound
from mentorship.people.http import SignedInRequest
from payments import services
from payments.models import Order
from payments.views.site import site_url
from sessions_app.api_requests import RequestOut, request_shown
from sessions_app.models import BookingRequest
from sessions_app.models.request import MOST_TIMES

router = Router(tags=["payments"])


class CheckoutIn(CamelSchema):
    """A price, a mode or anything else a client might add is not read: the offering decides."""

    offering_id: Id
    scheduled_at: Instant | None = None
    times: list[Instant] = Field([], max_length=MOST_TIMES, description="for what the mentor approves first")
    message: str | None = Field(None, max_length=2000, description="to the mentor: what it shall be about")
    agenda: str | None = Field(None, max_length=2000, description="the same as `message`")


class ProceedIn(CamelSchema):
    """Exactly one of the two ids."""

    request_id: UUID | None = None
    session_id: UUID | None = None
    provider: str = Field(max_length=20)


class CheckoutOut(CamelSchema):
    order_id: UUID
    checkout_url: str
    expires_at: Instant


class OrderOut(CamelSchema):
    id: UUID
    number: str
    status: str
    amount: int = Field(description="minor units")
    currency: str
    refunded_amount: int = Field(description="minor units that went back or are on their way back")
    pack_id: int | None
    session_id: UUID | None


@router.post(
    "checkout/{provider}",
    response={201: CheckoutOut, 202: RequestOut},
    auth=at_most("checkout", "checkouts_per_minute"),
)
def create_checkout(request: SignedInRequest, provider: str, body: CheckoutIn) -> Status:
    """Place an order and open the page it is paid on; what the mentor approves first becomes a request (202).

    Same Idempotency-Key and body: the same answer.
    """
    made = services.ask_or_checkout(
        student=request.user,
        offering_id=body.offering_id,
        provider=provider,
        starts_at=body.scheduled_at,
        times=body.times,
        message=body.message or body.agenda or "",
        idempotency_key=idempotency.key_of(request),
        site_url=site_url(request),
        now=request.now,
    )
    if isinstance(made, BookingRequest):
        return Status(202, request_shown(made, request))
    return Status(201, _page_of(made))


def _page_of(order: Order) -> dict[str, object]:
    return {"order_id": order.pk, "checkout_url": order.checkout_url, "expires_at": order.expires_at}


@router.post("mentorship/proceed-payment", response=CheckoutOut, auth=at_most("checkout", "checkouts_per_minute"))
def proceed_payment(request: SignedInRequest, body: ProceedIn) -> dict[str, object]:
    """Pay an approved request, or a time whose checkout was left. Repeated, it is the same page."""
    order = services.proceed_payment(
        student=request.user,
        provider=body.provider,
        request_id=body.request_id,
        session_id=body.session_id,
        idempotency_key=idempotency.key_of(request),
        site_url=site_url(request),
        now=request.now,
    )
    return _page_of(order)


@router.get("orders/{order_id}", response=OrderOut, auth=signed_in)
def get_order(request: SignedInRequest, order_id: UUID) -> dict[str, object]:
    """The buyer's own order, its status judged now."""
    order = Order.objects.filter(pk=order_id, student=request.user).first()
    if order is None:
        raise NotFound
    return {
        "id": order.pk,
        "number": order.number,
        "status": order.status_at(request.now),
        "amount": order.amount_minor,
        "currency": order.currency,
        "refunded_amount": order.refunds.going_back(),
        "pack_id": order.pack_id,
        "session_id": order.session_id,
    }
