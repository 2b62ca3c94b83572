"""What a payment provider can do for us. Everything above speaks only this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from payments.models import Order, Refund

TIMEOUT = 5  # seconds; the most a request may wait for a provider


class ProviderTrouble(Exception):
    """The provider could not be reached or did not answer as agreed. Nothing is known; ask again later."""


class ForgedWebhook(Exception):
    """Not signed by the provider, or stamped too long ago or in the future. Nothing of it may be believed."""


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    PAID = "PAID"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Checkout:
    """A page at the provider: its reference there, and where the student goes."""

    reference: str
    url: str


@dataclass(frozen=True)
class PaymentFacts:
    """The provider's truth about one checkout. Amounts in minor units; `live` is false for test money."""

    status: PaymentStatus
    reference: str
    order_id: UUID | None
    payment_id: str = ""
    amount: int = 0
    currency: str = ""
    live: bool = True


@dataclass(frozen=True)
class Event:
    """A verified webhook: the provider's key of this event, what kind it is, and the checkout it speaks about."""

    key: str
    kind: str
    reference: str


class Provider(Protocol):
    name: str
    live: bool

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        """A page on which this order can be paid. The order's id is the idempotency key: same order, same page."""

    def fetch_payment(self, reference: str) -> PaymentFacts:
        """What is true about this checkout. Raises ProviderTrouble."""

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        """Verify and read a webhook. Raises ForgedWebhook, and ValueError for what is signed but cannot be read."""

    def refund(self, refund: Refund) -> str:
        """Give this money back, once for each refund id. Returns the provider's reference. Raises ProviderTrouble."""

    def expire_checkout(self, reference: str) -> None:
        """Ask the page to take no more money. Harmless when it is over already. Raises ProviderTrouble."""
