"""The built-in provider. It stands for a foreign company: it keeps to its own tables and signs its webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from mentorship.kernel import clock
from payments.models import Order, Payment, Refund, SandboxCheckout, SandboxRefund
from payments.providers.base import (
    Checkout,
    DisputeFacts,
    DisputeStatus,
    Event,
    ForgedWebhook,
    PaymentFacts,
    PaymentStatus,
    ProviderTrouble,
    RefundFacts,
    RefundStatus,
    Reversals,
)

SIGNATURE = "Sandbox-Signature"
TOLERANCE = 300  # seconds a signature's stamp may lie in the past or the future

KINDS = {"payment.paid", "payment.declined", "payment.refunded", "dispute.opened", "dispute.won", "dispute.lost"}

_STATUS = {
    SandboxCheckout.Status.OPEN: PaymentStatus.PENDING,
    SandboxCheckout.Status.PAID: PaymentStatus.PAID,
    SandboxCheckout.Status.DECLINED: PaymentStatus.DECLINED,
    SandboxCheckout.Status.EXPIRED: PaymentStatus.EXPIRED,
}


def sign(body: bytes, stamp: int) -> str:
    """The signature header's value: `t=<unix time>,v1=<hmac-sha256 of "t.body">`."""
    mac = hmac.new(settings.SANDBOX_SECRET.encode(), b"%d." % stamp + body, hashlib.sha256)
    return f"t={stamp},v1={mac.hexdigest()}"


class Sandbox:
    name = "sandbox"
    label = "Sandbox (no real money)"
    live = False

    def __init__(self) -> None:
        if not settings.SANDBOX_PAYMENTS:
            raise ImproperlyConfigured("the sandbox takes no money: it must not load in production")

    def takes(self, currency: str, amount_minor: int) -> bool:
        return amount_minor > 0

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        # The page lives in machine time: moving the demo clock past the hold must leave it payable, or late money
        # could not be shown.
        ends = clock.machine_now() + timedelta(minutes=settings.MENTORSHIP.provider_page_minutes)
        page, _ = SandboxCheckout.objects.get_or_create(
            merchant_reference=str(order.pk),
            defaults={
                "title": order.title,
                "amount_minor": order.amount_minor,
                "currency": order.currency,
                "return_url": return_url,
                "cancel_url": cancel_url,
                "webhook_url": webhook_url,
                "expires_at": ends,
            },
        )
        return Checkout(page.reference, f"{order.site_url}/sandbox/checkout/{page.reference}")

    def fetch_payment(self, reference: str, *, collect: bool = True) -> PaymentFacts:
        page = self._page(reference)
        status = _STATUS[SandboxCheckout.Status(page.status)]
        if status is PaymentStatus.PENDING and page.expires_at <= clock.machine_now():
            status = PaymentStatus.EXPIRED
        return PaymentFacts(
            status=status,
            reference=page.reference,
            order_id=UUID(page.merchant_reference),
            payment_id=page.payment_id,
            amount=page.amount_minor,
            currency=page.currency,
            live=self.live,
        )

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        stamp = self._verified_stamp(headers.get(SIGNATURE, ""), body)
        if abs(machine_now.timestamp() - stamp) > TOLERANCE:
            raise ForgedWebhook("the stamp is more than 5 minutes off")
        said = json.loads(body)
        if not isinstance(said, dict) or not all(isinstance(said.get(k), str) for k in ("id", "type", "checkout")):
            raise ValueError("id, type and checkout are missing")
        if said["type"] in KINDS and not said["checkout"]:
            raise ValueError("it names no checkout")
        return Event(key=said["id"], kind=said["type"], reference=said["checkout"] if said["type"] in KINDS else "")

    def _verified_stamp(self, header: str, body: bytes) -> int:
        parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
        stamp = parts.get("t", "")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
            raise ForgedWebhook("no stamp")
        expected = sign(body, int(stamp)).partition("v1=")[2]
        if not hmac.compare_digest(expected.encode(), parts.get("v1", "").encode()):
            raise ForgedWebhook("the signature does not fit")
        return int(stamp)

    def refund(self, refund: Refund) -> RefundFacts:
        page = self._paid(refund.payment)
        done = SandboxRefund.objects.filter(idempotency_key=str(refund.pk)).first()
        if done is None:
            if refund.amount_minor > page.left():
                error = "More than is left of the payment cannot be refunded."
                return RefundFacts(RefundStatus.FAILED, "", refund.amount_minor, refund.currency, refund.pk, error)
            done, _ = SandboxRefund.objects.get_or_create(
                idempotency_key=str(refund.pk),
                defaults={"checkout": page, "amount_minor": refund.amount_minor},
            )
        return RefundFacts(RefundStatus.SUCCEEDED, done.reference, done.amount_minor, page.currency, refund.pk)

    def fetch_reversals(self, payment: Payment) -> Reversals:
        page = self._paid(payment)
        refunds = (
            RefundFacts(
                RefundStatus.SUCCEEDED,
                done.reference,
                done.amount_minor,
                page.currency,
                int(done.idempotency_key) if done.idempotency_key.isdecimal() else None,
            )
            for done in page.refunds.order_by("pk")
        )
        disputes = (
            DisputeFacts(DisputeStatus(d.status), d.reference, d.amount_minor, page.currency, "fraudulent")
            for d in page.disputes.order_by("pk")
        )
        return Reversals(tuple(refunds), tuple(disputes))

    def _paid(self, payment: Payment) -> SandboxCheckout:
        page = SandboxCheckout.objects.filter(payment_id=payment.provider_payment_id).first()
        if page is None:
            raise ProviderTrouble("the sandbox knows no such payment")
        return page

    def expire_checkout(self, reference: str) -> None:
        SandboxCheckout.objects.filter(reference=reference, status=SandboxCheckout.Status.OPEN).update(
            status=SandboxCheckout.Status.EXPIRED
        )

    def _page(self, reference: str) -> SandboxCheckout:
        try:
            return SandboxCheckout.objects.get(reference=reference)
        except SandboxCheckout.DoesNotExist as unknown:
            raise ProviderTrouble(f"the sandbox knows no checkout {reference!r}") from unknown
