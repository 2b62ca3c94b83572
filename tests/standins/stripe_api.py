"""Stripe's objects and what its API does with them. The controls in `stripe.py` move the same objects."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Any

from tests.standins.base import Request
from tests.standins.stripe_wire import (
    EMAIL,
    LIST,
    PAGE,
    REFUND,
    Refused,
    check_amount,
    check_least,
    check_metadata,
    check_url,
    form,
    listed,
    missing,
    need,
    parse,
    whole,
)

if TYPE_CHECKING:
    from tests.standins.base import Delivery

Row = dict[str, Any]
API_VERSION = "2026-10-28.endive"
KINDS = {
    "checkout/sessions": ("checkout.session", "cs_"),
    "payment_intents": ("payment_intent", "pi_"),
    "charges": ("charge", "ch_"),
    "balance_transactions": ("balance_transaction", "txn_"),
    "refunds": ("refund", "re_"),
    "disputes": ("dispute", "dp_"),
}
EXPANDABLE = {"payment_intent", "latest_charge", "balance_transaction", "charge"}
HALF_HOUR, DAY = 1800, 86_400


def new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(12)


class Api:
    """What `Stripe` does over HTTP. Every method runs with the stand-in's lock held."""

    rows: dict[str, Row]
    key: str
    base_url: Any
    slow_refunds: bool
    late_fees: bool
    dispute_fee: int

    if TYPE_CHECKING:

        def emit(self, reference: str, kind: str, said: object, **facts: str) -> Delivery: ...
        def apply_twist(self, session: Row) -> None: ...

    @property
    def live(self) -> bool:
        return "_live_" in self.key

    def route(self, request: Request) -> Row:
        found = re.fullmatch(r"/v1/(checkout/sessions|[a-z_]+)(?:/([A-Za-z0-9_]+))?(?:/([a-z]+))?", request.path)
        folder, reference, verb = found.groups() if found else ("", None, None)
        if request.method == "POST" and folder == "checkout/sessions" and reference is None:
            return self._create_page(request)
        if request.method == "POST" and folder == "checkout/sessions" and verb == "expire":
            return self._expire_page(request, str(reference))
        if request.method == "POST" and folder == "refunds" and reference is None:
            given, expand = parse(form(request.body), REFUND)
            return self._shown(self.new_refund(given), expand)
        if request.method == "GET" and folder in KINDS and verb is None:
            return self._list(request, folder) if reference is None else self._retrieve(request, folder, reference)
        raise Refused(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)

    def _retrieve(self, request: Request, folder: str, reference: str) -> Row:
        _, expand = parse(request.query.items(), set())
        what, prefix = KINDS[folder]
        if not reference.startswith(prefix) or reference not in self.rows:
            raise missing(what, reference, what.rpartition(".")[2])
        self.let_expire(self.rows[reference])
        return self._shown(self.rows[reference], expand)

    def _list(self, request: Request, folder: str) -> Row:
        given, expand = parse(request.query.items(), LIST)
        rows = [row for row in self.rows.values() if row["object"] == KINDS[folder][0]]
        page = listed(rows, given, f"/v1/{folder}")
        inner = [path.removeprefix("data.") for path in expand if path.startswith("data.")]
        return page | {"data": [self._shown(row, inner, depth=1) for row in page["data"]]}

    def _shown(self, row: Row, expand: list[str], depth: int = 0) -> Row:
        """A copy without our notes, with what was asked for expanded; four levels deep at most."""
        shown = {name: value for name, value in row.items() if not name.startswith("_")}
        for path in expand:
            first, _, rest = path.partition(".")
            if first not in EXPANDABLE or first not in row or path.count(".") + depth > 3:
                raise Refused(f"This property cannot be expanded ({path}).", param="expand")
            if isinstance(row[first], str):
                shown[first] = self._shown(self.rows[row[first]], [rest] if rest else [], depth + 1)
        return shown

    def tell(self, session: Row, kind: str, about: Row) -> None:
        body = {
            "id": new_id("evt_"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(time.time()),
            "data": {"object": self._shown(about, [])},
            "livemode": session["livemode"],
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.emit(session["id"], kind, body)

    def _new(self, what: str, prefix: str, **fields: Any) -> Row:
        row = {"id": new_id(prefix), "object": what, "created": int(time.time()), "livemode": self.live} | fields
        self.rows[row["id"]] = row
        return row

    # --- pages ------------------------------------------------------------------------------------------------------

    def _create_page(self, request: Request) -> Row:
        given, expand = parse(form(request.body), PAGE)
        if need(given, "mode") != "payment":
            raise Refused("This stand-in knows mode payment only.", param="mode")
        items = given.get("line_items") or {}
        if list(items) != ["0"]:
            raise Refused("One line item is what this stand-in knows.", param="line_items")
        price = items["0"].get("price_data") or {}
        if need(items["0"], "quantity") != "1":
            raise Refused("Invalid quantity", param="line_items[0][quantity]")
        amount, currency = whole(need(price, "unit_amount"), "unit_amount"), need(price, "currency")
        check_amount(amount, currency, "line_items[0][price_data][unit_amount]")
        check_least(amount, currency)
        expires_at = self._end(given.get("expires_at"))
        email = given.get("customer_email")
        if email is not None and not EMAIL.fullmatch(email):
            raise Refused(f"Invalid email address: {email}", code="email_invalid", param="customer_email")
        if len(given.get("client_reference_id", "")) > 200:
            raise Refused("Invalid string: too long", param="client_reference_id")
        inner = given.get("payment_intent_data") or {}
        title = need(price, "product_data", "name")
        metadata, intent_metadata = check_metadata(given.get("metadata", {})), check_metadata(inner.get("metadata", {}))
        success_url = check_url(need(given, "success_url"), "success_url")
        cancel_url = check_url(given["cancel_url"], "cancel_url") if "cancel_url" in given else None
        mode = "live" if self.live else "test"
        row = self._new(
            "checkout.session",
            f"cs_{mode}_a1",
            mode="payment",
            status="open",
            payment_status="unpaid",
            amount_subtotal=amount,
            amount_total=amount,
            currency=currency,
            payment_intent=None,
            client_reference_id=given.get("client_reference_id"),
            customer_email=email,
            metadata=metadata,
            adaptive_pricing={"enabled": (given.get("adaptive_pricing") or {}).get("enabled", "true") == "true"},
            expires_at=expires_at,
            success_url=success_url,
            cancel_url=cancel_url,
            _title=title,
            _intent_metadata=intent_metadata,
        )
        row["url"] = f"{self.base_url}/pay/{row['id']}"
        return self._shown(row, expand)

    def _end(self, given: str | None) -> int:
        now = int(time.time())
        if given is None:
            return now + DAY
        ends = whole(given, "expires_at")
        if ends < now + HALF_HOUR:
            message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
            raise Refused(message, param="expires_at")
        if ends > now + DAY:
            message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
            raise Refused(message, param="expires_at")
        return ends

    def _expire_page(self, request: Request, reference: str) -> Row:
        _, expand = parse(form(request.body), set())
        if reference not in self.rows:
            raise missing("checkout.session", reference, "session")
        session = self.rows[reference]
        self.let_expire(session)
        if session["status"] != "open":
            message = f'Only Checkout Sessions with a status in ["open"] can be expired. It is {session["status"]}.'
            raise Refused(message, began=True)
        session["expires_at"] = int(time.time())
        self.let_expire(session)
        return self._shown(session, expand)

    def let_expire(self, row: Row) -> None:
        if row["object"] == "checkout.session" and row["status"] == "open" and row["expires_at"] <= time.time():
            row |= {"status": "expired", "url": None}
            self.tell(row, "checkout.session.expired", row)

    # --- money ------------------------------------------------------------------------------------------------------

    def new_intent(self, session: Row) -> Row:
        if session["payment_intent"]:
            return self.rows[session["payment_intent"]]
        return self._new(
            "payment_intent",
            "pi_",
            amount=session["amount_total"],
            amount_received=0,
            currency=session["currency"],
            status="requires_payment_method",
            latest_charge=None,
            metadata=session["_intent_metadata"],
            _session=session["id"],
        )

    def charge(self, session: Row, intent: Row) -> None:
        """The money is here."""
        charge = self._new(
            "charge",
            "ch_",
            amount=intent["amount"],
            amount_captured=intent["amount"],
            amount_refunded=0,
            balance_transaction=None,
            currency=intent["currency"],
            disputed=False,
            metadata=intent["metadata"],
            paid=True,
            payment_intent=intent["id"],
            refunded=False,
            status="succeeded",
        )
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
        session |= {"payment_status": "paid", "payment_intent": intent["id"]}
        self.apply_twist(session)
        if not self.late_fees:
            self.book_fee(charge)
        self.tell(session, "charge.succeeded", charge)
        self.tell(session, "payment_intent.succeeded", intent)

    def book_fee(self, charge: Row) -> None:
        """2.9 % and 30, as an account in this currency pays."""
        fee = charge["amount"] * 29 // 1000 + 30
        booked = self._new(
            "balance_transaction",
            "txn_",
            amount=charge["amount"],
            currency=charge["currency"],
            fee=fee,
            net=charge["amount"] - fee,
            source=charge["id"],
            type="charge",
        )
        charge["balance_transaction"] = booked["id"]

    def _session_of(self, intent: Row) -> Row:
        return self.rows[intent["_session"]]

    def new_refund(self, given: Row) -> Row:
        intent = self.rows.get(given.get("payment_intent", ""))
        if intent is None or intent["object"] != "payment_intent":
            raise Refused(
                f"No such payment_intent: '{given.get('payment_intent')}'",
                code="resource_missing",
                param="payment_intent",
            )
        charge = self.rows.get(intent["latest_charge"] or "")
        if charge is None:
            raise Refused("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = whole(given["amount"], "amount") if "amount" in given else left
        check_amount(amount or 1, intent["currency"], "amount")
        metadata = check_metadata(given.get("metadata", {}))
        if not left:
            raise Refused(
                f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", began=True
            )
        if any(d["payment_intent"] == intent["id"] and d["status"] == "needs_response" for d in self.disputes()):
            raise Refused(f"Charge {charge['id']} has been charged back.", code="charge_disputed", began=True)
        if amount > left:
            raise Refused(
                f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
            )
        refund = self._new(
            "refund",
            "re_",
            amount=amount,
            charge=charge["id"],
            currency=intent["currency"],
            metadata=metadata,
            payment_intent=intent["id"],
            reason=given.get("reason"),
            status="pending" if self.slow_refunds else "succeeded",
        )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        session = self._session_of(intent)
        self.tell(session, "refund.created", refund)
        self.tell(session, "charge.refunded", charge)
        return refund

    def end_refund(self, refund: Row, status: str) -> None:
        session = self._session_of(self.rows[refund["payment_intent"]])
        refund["status"] = status
        self.tell(session, "refund.updated", refund)
        if status == "failed":
            refund["failure_reason"] = "expired_or_canceled_card"
            charge = self.rows[refund["charge"]]
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            self.tell(session, "refund.failed", refund)

    def disputes(self) -> list[Row]:
        return [row for row in self.rows.values() if row["object"] == "dispute"]

    def new_dispute(self, intent: Row, amount: int, inquiry: bool) -> Row:
        dispute = self._new(
            "dispute",
            "dp_",
            amount=amount,
            charge=intent["latest_charge"],
            currency=intent["currency"],
            is_charge_refundable=inquiry,
            payment_intent=intent["id"],
            reason="fraudulent",
            status="warning_needs_response" if inquiry else "needs_response",
            balance_transactions=self._withdrawn(intent["currency"], amount)
            if self.dispute_fee and not inquiry
            else [],
        )
        self.rows[intent["latest_charge"]]["disputed"] = not inquiry
        session = self._session_of(intent)
        if not inquiry:
            self.tell(session, "charge.dispute.funds_withdrawn", dispute)
        self.tell(session, "charge.dispute.created", dispute)
        return dispute

    def _withdrawn(self, currency: str, amount: int) -> list[Row]:
        """The balance's side of a dispute: the sum and Stripe's fee for it."""
        row = {"object": "balance_transaction", "amount": -amount, "currency": currency, "fee": self.dispute_fee}
        return [row | {"net": -amount - self.dispute_fee, "type": "adjustment"}]

    def end_dispute(self, dispute: Row, status: str) -> None:
        session = self._session_of(self.rows[dispute["payment_intent"]])
        inquiry = dispute["status"].startswith("warning_")
        dispute["status"] = "warning_closed" if inquiry else status
        if not inquiry and status != "lost":
            self.tell(session, "charge.dispute.funds_reinstated", dispute)
        self.tell(session, "charge.dispute.closed", dispute)
