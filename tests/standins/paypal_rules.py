"""What PayPal refuses in an order or a sum, and how it writes money."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from moneyed import get_currency

_NAMES = "AUD BRL CAD CNY CZK DKK EUR HKD HUF ILS JPY MYR MXN TWD NZD NOK PHP PLN GBP RUB SGD SEK CHF THB USD"
CURRENCIES = set(_NAMES.split())
WHOLE = {"HUF", "JPY", "TWD"}
VALUE = re.compile(r"((-?[0-9]+)|(-?([0-9]+)?[.][0-9]+))")


class Refusal(ValueError):
    def __init__(self, status: int, name: str, issue: str = "") -> None:
        super().__init__(issue or name)
        self.status, self.name, self.issue = status, name, issue


def _exponent(currency: str) -> int:
    return len(str(get_currency(currency).sub_unit)) - 1


def from_minor(minor: int, currency: str) -> str:
    """ISO minor units as PayPal writes them."""
    value = Decimal(minor).scaleb(-_exponent(currency))
    return str(value.quantize(Decimal(1))) if currency in WHOLE else f"{value:.2f}"


def to_minor(value: str, currency: str) -> int:
    return int(Decimal(value).scaleb(_exponent(currency)))


def check_money(money: Any) -> None:
    """Raises Refusal."""
    if not isinstance(money, dict) or not isinstance(money.get("currency_code"), str):
        raise Refusal(400, "INVALID_REQUEST", "MISSING_REQUIRED_PARAMETER")
    value = money.get("value")
    if not isinstance(value, str) or len(value) > 32 or not VALUE.fullmatch(value):
        raise Refusal(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX")
    if money["currency_code"] not in CURRENCIES:
        raise Refusal(422, "UNPROCESSABLE_ENTITY", "INVALID_CURRENCY_CODE")
    if money["currency_code"] in WHOLE and "." in value:
        raise Refusal(422, "UNPROCESSABLE_ENTITY", "DECIMALS_NOT_SUPPORTED")
    if len(value.partition(".")[2]) > 2:
        raise Refusal(422, "UNPROCESSABLE_ENTITY", "DECIMAL_PRECISION")
    if Decimal(value) <= 0:
        raise Refusal(422, "UNPROCESSABLE_ENTITY", "CANNOT_BE_ZERO_OR_NEGATIVE")


def check_order(said: dict[str, Any]) -> None:
    """Raises Refusal."""
    units = said.get("purchase_units")
    if said.get("intent") != "CAPTURE" or not isinstance(units, list) or len(units) != 1:
        raise Refusal(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE")
    for name in ("custom_id", "invoice_id", "description"):
        if name in units[0] and not (isinstance(units[0][name], str) and 0 < len(units[0][name]) <= 127):
            raise Refusal(400, "INVALID_REQUEST", "INVALID_STRING_LENGTH")
    check_money(units[0].get("amount"))
    try:
        where = said["payment_source"]["paypal"]["experience_context"]
        addresses = [where["return_url"], where["cancel_url"]]
    except (KeyError, TypeError):
        raise Refusal(400, "INVALID_REQUEST", "MISSING_REQUIRED_PARAMETER") from None
    if not all(isinstance(url, str) and url.startswith(("http://", "https://")) for url in addresses):
        raise Refusal(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX")
