"""What the PayPal tests share: a stand-in the settings point to, and rows that need no database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from payments.models import Order, Payment, Refund
from payments.providers.base import Checkout
from payments.providers.paypal import PayPal, certificates, transport
from tests.standins.paypal import PayPal as StandIn

PAYLOADS = Path(__file__).parents[1] / "payloads/paypal"
ORDER_ID = UUID("6f1f6a9c-0d0e-4f9a-9d0f-3a4b5c6d7e8f")


@contextmanager
def connected(settings: Any, standin: StandIn | None = None, **how: Any) -> Iterator[StandIn]:
    """A stand-in that runs, with the settings pointing to it; nothing is remembered from the test before."""
    transport._tokens.clear()
    certificates.CERTIFICATES.clear()
    with standin or StandIn(**how) as running:
        settings.PROVIDERS = settings.PROVIDERS.model_copy(update=running.settings())
        yield running


def payload(name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / name).read_text())


def an_order(amount: int = 5000, currency: str = "EUR", **more: Any) -> Order:
    more.setdefault("pk", ORDER_ID)
    more.setdefault("number", "K7M2PQ9X")
    return Order(title="Four sessions", amount_minor=amount, currency=currency, provider="paypal", **more)


def check_out(order: Order) -> Checkout:
    site = "https://mentors.example.org"
    return PayPal().create_checkout(
        order, return_url=f"{site}/return", cancel_url=f"{site}/cancel", webhook_url=f"{site}/hook"
    )


def bought(standin: StandIn, order: Order | None = None) -> Payment:
    """Approved and captured, and the payment as the product would keep it."""
    order = order or an_order()
    reference = check_out(order).reference
    standin.approve(reference)
    facts = PayPal().fetch_payment(reference)
    return Payment(
        provider="paypal", provider_payment_id=facts.payment_id, amount_minor=facts.amount, currency=facts.currency
    )


def a_refund(payment: Payment, amount: int, pk: int = 41, **more: Any) -> Refund:
    return Refund(pk=pk, payment=payment, amount_minor=amount, currency=payment.currency, **more)


def calls_to(standin: StandIn, path: str) -> list[Any]:
    return [call for call in standin.calls if path in call.path]
