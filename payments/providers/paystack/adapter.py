"""Paystack: a transaction for each order, and the truth about it from the API. Webhooks only say where to look.

Amounts are in the subunit (kobo, pesewa, cent) of the five currencies, which is the minor unit of ISO 4217 in each.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings

from payments.models import Order, Payment, Refund
from payments.providers.base import (
    PATIENCE,
    Checkout,
    Event,
    ForgedWebhook,
    PaymentFacts,
    PaymentStatus,
    ProviderTrouble,
    RefundFacts,
    Reversals,
)
from payments.providers.paystack import reversals
from payments.providers.paystack.wire import Paystack as Api, Refused, record, text, whole

CURRENCIES = {"GHS", "KES", "NGN", "USD", "ZAR"}
MOST = 10_000_000_00  # "Transaction amount limit exceeded" beyond ten million in every currency
SIGNATURE = "X-Paystack-Signature"
REFERENCE = re.compile(r"[-.=A-Za-z0-9]{1,100}")
OURS = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-\d)?")
KINDS = {"charge.success", "charge.dispute.create", "charge.dispute.remind", "charge.dispute.resolve"} | {
    f"refund.{word}" for word in ("pending", "processing", "processed", "failed")
}
TRIES = 5  # references one order may use up
# `abandoned` is also what an open page is called while the buyer has not paid yet.
_STATUS = {"success": PaymentStatus.PAID, "reversed": PaymentStatus.PAID, "failed": PaymentStatus.DECLINED}


class Paystack:
    name = "paystack"
    label = "Card or bank (Paystack)"

    def __init__(self) -> None:
        self.live = settings.PROVIDERS.paystack_secret_keys[0].startswith("sk_live_")

    def takes(self, currency: str, amount_minor: int) -> bool:
        return currency in CURRENCIES and 0 < amount_minor <= MOST

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        """The reference is the order's id, and Paystack takes each only once: that is its idempotency.

        It never shows a page again, so when our reference is taken (the answer was lost, or a twin was faster) the next
        one is used: `<id>-2`. Nobody has the lost page's address, and a twin's page is the one both are sent to.
        (`webhook_url` is set once in Paystack's dashboard.)
        """
        asked = {
            "email": order.student.email,
            "amount": order.amount_minor,
            "currency": order.currency,
            "callback_url": return_url,
            "metadata": {"order_id": str(order.pk), "order_number": order.number, "cancel_action": cancel_url},
        }
        with Api() as api:
            for number in range(1, TRIES + 1):
                reference = str(order.pk) if number == 1 else f"{order.pk}-{number}"
                try:
                    said = api.post("/transaction/initialize", asked | {"reference": reference})
                except Refused as refused:
                    if refused.code == "duplicate_reference" or refused.message == "Duplicate Transaction Reference":
                        continue
                    raise ProviderTrouble(str(refused)) from None
                made = record(said.get("data"), "transaction")
                url = made.get("authorization_url")
                if made.get("reference") != reference or not isinstance(url, str) or not url.startswith("http"):
                    raise ProviderTrouble("Paystack's answer is about something else")
                return Checkout(reference, url)
        raise ProviderTrouble("Paystack knows all references of this order already")

    def fetch_payment(self, reference: str, *, collect: bool = True) -> PaymentFacts:
        """There is nothing to collect here. An unknown reference is trouble: every page of ours is known there."""
        if not REFERENCE.fullmatch(reference) or not reference.strip("."):
            raise ProviderTrouble(f"{reference[:50]!r} is no reference of Paystack's")
        with Api() as api:
            try:
                # The outer status only says that the question was understood; what counts is in `data`.
                said = record(api.get(f"/transaction/verify/{quote(reference, safe='')}").get("data"), "transaction")
            except Refused as refused:
                raise ProviderTrouble(str(refused)) from None
        if said.get("reference") != reference:
            raise ProviderTrouble("Paystack's answer is about another transaction")
        return _facts(said)

    def fetch_reversals(self, payment: Payment) -> Reversals:
        with Api(PATIENCE) as api:
            return reversals.of_payment(api, payment)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        """Paystack stamps nothing and numbers nothing: an event is known by its body's hash, and a replayed old one
        only makes us ask again what is true. (Two equal partial refunds can have one body; the second is found when
        reversals are reconciled.)
        """
        if not _is_signed(headers.get(SIGNATURE, ""), body):
            raise ForgedWebhook("the signature does not fit")
        said = json.loads(body.decode())
        if not isinstance(said, dict) or not isinstance(said.get("event"), str):
            raise ValueError("event is missing")
        return Event(hashlib.sha256(body).hexdigest(), said["event"], _reference(said["event"], said.get("data")))

    def refund(self, refund: Refund) -> RefundFacts:
        with Api(PATIENCE) as api:
            return reversals.give_back(api, refund)

    def expire_checkout(self, reference: str) -> None:
        """Paystack cannot close a transaction's page; it closes them all after the dashboard's payment session timeout.

        Money that comes later all the same is late money, which `confirm_payment` knows how to treat.
        """


def _facts(said: dict[str, Any]) -> PaymentFacts:
    reference = text(said.get("reference"), "reference")
    if said.get("domain") not in ("live", "test"):
        raise ProviderTrouble("Paystack does not say whether this is real money")
    live = said["domain"] == "live"
    status = _status(said)
    if status is not PaymentStatus.PAID:
        return PaymentFacts(status, reference, _order_id(said), live=live)
    currency = text(said.get("currency"), "currency").upper()
    amount, fee = _amounts(said)
    return PaymentFacts(
        status,
        reference,
        _order_id(said),
        payment_id=str(whole(said.get("id"), "transaction id")),
        amount=amount,
        currency=currency,
        live=live,
        fee=fee,
        fee_currency=currency if fee else "",
    )


def _status(said: dict[str, Any]) -> PaymentStatus:
    """Whatever is not known is not paid.

    A reversed transaction was paid, and its money went back: it is PAID, so that it is recorded and what went back is
    looked for (`fetch_reversals` tells). Reversed without ever having been paid is a decline.
    """
    status = _STATUS.get(str(said.get("status")), PaymentStatus.PENDING)
    if said.get("status") == "reversed" and not (said.get("paid_at") or said.get("paidAt")):
        return PaymentStatus.DECLINED
    return status


def _amounts(said: dict[str, Any]) -> tuple[int, int]:
    """What was paid of what we asked for, and the fee that we bear.

    Where the buyer pays the fee, `amount` is more than the `requested_amount` that is ours; less means that only a part
    came.
    """
    paid = whole(said.get("amount"), "amount")
    fees = 0 if said.get("fees") is None else whole(said["fees"], "fees")
    asked = said.get("requested_amount")
    amount = min(paid, whole(asked, "requested_amount")) if asked is not None else paid
    return amount, max(0, fees - (paid - amount))


def _order_id(said: dict[str, Any]) -> UUID | None:
    """From the metadata, which may be an object, its JSON as text, an empty text or 0; else from the reference."""
    metadata = said.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (ValueError, RecursionError):
            metadata = None
    named = metadata.get("order_id") if isinstance(metadata, dict) else None
    if named is None and (ours := OURS.fullmatch(said["reference"])):
        named = ours[1]
    try:
        return UUID(named) if isinstance(named, str) else None
    except ValueError:
        return None


def _is_signed(signature: str, body: bytes) -> bool:
    """Every key is tried: while keys are exchanged Paystack may sign with either."""
    given = signature.strip().lower().encode()
    fits = False
    for key in settings.PROVIDERS.paystack_secret_keys:
        fits |= hmac.compare_digest(hmac.new(key.encode(), body, hashlib.sha512).hexdigest().encode(), given)
    return fits


def _reference(kind: str, data: object) -> str:
    """Where to look: charges, refunds and disputes name the transaction in different places."""
    if not kind.startswith(("charge.", "refund.")):
        return ""
    data = data if isinstance(data, dict) else {}
    about = data.get("transaction")
    about = about if isinstance(about, dict) else {}
    own = data.get("reference") if kind.startswith("charge.") and not kind.startswith("charge.dispute.") else None
    for named in (own, data.get("transaction_reference"), about.get("reference")):
        if isinstance(named, str) and REFERENCE.fullmatch(named):
            return named
    if kind in KINDS:
        raise ValueError("the event names no transaction")
    return ""
