"""PayPal: Orders v2. The buyer approves an order on PayPal's page, then we capture it; only a capture is money."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from django.conf import settings

from mentorship.kernel.provider_env import PAYPAL
from payments.models import Order, Payment, Refund
from payments.providers.base import (
    TIMEOUT,
    Checkout,
    Event,
    PaymentFacts,
    PaymentStatus,
    ProviderTrouble,
    RefundFacts,
    RefundStatus,
    Reversals,
)
from payments.providers.paypal import facts, signature
from payments.providers.paypal.transport import Refused, Transport

log = structlog.get_logger(__name__)
CAPTURE = "capture:"  # our word for a payment of which only the capture is known
GONE = {"RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"}
BUSY = {"PREVIOUS_REQUEST_IN_PROGRESS", "RESOURCE_CONFLICT"}
# The buyer would have to go back to PayPal and choose another way to pay ("restart"). A restart is a new order here: the
# declined one ends, its seat is free again, and nothing is taken for it behind the buyer's back. A duplicate invoice
# id means that PayPal took money for this number before: it is not taken twice.
DECLINED = {
    "INSTRUMENT_DECLINED",
    "TRANSACTION_REFUSED",
    "PAYER_CANNOT_PAY",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    "PAYER_ACCOUNT_RESTRICTED",
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    "COMPLIANCE_VIOLATION",
    "DUPLICATE_INVOICE_ID",
}
NOT_YET = {"ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED"}
NEVER = {
    "CAPTURE_FULLY_REFUNDED": "Nothing is left of this payment at PayPal.",
    "REFUND_AMOUNT_EXCEEDED": "It is more than what is left of this payment at PayPal.",
    "REFUND_TIME_LIMIT_EXCEEDED": "PayPal gives nothing back so long after the payment.",
    "TRANSACTION_DISPUTED": "The payment is disputed at PayPal.",
    "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK": "The buyer's bank took the money back already.",
    "REFUND_NOT_ALLOWED": "PayPal does not allow a refund of this payment.",
    "PARTIAL_REFUND_NOT_ALLOWED": "PayPal gives only the whole of this payment back.",
    "MAX_NUMBER_OF_REFUNDS_EXCEEDED": "PayPal made the most refunds of one payment already.",
    "DECIMALS_NOT_SUPPORTED": "PayPal takes no decimals of this currency.",
    "CURRENCY_MISMATCH": "The payment was made in another currency.",
}


class PayPal:
    name = "paypal"
    label = "PayPal"

    def __init__(self) -> None:
        self._keys = settings.PROVIDERS
        self.live = self._keys.paypal_base_url == PAYPAL  # nothing on PayPal's wire says it

    def takes(self, currency: str, amount_minor: int) -> bool:
        """Only PayPal's currencies, and no fillér of a forint: PayPal has none."""
        try:
            facts.to_wire(amount_minor, currency)
        except ValueError:
            return False
        return True

    # --- paying -----------------------------------------------------------------------------------------------------

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        """The webhook's address is configured at PayPal, not told here."""
        paypal = self._begin()
        body = _order_body(order, return_url, cancel_url)
        with _readable():
            try:
                said = paypal.tell("v2/checkout/orders", body, request_id=str(order.pk))
            except Refused as no:
                if "DUPLICATE_INVOICE_ID" not in no.issues:
                    raise
                # Another shop on the same PayPal account used this number; ours was never paid, it had no page yet.
                body["purchase_units"][0]["invoice_id"] = f"{order.number}-{order.pk.hex[:12]}"
                said = paypal.tell("v2/checkout/orders", body, request_id=f"{order.pk}-2")
            # 201, or 200 for an order that was made before: the same page either way.
            return Checkout(_id(said), self._page(said) or _nothing_left_to_do(said, return_url))

    def fetch_payment(self, reference: str, *, collect: bool = True) -> PaymentFacts:
        """`reference`: a PayPal order's id, or `capture:<id>`. An approved order is captured here, with `collect`."""
        paypal = self._begin()
        with _readable():
            if reference.startswith(CAPTURE):
                capture = paypal.ask(f"v2/payments/captures/{_checked(reference.removeprefix(CAPTURE))}")
                order_id = facts.order_of(capture)
                if not order_id:  # not made by an order of ours: kept as money nobody asked for
                    return facts.capture_facts(capture, reference, self.live)
                reference = order_id
            try:
                said = paypal.ask(f"v2/checkout/orders/{_checked(reference)}")
            except Refused as no:
                if no.status == 404 and no.issues & GONE:
                    # An order nobody approved is forgotten after some hours.
                    return PaymentFacts(PaymentStatus.EXPIRED, reference, None, live=self.live)
                raise
            # What was tried once is not tried again behind the buyer's back.
            if collect and said.get("status") == "APPROVED" and not facts.captures(said):
                return self._collect(paypal, said)
            return facts.order_facts(said, self.live)

    def _collect(self, paypal: Transport, approved: dict[str, Any]) -> PaymentFacts:
        """Take the money once; asked again, or by two at once, PayPal says what became of it."""
        reference = _id(approved)
        path = f"v2/checkout/orders/{reference}"
        try:
            return facts.order_facts(paypal.tell(f"{path}/capture", {}, request_id=f"capture-{reference}"), self.live)
        except Refused as no:
            log.info("paypal_not_captured", reference=reference, issues=sorted(no.issues))
            if no.issues & DECLINED:
                return _with_status(approved, PaymentStatus.DECLINED, self.live)
            if no.issues & NOT_YET:
                return _with_status(approved, PaymentStatus.PENDING, self.live)
            if "ORDER_ALREADY_CAPTURED" not in no.issues and not (no.issues & BUSY or no.status == 409):
                raise
        return facts.order_facts(paypal.ask(path), self.live)

    def expire_checkout(self, reference: str) -> None:
        """Nothing: PayPal has no call that closes an order's page, an unapproved order ends by itself after hours.

        It needs none: whatever the buyer approves, the money moves only when we capture, and what was replaced or given
        up is asked about with `collect=False`.
        """

    # --- what goes back ---------------------------------------------------------------------------------------------

    def refund(self, refund: Refund) -> RefundFacts:
        paypal = self._begin(2 * TIMEOUT)
        try:
            amount = facts.to_wire(refund.amount_minor, refund.currency)
        except ValueError as impossible:
            return _never(refund, f"{impossible}.")
        with _readable():
            if refund.provider_reference:
                return facts.refund_facts(paypal.ask(f"v2/payments/refunds/{_checked(refund.provider_reference)}"))
            capture_id = _checked(refund.payment.provider_payment_id)
            # Without this custom_id PayPal would repeat the payment's; it says whose refund it is if our answer is lost.
            body = {"amount": amount, "custom_id": str(refund.pk)}
            key = self._refund_key(paypal, refund, capture_id)
            try:
                return facts.refund_facts(
                    paypal.tell(f"v2/payments/captures/{capture_id}/refund", body, request_id=key)
                )
            except Refused as no:
                never = no.issues & NEVER.keys()
                if not never:  # no money in our account today, a capture still pending: it may work later
                    raise
                # PayPal forgets a Request-Id after 45 days: it may be refused because it was done.
                return self._done_before(paypal, refund, capture_id) or _never(refund, NEVER[min(never)])

    def _refund_key(self, paypal: Transport, refund: Refund, capture_id: str) -> str:
        """The Request-Id. One under which a refund has failed would only be answered with that failure again."""
        key = f"refund-{refund.pk}"
        if not refund.error:  # nothing has gone wrong so far
            return key
        known = self._refunds_of(paypal, refund.payment, capture_id)
        ours = (facts.refund_facts(one) for one in known if facts.our_refund(one) == refund.pk)
        dead = sum(attempt.status is RefundStatus.FAILED for attempt in ours)
        return f"{key}-{dead + 1}" if dead else key

    def _done_before(self, paypal: Transport, refund: Refund, capture_id: str) -> RefundFacts | None:
        known = facts.standing(facts.refund_facts(one) for one in self._refunds_of(paypal, refund.payment, capture_id))
        done = (one for one in known if one.refund_id == refund.pk and one.status is not RefundStatus.FAILED)
        return next(done, None)

    def fetch_reversals(self, payment: Payment) -> Reversals:
        paypal = self._begin(2 * TIMEOUT)
        with _readable():
            capture_id = _checked(payment.provider_payment_id)
            back = self._refunds_of(paypal, payment, capture_id)
            disputes = [(said, facts.dispute_facts(said)) for said in self._disputes_of(paypal, capture_id)]
            return Reversals(
                refunds=facts.standing(facts.refund_facts(one) for one in facts.without_echoes(back, disputes)),
                disputes=tuple(dispute for _, dispute in disputes),
            )

    def _disputes_of(self, paypal: Transport, capture_id: str) -> list[dict[str, Any]]:
        try:
            listed = paypal.ask("v1/customer/disputes?" + urlencode({"disputed_transaction_id": capture_id}))
        except Refused as no:
            if no.status != 403:
                raise
            # Not passed over: a dispute nobody sees is money that is missing one day.
            raise ProviderTrouble("PayPal shows this app no disputes: switch on Disputes in the app's features") from no
        items = listed.get("items") or ()
        return [paypal.ask(f"v1/customer/disputes/{_checked(item['dispute_id'])}") for item in items]

    def _refunds_of(self, paypal: Transport, payment: Payment, capture_id: str) -> list[dict[str, Any]]:
        capture = paypal.ask(f"v2/payments/captures/{capture_id}")
        reference = facts.order_of(capture) or (payment.order.provider_reference if payment.order else "")
        return facts.refunds(paypal.ask(f"v2/checkout/orders/{_checked(reference)}"), capture_id)

    # --- webhooks ---------------------------------------------------------------------------------------------------

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        """Also raises ProviderTrouble, when PayPal's certificate cannot be had now: then PayPal must send it again.

        The signature does not really cover the body, so what comes out is only a hint where to look.
        """
        signature.verify(headers, body, self._keys, machine_now)
        said = json.loads(body)
        if not isinstance(said, dict) or not isinstance(said.get("resource"), dict):
            raise ValueError("no event")
        key, kind = said.get("id"), said.get("event_type")
        if not isinstance(key, str) or not isinstance(kind, str):
            raise ValueError("an event has an id and a type")
        return Event(key=key, kind=kind, reference=_where_to_look(kind, said["resource"]))

    # --- helpers ----------------------------------------------------------------------------------------------------

    def _begin(self, patience: int = TIMEOUT) -> Transport:
        keys = self._keys
        return Transport(keys.paypal_base_url, keys.paypal_client_id, keys.paypal_client_secret, patience)

    def _page(self, said: dict[str, Any]) -> str:
        """Where the buyer approves: `payer-action` when we named PayPal as the way to pay, `approve` in older answers."""
        schemes = {"https", urlsplit(self._keys.paypal_base_url).scheme}
        for link in said.get("links") or ():
            if link["rel"] in ("payer-action", "approve") and urlsplit(link["href"]).scheme in schemes:
                return str(link["href"])
        return ""


def _order_body(order: Order, return_url: str, cancel_url: str) -> dict[str, Any]:
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "reference_id": "default",
                "custom_id": str(order.pk),
                "invoice_id": order.number,
                "description": order.title[:127],
                "amount": facts.to_wire(order.amount_minor, order.currency),
            }
        ],
        "payment_source": {
            "paypal": {
                "experience_context": {
                    "return_url": return_url,
                    "cancel_url": cancel_url,
                    "user_action": "PAY_NOW",
                    "shipping_preference": "NO_SHIPPING",
                    # An eCheck takes days; the seat is kept for minutes.
                    "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
                }
            }
        },
    }


def _nothing_left_to_do(said: dict[str, Any], return_url: str) -> str:
    """An order that was approved already (its first answer was lost on us) has no page; our own looks what is true."""
    if said.get("status") not in ("APPROVED", "COMPLETED"):
        raise ValueError("an order without a page")
    return return_url


def _with_status(order: dict[str, Any], status: PaymentStatus, live: bool) -> PaymentFacts:
    known = facts.order_facts({**order, "status": "APPROVED"}, live)
    return PaymentFacts(status, known.reference, known.order_id, "", known.amount, known.currency, live)


def _never(refund: Refund, why: str) -> RefundFacts:
    return RefundFacts(
        RefundStatus.FAILED, "", refund.amount_minor, refund.currency, refund_id=refund.pk, error=why[:300]
    )


def _where_to_look(kind: str, resource: dict[str, Any]) -> str:
    """The order or the capture an event is about; "" for kinds that ask for nothing. Raises ValueError."""
    if kind.startswith("CHECKOUT.ORDER."):
        return _id(resource)
    if kind.startswith("CUSTOMER.DISPUTE."):
        disputed = resource.get("disputed_transactions")
        first = disputed[0] if isinstance(disputed, list) and disputed else None
        return CAPTURE + _id(first if isinstance(first, dict) else {}, "seller_transaction_id")
    if not kind.startswith(("PAYMENT.CAPTURE.", "PAYMENT.REFUND.")):
        return ""
    # Of a refund and of a reversal the resource is the refund; its capture is the link "up".
    capture_id = facts.linked(resource, "up", "captures")
    if capture_id:
        return CAPTURE + capture_id
    return facts.order_of(resource) or CAPTURE + _id(resource)


def _id(said: dict[str, Any], key: str = "id") -> str:
    text = said.get(key)
    if not isinstance(text, str) or not facts.is_id(text):
        raise ValueError(f"{key} is missing")
    return text


def _checked(text: str) -> str:
    """A part of an address at PayPal. Raises ProviderTrouble for what can be none, before anything goes out."""
    if not facts.is_id(text):
        raise ProviderTrouble("PayPal knows nothing by such a name")
    return text


@contextmanager
def _readable() -> Iterator[None]:
    """What PayPal refuses without our knowing why, and what cannot be read, is trouble: nothing is known."""
    try:
        yield
    except Refused as no:
        raise ProviderTrouble(str(no)[:300]) from None
    except (ValueError, KeyError, TypeError, AttributeError) as odd:
        raise ProviderTrouble(f"PayPal's answer could not be read: {odd}"[:300]) from odd
