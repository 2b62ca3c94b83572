from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from payments.models import Order, Payment
from payments.providers.stripe import Stripe
from payments.services import confirm_and_fulfil
from tests.cast import NOW, offering
from tests.payments.scene import place
from tests.standins.stripe import Stripe as Company


def at_the_company(settings: Any, company: Company, **others: object) -> None:
    """Our settings lead to this company."""
    settings.PROVIDERS = settings.PROVIDERS.model_copy(
        update={
            "stripe_secret_key": company.key,
            "stripe_webhook_secrets": list(company.webhook_secrets),
            "stripe_api_base": company.base_url,
            **others,
        }
    )


@pytest.fixture
def company(settings: Any) -> Iterator[Company]:
    with Company() as company:
        at_the_company(settings, company)
        yield company


@pytest.fixture
def stripe(company: Company) -> Stripe:
    return Stripe()


@pytest.fixture
def order(company: Company, mia, sam) -> Order:
    return place(sam, offering(mia), provider="stripe")


@pytest.fixture
def payment(company: Company, order: Order) -> Payment:
    """280.00 EUR, paid and fulfilled."""
    company.approve(order.provider_reference)
    confirm_and_fulfil(order.pk, NOW)
    return order.payments.get()
