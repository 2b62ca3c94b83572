"""Between ISO 4217's minor units and Stripe's wire only exact steps are made."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from mentorship.kernel import money
from payments.providers.stripe import amounts

CURRENCIES = st.sampled_from(sorted(amounts.KNOWN))


@pytest.mark.parametrize(
    ("minor", "currency", "wire"),
    [
        (28000, "EUR", 28000),
        (1, "EUR", 1),
        (500000, "NGN", 500000),
        (101, "JPY", 101),  # no minor unit on either side
        (5, "UGX", 500),  # none in ISO 4217, two digits at Stripe
        (7, "ISK", 700),
        (500, "MGA", 5),  # two digits in ISO 4217, none at Stripe
        (5120, "KWD", 5120),
        (17500, "HUF", 17500),  # whole units in payouts only
        (2500, "TWD", 2500),
    ],
)
def test_known_amounts(minor: int, currency: str, wire: int) -> None:
    assert amounts.to_wire(minor, currency) == wire
    assert amounts.from_wire(wire, currency) == minor


@pytest.mark.parametrize(("minor", "currency"), [(5124, "KWD"), (550, "MGA"), (1, "TND")])
def test_what_the_wire_cannot_say_is_not_offered(minor: int, currency: str) -> None:
    with pytest.raises(ValueError, match=r"digits|steps of ten"):
        amounts.to_wire(minor, currency)
    assert not amounts.takes(currency, minor)


@pytest.mark.parametrize(
    ("wire", "currency"),
    [(550, "ISK"), (1, "UGX"), (10.0, "EUR"), ("10", "EUR"), (True, "EUR"), (None, "EUR"), (10, "EURO"), (10, "")],
)
def test_an_answer_that_is_no_amount_is_refused(wire: object, currency: str) -> None:
    with pytest.raises(ValueError, match=r"digits|whole number|unknown currency"):
        amounts.from_wire(wire, currency)


@given(CURRENCIES, st.integers(min_value=0, max_value=10**12))
def test_there_and_back(currency: str, minor: int) -> None:
    """What can be said at all comes back unchanged; what cannot differs in digits that would be lost."""
    try:
        wire = amounts.to_wire(minor, currency)
    except ValueError:
        assert currency in amounts.THREE_DECIMAL | {"MGA"}
        return
    assert isinstance(wire, int)
    assert amounts.from_wire(wire, currency) == minor
    # The same sum of money, said in major units.
    assert wire * 10 ** money.exponent(currency) == minor * 10 ** amounts.digits(currency)


@given(CURRENCIES, st.integers(min_value=0, max_value=10**9))
def test_a_fee_is_never_too_small(currency: str, wire: int) -> None:
    fee = amounts.fee_from_wire(wire, currency)
    kept, charged = wire * 10 ** money.exponent(currency), fee * 10 ** amounts.digits(currency)
    assert 0 <= charged - kept < 10 ** amounts.digits(currency)


@pytest.mark.parametrize(
    ("currency", "minor", "taken"),
    [
        ("EUR", 49, False),
        ("EUR", 50, True),
        ("EUR", 99_999_999, True),
        ("EUR", 100_000_000, False),
        ("JPY", 101, True),
        ("UGX", 999_999, True),
        ("UGX", 1_000_000, False),  # eight digits on the wire
        ("HUF", 17499, False),
        ("NGN", 500000, True),
        ("EUR", 0, False),
        ("EUR", -100, False),
        ("XXX", 1000, False),
        ("eur", 1000, False),
    ],
)
def test_what_is_offered(currency: str, minor: int, taken: bool) -> None:
    assert amounts.takes(currency, minor) is taken
