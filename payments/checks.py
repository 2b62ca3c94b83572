"""`manage.py check --deploy`: settings for tests and demos must not take people's money, or their orders, in production."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from mentorship.kernel.provider_env import PAYPAL


@register(Tags.security, deploy=True)
def check_providers(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Errors for what lets anybody "pay"; warnings for test keys on a site that the public reaches by https."""
    found: list[CheckMessage] = []
    if settings.PROVIDERS.providers_anywhere:
        found.append(
            Error(
                "PROVIDERS_ANYWHERE is on: payments could be confirmed by somebody who is no payment company.",
                hint="Unset it; the providers' own addresses need no setting.",
                id="payments.E001",
            )
        )
    if settings.SANDBOX_PAYMENTS:
        found.append(
            Error(
                "SANDBOX_PAYMENTS is on: anyone could 'pay' with one click.",
                hint="Unset it, and MENTORSHIP_DEMO with it.",
                id="payments.E002",
            )
        )
    if settings.BASE_URL.startswith("https://"):
        found += [
            Warning(
                f"{name} takes test money only: its buyers get sessions that nobody has paid.",
                hint="Use the live key when you open.",
                id="payments.W001",
            )
            for name in with_test_keys()
        ]
    return found


def with_test_keys() -> list[str]:
    """The providers that are set up with credentials for test money."""
    keys = settings.PROVIDERS
    tests = {
        "Stripe": keys.stripe_secret_key and "_live_" not in keys.stripe_secret_key,
        "PayPal": keys.paypal_client_id and keys.paypal_base_url != PAYPAL,
        "Paystack": keys.paystack_secret_keys and not keys.paystack_secret_keys[0].startswith("sk_live_"),
    }
    return [name for name, is_test in tests.items() if is_test]
