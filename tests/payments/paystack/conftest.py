"""A company on loopback that our settings lead to, and an order placed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mentorship.people.models import User
from payments.models import Order, Payment, Refund
from payments.providers.paystack import Paystack
from payments.services import confirm_and_fulfil
from payments.services.refunds import request_refund
from tests.cast import NOW, offering
from tests.payments.scene import place
from tests.standins.paystack import Paystack as Company

PAYLOADS = Path(__file__).parents[2] / "payloads" / "paystack"


def lead_to(settings: Any, company: Company, **others: object) -> None:
    settings.PROVIDERS = settings.PROVIDERS.model_copy(
        update={"paystack_secret_keys": [company.secret_key], "paystack_base_url": company.base_url, **others}
    )


@pytest.fixture
def company(settings: Any) -> Iterator[Company]:
    with Company() as company:
        lead_to(settings, company)
        yield company


@pytest.fixture
def paystack(company: Company) -> Paystack:
    return Paystack()


@pytest.fixture
def order(company: Company, mia: User, sam: User) -> Order:
    """5,000.00 NGN, with its page."""
    return place(sam, offering(mia, price=500_000, currency="NGN"), provider="paystack")


@pytest.fixture
def payment(company: Company, order: Order) -> Payment:
    company.approve(order.provider_reference)
    confirm_and_fulfil(order.pk, NOW)
    return order.payments.get()


def ask_back(payment: Payment, amount: int, cause: str = "test") -> Refund:
    return request_refund(payment.order, payment, cause=cause, reason="Because.", amount_minor=amount, now=NOW)
