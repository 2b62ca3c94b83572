"""Stripe's wire as its reference describes it: form bodies with brackets, errors, amounts, lists. Knows nothing of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

ZERO_DECIMAL = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
TWO_ZEROS = {"isk", "ugx"}  # written with two digits that must be 00
LAST_ZERO = {"bhd", "jod", "kwd", "omr", "tnd"}
ISO_WHOLE = (ZERO_DECIMAL - {"mga"}) | TWO_ZEROS
LEAST = {"eur": 50, "usd": 50, "gbp": 30, "jpy": 50, "huf": 17500, "czk": 1500}

PAGE = {
    "mode", "success_url", "cancel_url", "client_reference_id", "customer_email", "expires_at", "metadata[]",
    "adaptive_pricing[enabled]", "line_items[#][quantity]", "line_items[#][price_data][currency]",
    "line_items[#][price_data][unit_amount]", "line_items[#][price_data][product_data][name]",
    "payment_intent_data[metadata][]", "payment_intent_data[description]",
}  # fmt: skip
REFUND = {"payment_intent", "charge", "amount", "reason", "metadata[]"}
LIST = {"limit", "starting_after", "payment_intent", "charge", "created[gte]", "created[lte]"}
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


class Refused(ValueError):
    """An error answer. `began`: execution had begun, so the answer is saved under the idempotency key."""

    def __init__(
        self, message: str, *, status: int = 400, code: str = "", param: str = "", type: str = "", began: bool = False
    ) -> None:
        super().__init__(message)
        said = {"type": type or "invalid_request_error", "code": code, "param": param, "message": message}
        self.status, self.began = status, began
        self.body = {"error": {name: value for name, value in said.items() if value}}


def missing(what: str, reference: str, param: str = "id") -> Refused:
    return Refused(f"No such {what}: '{reference}'", status=404, code="resource_missing", param=param)


def form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError as broken:
        raise Refused("Invalid request body.") from broken


def parse(pairs: Iterable[tuple[str, str]], allowed: set[str]) -> tuple[dict[str, Any], list[str]]:
    """Brackets to nested dicts (a list is a dict by index), and what is to be expanded. Unknown parameters are refused."""
    read: dict[str, Any] = {}
    expand, seen = [], set()
    for name, value in pairs:
        if name in seen:
            raise Refused(f"Parameter given twice: {name}", param=name)
        seen.add(name)
        if re.fullmatch(r"expand\[\d+\]", name):
            expand.append(value)
            continue
        if not _is_known(name, allowed):
            raise Refused(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        *folders, last = re.findall(r"[^\[\]]+", name)
        here: dict[str, Any] = read
        for folder in folders:
            here = here.setdefault(folder, {})
        here[last] = value
    return read, expand


def _is_known(name: str, known: set[str]) -> bool:
    shape = re.sub(r"\[\d+\]", "[#]", name)
    return shape in known or re.sub(r"\[[^\[\]]*\]$", "[]", shape) in known


def need(given: dict[str, Any], *path: str) -> str:
    here: Any = given
    for name in path:
        here = here.get(name) if isinstance(here, dict) else None
        if here is None or here == "":
            param = path[0] + "".join(f"[{p}]" for p in path[1:])
            raise Refused(f"Missing required param: {param}.", code="parameter_missing", param=param)
    return str(here)


def whole(text: str, param: str) -> int:
    if not re.fullmatch(r"-?\d{1,15}", text):
        raise Refused(f"Invalid integer: {text}", code="parameter_invalid_integer", param=param)
    return int(text)


def check_amount(amount: int, currency: str, param: str) -> None:
    if not re.fullmatch(r"[a-z]{3}", currency):
        raise Refused(f"Invalid currency: {currency}.", param="currency")
    if amount < 1:
        raise Refused("Invalid positive integer", code="parameter_invalid_integer", param=param)
    if amount > 99_999_999:
        raise Refused("Amount must be no more than 99999999", code="amount_too_large", param=param)
    if (currency in TWO_ZEROS and amount % 100) or (currency in LAST_ZERO and amount % 10):
        raise Refused(f"Invalid amount for {currency}: {amount}", code="invalid_amount", param=param)


def check_least(amount: int, currency: str) -> None:
    if amount < LEAST.get(currency, 1):
        raise Refused("The total amount due is below the minimum.", code="amount_too_small")


def check_metadata(given: dict[str, str]) -> dict[str, str]:
    if len(given) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in given.items()):
        raise Refused("Metadata is too large.", param="metadata")
    return dict(given)


def check_url(text: str, param: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(text) > 5000:
        raise Refused("Not a valid URL", code="url_invalid", param=param)
    return text


def wire(minor: int, currency: str) -> int:
    """ISO 4217 minor units (what the controls speak) as this wire says them."""
    if currency in TWO_ZEROS:
        return minor * 100
    return minor // 100 if currency == "mga" else minor


def display(amount: int, currency: str) -> str:
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in LAST_ZERO else 2
    whole_part, rest = divmod(amount, 10**digits)
    return f"{currency.upper()} {whole_part:,}" + (f".{rest:0{digits}}" if digits else "")


def listed(rows: list[dict[str, Any]], given: dict[str, Any], url: str) -> dict[str, Any]:
    """Newest first, from `starting_after` on, `limit` of them."""
    limit = whole(given.get("limit", "10"), "limit")
    if not 1 <= limit <= 100:
        raise Refused("Limit must be between 1 and 100", param="limit")
    found = [
        row for row in reversed(rows) if all(row[n] == given[n] for n in ("payment_intent", "charge") if n in given)
    ]
    if after := given.get("starting_after"):
        ids = [row["id"] for row in found]
        if after not in ids:
            raise missing("object", after, "starting_after")
        found = found[ids.index(after) + 1 :]
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": found[:limit]}
