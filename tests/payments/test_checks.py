"""`check --deploy` refuses what must not be in production, and warns about test keys where the public comes by https."""

from __future__ import annotations

import pytest

from mentorship.kernel.provider_env import PAYPAL_SANDBOX
from payments.checks import check_providers


def found(settings, base_url="https://mentors.example.org", **changes):
    settings.BASE_URL, settings.SANDBOX_PAYMENTS = base_url, changes.pop("sandbox", False)
    settings.PROVIDERS = settings.PROVIDERS.model_copy(update=changes)
    return [message.id for message in check_providers()]


def test_real_keys_are_fine(settings):
    keys = {
        "stripe_secret_key": "sk_live_x",
        "paypal_client_id": "id",
        "paystack_secret_keys": ["sk_live_y", "sk_test_z"],
    }
    assert found(settings, **keys) == []
    assert found(settings) == []


@pytest.mark.parametrize("changes", [{"providers_anywhere": True}, {"sandbox": True}], ids=str)
def test_demo_settings_are_refused(settings, changes):
    assert [message[:10] for message in found(settings, **changes)] == ["payments.E"]


@pytest.mark.parametrize(
    "keys",
    [
        {"stripe_secret_key": "sk_test_x"},
        {"paypal_client_id": "id", "paypal_base_url": PAYPAL_SANDBOX},
        {"paystack_secret_keys": ["sk_test_x", "sk_live_y"]},
    ],
    ids=str,
)
def test_test_keys_are_a_warning_where_the_public_comes(settings, keys):
    assert found(settings, **keys) == ["payments.W001"]
    assert found(settings, base_url="http://localhost:8000", **keys) == []
