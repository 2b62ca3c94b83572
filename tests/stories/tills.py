"""A till is where money is taken: the sandbox, Stripe, PayPal or Paystack, each with the hands of the people around it.

The stories speak only of tills. What a till does to us goes over real HTTP: its webhooks are posted to the webhook's
door, and the adapters ask the stand-ins over loopback.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from mentorship.kernel import clock
from payments.models import Order, SandboxCheckout, SandboxDelivery, SandboxDispute
from payments.providers.sandbox import SIGNATURE, sign
from payments.services import sandbox

WHOLE_PAYMENT = None


@dataclass(frozen=True)
class Webhook:
    """A webhook as the company sends it: `sign(stamp, secret)` gives its headers (None: now, the right secret)."""

    kind: str
    body: bytes
    sign: Callable[[int | None, str | None], dict[str, str]]


class Till(Protocol):
    name: str
    after_decline: str  # the order's status: some pages let the buyer try another card
    other_currency: str  # another one than USD that can be paid there
    knows_test_money: bool  # whether a payment itself says that it is test money

    def fee(self, amount: int) -> int:
        """What the company keeps of such a payment, minor units of USD."""

    def pay(self, order: Order) -> None:
        """The buyer pays on the company's page."""

    def decline(self, order: Order) -> None:
        """The buyer's card is declined."""

    def abandon(self, order: Order) -> None:
        """The buyer leaves, and the page's life ends."""

    def webhooks(self, order: Order) -> list[Webhook]:
        """Everything the company has had to say about this order so far, oldest first."""

    def twist(self, order: Order, *, amount: int | None = None, currency: str | None = None) -> None:
        """What is really paid differs from what was asked."""

    def refund(self, order: Order, amount: int | None = WHOLE_PAYMENT) -> None:
        """Somebody refunds in the company's dashboard."""

    def given_back(self, order: Order) -> int:
        """What the company says has gone back to the buyer by refunds, minor units."""

    def dispute(self, order: Order, amount: int | None = WHOLE_PAYMENT) -> None:
        """The buyer's bank wants it back."""

    def close_dispute(self, *, won: bool) -> None:
        """The last dispute is decided."""


class SandboxTill:
    """Our own sandbox, whose company lives in this database."""

    name = "sandbox"
    after_decline = "FAILED"
    other_currency = "EUR"
    knows_test_money = False

    def __init__(self) -> None:
        self._dispute: SandboxDispute | None = None

    def fee(self, amount: int) -> int:
        return 0

    def pay(self, order: Order) -> None:
        assert sandbox.decide(order.provider_reference, "paid").status == "PAID"

    def decline(self, order: Order) -> None:
        sandbox.decide(order.provider_reference, "declined")

    def abandon(self, order: Order) -> None:
        self._page(order).update(expires_at=clock.machine_now())

    def webhooks(self, order: Order) -> list[Webhook]:
        found = SandboxDelivery.objects.filter(body__contains=order.provider_reference).order_by("pk")
        return [Webhook(json.loads(row.body)["type"], row.body.encode(), _sandbox_signer(row)) for row in found]

    def twist(self, order: Order, *, amount: int | None = None, currency: str | None = None) -> None:
        told = {"amount_minor": amount, "currency": currency}
        self._page(order).update(**{name: value for name, value in told.items() if value is not None})

    def refund(self, order: Order, amount: int | None = WHOLE_PAYMENT) -> None:
        sandbox.refund_there(order.provider_reference, amount)

    def given_back(self, order: Order) -> int:
        return sum(refund.amount_minor for refund in self._page(order).get().refunds.all())

    def dispute(self, order: Order, amount: int | None = WHOLE_PAYMENT) -> None:
        self._dispute = sandbox.dispute_there(order.provider_reference, amount)

    def close_dispute(self, *, won: bool) -> None:
        assert self._dispute is not None
        sandbox.close_dispute_there(self._dispute, won=won)

    def _page(self, order: Order) -> Any:
        return SandboxCheckout.objects.filter(reference=order.provider_reference)


def _sandbox_signer(row: SandboxDelivery) -> Callable[[int | None, str | None], dict[str, str]]:
    def headers(stamp: int | None, secret: str | None) -> dict[str, str]:
        stamp = int(clock.machine_now().timestamp()) if stamp is None else stamp
        header = sign(row.body.encode(), stamp)
        # Somebody else's secret gives another signature; which one does not matter.
        return {"Content-Type": "application/json", SIGNATURE: header if secret is None else header[::-1]}

    return headers


@contextmanager
def open_till(name: str, settings: Any) -> Iterator[Till]:
    """The till of that name, its company running and our settings pointing to it."""
    if name == "sandbox":
        yield SandboxTill()
        return
    from tests.stories import companies

    with companies.open_till(name, settings) as till:
        yield till
