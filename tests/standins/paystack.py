"""A Paystack on loopback: its wire rules as far as a shop meets them, and signatures of its own making.

References are each taken once; refunds know no idempotency; lists filter by date only; amounts are sometimes text.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from tests.standins import paystack_rules as rules
from tests.standins.base import Answer, Delivery, PaymentPage, Request, Standin
from tests.standins.paystack_rules import No, Row

SECRET_KEY = "sk_test_" + "5" * 40


class Paystack(Standin):
    name: ClassVar[str] = "paystack"

    def __init__(
        self, *, secret_key: str = SECRET_KEY, port: int = 0, webhook_url: str = "", automatic: bool = False
    ) -> None:
        super().__init__(port=port, webhook_url=webhook_url, automatic=automatic)
        self.secret_key = secret_key
        self.metadata_as = "object"  # or "text", "empty", "zero": the forms in which Paystack gives it back
        self.amounts_as_text = False
        self.transactions: dict[str, Row] = {}
        self.refunds: list[Row] = []
        self.disputes: list[Row] = []
        # From the time on: a product that outlives this process must never see an id twice.
        self._last_id = time.time_ns() // 1_000_000

    def environment(self) -> dict[str, str]:
        """What the product needs to know to pay here."""
        return {
            "PAYSTACK_SECRET_KEYS": self.secret_key,
            "PAYSTACK_BASE_URL": self.base_url,
            "PROVIDERS_ANYWHERE": "1",
        }

    # --- the API ----------------------------------------------------------------------------------------------------

    def api(self, request: Request) -> Answer:
        try:
            rules.check_key(request, self.secret_key)
            return self._route(request)
        except No as no:
            return no.answer()

    def trouble(self, status: int) -> Answer:
        return No(status, "api_error", "unknown", "An error occurred").answer()

    def _route(self, request: Request) -> Answer:
        method, parts = request.method, request.path.strip("/").split("/")
        routes: dict[tuple[str, str, int], Callable[[], Answer]] = {
            ("POST", "transaction", 2): lambda: self._initialize(rules.body_of(request)),
            ("GET", "transaction", 3): lambda: self._verify(parts[2]),
            ("GET", "transaction", 2): lambda: self._transaction(parts[1]),
            ("POST", "refund", 1): lambda: self._refund(rules.body_of(request)),
            ("GET", "refund", 1): lambda: self._list("Refunds retrieved", self.refunds, request.query),
            ("GET", "refund", 2): lambda: self._one("Refund retrieved", self.refunds, parts[1]),
            ("GET", "dispute", 1): lambda: self._list("Disputes retrieved", self._asked(request), request.query),
            ("GET", "dispute", 2): lambda: self._one("Dispute retrieved", self.disputes, parts[1]),
        }
        route = routes.get((method, parts[0], len(parts)))
        if route is None or (method == "POST" and parts[1:] not in ([], ["initialize"])):
            raise No(404, "validation_error", "not_found", "Endpoint not found")
        return route()

    def _initialize(self, asked: dict[str, Any]) -> Answer:
        rules.check_initialize(asked)
        reference = asked.get("reference") or f"T{self._next_id()}"
        if reference in self.transactions:
            raise No(400, "validation_error", "duplicate_reference", "Duplicate Transaction Reference")
        amount = int(asked["amount"])
        self.transactions[reference] = {
            "id": self._next_id(),
            "domain": "live" if self.secret_key.startswith("sk_live_") else "test",
            "status": "abandoned",
            "reference": reference,
            "amount": amount,
            "requested_amount": amount,
            "currency": asked.get("currency", "NGN"),
            "channel": "card",
            "fees": None,
            "paid_at": None,
            "created_at": _stamp(),
            "metadata": asked.get("metadata", ""),
            "customer": {"id": 181873746, "email": asked["email"], "customer_code": "CUS_1rkzaqsv4rrhqo6"},
            "_callback": asked.get("callback_url", ""),
            "_note": "",
            "_closed": False,
        }
        said = {
            "authorization_url": f"{self.base_url}/pay/{reference}",
            "access_code": f"ac_{self._last_id}",
            "reference": reference,
        }
        return rules.answer("Authorization URL created", said)

    def _verify(self, reference: str) -> Answer:
        if reference not in self.transactions:
            raise No(400, "validation_error", "transaction_not_found", "Transaction reference not found.")
        return rules.answer("Verification successful", self._shown(self.transactions[reference]))

    def _transaction(self, number: str) -> Answer:
        return rules.answer("Transaction retrieved", self._shown(self._by_id_or_reference(number)))

    def _refund(self, asked: dict[str, Any]) -> Answer:
        paid = self._by_id_or_reference(str(asked.get("transaction")))
        amount = rules.refund_amount(asked, paid, self._refundable(paid))
        made = self._new_refund(paid, amount, asked.get("merchant_note") or f"Refund for {paid['reference']}")
        said = rules.public(made) | {"transaction": self._shown(paid), "status": "pending"}
        said["amount"] = self._amount(amount)
        self._work_off(made)
        return rules.answer("Refund has been queued for processing", said)

    def _list(self, message: str, rows: list[Row], query: dict[str, str]) -> Answer:
        found, meta = rules.page_of(rows, query)
        return rules.answer(message, [self._row(row) for row in found], meta=meta)

    def _one(self, message: str, rows: list[Row], number: str) -> Answer:
        for row in rows:
            if str(row["id"]) == number:
                return rules.answer(message, self._row(row))
        raise No(404, "validation_error", "not_found", "Not found")

    def _asked(self, request: Request) -> list[Row]:
        about = request.query.get("transaction")
        return [row for row in self.disputes if about in (None, str(row["transaction"]["id"]))]

    def _row(self, row: Row) -> Row:
        shown = rules.public(row)
        return shown | {"amount": self._amount(row["amount"])} if "amount" in row else shown

    def _amount(self, amount: int) -> int | str:
        return str(amount) if self.amounts_as_text else amount

    def _shown(self, row: Row) -> Row:
        return rules.public(row) | {"metadata": rules.metadata_as(self.metadata_as, row["metadata"])}

    def _by_id_or_reference(self, named: str) -> Row:
        for row in self.transactions.values():
            if named in (str(row["id"]), row["reference"]):
                return row
        raise No(404, "validation_error", "transaction_not_found", "Transaction not found")

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    # --- money that goes back ---------------------------------------------------------------------------------------

    def _refundable(self, paid: Row) -> int:
        gone = sum(r["amount"] for r in self.refunds if r["transaction"] == paid["id"] and r["status"] != "failed")
        return int(paid["amount"]) - gone

    def _new_refund(self, paid: Row, amount: int, note: str, dispute: int | None = None) -> Row:
        made = {
            "id": self._next_id(),
            "integration": 412829,
            "domain": paid["domain"],
            "transaction": paid["id"],
            "dispute": dispute,
            "amount": amount,
            "currency": paid["currency"],
            "status": "pending",
            "merchant_note": note,
            "customer_note": f"Refund for transaction {paid['reference']}",
            "created_at": _stamp(),
            "_reference": paid["reference"],
        }
        self.refunds.append(made)
        if self._refundable(paid) <= 0:
            paid["status"] = "reversed"
        self._refund_event("pending", made)
        return made

    def _work_off(self, made: Row) -> None:
        if not self.slow_refunds:
            made["status"] = "processed"
            self._refund_event("processed", made)

    def _refund_event(self, what: str, made: Row) -> None:
        said = {
            "status": what,
            "transaction_reference": made["_reference"],
            "refund_reference": None if what == "pending" else f"TRF_{made['id']}",
            "amount": str(made["amount"]),
            "currency": made["currency"],
            "processor": "instant-transfer",
            "customer": {"email": "buyer@example.test"},
            "integration": 412829,
            "domain": made["domain"],
        }
        self.emit(made["_reference"], f"refund.{what}", {"event": f"refund.{what}", "data": said})

    # --- controls ---------------------------------------------------------------------------------------------------

    def approve(self, reference: str, fee_on_top: int = 0) -> str:
        """The buyer pays; with `fee_on_top` the buyer bears so much of the fee. Returns the transaction's id."""
        with self.lock:
            paid = self.transactions[reference]
            if paid["status"] not in ("success", "reversed"):
                paid["amount"] = paid["requested_amount"] + fee_on_top
                paid |= {"status": "success", "paid_at": _stamp(), "_note": ""}
                paid["fees"] = rules.fee(paid["amount"], paid["currency"])
                self.emit(reference, "charge.success", {"event": "charge.success", "data": self._shown(paid)})
            return str(paid["id"])

    def decline(self, reference: str) -> None:
        with self.lock:
            if self.transactions[reference]["status"] == "abandoned":
                self.transactions[reference] |= {"status": "failed", "_note": "Declined"}

    def abandon(self, reference: str, expire: bool = False) -> None:
        with self.lock:
            self.transactions[reference]["_closed"] |= expire

    def refund(self, reference: str, amount: int | None = None) -> str:
        """From the dashboard. Returns the refund's id."""
        with self.lock:
            paid = self.transactions[reference]
            note = f"Refund for transaction {reference} by owner@shop.test"
            left = self._refundable(paid)
            if not 0 < (left if amount is None else amount) <= left:
                raise ValueError(f"of this payment {left} can be refunded")
            made = self._new_refund(paid, left if amount is None else amount, note)
            self._work_off(made)
            return str(made["id"])

    def finish_refund(self, refund_reference: str, ok: bool = True) -> None:
        with self.lock:
            made = next(row for row in self.refunds if str(row["id"]) == refund_reference)
            made["status"] = "processed" if ok else "failed"
            if not ok:
                self.transactions[made["_reference"]]["status"] = "success"
            self._refund_event(made["status"], made)

    def reverse(self, reference: str) -> None:
        """The bank took the money back; there is neither a refund nor a dispute to show for it."""
        with self.lock:
            self.transactions[reference]["status"] = "reversed"

    def dispute(self, reference: str, amount: int | None = None) -> str:
        with self.lock:
            paid = self.transactions[reference]
            made = {
                "id": self._next_id(),
                "refund_amount": paid["amount"] if amount is None else amount,
                "currency": paid["currency"],
                "status": "awaiting-merchant-feedback",
                "resolution": None,
                "domain": paid["domain"],
                "transaction": self._shown(paid),
                "transaction_reference": None,
                "category": "chargeback",
                "created_at": _stamp(),
                "_reference": reference,
            }
            self.disputes.append(made)
            self._dispute_event("create", made)
            return str(made["id"])

    def close_dispute(self, dispute_reference: str, won: bool) -> None:
        with self.lock:
            made = next(row for row in self.disputes if str(row["id"]) == dispute_reference)
            made |= {"status": "resolved", "resolution": "declined" if won else "merchant-accepted"}
            if not won:
                paid = self.transactions[made["_reference"]]
                back = self._new_refund(paid, made["refund_amount"], "Dispute accepted", dispute=made["id"])
                self._work_off(back)
            self._dispute_event("resolve", made)

    def _dispute_event(self, what: str, made: Row) -> None:
        kind = f"charge.dispute.{what}"
        self.emit(made["_reference"], kind, {"event": kind, "data": rules.public(made)})

    def twist(
        self, reference: str, amount: int | None = None, currency: str | None = None, live: bool | None = None
    ) -> None:
        """The truth about this payment is another than what was asked for."""
        with self.lock:
            row = self.transactions[reference]
            if amount is not None:
                row |= {"amount": amount, "requested_amount": amount}
            if currency is not None:
                row["currency"] = currency
            if live is not None:
                row["domain"] = "live" if live else "test"

    # --- webhooks and the page --------------------------------------------------------------------------------------

    def sign(self, delivery: Delivery, stamp: int, secret: str | None) -> dict[str, str]:
        """Paystack stamps nothing: only the raw body is signed, with the API's key."""
        signature = hmac.digest((secret or self.secret_key).encode(), delivery.body, hashlib.sha512).hex()
        return {"X-Paystack-Signature": signature}

    def page(self, reference: str) -> PaymentPage | None:
        row = self.transactions.get(reference)
        if row is None:
            return None
        total = f"{row['currency']} {row['requested_amount'] // 100:,}.{row['requested_amount'] % 100:02}"
        return PaymentPage(
            company="Paystack",
            colour="#011b33",
            title="Pay with card",
            sum=total,
            email=row["customer"]["email"],
            note=row["_note"],
            open=row["status"] in ("abandoned", "failed") and not row["_closed"],
            pay=f"Pay {total}",
        )

    def press(self, reference: str, outcome: str) -> str | None:
        row = self.transactions[reference]
        if outcome == "decline":
            self.decline(reference)
            return None
        if outcome == "back":
            self.abandon(reference)
            given = row["metadata"] if isinstance(row["metadata"], dict) else {}
            return given.get("cancel_action") or row["_callback"]
        self.approve(reference)
        return f"{row['_callback']}?{urlencode({'trxref': reference, 'reference': reference})}"


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
