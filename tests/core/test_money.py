"""Sums as their reader writes them; whole ones without decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mentorship.kernel import money

NARROW, WIDE = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("locale", "euros", "whole", "yen"),
    [
        ("en", "€1,280.50", "€280", "¥1,234,567"),
        ("de", f"1.280,50{WIDE}€", f"280{WIDE}€", f"1.234.567{WIDE}¥"),
        ("fr", f"1{NARROW}280,50{WIDE}€", f"280{WIDE}€", f"1{NARROW}234{NARROW}567{WIDE}JPY"),
        ("ja", "€1,280.50", "€280", "￥1,234,567"),
    ],
)
def test_in_the_reader_s_format(locale, euros, whole, yen):
    assert money.display(128050, "EUR", locale) == euros
    assert money.display(28000, "EUR", locale) == whole
    assert money.display(1234567, "JPY", locale) == yen


def test_the_currency_says_how_many_digits():
    assert [money.exponent(currency) for currency in ("EUR", "JPY", "KWD")] == [2, 0, 3]
    assert money.display(1500, "KWD").endswith("1.500")
    assert (money.to_minor(Decimal("1.5"), "EUR"), money.to_major(150, "EUR")) == (150, Decimal("1.50"))
    with pytest.raises(ValueError, match="decimal places"):
        money.to_minor(Decimal("1.505"), "EUR")
    with pytest.raises(ValueError, match="unknown currency"):
        money.exponent("XXQ")


def test_a_debt_keeps_its_sign():
    assert money.display(-350000, "NGN") in {f"-NGN{WIDE}3,500", "-₦3,500"}


@pytest.mark.parametrize(("amount", "of"), [(10000, 3), (1, 4), (0, 2), (99999, 7)])
def test_shares_sum_to_the_whole(amount, of):
    assert sum(money.share(amount, of, n) for n in range(1, of + 1)) == amount
    assert money.part(5000, 70) == 3500 and money.part(999, 70) == 699
