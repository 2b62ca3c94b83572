"""The providers by name. What is offered depends on the settings; what an order was paid with can always be asked."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from mentorship.kernel.refusals import NotFound, Refusal
from payments.providers.base import Provider
from payments.providers.direct import Direct
from payments.providers.free import Free
from payments.providers.manual import Manual
from payments.providers.sandbox import Sandbox

NEVER_REVERSED = (Free.name, Manual.name, Direct.name)  # nothing of these goes back at a provider


def _stripe() -> Provider:
    # The SDKs take long to import and much memory: they are loaded only where they are used.
    from payments.providers.stripe import Stripe

    return Stripe()


def _paypal() -> Provider:
    from payments.providers.paypal import PayPal

    return PayPal()


def _paystack() -> Provider:
    from payments.providers.paystack import Paystack

    return Paystack()


def _set_up() -> dict[str, Callable[[], Provider]]:
    """What a buyer can be sent to here: a provider without credentials does not exist."""
    keys = settings.PROVIDERS
    there: list[tuple[str, Callable[[], Provider], object]] = [
        ("stripe", _stripe, keys.stripe_secret_key),
        ("paypal", _paypal, keys.paypal_client_id),
        ("paystack", _paystack, keys.paystack_secret_keys),
        (Sandbox.name, Sandbox, settings.SANDBOX_PAYMENTS),
    ]
    return {name: make for name, make, is_set in there if is_set}


def names() -> list[str]:
    """Every provider that can be asked here; orders of one that is set up no longer are left alone."""
    return [Free.name, Manual.name, Direct.name, *_set_up()]


def offered(currency: str, amount_minor: int) -> list[Provider]:
    """The providers this sum can be paid with now; for nothing it is `free`."""
    if amount_minor == 0:
        return [Free()]
    return [provider for make in _set_up().values() if (provider := make()).takes(currency, amount_minor)]


def by_name(name: str) -> Provider:
    """Raises NotFound for an unknown provider, and for one that is not set up here."""
    known = _set_up() | {Free.name: Free, Manual.name: Manual, Direct.name: Direct}
    if name not in known:
        raise NotFound("There is no such way to pay.")
    return known[name]()


def cannot_be_paid(currency: str) -> Refusal:
    """Why something that is offered cannot be bought: of those who are set up nobody takes such a sum."""
    return Refusal(
        "not_for_sale", f"A price like this in {currency} cannot be paid here at the moment. Please come back later."
    )


def to_pay(currency: str, amount_minor: int, name: str) -> Provider:
    """The provider for this sum: `free` for nothing, else the one that was chosen.

    Raises NotFound, and Refusal `not_for_sale` when nobody here takes such a sum.
    """
    by_name(name)
    there = offered(currency, amount_minor)
    for provider in there:
        if amount_minor == 0 or provider.name == name:
            return provider
    if not there:
        raise cannot_be_paid(currency)
    raise NotFound("This cannot be paid that way.")
