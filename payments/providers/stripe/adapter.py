"""Stripe: a Checkout page for each order, and the truth about it from the API. Webhooks only say where to look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings

from payments.models import Order, Payment, Refund
from payments.providers.base import (
    Checkout,
    Event,
    PaymentFacts,
    PaymentStatus,
    ProviderTrouble,
    RefundFacts,
    RefundStatus,
    Reversals,
)
from payments.providers.stripe import amounts, events, reversals, signature
from payments.providers.stripe.checkout import open_page, page_of
from payments.providers.stripe.events import ID
from payments.providers.stripe.transport import KEYS, asking, in_short, numbered, was_replayed

CHARGED = ["payment_intent.latest_charge.balance_transaction"]  # the fee comes with the payment, in one call
# Refusals that another hour may change; every other one is for good.
NOT_YET = {"balance_insufficient", "lock_timeout", "rate_limit"}


class Stripe:
    name = "stripe"
    label = "Card (Stripe)"

    def __init__(self) -> None:
        self.live = "_live_" in settings.PROVIDERS.stripe_secret_key

    def takes(self, currency: str, amount_minor: int) -> bool:
        return amounts.takes(currency, amount_minor)

    def create_checkout(self, order: Order, *, return_url: str, cancel_url: str, webhook_url: str) -> Checkout:
        with asking() as client:
            said = open_page(client, order, page_of(order, return_url, cancel_url))
            reference, url = said["id"], said["url"]
            if not ID.fullmatch(reference) or not url.startswith(("https://", "http://")):
                raise ValueError("a page has an id and an address")
            return Checkout(reference, url)

    def fetch_payment(self, reference: str, *, collect: bool = True) -> PaymentFacts:
        """`reference` is a Checkout session's (`cs_`) or a payment intent's (`pi_`). There is nothing to collect here."""
        if not ID.fullmatch(reference):
            raise ProviderTrouble(f"{reference[:50]!r} is no reference of Stripe's")
        with asking() as client:
            session_id = reference
            if reference.startswith("pi_"):
                found = client.v1.checkout.sessions.list({"payment_intent": reference, "limit": 1}).to_dict()["data"]
                if not found:
                    # The account is used for other things too: this payment has nothing to do with us.
                    return PaymentFacts(PaymentStatus.PENDING, reference, None, live=self.live)
                session_id = found[0]["id"]
            session = client.v1.checkout.sessions.retrieve(session_id, {"expand": CHARGED}).to_dict()
            if session["id"] != session_id or session["object"] != "checkout.session":
                raise ValueError("it is about another page")
            if reference.startswith("pi_") and (session["payment_intent"] or {}).get("id") != reference:
                raise ValueError("it is about another payment")
            return _facts(session)

    def fetch_reversals(self, payment: Payment) -> Reversals:
        with asking() as client:
            return reversals.of_payment(client, payment.provider_payment_id)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, machine_now: datetime) -> Event:
        secrets = settings.PROVIDERS.stripe_webhook_secrets
        signature.check(headers.get(signature.HEADER, ""), body, secrets, machine_now)
        return events.read(body)

    def refund(self, refund: Refund) -> RefundFacts:
        """Looks first: idempotency keys live a day, a refund that was made is found for ever by our id in its metadata."""
        intent = refund.payment.provider_payment_id
        with asking() as client:
            if refund.provider_reference:
                made = client.v1.refunds.retrieve(refund.provider_reference).to_dict()
                return reversals.refund_facts(made, ours=refund.pk)
            attempts = [r for r in reversals.refunds_of(client, intent) if r.refund_id == refund.pk]
            for attempt in attempts:
                if attempt.status is not RefundStatus.FAILED:
                    return attempt
            return _give_back(client, refund, intent, attempts)

    def expire_checkout(self, reference: str) -> None:
        with asking() as client:
            try:
                client.v1.checkout.sessions.expire(reference)
            except stripe.InvalidRequestError:
                # Only an open page can be closed. That it is over already is all we wanted.
                if client.v1.checkout.sessions.retrieve(reference).to_dict()["status"] == "open":
                    raise


def _facts(session: dict[str, Any]) -> PaymentFacts:
    intent = session.get("payment_intent") or {}
    status = _status(session, intent)
    live = session["livemode"]
    if not isinstance(live, bool):
        raise ValueError("live or not is missing")
    if status is not PaymentStatus.PAID:
        return PaymentFacts(status, session["id"], _order_id(session), live=live)
    currency = intent["currency"].upper()
    fee, fee_currency = _fee(intent)
    return PaymentFacts(
        status,
        session["id"],
        _order_id(session),
        payment_id=_payment_id(intent),
        amount=amounts.from_wire(intent["amount_received"], currency),
        currency=currency,
        live=live,
        fee=fee,
        fee_currency=fee_currency,
    )


def _status(session: dict[str, Any], intent: dict[str, Any]) -> PaymentStatus:
    if session["mode"] != "payment":
        return PaymentStatus.PENDING  # a subscription of somebody else who uses the account: nothing was paid to us
    if session["payment_status"] == "paid":
        return PaymentStatus.PAID
    if session["status"] == "expired":
        return PaymentStatus.EXPIRED
    # Completed but unpaid is a slow way to pay (a bank debit): the money may still come, or has failed for good. On an
    # open page a declined card is no end: the buyer may try another one.
    failed = intent.get("status") in ("requires_payment_method", "canceled")
    return PaymentStatus.DECLINED if session["status"] == "complete" and failed else PaymentStatus.PENDING


def _payment_id(intent: dict[str, Any]) -> str:
    if not ID.fullmatch(intent["id"]):
        raise ValueError("a payment has an id")
    return str(intent["id"])


def _order_id(session: dict[str, Any]) -> UUID | None:
    """Ours, if it says so; a page that somebody opened in the dashboard has none."""
    for said in ((session.get("metadata") or {}).get("order_id"), session.get("client_reference_id")):
        try:
            return UUID(said)
        except (ValueError, TypeError, AttributeError):
            continue
    return None


def _fee(intent: dict[str, Any]) -> tuple[int, str]:
    """What Stripe kept, in the currency of our balance there; nothing while it is not known yet."""
    booked = (intent.get("latest_charge") or {}).get("balance_transaction")
    if not isinstance(booked, dict):
        return 0, ""
    currency = booked["currency"].upper()
    return amounts.fee_from_wire(booked["fee"], currency), currency


def _give_back(client: stripe.StripeClient, refund: Refund, intent: str, dead: list[RefundFacts]) -> RefundFacts:
    """Make the refund. `dead` are its attempts that failed; each new one needs an idempotency key of its own.

    So does one that Stripe has answered with a failure: it is saved under the key, and the list has shown that nothing
    came of it. (That is why the SDK must not try again by itself here: a failure that is new may have had its effect.)
    """
    asked: Any = {
        "payment_intent": intent,
        "amount": amounts.to_wire(refund.amount_minor, refund.currency),
        "metadata": {"refund_id": str(refund.pk)},
    }
    first = len(dead) + 1
    for number in range(first, first + KEYS):
        options = numbered(f"refund-{refund.pk}", number) | {"max_network_retries": 0}
        last = number == first + KEYS - 1
        try:
            made = reversals.refund_facts(client.v1.refunds.create(asked, options).to_dict(), ours=refund.pk)
        except (stripe.InvalidRequestError, stripe.CardError) as refused:
            if refused.code in NOT_YET or refused.http_status == 404:
                raise
            if last or not was_replayed(refused):
                return RefundFacts(
                    RefundStatus.FAILED, "", refund.amount_minor, refund.currency, refund.pk, in_short(refused)
                )
        except stripe.APIError as failed:
            if last or not was_replayed(failed):
                raise
        else:
            if last or made.reference not in {attempt.reference for attempt in dead}:
                return made
    raise AssertionError("unreachable")
