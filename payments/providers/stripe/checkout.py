"""Opening Stripe's page for an order, once, whatever gets lost on the way."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import stripe
from django.conf import settings

from mentorship.kernel import clock
from payments.models import Order
from payments.providers.stripe import amounts
from payments.providers.stripe.transport import KEYS, numbered, was_replayed

# An address Stripe surely accepts. With another one the buyer types it on the page; the checkout must not fail for it.
PLAIN_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
TWIN_MINUTES = 40  # how long after an order's first attempt its page is still found again; the hold is 35


def page_of(order: Order, return_url: str, cancel_url: str) -> dict[str, Any]:
    """The page's parameters without its end: the same at every call for this order, or the idempotency key is refused."""
    ours = {"order_id": str(order.pk), "order_number": order.number}
    page: dict[str, Any] = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": amounts.to_wire(order.amount_minor, order.currency),
                    "product_data": {"name": order.title},
                },
            }
        ],
        # What is asked for is what is charged: the buyer's own currency would change amount and currency.
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": str(order.pk),
        "metadata": ours,
        # Refunds and disputes know only the payment: it carries the order's id too.
        "payment_intent_data": {"metadata": ours, "description": f"{order.title} ({order.number})"},
        "success_url": return_url,
        "cancel_url": cancel_url,
    }
    if PLAIN_EMAIL.fullmatch(order.student.email):
        page["customer_email"] = order.student.email
    return page


def open_page(client: stripe.StripeClient, order: Order, page: dict[str, Any]) -> dict[str, Any]:
    """Create the page, or find the one a call whose answer was lost has created.

    A key that Stripe has answered with 500 says nothing else any more. What that call may have opened has an address that
    nobody knows, so another page under the next key cannot be paid twice.
    """
    for number in range(1, KEYS + 1):
        try:
            return _create(client, page, numbered(f"checkout-{order.pk}", number))
        except stripe.APIError as failed:
            if number == KEYS or not was_replayed(failed):
                raise
    raise AssertionError("unreachable")


def _create(client: stripe.StripeClient, page: dict[str, Any], options: stripe.RequestOptions) -> dict[str, Any]:
    """The page lives in machine time, and ends on a whole minute: calls of one minute have the same parameters.

    A later call has others, which Stripe refuses for a key it knows; then the minutes before are tried, and one after
    (another machine's clock). Nothing is created by that: a key that is known only ever gives its first answer.
    """
    minute = int(clock.machine_now().timestamp()) // 60
    # One more than asked for, because this minute has begun: Stripe wants at least 30 full ones.
    ends = minute + settings.MENTORSHIP.provider_page_minutes + 1
    for ago in chain((0, 1, -1), range(2, TWIN_MINUTES)):
        asked: Any = {**page, "expires_at": (ends - ago) * 60}
        try:
            return client.v1.checkout.sessions.create(asked, options).to_dict()
        except stripe.IdempotencyError as other:
            refused = other
    raise refused
