"""The providers by name. What is offered depends on the settings; what an order was paid with can always be asked."""

from __future__ import annotations

from django.conf import settings

from mentorship.kernel.refusals import NotFound
from payments.providers.base import Provider
from payments.providers.free import Free
from payments.providers.sandbox import Sandbox


def offered() -> list[str]:
    """The providers a buyer can choose from now. What is free needs none of them."""
    return [Sandbox.name] if settings.SANDBOX_PAYMENTS else []


def by_name(name: str) -> Provider:
    """Raises NotFound for an unknown provider, and for one that is not set up here."""
    if name == Free.name:
        return Free()
    if name == Sandbox.name and settings.SANDBOX_PAYMENTS:
        return Sandbox()
    raise NotFound("There is no such way to pay.")


def to_pay(amount_minor: int, name: str) -> Provider:
    """The provider for this sum: `free` for nothing, else the one that was chosen. Raises NotFound."""
    chosen = by_name(name)
    if amount_minor == 0:
        return Free()
    if chosen.name not in offered():
        raise NotFound("There is no such way to pay.")
    return chosen
