"""What the PayPal stand-in keeps, what a test can make happen there, and what it says about it in webhooks."""

from __future__ import annotations

import secrets
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.standins.base import Delivery, Standin
from tests.standins.paypal_rules import Refusal, check_money, from_minor, to_minor
from tests.standins.paypal_signing import signer

CLIENT_ID, CLIENT_SECRET, WEBHOOK_ID = "standin-client", "standin-secret", "8PT597110X687430LKGECATA"


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_id(length: int = 17) -> str:
    return "".join(secrets.choice("0123456789ABCDEFGHJKLMNPRSTUVWXY") for _ in range(length))


class Books(Standin):
    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.client_id, self.client_secret, self.webhook_id = CLIENT_ID, CLIENT_SECRET, WEBHOOK_ID
        self.token_life = 32_400
        self.slow_captures = False  # captures stay PENDING until finish_capture
        self.reversals_are_refunds = True  # a lost dispute shows among the capture's refunds, too
        self.disputes_allowed = True  # the app's feature "Disputes"
        self.signer = signer()
        self.certificate = f"CERT-360caa42-fca2a594-{secrets.token_hex(4)}"  # never the same address for another key
        self.tokens: dict[str, float] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.captures: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.disputes: dict[str, dict[str, Any]] = {}
        self.invoices: set[str] = set()  # for which money was taken
        self._buyers: dict[str, dict[str, Any]] = {}  # what a buyer did, by order
        self._answered: dict[tuple[str, str], str] = {}  # (what, PayPal-Request-Id) -> the resource it made
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    # --- what the product needs to know to talk to it ----------------------------------------------------------------

    @property
    def ca_file(self) -> str:
        """A PEM file with the authority of the signing certificate; gone after stop()."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="paypal-standin-")
            (Path(self._folder.name) / "ca.pem").write_bytes(self.signer.authority)
        return str(Path(self._folder.name) / "ca.pem")

    def settings(self) -> dict[str, Any]:
        """For `settings.PROVIDERS.model_copy(update=...)`."""
        return {
            "paypal_client_id": self.client_id,
            "paypal_client_secret": self.client_secret,
            "paypal_webhook_ids": [self.webhook_id],
            "paypal_base_url": self.base_url,
            "paypal_cert_allowed_hosts": [f"127.0.0.1:{self.port}"],
            "paypal_ca_file": self.ca_file,
            "providers_anywhere": True,
        }

    def environment(self) -> dict[str, str]:
        """The same as environment variables."""
        words = {
            name: ",".join(value) if isinstance(value, list) else str(value) for name, value in self.settings().items()
        }
        return {name.upper(): value for name, value in (words | {"providers_anywhere": "1"}).items()}

    def stop(self) -> None:
        super().stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    # --- controls ---------------------------------------------------------------------------------------------------

    def approve(self, reference: str) -> str:
        """The buyer agrees on PayPal's page. No payment id yet: that comes with the capture."""
        with self.lock:
            order = self.orders[reference]
            if order["status"] != "PAYER_ACTION_REQUIRED":
                raise ValueError(f"the order is {order['status']}")
            order["status"] = "APPROVED"
            order["payer"] = {"payer_id": "QYR5Z8XDVJNXQ", "email_address": "buyer@example.com"}
            self._emit(reference, "CHECKOUT.ORDER.APPROVED", order)
        return ""

    def decline(self, reference: str) -> None:
        """The buyer agrees, with a card that will say no when the money is taken."""
        with self.lock:
            self._buyers[reference]["declined"] = True
            self.approve(reference)

    def abandon(self, reference: str, expire: bool = False) -> None:
        """The buyer leaves; with `expire` PayPal has forgotten the order."""
        with self.lock:
            order = self.orders[reference]
            if expire and order["status"] != "COMPLETED":
                del self.orders[reference]

    def finish_capture(self, reference: str, ok: bool = True) -> None:
        """A pending capture (`slow_captures`) is decided."""
        with self.lock:
            capture = self._capture_of(reference)
            if capture["status"] != "PENDING":
                raise ValueError(f"the capture is {capture['status']}")
            capture["status"] = "COMPLETED" if ok else "DECLINED"
            if ok:
                capture["seller_receivable_breakdown"] = _breakdown(capture["amount"])
            self._emit(reference, f"PAYMENT.CAPTURE.{'COMPLETED' if ok else 'DENIED'}", capture)

    def refund(self, reference: str, amount: int | None = None) -> str:
        """From PayPal's dashboard, in ISO minor units; None: all the rest."""
        with self.lock:
            capture = self._capture_of(reference)
            currency = capture["amount"]["currency_code"]
            value = None if amount is None else {"currency_code": currency, "value": from_minor(amount, currency)}
            return str(self._make_refund(capture, value, {})["id"])

    def finish_refund(self, refund_reference: str, ok: bool = True) -> None:
        with self.lock:
            refund = self.refunds[refund_reference]
            if refund["status"] != "PENDING":
                raise ValueError(f"the refund is {refund['status']}")
            refund["status"] = "COMPLETED" if ok else "FAILED"
            capture = self._above(refund)
            self._count(capture)
            kind = "PAYMENT.CAPTURE.REFUNDED" if ok else "PAYMENT.REFUND.FAILED"
            self._emit(self._order_id(capture), kind, refund)

    def dispute(self, reference: str, amount: int | None = None) -> str:
        with self.lock:
            capture = self._capture_of(reference)
            money = dict(capture["amount"])
            if amount is not None:
                money["value"] = from_minor(amount, money["currency_code"])
            dispute_id = f"PP-D-{len(self.disputes) + 61888}"
            self.disputes[dispute_id] = {
                "dispute_id": dispute_id,
                "create_time": now().replace("Z", ".000Z"),
                "update_time": now().replace("Z", ".000Z"),
                "disputed_transactions": [{"seller_transaction_id": capture["id"], "gross_amount": capture["amount"]}],
                "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
                "status": "WAITING_FOR_SELLER_RESPONSE",
                "dispute_state": "REQUIRED_ACTION",
                "dispute_amount": money,
                "dispute_life_cycle_stage": "CHARGEBACK",
            }
            self._emit(reference, "CUSTOMER.DISPUTE.CREATED", self.disputes[dispute_id])
        return dispute_id

    def close_dispute(self, dispute_reference: str, won: bool) -> None:
        """Decided for the seller (`won`) or for the buyer."""
        with self.lock:
            said = self.disputes[dispute_reference]
            said |= {"status": "RESOLVED", "dispute_state": "RESOLVED"}
            said["dispute_outcome"] = {"outcome_code": "RESOLVED_SELLER_FAVOUR" if won else "RESOLVED_BUYER_FAVOUR"}
            capture = self.captures[said["disputed_transactions"][0]["seller_transaction_id"]]
            reference = self._order_id(capture)
            if not won:
                said["dispute_outcome"]["amount_refunded"] = said["dispute_amount"]
                if self.reversals_are_refunds:
                    back = self._new_refund(capture, said["dispute_amount"], {})
                    self._count(capture)
                    self._emit(reference, "PAYMENT.CAPTURE.REVERSED", back)
            self._emit(reference, "CUSTOMER.DISPUTE.RESOLVED", said)

    def twist(
        self, reference: str, amount: int | None = None, currency: str | None = None, live: bool | None = None
    ) -> None:
        """The truth differs from what was asked for; before or after the capture."""
        if live is not None:
            raise ValueError("PayPal's wire has no word for test money: use another address")
        with self.lock:
            order = self.orders[reference]
            told = [order["purchase_units"][0], *order["purchase_units"][0].get("payments", {}).get("captures", [])]
            for one in told:
                was = one["amount"]
                code = currency or was["currency_code"]
                minor = to_minor(was["value"], was["currency_code"]) if amount is None else amount
                one["amount"] = {"currency_code": code, "value": from_minor(minor, code)}

    def expire_tokens(self) -> None:
        with self.lock:
            self.tokens.clear()

    # --- books ------------------------------------------------------------------------------------------------------

    def _capture_of(self, reference: str) -> dict[str, Any]:
        taken = self.orders[reference]["purchase_units"][0].get("payments", {}).get("captures", [])
        if not taken:
            raise ValueError("nothing was captured yet")
        return taken[-1]

    def _order_id(self, capture: dict[str, Any]) -> str:
        return str(capture["supplementary_data"]["related_ids"]["order_id"])

    def _above(self, refund: dict[str, Any]) -> dict[str, Any]:
        return self.captures[refund["links"][1]["href"].rpartition("/")[2]]

    def _gone(self, capture: dict[str, Any]) -> Decimal:
        back = [one for one in self.refunds.values() if self._above(one) is capture and one["status"] != "FAILED"]
        return sum((Decimal(one["amount"]["value"]) for one in back), Decimal())

    def _count(self, capture: dict[str, Any]) -> None:
        gone = self._gone(capture)
        whole = gone >= Decimal(capture["amount"]["value"])
        capture["status"] = "REFUNDED" if whole else "PARTIALLY_REFUNDED" if gone else "COMPLETED"

    def _new_capture(self, order: dict[str, Any], unit: dict[str, Any]) -> dict[str, Any]:
        capture_id, money = new_id(), unit["amount"]
        capture = {
            "id": capture_id,
            "status": "PENDING" if self.slow_captures else "COMPLETED",
            "amount": dict(money),
            "final_capture": True,
            "seller_receivable_breakdown": _breakdown(money),
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
            "create_time": now(),
            "links": [
                {"href": f"{self.base_url}/v2/payments/captures/{capture_id}", "rel": "self", "method": "GET"},
                {"href": f"{self.base_url}/v2/checkout/orders/{order['id']}", "rel": "up", "method": "GET"},
            ],
        }
        if self.slow_captures:  # the fee is not known before it is decided
            del capture["seller_receivable_breakdown"]
            capture["status_details"] = {"reason": "PENDING_REVIEW"}
        capture |= {key: unit[key] for key in ("custom_id", "invoice_id") if key in unit}
        self.captures[capture_id] = capture
        return capture

    def _make_refund(
        self, capture: dict[str, Any], money: dict[str, str] | None, said: dict[str, Any]
    ) -> dict[str, Any]:
        if capture["status"] == "PENDING":
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "PENDING_CAPTURE")
        left = Decimal(capture["amount"]["value"]) - self._gone(capture)
        if left <= 0:
            raise Refusal(422, "UNPROCESSABLE_ENTITY", "CAPTURE_FULLY_REFUNDED")
        if money is not None:
            check_money(money)
            if money["currency_code"] != capture["amount"]["currency_code"]:
                raise Refusal(422, "UNPROCESSABLE_ENTITY", "CURRENCY_MISMATCH")
            if Decimal(money["value"]) > left:
                raise Refusal(422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED")
        rest = {"currency_code": capture["amount"]["currency_code"], "value": str(left)}
        refund = self._new_refund(capture, money or rest, said, slow=self.slow_refunds)
        self._count(capture)
        if not self.slow_refunds:
            self._emit(self._order_id(capture), "PAYMENT.CAPTURE.REFUNDED", refund)
        return refund

    def _new_refund(
        self, capture: dict[str, Any], money: dict[str, str], said: dict[str, Any], slow: bool = False
    ) -> dict[str, Any]:
        refund_id = new_id()
        refund = {
            "id": refund_id,
            "status": "PENDING" if slow else "COMPLETED",
            "amount": dict(money),
            "create_time": now(),
            "links": [
                {"href": f"{self.base_url}/v2/payments/refunds/{refund_id}", "rel": "self", "method": "GET"},
                {"href": f"{self.base_url}/v2/payments/captures/{capture['id']}", "rel": "up", "method": "GET"},
            ],
        }
        refund |= {key: said[key] for key in ("custom_id", "invoice_id", "note_to_payer") if key in said}
        self.refunds[refund_id] = refund
        self.orders[self._order_id(capture)]["purchase_units"][0]["payments"]["refunds"].append(refund)
        return refund

    # --- webhooks ---------------------------------------------------------------------------------------------------

    def _emit(self, reference: str, kind: str, resource: dict[str, Any]) -> Delivery:
        said = {
            "id": f"WH-{new_id()}-{new_id()}",
            "event_version": "1.0",
            "create_time": now(),
            "resource_type": kind.split(".")[1].lower(),
            "event_type": kind,
            "summary": kind.title(),
            "resource": resource,
            "links": [],
        }
        return self.emit(reference, kind, said, transmission_id=f"{secrets.token_hex(4)}-fd74-11e4-8bf3-77339302725b")

    def sign(self, delivery: Delivery, stamp: int, secret: str | None) -> dict[str, str]:
        """`secret`: another webhook's id."""
        written = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        transmission = delivery.facts["transmission_id"]
        return {
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": written,
            "PAYPAL-TRANSMISSION-SIG": self.signer.sign(
                transmission, written, secret or self.webhook_id, delivery.body
            ),
            "PAYPAL-CERT-URL": f"{self.base_url}/v1/notifications/certs/{self.certificate}",
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
            "PAYPAL-AUTH-VERSION": "v2",
        }


def _breakdown(money: dict[str, str]) -> dict[str, dict[str, str]]:
    """What PayPal keeps of it (3.49 %), and what is left for the seller."""
    gross = Decimal(money["value"])
    fee = (gross * Decimal("0.0349")).quantize(Decimal(1) if "." not in money["value"] else Decimal("0.01"))
    currency = money["currency_code"]
    return {
        "gross_amount": dict(money),
        "paypal_fee": {"currency_code": currency, "value": str(fee)},
        "net_amount": {"currency_code": currency, "value": str(gross - fee)},
    }
