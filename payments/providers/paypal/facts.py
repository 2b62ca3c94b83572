"""PayPal's JSON in our words. What cannot be read exactly is ValueError, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from mentorship.kernel import money
from payments.providers.base import (
    DisputeFacts,
    DisputeStatus,
    PaymentFacts,
    PaymentStatus,
    RefundFacts,
    RefundStatus,
)

# developer.paypal.com, "Currency codes". CNY and MYR (accounts in China and Malaysia only) and RUB are left out.
_NAMES = "AUD BRL CAD CZK DKK EUR HKD HUF ILS JPY MXN TWD NZD NOK PHP PLN GBP SGD SEK CHF THB USD"
CURRENCIES = frozenset(_NAMES.split())
NO_DECIMALS = {"HUF", "JPY", "TWD"}  # ISO 4217 and Stripe give HUF and TWD two
_VALUE = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# A capture whose money went back later was paid all the same; what went back is told by its refunds.
PAID = {"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"}
_CAPTURE = dict.fromkeys(PAID, PaymentStatus.PAID) | {
    "PENDING": PaymentStatus.PENDING,
    "DECLINED": PaymentStatus.DECLINED,
    "FAILED": PaymentStatus.DECLINED,
}
_ORDER = {
    "CREATED": PaymentStatus.PENDING,
    "SAVED": PaymentStatus.PENDING,
    "PAYER_ACTION_REQUIRED": PaymentStatus.PENDING,
    "APPROVED": PaymentStatus.PENDING,  # the buyer agreed, nobody has taken the money yet
    "VOIDED": PaymentStatus.EXPIRED,
}
_REFUND = {
    "COMPLETED": RefundStatus.SUCCEEDED,
    "PENDING": RefundStatus.PENDING,
    "FAILED": RefundStatus.FAILED,
    "CANCELLED": RefundStatus.FAILED,
}
# RESOLVED_WITH_PAYOUT: PayPal paid the buyer out of its own pocket.
_WON = {"RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER", "DENIED", "NONE"}
_LOST = {"RESOLVED_BUYER_FAVOUR", "ACCEPTED"}


def is_id(text: object) -> bool:
    """Whether this can be a part of an address at PayPal: what a webhook says may be anything."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def to_wire(minor: int, currency: str) -> dict[str, str]:
    """PayPal's money of our minor units. Raises ValueError for what PayPal cannot say."""
    if currency not in CURRENCIES or minor <= 0:
        raise ValueError(f"PayPal does not take {minor} {currency}")
    if currency not in NO_DECIMALS:
        return {"currency_code": currency, "value": f"{minor // 100}.{minor % 100:02d}"}
    whole, rest = divmod(minor, 10 ** money.exponent(currency))
    if rest:
        raise ValueError(f"PayPal takes no decimals of {currency}")
    return {"currency_code": currency, "value": str(whole)}


def from_wire(said: Any) -> tuple[int, str]:
    """Minor units and currency of PayPal's money. Raises ValueError."""
    if not isinstance(said, dict):
        raise ValueError("an amount is missing")
    value, currency = said.get("value"), said.get("currency_code")
    if not isinstance(value, str) or not isinstance(currency, str) or not _VALUE.fullmatch(value):
        raise ValueError("an amount cannot be read")
    return money.to_minor(Decimal(value), currency), currency


def units(order: dict[str, Any]) -> list[dict[str, Any]]:
    return _objects(order.get("purchase_units"))


def _payments(order: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    for unit in units(order):
        payments = unit.get("payments")
        yield from _objects(payments.get(kind) if isinstance(payments, dict) else None)


def _objects(said: Any) -> list[dict[str, Any]]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def captures(order: dict[str, Any]) -> list[dict[str, Any]]:
    """The attempts to take the money, the one that counts first: what was declined may have been tried again."""
    rank = [*PAID, "PENDING"]
    return sorted(
        _payments(order, "captures"), key=lambda c: rank.index(c["status"]) if c.get("status") in rank else 99
    )


def linked(resource: dict[str, Any], rel: str, kind: str) -> str:
    """The id at the end of the link to a `captures` or `orders` resource, or ""."""
    for link in _objects(resource.get("links")):
        href = link.get("href")
        if link.get("rel") == rel and isinstance(href, str):
            *_, before, last = ["", "", *href.split("/")]
            if before == kind and is_id(last):
                return last
    return ""


def order_of(capture: dict[str, Any]) -> str:
    """The PayPal order this capture belongs to, or ""."""
    related = capture.get("supplementary_data")
    related = related.get("related_ids") if isinstance(related, dict) else None
    order_id = related.get("order_id") if isinstance(related, dict) else None
    return order_id if isinstance(order_id, str) and is_id(order_id) else linked(capture, "up", "orders")


def order_facts(order: dict[str, Any], live: bool) -> PaymentFacts:
    """What is true about this order. Raises ValueError."""
    reference = _text(order, "id")
    status = order.get("status")
    done = captures(order)
    if done:
        return capture_facts(done[0], reference, live, custom_id=_custom_id(order))
    if status not in _ORDER:
        raise ValueError("an order's status is unknown, or it is completed without a capture")
    first = units(order)[:1]
    amount, currency = from_wire(first[0].get("amount")) if first else (0, "")
    return PaymentFacts(
        status=_ORDER[status],
        reference=reference,
        order_id=_uuid(_custom_id(order)),
        amount=amount,
        currency=currency,
        live=live,
    )


def capture_facts(capture: dict[str, Any], reference: str, live: bool, custom_id: Any = None) -> PaymentFacts:
    """What is true about this payment: the capture's status decides, not the order's and not HTTP's. Raises ValueError."""
    if capture.get("status") not in _CAPTURE:
        raise ValueError("a capture's status is unknown")
    amount, currency = from_wire(capture.get("amount"))
    parts = capture.get("seller_receivable_breakdown")
    fee = parts.get("paypal_fee") if isinstance(parts, dict) else None
    fee_amount, fee_currency = from_wire(fee) if fee else (0, "")
    return PaymentFacts(
        status=_CAPTURE[capture["status"]],
        reference=reference,
        order_id=_uuid(capture.get("custom_id")) or _uuid(custom_id),
        payment_id=_text(capture, "id"),
        amount=amount,
        currency=currency,
        live=live,
        fee=fee_amount,
        fee_currency=fee_currency,
    )


def refunds(order: dict[str, Any], capture_id: str) -> list[dict[str, Any]]:
    """This capture's refunds."""
    return [one for one in _payments(order, "refunds") if linked(one, "up", "captures") in ("", capture_id)]


def refund_facts(said: dict[str, Any]) -> RefundFacts:
    """Raises ValueError."""
    if said.get("status") not in _REFUND:
        raise ValueError("a refund's status is unknown")
    amount, currency = from_wire(said.get("amount"))
    status = _REFUND[said["status"]]
    details = said.get("status_details")
    why = details.get("reason", "") if isinstance(details, dict) else ""
    return RefundFacts(
        status=status,
        reference=_text(said, "id"),
        amount=amount,
        currency=currency,
        refund_id=our_refund(said),
        error=f"PayPal says {said['status']} {why}".strip()[:300] if status is RefundStatus.FAILED else "",
    )


def our_refund(said: dict[str, Any]) -> int | None:
    """Our Refund's id, which we gave it as `custom_id`; a payment's `custom_id` is a UUID and never only digits."""
    text = said.get("custom_id")
    return int(text) if isinstance(text, str) and re.fullmatch(r"[0-9]{1,18}", text) else None


def standing(attempts: Iterable[RefundFacts]) -> tuple[RefundFacts, ...]:
    """One for each refund of ours: one that failed and was tried again is what became of it at last."""
    rank = [RefundStatus.FAILED, RefundStatus.PENDING, RefundStatus.SUCCEEDED]
    best: dict[object, RefundFacts] = {}
    for one in attempts:
        whose = one.refund_id or one.reference
        if whose not in best or rank.index(one.status) >= rank.index(best[whose].status):
            best[whose] = one
    return tuple(best.values())


def dispute_facts(said: dict[str, Any]) -> DisputeFacts:
    """A dispute with its details. PayPal holds the money from the first inquiry on, so every stage counts. Raises ValueError."""
    amount, currency = from_wire(said.get("dispute_amount"))
    outcome = said.get("dispute_outcome")
    outcome = outcome if isinstance(outcome, dict) else {}
    code = outcome.get("outcome_code")
    status = DisputeStatus.OPEN
    if said.get("status") == "RESOLVED" and code in _WON:
        status = DisputeStatus.WON
    elif said.get("status") == "RESOLVED" and code in _LOST:
        status = DisputeStatus.LOST
        if outcome.get("amount_refunded"):
            amount, currency = from_wire(outcome["amount_refunded"])
    reason = said.get("reason")
    return DisputeFacts(
        status=status,
        reference=_text(said, "dispute_id"),
        amount=amount,
        currency=currency,
        reason=reason[:100] if isinstance(reason, str) else "",
    )


def without_echoes(
    back: list[dict[str, Any]], disputes: list[tuple[dict[str, Any], DisputeFacts]]
) -> list[dict[str, Any]]:
    """The refunds that are not the other side of a dispute.

    What a lost dispute takes back PayPal lists as a refund of the capture too. The same money must not go twice: a refund
    nobody here asked for, of a dispute's sum, made since that dispute began, belongs to the dispute (while it is open as
    well; its end may be told a moment later).
    """
    left = list(back)
    for said, facts in disputes:
        if facts.status is DisputeStatus.WON:
            continue
        for one in left:
            later = str(one.get("create_time", "")) >= str(said.get("create_time", ""))[:19]
            if our_refund(one) is None and later and from_wire(one.get("amount")) == (facts.amount, facts.currency):
                left.remove(one)
                break
    return left


def _custom_id(order: dict[str, Any]) -> Any:
    return next((unit["custom_id"] for unit in units(order) if unit.get("custom_id")), None)


def _text(said: dict[str, Any], key: str) -> str:
    text = said.get(key)
    if not isinstance(text, str) or not is_id(text):
        raise ValueError(f"{key} is missing")
    return text


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
