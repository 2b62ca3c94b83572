"""What went back of a Paystack transaction: refunds, disputes, reversals. And how we give money back.

Paystack knows no idempotency key for refunds, and cannot list those of one transaction. So we read the whole list since
the transaction was made, and know ours by the merchant's note. A list that is not read to its end proves nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from payments.models import Payment, Refund
from payments.providers.base import (
    DisputeFacts,
    DisputeStatus,
    ProviderTrouble,
    RefundFacts,
    RefundStatus,
    Reversals,
)
from payments.providers.paystack.wire import Paystack as Api, Refused, id_of, record, records, text, whole

PER_PAGE, PAGES = 100, 30
NOTE = re.compile(r"refund (\d{1,18}) of payment (\d{1,18})")
_STATUS = {"processed": RefundStatus.SUCCEEDED, "failed": RefundStatus.FAILED, "declined": RefundStatus.FAILED}
# Disputes are decided by the merchant (or for them, when they did not answer in time).
_LOST = {"merchant-accepted", "auto-accepted", "accepted"}
_WON = {"declined"}


def of_payment(api: Api, payment: Payment) -> Reversals:
    """Raises ProviderTrouble."""
    paid = _transaction(api, payment)
    listed = _refunds(api, payment, paid)
    disputes = _disputes(api, payment, paid)
    # What a lost dispute pays back is listed among the refunds too: it must not be counted twice.
    refunds = [_facts(one, payment) for one in listed if not id_of(one.get("dispute"))]
    refunds += _unexplained(paid, listed, disputes)
    return Reversals(tuple(refunds), tuple(disputes))


def give_back(api: Api, refund: Refund) -> RefundFacts:
    """Ask for it once: what was asked already is found by its note. Raises ProviderTrouble."""
    payment = refund.payment
    if refund.provider_reference:
        try:
            return _facts(record(api.get(f"/refund/{int(refund.provider_reference)}").get("data"), "refund"), payment)
        except (Refused, ValueError) as odd:
            raise ProviderTrouble(str(odd)) from None
    paid = _transaction(api, payment)
    ours = [facts for one in _refunds(api, payment, paid) if (facts := _facts(one, payment)).refund_id == refund.pk]
    for found in ours:
        if found.status is not RefundStatus.FAILED:
            return found
    try:
        made = api.post(
            "/refund",
            {
                "transaction": payment.provider_payment_id,
                "amount": refund.amount_minor,
                "currency": refund.currency,
                "merchant_note": f"refund {refund.pk} of payment {payment.pk}",
            },
        )
    except Refused as refused:
        # The balance may be enough on another day. A "no" that is no error is none to rely on.
        if refused.status < 400 or "balance" in f"{refused.code} {refused.message}".lower():
            raise ProviderTrouble(str(refused)) from None
        return RefundFacts(RefundStatus.FAILED, "", refund.amount_minor, refund.currency, refund.pk, str(refused))
    said = record(made.get("data"), "refund")
    if id_of(said.get("transaction")) not in ("", payment.provider_payment_id):
        raise ProviderTrouble("Paystack's answer is about another transaction")
    # Its note is what we have just written, whether or not the answer repeats it.
    return _facts(said | {"merchant_note": f"refund {refund.pk} of payment {payment.pk}"}, payment)


def _transaction(api: Api, payment: Payment) -> dict[str, Any]:
    try:
        paid = record(api.get(f"/transaction/{int(payment.provider_payment_id)}").get("data"), "transaction")
    except (Refused, ValueError) as odd:
        raise ProviderTrouble(str(odd)) from None
    if id_of(paid) != payment.provider_payment_id:
        raise ProviderTrouble("Paystack's answer is about another transaction")
    return paid


def _refunds(api: Api, payment: Payment, paid: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in _pages(api, "/refund", paid) if id_of(one.get("transaction")) == payment.provider_payment_id]


def _disputes(api: Api, payment: Payment, paid: dict[str, Any]) -> list[DisputeFacts]:
    listed = _pages(api, "/dispute", paid, transaction=payment.provider_payment_id)
    # The filter is asked for, and not relied on.
    return [_dispute(one, paid) for one in listed if id_of(one.get("transaction")) == payment.provider_payment_id]


def _pages(api: Api, path: str, paid: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    """The whole list since the transaction was made (in Paystack's own time, not ours)."""
    query["from"] = _since(paid)
    found: dict[str, dict[str, Any]] = {}  # by id: a row that moves to the next page while we read comes twice
    for page in range(1, PAGES + 1):
        try:
            rows = records(api.get(path, perPage=PER_PAGE, page=page, **query).get("data"), "list")
        except Refused as refused:
            raise ProviderTrouble(str(refused)) from None
        before = len(found)
        found |= {str(whole(row.get("id"), "id")): row for row in rows}
        if len(rows) < PER_PAGE:
            return list(found.values())
        if len(found) == before:
            raise ProviderTrouble("Paystack's list does not go on")
    raise ProviderTrouble(f"Paystack lists more than {PAGES * PER_PAGE} rows")


def _since(paid: dict[str, Any]) -> str:
    made = paid.get("created_at") or paid.get("createdAt") or paid.get("paid_at")
    try:
        at = datetime.fromisoformat(text(made, "time"))
        since = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) - timedelta(hours=1)
    except (ValueError, OverflowError):
        raise ProviderTrouble("Paystack's answer has no time") from None
    return since.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _facts(said: dict[str, Any], payment: Payment) -> RefundFacts:
    status = _STATUS.get(str(said.get("status")), RefundStatus.PENDING)
    note = NOTE.fullmatch(str(said.get("merchant_note")))
    return RefundFacts(
        status,
        str(whole(said.get("id"), "refund id")),
        whole(said.get("amount"), "amount"),
        text(said.get("currency") or payment.currency, "currency").upper(),
        int(note[1]) if note and int(note[2]) == payment.pk else None,
        _trouble(str(said.get("status"))),
    )


def _trouble(word: str) -> str:
    """What an admin should know. A refund that needs attention waits until somebody gives Paystack the buyer's account."""
    if word == "needs-attention":
        return "Paystack needs the buyer's bank details in its dashboard."
    return "Paystack could not pay it back." if _STATUS.get(word) is RefundStatus.FAILED else ""


def _dispute(said: dict[str, Any], paid: dict[str, Any]) -> DisputeFacts:
    """Open until its outcome is known for sure: meanwhile nothing can be booked, and nothing is lost."""
    resolution = str(said.get("resolution"))
    status = DisputeStatus.OPEN
    if said.get("status") in ("resolved", "archived"):
        if resolution in _LOST:
            status = DisputeStatus.LOST
        elif resolution in _WON:
            status = DisputeStatus.WON
    amount = said.get("refund_amount")
    return DisputeFacts(
        status,
        str(whole(said.get("id"), "dispute id")),
        whole(paid.get("amount") if amount is None else amount, "amount"),
        text(said.get("currency") or paid.get("currency"), "currency").upper(),
        str(said.get("category") or "")[:100],
    )


def _unexplained(paid: dict[str, Any], listed: list[dict[str, Any]], disputes: list[DisputeFacts]) -> list[RefundFacts]:
    """A transaction that is `reversed` with nothing to show for it: the bank took the money back. Known by its own id."""
    if paid.get("status") != "reversed" or any(d.status is DisputeStatus.OPEN for d in disputes):
        return []
    standing = [one for one in listed if _STATUS.get(str(one.get("status"))) is not RefundStatus.FAILED]
    gone = sum(whole(one.get("amount"), "amount") for one in standing)
    paid_back = {id_of(one.get("dispute")) for one in standing}
    gone += sum(d.amount for d in disputes if d.status is DisputeStatus.LOST and d.reference not in paid_back)
    amount = whole(paid.get("amount"), "amount")
    if paid.get("requested_amount") is not None:
        amount = min(amount, whole(paid["requested_amount"], "requested_amount"))
    if gone >= amount:
        return []
    currency = text(paid.get("currency"), "currency").upper()
    return [RefundFacts(RefundStatus.SUCCEEDED, f"reversal-{id_of(paid)}", amount - gone, currency)]
