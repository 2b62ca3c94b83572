"""Stripe on loopback: Checkout sessions, payment intents, refunds, disputes and signed webhooks, with money of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from typing import Any

from tests.standins.base import Answer, Delivery, PaymentPage, Request, Standin, json_answer
from tests.standins.stripe_api import Api
from tests.standins.stripe_wire import Refused, display, form, missing, wire

VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")


class Stripe(Api, Standin):
    """Controls take the page's id (`cs_...`); sums are in the minor units of ISO 4217.

    Besides the controls every stand-in has: `approve(delayed=True)` and `finish_payment` (a bank debit), `late_fees` and
    `settle_fee`, `dispute(inquiry=True)`, `close_dispute(prevented=True)`, `break_next` (500s that are saved under the
    idempotency key) and `say_next` (any answer at all).
    """

    name = "stripe"

    def __init__(
        self,
        *,
        key: str = "sk_test_standin",
        webhook_secrets: tuple[str, ...] = ("whsec_standin",),
        port: int = 0,
        webhook_url: str = "",
        automatic: bool = False,
    ) -> None:
        super().__init__(port=port, webhook_url=webhook_url, automatic=automatic)
        self.key, self.webhook_secrets = key, webhook_secrets
        self.rows: dict[str, dict[str, Any]] = {}  # every object by its id, in the order of its creation
        self.dispute_fee = 0  # minor units of the payment's currency
        self.late_fees = False  # what Stripe keeps is not known yet when the payment succeeds
        self._saved: dict[str, tuple[str, Answer]] = {}  # idempotency key -> what was asked, what was said
        self._twists: dict[str, dict[str, Any]] = {}
        self._breaks: list[bool] = []
        self._says: list[Answer] = []
        self._notes: dict[str, str] = {}

    # --- the wire ---------------------------------------------------------------------------------------------------

    def api(self, request: Request) -> Answer:
        try:
            self._check_caller(request)
            if self._says:
                return self._says.pop(0)
            said = self._once(request) if request.method == "POST" else json_answer(self.route(request))
        except Refused as refused:
            said = json_answer(refused.body, refused.status)
        said.headers.setdefault("Request-Id", f"req_{secrets.token_hex(7)}")
        return said

    def _check_caller(self, request: Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(key, self.key):
            raise Refused(f"Invalid API Key provided: {key[:8]}****", status=401)
        if not VERSION.fullmatch(request.headers.get("Stripe-Version", "")):
            raise Refused("Invalid Stripe API version", type="invalid_request_error")
        form_wanted = "application/x-www-form-urlencoded"
        if request.method == "POST" and request.headers.get("Content-Type", "") != form_wanted:
            raise Refused("Requests are form encoded.", status=415)

    def _once(self, request: Request) -> Answer:
        """The first result under a key is the result, failures included, once execution has begun."""
        key = request.headers.get("Idempotency-Key", "")
        if not key or len(key) > 255:
            raise Refused("Idempotency keys have 1 to 255 characters.", type="idempotency_error")
        asked = json.dumps([request.path, sorted(form(request.body))])
        if key in self._saved:
            before, answer = self._saved[key]
            if before != asked:
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise Refused(message, type="idempotency_error")
            return Answer(answer.status, answer.body, answer.headers | {"Idempotent-Replayed": "true"})
        broken = self._breaks.pop(0) if self._breaks else None
        try:
            answer = self._broken(request, broken) if broken is not None else json_answer(self.route(request))
        except Refused as refused:
            if not refused.began:
                raise
            answer = json_answer(refused.body, refused.status)
        answer.headers |= {"Idempotency-Key": key, "Original-Request": f"req_{secrets.token_hex(7)}"}
        self._saved[key] = (asked, answer)
        return answer

    def _broken(self, request: Request, with_effect: bool) -> Answer:
        if with_effect:
            self.route(request)
        return self.trouble(500)

    def trouble(self, status: int) -> Answer:
        kind = "invalid_request_error" if status == 429 else "api_error"
        said = {"error": {"type": kind, "message": f"Something went wrong ({status})."}}
        if status == 429:
            said["error"]["code"] = "rate_limit"
        return json_answer(said, status)

    def sign(self, delivery: Delivery, stamp: int, secret: str | None) -> dict[str, str]:
        signed = b"%d." % stamp + delivery.body
        keys = self.webhook_secrets if secret is None else (secret,)
        macs = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys]
        header = ",".join([f"t={stamp}", *(f"v1={mac}" for mac in macs), f"v0={'0' * 64}"])
        return {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header}

    # --- the page ---------------------------------------------------------------------------------------------------

    def page(self, reference: str) -> PaymentPage | None:
        session = self.rows.get(reference)
        if session is None:
            return None
        self.let_expire(session)
        return PaymentPage(
            company="Stripe Checkout",
            colour="#635bff",
            title=session["_title"],
            sum=display(session["amount_total"], session["currency"]),
            email=session["customer_email"] or "",
            note=self._notes.get(reference, ""),
            open=session["status"] == "open",
        )

    def press(self, reference: str, outcome: str) -> str | None:
        session = self.rows[reference]
        if outcome == "back":
            return str(session["cancel_url"])
        if outcome == "decline":
            self.decline(reference)
            self._notes[reference] = "Your card was declined. Try another card."
            return None
        self.approve(reference)
        return str(session["success_url"])

    # --- controls ---------------------------------------------------------------------------------------------------

    def approve(self, reference: str, delayed: bool = False) -> str:
        """The buyer pays. `delayed`: by a slow method, so the page is complete but not paid until `finish_payment`."""
        with self.lock:
            session = self._page(reference)
            if session["status"] != "open":
                raise ValueError(f"this page is {session['status']}")
            intent = self.new_intent(session)
            session |= {"status": "complete", "payment_intent": intent["id"], "url": None}
            if delayed:
                intent["status"] = "processing"
                self.tell(session, "payment_intent.processing", intent)
            else:
                self.charge(session, intent)
            self.tell(session, "checkout.session.completed", session)
            return str(intent["id"])

    def finish_payment(self, reference: str, ok: bool = True) -> None:
        """The slow money has come, or will not."""
        with self.lock:
            session = self._page(reference)
            intent = self.rows[session["payment_intent"]]
            if intent["status"] != "processing":
                raise ValueError("nothing is on its way")
            if ok:
                self.charge(session, intent)
                self.tell(session, "checkout.session.async_payment_succeeded", session)
            else:
                intent["status"] = "requires_payment_method"
                self.tell(session, "payment_intent.payment_failed", intent)
                self.tell(session, "checkout.session.async_payment_failed", session)

    def decline(self, reference: str) -> None:
        """The card is declined. The page stays open: the buyer may try another one."""
        with self.lock:
            session = self._page(reference)
            if session["status"] != "open":
                raise ValueError(f"this page is {session['status']}")
            if session["payment_intent"] is None:
                session["payment_intent"] = self.new_intent(session)["id"]
            self.tell(session, "payment_intent.payment_failed", self.rows[session["payment_intent"]])

    def abandon(self, reference: str, expire: bool = False) -> None:
        with self.lock:
            if expire:
                self._page(reference)["expires_at"] = int(time.time())
                self.let_expire(self._page(reference))

    def settle_fee(self, reference: str) -> None:
        """With `late_fees`: now it is known what Stripe keeps."""
        with self.lock:
            session = self._page(reference)
            charge = self.rows[self.rows[session["payment_intent"]]["latest_charge"]]
            self.book_fee(charge)
            self.tell(session, "charge.updated", charge)

    def refund(self, reference: str, amount: int | None = None) -> str:
        """From the dashboard."""
        with self.lock:
            intent = self._intent(reference)
            given = {} if amount is None else {"amount": str(wire(amount, intent["currency"]))}
            return str(self.new_refund({"payment_intent": intent["id"]} | given)["id"])

    def finish_refund(self, refund_reference: str, ok: bool = True) -> None:
        with self.lock:
            refund = self.rows[refund_reference]
            self.end_refund(refund, "succeeded" if ok else "failed")

    def dispute(self, reference: str, amount: int | None = None, inquiry: bool = False) -> str:
        """The buyer's bank asks for the money back; with `inquiry` it only asks a question."""
        with self.lock:
            intent = self._intent(reference)
            asked = intent["amount_received"] if amount is None else wire(amount, intent["currency"])
            return str(self.new_dispute(intent, asked, inquiry)["id"])

    def close_dispute(self, dispute_reference: str, won: bool, prevented: bool = False) -> None:
        with self.lock:
            self.end_dispute(self.rows[dispute_reference], "prevented" if prevented else "won" if won else "lost")

    def twist(
        self, reference: str, amount: int | None = None, currency: str | None = None, live: bool | None = None
    ) -> None:
        """The truth about this payment differs from what was asked; before or after it is paid."""
        with self.lock:
            told = self._twists.setdefault(reference, {})
            wanted = {"amount": amount, "currency": currency and currency.lower(), "live": live}
            told |= {name: value for name, value in wanted.items() if value is not None}
            self.apply_twist(self._page(reference))

    def apply_twist(self, session: dict[str, Any]) -> None:
        told = self._twists.get(session["id"], {})
        intent = self.rows.get(session["payment_intent"] or "")
        charge = self.rows.get((intent or {}).get("latest_charge") or "")
        for row in (session, intent, charge):
            if row is None:
                continue
            row["currency"] = told.get("currency", row["currency"])
            row["livemode"] = told.get("live", row["livemode"])
            if "amount" in told:
                amount = wire(told["amount"], row["currency"])
                for name in ("amount_total", "amount_subtotal", "amount", "amount_received", "amount_captured"):
                    if name in row and (name != "amount_received" or row["status"] == "succeeded"):
                        row[name] = amount

    def break_next(self, n: int = 1, with_effect: bool = False) -> None:
        """The next `n` POSTs fail with 500 after execution has begun, and the failure is saved under their keys."""
        with self.lock:
            self._breaks += [with_effect] * n

    def say_next(self, *answers: Answer) -> None:
        """The next calls are answered with exactly this."""
        with self.lock:
            self._says += answers

    def _page(self, reference: str) -> dict[str, Any]:
        if not reference.startswith("cs_") or reference not in self.rows:
            raise missing("checkout.session", reference)
        self.let_expire(self.rows[reference])
        return self.rows[reference]

    def _intent(self, reference: str) -> dict[str, Any]:
        intent_id = reference if reference.startswith("pi_") else self._page(reference)["payment_intent"]
        if not intent_id or self.rows[intent_id]["status"] != "succeeded":
            raise ValueError("nothing was paid here")
        return self.rows[intent_id]
