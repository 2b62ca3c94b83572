"""What a payment provider can do for us. Everything above speaks only this.

All amounts are integers in the minor units of ISO 4217 (JPY 101 is 101, EUR 1.01 is 101), whatever the provider's wire
says; an adapter turns them, exactly or with ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from payments.models import Order, Payment, Refund

TIMEOUT = 5  # seconds; the most a request may wait for a provider
PATIENCE = 20  # seconds; the most a worker may: nobody waits for it


class ProviderTrouble(Exception):
    """The provider could not be reached or did not answer as agreed. Nothing is known; ask again later."""


class ForgedWebhook(Exception):
    """Not signed by the provider, or stamped too long ago or in the future. Nothing of it may be believed."""


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    PAID = "PAID"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"


class RefundStatus(StrEnum):
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class DisputeStatus(StrEnum):
    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


@dataclass(frozen=True)
class Checkout:
    """A page at the provider: its reference there, and where the student goes."""

    reference: str
    url: str


@dataclass(frozen=True)
class PaymentFacts:
    """The provider's truth about one checkout. `live` is false for test money; `fee` is what the provider kept."""

    status: PaymentStatus
    reference: str
    order_id: UUID | None
    payment_id: str = ""
    amount: int = 0
    currency: str = ""
    live: bool = True
    fee: int = 0
    fee_currency: str = ""


@dataclass(frozen=True)
class RefundFacts:
    """The provider's truth about one refund. `refund_id` is our Refund's id when the provider says we asked for it.

    A refusal for good (nothing left, too old, disputed) is FAILED with `error`, and may have no reference. A PENDING one
    with `error` waits for something that a person has to do at the provider.
    """

    status: RefundStatus
    reference: str
    amount: int
    currency: str
    refund_id: int | None = None
    error: str = ""


@dataclass(frozen=True)
class DisputeFacts:
    """The provider's truth about one dispute (chargeback). A mere inquiry that moves no money is none.

    `fee` is what the provider charges for it so far, whoever wins.
    """

    status: DisputeStatus
    reference: str
    amount: int
    currency: str
    reason: str = ""
    fee: int = 0
    fee_currency: str = ""


@dataclass(frozen=True)
class Reversals:
    """Everything that went back, or may, of one payment."""

    refunds: tuple[RefundFacts, ...] = ()
    disputes: tuple[DisputeFacts, ...] = ()


@dataclass(frozen=True)
class Event:
    """A verified webhook: the provider's key of this event, what kind it is, and where to look.

    `reference` is what `fetch_payment` takes (a checkout's reference, or the adapter's own word for a payment); empty for
    kinds that are kept but ask for nothing.
    """

    key: str
    kind: str
    reference: str = ""


class Provider(Protocol):
    name: str
    label: str  # what a buyer reads: "Card (Stripe)"
    live: bool

    def takes(self, currency: str, amount_minor: int) -> bool:
        """Whether this sum can be paid here: the currency is known and the sum within the provider's limits."""

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        """A page on which this order can be paid. The order's id is the idempotency key: same order, same page.

        Raises ProviderTrouble.
        """

    def fetch_payment(self, reference: str, *, collect: bool = True) -> PaymentFacts:
        """What is true about this checkout. Raises ProviderTrouble.

        Where the buyer's approval still has to be turned into money by us (PayPal), that happens here, once, and only
        with `collect`; without, an approved checkout is PENDING.
        """

    def fetch_reversals(self, payment: Payment) -> Reversals:
        """All refunds and disputes of this payment, whoever began them. Raises ProviderTrouble."""

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        """Verify and read a webhook. Raises ForgedWebhook, and ValueError for what is signed but cannot be read.

        It asks nobody what is true: an event only says where to look. Where the signature hangs on a certificate that
        cannot be had now (PayPal), ProviderTrouble: the webhook has to be sent again.
        """

    def refund(self, refund: Refund) -> RefundFacts:
        """Give this money back, once for each refund id; asked again, say what became of it. Raises ProviderTrouble."""

    def expire_checkout(self, reference: str) -> None:
        """Ask the page to take no more money. Harmless when it is over already. Raises ProviderTrouble."""
