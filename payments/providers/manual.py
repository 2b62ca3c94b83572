"""Money received elsewhere, which an admin has recorded. It has no page, sends no webhooks, and is paid back by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from payments.models import Order, Payment, Refund
from payments.providers.base import (
    Checkout,
    Event,
    ForgedWebhook,
    PaymentFacts,
    PaymentStatus,
    ProviderTrouble,
    RefundFacts,
    RefundStatus,
    Reversals,
)


class Manual:
    name = "manual"
    label = "Received elsewhere"
    live = True

    def takes(self, currency: str, amount_minor: int) -> bool:
        return False  # never offered to a buyer

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        raise ProviderTrouble("there is no page for money received elsewhere")

    def fetch_payment(self, reference: str, *, collect: bool = True) -> PaymentFacts:
        order = Order.objects.filter(provider=self.name, provider_reference=reference).first()
        payment = order.payments.filter(provider=self.name).first() if order else None
        if order is None or payment is None:
            raise ProviderTrouble("nothing was recorded under this reference")
        return PaymentFacts(
            status=PaymentStatus.PAID,
            reference=reference,
            order_id=order.pk,
            payment_id=payment.provider_payment_id,
            amount=payment.amount_minor,
            currency=payment.currency,
            live=self.live,
        )

    def fetch_reversals(self, payment: Payment) -> Reversals:
        return Reversals()

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        raise ForgedWebhook("nobody sends webhooks about money received elsewhere")

    def refund(self, refund: Refund) -> RefundFacts:
        """It waits until an admin says that it was paid back (`refunding.paid_back_by_hand`)."""
        return RefundFacts(RefundStatus.PENDING, "", refund.amount_minor, refund.currency, refund.pk)

    def expire_checkout(self, reference: str) -> None:
        return None
