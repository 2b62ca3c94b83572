"""Money: integer minor units with an ISO 4217 currency. Exponents and formats come from py-moneyed and Babel."""

from __future__ import annotations

import re
from copy import copy
from decimal import Decimal

from babel import Locale
from moneyed import CurrencyDoesNotExist, get_currency


def exponent(currency: str) -> int:
    """How many digits the currency's minor unit has (EUR 2, JPY 0). Raises ValueError for an unknown currency."""
    try:
        return len(str(get_currency(currency).sub_unit)) - 1
    except CurrencyDoesNotExist as unknown:
        raise ValueError(f"unknown currency {currency!r}") from unknown


def to_minor(amount: Decimal, currency: str) -> int:
    """Major units to minor ones. Raises ValueError when the amount has more digits than the currency."""
    minor = amount.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{currency} has {exponent(currency)} decimal places")
    return int(minor)


def to_major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-exponent(currency))


def display(minor: int, currency: str, locale: str = "en") -> str:
    """The sum in the reader's format; whole sums without decimals ("€280", "€280.50")."""
    digits = 0 if minor % 10 ** exponent(currency) == 0 else exponent(currency)
    reader = Locale.parse(locale, sep="-")
    pattern = copy(reader.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    text = pattern.apply(to_major(minor, currency), reader, currency=currency, currency_digits=False)
    # CLDR keeps a space between a code made of letters and the digits; Babel does not know that rule.
    return re.sub(r"([A-Z])(?=\d)", "\\1\N{NO-BREAK SPACE}", text)


def part(amount: int, share_percent: int) -> int:
    """The mentor's part of an amount, rounded down: the rounding remainder is the platform's."""
    return amount * share_percent // 100


def share(amount: int, of: int, index: int) -> int:
    """The index-th (from 1) of `of` equal shares. All shares sum to the amount exactly."""
    return amount * index // of - amount * (index - 1) // of
