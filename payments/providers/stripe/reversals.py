"""What went back of a Stripe payment: refunds, whoever began them, and disputes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import stripe

from payments.providers.base import DisputeFacts, DisputeStatus, ProviderTrouble, RefundFacts, RefundStatus, Reversals
from payments.providers.stripe import amounts

PAGE, PAGES = 100, 5  # nobody has more refunds of one payment than that
REFUNDS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}  # `pending` and `requires_action` are on their way, and so is whatever Stripe may call it next year
DISPUTES = {
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    # Settled before it became one, by a refund that is listed as such: no money is lost by the dispute itself.
    "prevented": DisputeStatus.WON,
}  # `needs_response`, `under_review`: open


def of_payment(client: stripe.StripeClient, intent: str) -> Reversals:
    """Raises what `asking` turns into ProviderTrouble."""
    return Reversals(tuple(_standing(refunds_of(client, intent))), tuple(_disputes_of(client, intent)))


def refunds_of(client: stripe.StripeClient, intent: str) -> list[RefundFacts]:
    """All refunds of this payment, failed attempts too, newest first."""
    return [refund_facts(said) for said in _all(client.v1.refunds.list, intent)]


def refund_facts(said: dict[str, Any], ours: int | None = None) -> RefundFacts:
    """`ours`: the refund that was asked for; without it, what the metadata says."""
    currency = said["currency"].upper()
    status = REFUNDS.get(said.get("status") or "", RefundStatus.PENDING)
    failed = status is RefundStatus.FAILED
    return RefundFacts(
        status,
        _id(said, "re_", "pyr_"),
        amounts.from_wire(said["amount"], currency),
        currency,
        refund_id=ours if ours is not None else _our_id(said),
        error=f"Stripe: {said.get('failure_reason') or said['status']}" if failed else "",
    )


def _our_id(said: dict[str, Any]) -> int | None:
    text = (said.get("metadata") or {}).get("refund_id", "")
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 19 else None


def _standing(refunds: list[RefundFacts]) -> list[RefundFacts]:
    """One of our refunds may have been tried several times: the failed attempts say nothing once another one stands.

    Should two stand, the first is ours, and the other is money that left besides.
    """
    kept: list[RefundFacts] = []
    told: set[int] = set()
    oldest_first = refunds[::-1]
    for refund in sorted(oldest_first, key=lambda r: r.status is RefundStatus.FAILED):
        if refund.refund_id is None or refund.refund_id not in told:
            kept.append(refund)
        elif refund.status is not RefundStatus.FAILED:
            kept.append(RefundFacts(refund.status, refund.reference, refund.amount, refund.currency))
        if refund.refund_id is not None:
            told.add(refund.refund_id)
    return kept


def _disputes_of(client: stripe.StripeClient, intent: str) -> list[DisputeFacts]:
    disputes = []
    for said in _all(client.v1.disputes.list, intent):
        if said["status"].startswith("warning_"):
            continue  # an inquiry: no money has moved
        currency = said["currency"].upper()
        fee, fee_currency = _fee_of(said)
        disputes.append(
            DisputeFacts(
                DISPUTES.get(said["status"], DisputeStatus.OPEN),
                _id(said, "dp_", "du_"),
                amounts.from_wire(said["amount"], currency),
                currency,
                reason=str(said.get("reason") or ""),
                fee=fee,
                fee_currency=fee_currency,
            )
        )
    return disputes


def _fee_of(dispute: dict[str, Any]) -> tuple[int, str]:
    """What Stripe booked as its fee for this dispute, in the currency of our balance there."""
    booked = [row for row in dispute.get("balance_transactions") or () if isinstance(row, dict) and row["fee"]]
    currencies = {row["currency"].upper() for row in booked}
    if len(currencies) != 1:
        return 0, ""
    (currency,) = currencies
    return sum(amounts.fee_from_wire(row["fee"], currency) for row in booked), currency


def _all(ask: Callable[[Any], Any], intent: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"payment_intent": intent, "limit": PAGE}
    for _ in range(PAGES):
        page = ask(asked).to_dict()
        if any(said["payment_intent"] != intent for said in page["data"]):
            raise ValueError("it is about another payment")
        found += page["data"]
        if not page["has_more"]:
            return found
        asked = {**asked, "starting_after": found[-1]["id"]}
    raise ProviderTrouble(f"Stripe lists more than {PAGE * PAGES} for {intent}")


def _id(said: dict[str, Any], *beginnings: str) -> str:
    reference = said["id"]
    if not reference.startswith(beginnings) or not 3 < len(reference) <= 200 or not reference.isprintable():
        raise ValueError("an id is odd")
    return str(reference)
