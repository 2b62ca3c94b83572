"""A buyer's receipt: who sold what to whom, how it was paid, what went back and what remains. One source for page and PDF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from mentorship.kernel import money
from mentorship.kernel.refusals import NotFound
from payments import providers
from payments.models import Dispute, Order, Payment, Refund


@dataclass(frozen=True)
class GoneBack:
    """Money of this payment that went back to the buyer, or is on its way."""

    at: datetime
    what: str
    amount_minor: int
    currency: str

    @property
    def amount_display(self) -> str:
        return money.display(-self.amount_minor, self.currency)


@dataclass(frozen=True)
class Receipt:
    """What stands on it. Sums are minor units of `order.currency`."""

    order: Order
    payment: Payment
    paid_by: str
    gone_back: tuple[GoneBack, ...]

    @property
    def what(self) -> str:
        n, minutes = self.order.session_count, self.order.duration_minutes
        return f"{n} session{'' if n == 1 else 's'} of {minutes} minutes"

    @property
    def total_display(self) -> str:
        return money.display(self.payment.amount_minor, self.payment.currency)

    @property
    def remains_minor(self) -> int:
        return self.payment.amount_minor - sum(gone.amount_minor for gone in self.gone_back)

    @property
    def remains_display(self) -> str:
        return money.display(self.remains_minor, self.payment.currency)

    @property
    def seller(self) -> str:
        return self.order.mentor.display_name

    @property
    def operator(self) -> tuple[str, ...]:
        """Who runs the place, line by line: name, address, tax number."""
        tax = f"Tax number {settings.OPERATOR_TAX_ID}" if settings.OPERATOR_TAX_ID else ""
        lines = (settings.OPERATOR_NAME, *settings.OPERATOR_ADDRESS.splitlines(), tax)
        return tuple(line.strip() for line in lines if line.strip())


def has_receipt(order: Order) -> bool:
    """There is one from the moment its payment is confirmed."""
    return order.payments.filter(status=Payment.Status.CONFIRMED).exists()


def receipt_of(order: Order) -> Receipt:
    """Raises NotFound while the order is not paid."""
    payment = order.payments.filter(status=Payment.Status.CONFIRMED).first()
    if payment is None:
        raise NotFound("There is a receipt as soon as the order is paid.")
    gone = [*_refunds(payment), *_lost(payment)]
    return Receipt(order, payment, _label(payment.provider), tuple(sorted(gone, key=lambda one: one.at)))


def _refunds(payment: Payment) -> list[GoneBack]:
    found = []
    for refund in payment.refunds.exclude(status=Refund.Status.FAILED):
        done = refund.status == Refund.Status.SUCCEEDED
        what = "Refunded" if done else "Refund on its way"
        at = refund.done_at if done and refund.done_at else refund.created_at
        found.append(GoneBack(at, what, refund.amount_minor, refund.currency))
    return found


def _lost(payment: Payment) -> list[GoneBack]:
    lost = payment.disputes.filter(status=Dispute.Status.LOST)
    return [GoneBack(d.closed_at or d.opened_at, "Taken back by your bank", d.amount_minor, d.currency) for d in lost]


def _label(provider: str) -> str:
    """A provider that is no longer set up here has lost its label, never its name."""
    try:
        return providers.by_name(provider).label
    except NotFound:
        return {"paypal": "PayPal"}.get(provider, provider.capitalize())
