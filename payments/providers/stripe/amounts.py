"""Stripe's amounts. Its minor units are not always those of ISO 4217; between the two only whole, exact steps are made."""

from __future__ import annotations

from mentorship.kernel import money


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Stripe takes whole units of these. MGA is among them although ISO 4217 gives it a minor unit.
ZERO_DECIMAL = _codes("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")
# ISO 4217 gives these no minor unit, Stripe still wants two digits, which must be 00: 5 UGX is 500.
HUNDREDFOLD = _codes("ISK UGX")
# Three digits, of which the last must be 0: the card networks carry only two.
THREE_DECIMAL = _codes("BHD JOD KWD OMR TND")
# HUF and TWD are absent on purpose: they are whole units in payouts only, a charge has two digits.
TWO_DECIMAL = _codes(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE
    CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK
    LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR
    RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD YER ZAR ZMW
    """
)
KNOWN = ZERO_DECIMAL | HUNDREDFOLD | THREE_DECIMAL | TWO_DECIMAL
MOST = 99_999_999  # eight digits on the wire
# The least Stripe charges, on the wire. For others it depends on the account's own currency: Stripe says no by itself.
LEAST = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip


def digits(currency: str) -> int:
    """How many digits of an amount on Stripe's wire stand behind the point. Raises ValueError for an unknown currency."""
    if currency in ZERO_DECIMAL:
        return 0
    return 2 if currency in HUNDREDFOLD else money.exponent(currency)


def to_wire(minor: int, currency: str) -> int:
    """ISO 4217 minor units as Stripe writes them. Raises ValueError for what cannot be said there exactly."""
    wire = _scaled(minor, digits(currency) - money.exponent(currency))
    if currency in THREE_DECIMAL and wire % 10:
        raise ValueError(f"Stripe takes {currency} in steps of ten")
    return wire


def from_wire(wire: object, currency: str) -> int:
    """Stripe's amount in ISO 4217 minor units. Raises ValueError for what is no whole number of them."""
    return _scaled(_integer(wire), money.exponent(currency) - digits(currency))


def fee_from_wire(wire: object, currency: str) -> int:
    """A fee in ISO 4217 minor units, rounded up: it may be finer than any price (0.37 ISK)."""
    places = money.exponent(currency) - digits(currency)
    fee = _integer(wire)
    return fee * 10**places if places >= 0 else -(-fee // 10**-places)


def takes(currency: str, minor: int) -> bool:
    """Whether a checkout over this sum is possible."""
    if currency not in KNOWN:
        return False
    try:
        wire = to_wire(minor, currency)
    except ValueError:
        return False
    return LEAST.get(currency, 1) <= wire <= MOST


def _scaled(amount: int, places: int) -> int:
    """The amount times ten to the `places`, which may be negative. Raises ValueError when a digit would be lost."""
    if places >= 0:
        return amount * 10**places
    whole, lost = divmod(amount, 10**-places)
    if lost:
        raise ValueError("the amount has more digits than the currency")
    return whole


def _integer(wire: object) -> int:
    if not isinstance(wire, int) or isinstance(wire, bool):
        raise ValueError("an amount is a whole number")
    return wire
