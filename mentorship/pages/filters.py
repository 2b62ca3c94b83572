"""What a reader of the marketplace may ask for. What cannot be understood is left out, with a sentence that says so."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from mentorship.kernel import money
from mentorship.kernel.api import BIGGEST_ID
from mentorship.pages.listings import PARTS_OF_DAY

FITS = {**{part: f"Fits my {part}" for part in PARTS_OF_DAY}, "weekends": "Fits my weekends"}
CURRENCIES = ("EUR", "USD", "GBP", "NGN", "CHF", "JPY")
LENGTHS = (20, 30, 45, 60, 90)
MOST_TEXT = 200
MOST_TOPICS = 20
MAX_MINOR = 10**12


class MarketFilters:
    """The filters of one request: clean values, what was left out and why, and the query that asks for the same."""

    def __init__(self, query: QueryDict) -> None:
        self.left_out: list[str] = []
        self.q = self._text(query, "q")
        self.mentor = self._text(query, "mentor")
        self.topics = [t for t in query.getlist("topic")[:MOST_TOPICS] if re.fullmatch(r"[-\w]{1,60}", t)]
        language = query.get("language", "")
        self.language = language if re.fullmatch(r"[A-Za-z_-]{2,35}", language) else ""
        self.fits = [part for part in FITS if part in query.getlist("fits")]
        self.currency = self._currency(query.get("currency", ""))
        self.max_price = query.get("max_price", "").strip()[:20]
        self.max_price_minor = self._price(self.max_price, self.currency)
        self.duration = self._number(query, "duration", 15, 480, "a length in minutes")
        self.course = self._number(query, "course", 1, BIGGEST_ID, "a course")
        self.completed = query.get("completed") in ("1", "on", "true")
        self.cursor = self._cursor(query.get("cursor", ""))

    @property
    def fit_choices(self) -> list[tuple[str, str]]:
        return list(FITS.items())

    @property
    def currencies(self) -> list[str]:
        return list(dict.fromkeys([*CURRENCIES, self.currency]))

    @property
    def lengths(self) -> list[int]:
        return sorted({*LENGTHS, *([self.duration] if self.duration else [])})

    @property
    def more_are_set(self) -> bool:
        """One of the filters behind "More filters" is in use."""
        return bool(self.mentor or self.max_price_minor is not None or self.duration or self.course or self.completed)

    @property
    def any_is_set(self) -> bool:
        return bool(self.q or self.topics or self.language or self.fits or self.more_are_set)

    def query(self, cursor: str = "") -> str:
        """The address of the same filters, as a query string."""
        said: list[tuple[str, Any]] = [("topic", topic) for topic in self.topics] + [
            ("fits", part) for part in self.fits
        ]
        price = self.max_price if self.max_price_minor is not None else ""
        said += [("q", self.q), ("language", self.language), ("mentor", self.mentor), ("max_price", price)]
        said += [("currency", self.currency if price else ""), ("duration", self.duration), ("course", self.course)]
        said += [("completed", "1" if self.completed else ""), ("cursor", cursor)]
        return urlencode([(name, value) for name, value in said if value not in ("", None)])

    def _text(self, query: QueryDict, name: str) -> str:
        return "".join(c for c in query.get(name, "")[:MOST_TEXT] if c.isprintable()).strip()

    def _currency(self, code: str) -> str:
        try:
            money.exponent(code.upper())
        except ValueError:
            if code:
                self.left_out.append("We do not know this currency, so the price counts in euros.")
            return "EUR"
        return code.upper()

    def _price(self, text: str, currency: str) -> int | None:
        if not text:
            return None
        try:
            amount = Decimal(text.replace(",", "."))
            minor = (
                int(amount.scaleb(money.exponent(currency))) if amount.is_finite() and 0 <= amount < MAX_MINOR else -1
            )
        except (InvalidOperation, ValueError, OverflowError):
            minor = -1
        if minor < 0:
            self.left_out.append("The highest price is not a sum, so it was left out.")
            return None
        return min(minor, MAX_MINOR)

    def _number(self, query: QueryDict, name: str, least: int, most: int, what: str) -> int | None:
        text = query.get(name, "").strip()
        if not text:
            return None
        if text.isdecimal() and len(text) < 20 and least <= int(text) <= most:
            return int(text)
        self.left_out.append(f"This is not {what}, so it was left out.")
        return None

    def _cursor(self, text: str) -> tuple[datetime, int] | None:
        match = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", text)
        if match is None:
            return None
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(match[1])), int(match[2])
        except OverflowError:
            return None
