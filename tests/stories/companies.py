"""The tills of the real companies: stand-ins on loopback that speak their wire, with the real adapters in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

from payments.models import Order
from payments.providers.paypal import certificates, transport
from tests.standins import paypal_signing, paystack_rules
from tests.standins.base import Delivery, Standin
from tests.standins.paypal import PayPal
from tests.standins.paystack import Paystack
from tests.standins.stripe import Stripe
from tests.stories.tills import WHOLE_PAYMENT, Till, Webhook


class CompanyTill:
    """What all stand-ins offer alike."""

    knows_test_money = True
    after_decline = "PENDING"
    other_currency = "EUR"

    def __init__(self, standin: Any) -> None:
        self.standin = standin
        self.name: str = standin.name
        self.last_refund = ""
        self._dispute = ""

    def goes_down(self) -> None:
        self.standin.fail_next(10_000)

    def lose_answers(self, count: int, only: str) -> None:
        """So many calls whose path contains `only` have their effect, and no answer comes."""
        self.standin.fail_next(count, status=0, after_commit=True, only=only)

    def comes_back(self) -> None:
        for trouble in self.standin._troubles:
            trouble.left = 0

    def fee(self, amount: int) -> int:
        raise NotImplementedError

    def given_back(self, order: Order) -> int:
        raise NotImplementedError

    def pay(self, order: Order) -> None:
        self.standin.approve(order.provider_reference)

    def decline(self, order: Order) -> None:
        self.standin.decline(order.provider_reference)

    def abandon(self, order: Order) -> None:
        self.standin.abandon(order.provider_reference, expire=True)

    def webhooks(self, order: Order) -> list[Webhook]:
        return [Webhook(d.kind, d.body, _signer(d)) for d in self.standin.events(order.provider_reference)]

    def twist(self, order: Order, *, amount: int | None = None, currency: str | None = None) -> None:
        told = {"amount": amount, "currency": currency}
        self.standin.twist(order.provider_reference, **{k: v for k, v in told.items() if v is not None})

    def is_test_money(self, order: Order, *, live: bool) -> None:
        self.standin.twist(order.provider_reference, live=live)

    def refund(self, order: Order, amount: int | None = WHOLE_PAYMENT) -> None:
        self.last_refund = self.standin.refund(order.provider_reference, amount)

    def slow_refunds(self, on: bool = True) -> None:
        """From now on a refund takes days, until `finish_refund`."""
        self.standin.slow_refunds = on

    def finish_refund(self, reference: str, *, ok: bool) -> None:
        self.standin.finish_refund(reference, ok=ok)

    def dispute(self, order: Order, amount: int | None = WHOLE_PAYMENT) -> None:
        self._dispute = self.standin.dispute(order.provider_reference, amount)

    def close_dispute(self, *, won: bool) -> None:
        self.standin.close_dispute(self._dispute, won=won)


class StripeTill(CompanyTill):
    def pay_slowly(self, order: Order) -> None:
        """By a method whose money takes days, until `slow_money_ends`."""
        self.standin.approve(order.provider_reference, delayed=True)

    def slow_money_ends(self, order: Order, *, ok: bool) -> None:
        self.standin.finish_payment(order.provider_reference, ok=ok)

    def fee(self, amount: int) -> int:
        return amount * 29 // 1000 + 30

    def given_back(self, order: Order) -> int:
        refunds = [row for row in self.standin.rows.values() if row["object"] == "refund"]
        intent = self.standin.rows[order.provider_reference]["payment_intent"]
        return sum(r["amount"] for r in refunds if r["payment_intent"] == intent and r["status"] == "succeeded")


class PayPalTill(CompanyTill):
    after_decline = "FAILED"  # the money is taken only after the page: there is no second card
    knows_test_money = False  # which it is lies in the address that is asked

    def pay_slowly(self, order: Order) -> None:
        """The capture is kept for a review, until `slow_money_ends`."""
        self.standin.slow_captures = True
        self.pay(order)

    def slow_money_ends(self, order: Order, *, ok: bool) -> None:
        self.standin.finish_capture(order.provider_reference, ok=ok)

    def fee(self, amount: int) -> int:
        return round(amount * 349 / 10000)

    def given_back(self, order: Order) -> int:
        unit = self.standin.orders[order.provider_reference]["purchase_units"][0]
        done = [r for r in unit["payments"]["refunds"] if r["status"] == "COMPLETED"]
        return sum(int(r["amount"]["value"].replace(".", "")) for r in done)


class PaystackTill(CompanyTill):
    other_currency = "GHS"
    after_decline = "FAILED"

    def fee(self, amount: int) -> int:
        return paystack_rules.fee(amount, "USD")

    def given_back(self, order: Order) -> int:
        ours = [r for r in self.standin.refunds if r["_reference"] == order.provider_reference]
        return sum(r["amount"] for r in ours if r["status"] == "processed")


def _signer(delivery: Delivery) -> Callable[[int | None, str | None], dict[str, str]]:
    return partial(delivery.sign)


@lru_cache(maxsize=1)
def _signer_of_then() -> paypal_signing.Signer:
    """The stories play at another time than the tests run: PayPal's certificate has to be good then."""
    return paypal_signing.signer.__wrapped__(authority="Story CA")


def _stripe() -> tuple[Standin, type[CompanyTill]]:
    return Stripe(), StripeTill


def _paypal() -> tuple[Standin, type[CompanyTill]]:
    transport._tokens.clear()
    certificates.CERTIFICATES.clear()
    standin = PayPal()
    standin.signer = _signer_of_then()
    return standin, PayPalTill


def _paystack() -> tuple[Standin, type[CompanyTill]]:
    return Paystack(), PaystackTill


OPEN = {"stripe": _stripe, "paypal": _paypal, "paystack": _paystack}


def _settings_of(standin: Any) -> dict[str, Any]:
    if isinstance(standin, PayPal):
        return standin.settings()
    if isinstance(standin, Paystack):
        return {
            "paystack_secret_keys": [standin.secret_key],
            "paystack_base_url": standin.base_url,
            "providers_anywhere": True,
        }
    return {
        "stripe_secret_key": standin.key,
        "stripe_webhook_secrets": list(standin.webhook_secrets),
        "stripe_api_base": standin.base_url,
        "providers_anywhere": True,
    }


@contextmanager
def open_till(name: str, settings: Any) -> Iterator[Till]:
    standin, kind = OPEN[name]()
    with standin:
        settings.PROVIDERS = settings.PROVIDERS.model_copy(update=_settings_of(standin))
        yield kind(standin)
