"""What costs nothing is paid at once: the same path as money, without a page and without a webhook."""

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
    Reversals,
)


class Free:
    name = "free"
    label = "Free"
    live = True

    def takes(self, currency: str, amount_minor: int) -> bool:
        return amount_minor == 0

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        return Checkout(str(order.pk), return_url)

    def fetch_payment(self, reference: str, *, collect: bool = True) -> PaymentFacts:
        order = Order.objects.filter(provider=self.name, provider_reference=reference, amount_minor=0).first()
        if order is None:
            raise ProviderTrouble("nothing free goes by this reference")
        return PaymentFacts(
            status=PaymentStatus.PAID,
            reference=reference,
            order_id=order.pk,
            payment_id=reference,
            amount=0,
            currency=order.currency,
            live=self.live,
        )

    def fetch_reversals(self, payment: Payment) -> Reversals:
        return Reversals()

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        raise ForgedWebhook("nobody sends webhooks about what is free")

    def refund(self, refund: Refund) -> RefundFacts:
        raise ProviderTrouble("there is nothing to give back")

    def expire_checkout(self, reference: str) -> None:
        return None
