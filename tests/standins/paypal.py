"""A stand-in of PayPal: OAuth, Orders v2, captures, refunds, disputes and webhooks, as they are on the wire.

References are PayPal order ids. The buyer approves on the page; money moves when the shop captures. PayPal's wire has no
word for test money: which it is lies in the address that is asked.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.standins.base import Answer, PaymentPage, Request, Trouble, json_answer
from tests.standins.paypal_books import Books, new_id, now
from tests.standins.paypal_rules import Refusal, check_order


class PayPal(Books):
    name = "paypal"

    # --- the payment page -------------------------------------------------------------------------------------------

    def page(self, reference: str) -> PaymentPage | None:
        order = self.orders.get(reference)
        if order is None:
            return None
        unit = order["purchase_units"][0]
        return PaymentPage(
            company="PayPal",
            colour="#003087",
            title=unit.get("description", "Your purchase"),
            sum=f"{unit['amount']['value']} {unit['amount']['currency_code']}",
            email="buyer@example.com",
            open=order["status"] == "PAYER_ACTION_REQUIRED",
            pay="Pay with PayPal",
        )

    def press(self, reference: str, outcome: str) -> str | None:
        where = self._buyers[reference]
        if outcome == "back":
            return _with_query(where["cancel_url"], {"token": reference})
        if outcome == "decline":
            self.decline(reference)
        else:
            self.approve(reference)
        return _with_query(where["return_url"], {"token": reference, "PayerID": "QYR5Z8XDVJNXQ"})

    # --- the API ----------------------------------------------------------------------------------------------------

    def _take_trouble(self, path: str) -> Trouble | None:
        """Trouble is for what the shop wants to do: tokens and certificates have theirs only by name."""
        quiet = path.startswith(("/v1/oauth2/", "/v1/notifications/certs/"))
        for trouble in self._troubles:
            if trouble.left > 0 and trouble.only in path and (trouble.only or not quiet):
                trouble.left -= 1
                return trouble
        return None

    def trouble(self, status: int) -> Answer:
        return refusal(status, "RATE_LIMIT_REACHED" if status == 429 else "INTERNAL_SERVER_ERROR")

    def api(self, request: Request) -> Answer:
        parts = request.path.strip("/").split("/")
        try:
            if parts[:3] == ["v1", "notifications", "certs"]:
                return self._certificate(parts[3:])
            if parts == ["v1", "oauth2", "token"]:
                return self._token(request)
            self._check_token(request)
            match request.method, parts:
                case "POST", ["v2", "checkout", "orders"]:
                    return self._create(request)
                case "GET", ["v2", "checkout", "orders", one]:
                    return json_answer(_known(self.orders, one))
                case "POST", ["v2", "checkout", "orders", one, "capture"]:
                    return self._capture(_known(self.orders, one), request)
                case "GET", ["v2", "payments", "captures", one]:
                    return json_answer(_known(self.captures, one))
                case "POST", ["v2", "payments", "captures", one, "refund"]:
                    return self._refund(_known(self.captures, one), request)
                case "GET", ["v2", "payments", "refunds", one]:
                    return json_answer(_known(self.refunds, one))
                case "GET", ["v1", "customer", "disputes", *one]:
                    return self._tell_disputes(one, request)
            raise Refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
        except Refusal as no:
            return refusal(no.status, no.name, no.issue)

    def _certificate(self, rest: list[str]) -> Answer:
        if rest != [self.certificate]:
            return Answer(404, b"")
        return Answer(200, self.signer.leaf, {"Content-Type": "application/x-pem-file"})

    def _token(self, request: Request) -> Answer:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return json_answer({"error": "invalid_client", "error_description": "Client Authentication failed"}, 401)
        if dict(parse_qsl(request.body.decode())) != {"grant_type": "client_credentials"}:
            return json_answer({"error": "unsupported_grant_type"}, 400)
        token = f"A21AA{secrets.token_urlsafe(40)}"
        self.tokens[token] = time.monotonic() + self.token_life
        return json_answer({"access_token": token, "token_type": "Bearer", "expires_in": self.token_life})

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or self.tokens.get(token, 0) <= time.monotonic():
            raise Refusal(401, "AUTHENTICATION_FAILURE")
        if request.method == "GET" and request.body:
            raise Refusal(400, "INVALID_REQUEST", "MALFORMED_REQUEST")  # PayPal is more patient; we are not

    def _create(self, request: Request) -> Answer:
        key = _request_id(request)
        if not key:
            raise Refusal(400, "INVALID_REQUEST", "PAYPAL_REQUEST_ID_REQUIRED")
        if ("order", key) in self._answered:
            return json_answer(_known(self.orders, self._answered["order", key]), 200)
        said = _json(request)
        check_order(said)
        unit = said["purchase_units"][0]
        if unit.get("invoice_id") in self.invoices:
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "DUPLICATE_INVOICE_ID")
        order_id = new_id()
        self.orders[order_id] = {
            "id": order_id,
            "intent": "CAPTURE",
            "status": "PAYER_ACTION_REQUIRED",
            "payment_source": {"paypal": {}},
            "purchase_units": [{**unit, "payee": {"merchant_id": "X5XAHHCG636FA"}}],
            "create_time": now(),
            "links": [
                {"href": f"{self.base_url}/v2/checkout/orders/{order_id}", "rel": "self", "method": "GET"},
                {"href": f"{self.base_url}/pay/{order_id}", "rel": "payer-action", "method": "GET"},
            ],
        }
        where = said["payment_source"]["paypal"]["experience_context"]
        self._buyers[order_id] = {"return_url": where["return_url"], "cancel_url": where["cancel_url"]}
        self._answered["order", key] = order_id
        return json_answer(self.orders[order_id], 201)

    def _capture(self, order: dict[str, Any], request: Request) -> Answer:
        key, reference = _request_id(request), order["id"]
        _json(request)
        if key and ("capture", key) in self._answered:
            return json_answer(order, 200)
        if order["status"] == "COMPLETED":
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED")
        if self._buyers[reference].get("declined"):
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED")
        unit = order["purchase_units"][0]
        if unit.get("invoice_id") in self.invoices:
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "DUPLICATE_INVOICE_ID")
        self.invoices.add(unit.get("invoice_id", reference))
        capture = self._new_capture(order, unit)
        unit["payments"] = {"captures": [capture], "refunds": []}
        order["status"] = "COMPLETED"
        if key:
            self._answered["capture", key] = reference
        self._emit(reference, f"PAYMENT.CAPTURE.{capture['status']}", capture)
        return json_answer(order, 201)

    def _refund(self, capture: dict[str, Any], request: Request) -> Answer:
        key, said = _request_id(request), _json(request)
        if key and ("refund", key) in self._answered:
            return json_answer(self.refunds[self._answered["refund", key]], 200)
        if any(
            one["status"] != "RESOLVED" and one["disputed_transactions"][0]["seller_transaction_id"] == capture["id"]
            for one in self.disputes.values()
        ):
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "TRANSACTION_DISPUTED")
        refund = self._make_refund(capture, said.get("amount"), said)
        if key:
            self._answered["refund", key] = refund["id"]
        return json_answer(refund, 201)

    def _tell_disputes(self, one: list[str], request: Request) -> Answer:
        if not self.disputes_allowed:
            raise Refusal(403, "NOT_AUTHORIZED", "PERMISSION_DENIED")
        if one:
            return json_answer(_known(self.disputes, one[0]))
        capture_id = request.query.get("disputed_transaction_id")
        shown = ("dispute_id", "create_time", "update_time", "reason", "status", "dispute_amount")
        items = [
            {key: said[key] for key in shown}
            for said in self.disputes.values()
            if capture_id in (None, said["disputed_transactions"][0]["seller_transaction_id"])
        ]
        return json_answer({"items": items, "links": []})


def refusal(status: int, name: str, issue: str = "") -> Answer:
    details = [{"issue": issue, "description": issue.replace("_", " ").lower()}] if issue else []
    said = {"name": name, "message": name.replace("_", " ").lower(), "debug_id": new_id(13).lower(), "details": details}
    return json_answer(said, status, Paypal_Debug_Id=said["debug_id"])


def _known(kept: dict[str, dict[str, Any]], one: str) -> dict[str, Any]:
    if one not in kept:
        raise Refusal(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")
    return kept[one]


def _request_id(request: Request) -> str:
    key = request.headers.get("PayPal-Request-Id", "")
    if len(key) > 108:
        raise Refusal(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE")
    return key


def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("Content-Type") != "application/json":
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE")
    try:
        said = json.loads(request.body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Refusal(400, "INVALID_REQUEST", "MALFORMED_REQUEST_JSON")
    return said


def _with_query(url: str, more: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}"
