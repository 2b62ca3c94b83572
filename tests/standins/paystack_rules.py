"""What Paystack checks before it does anything, and how it words its answers."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from tests.standins.base import Answer, Request, json_answer

Row = dict[str, Any]
CURRENCIES = ("GHS", "KES", "NGN", "USD", "ZAR")
MOST_A_PAGE = 100


class No(Exception):
    def __init__(self, status: int, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.code, self.message = status, kind, code, message

    def answer(self) -> Answer:
        said = {
            "status": False,
            "message": self.message,
            "meta": {"nextStep": "Read the documentation"},
            "type": self.kind,
            "code": self.code,
        }
        return json_answer(said, self.status)


def answer(message: str, data: object, **more: object) -> Answer:
    return json_answer({"status": True, "message": message, "data": data, **more})


def public(row: Row) -> Row:
    """Without what only the stand-in knows."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def check_key(request: Request, secret_key: str) -> None:
    given = request.headers.get("Authorization", "")
    if not given.startswith("Bearer "):
        raise No(401, "validation_error", "invalid_auth", "Format is Authorization Bearer [secret key]")
    if given != f"Bearer {secret_key}":
        raise No(401, "validation_error", "invalid_Key", "Invalid key")


def body_of(request: Request) -> Row:
    try:
        said = json.loads(request.body)
    except ValueError:
        said = None
    if request.headers.get_content_type() != "application/json" or not isinstance(said, dict):
        raise No(400, "validation_error", "invalid_params", "Invalid JSON")
    return said


def number(value: object) -> int | None:
    """A positive whole number, or its text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def check_initialize(asked: Row) -> None:
    metadata = asked.get("metadata", "")
    checks = [
        (re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(asked.get("email", ""))), "Invalid Email Address Passed"),
        (number(asked.get("amount")), "Invalid amount passed"),
        (asked.get("currency", "NGN") in CURRENCIES, "Currency not supported by merchant"),
        (
            re.fullmatch(r"[-.=A-Za-z0-9]{1,100}", str(asked.get("reference", "T1"))),
            "Invalid character in transaction reference",
        ),
        (str(asked.get("callback_url", "http://")).startswith(("http://", "https://")), "Invalid callback URL"),
        (isinstance(metadata, dict | str), "Invalid metadata"),
    ]
    for fine, complaint in checks:
        if not fine:
            raise No(400, "validation_error", "invalid_params", complaint)


def refund_amount(asked: Row, paid: Row, refundable: int) -> int:
    if paid["status"] == "reversed":
        raise No(400, "api_error", "transaction_reversed", "Transaction has been fully reversed")
    if paid["status"] != "success":
        raise No(400, "validation_error", "transaction_not_successful", "Only successful transactions can be refunded")
    if asked.get("currency", paid["currency"]) != paid["currency"]:
        raise No(400, "validation_error", "invalid_params", "Currency does not match the transaction's")
    amount = number(asked.get("amount", refundable))
    if amount is None:
        raise No(400, "validation_error", "invalid_params", "Amount must be an integer")
    if amount > refundable:
        raise No(400, "validation_error", "invalid_params", "Refund amount cannot be more than transaction amount")
    if paid["currency"] == "USD" and amount < 100:
        raise No(400, "validation_error", "invalid_params", "Cannot refund less than USD 1")
    return amount


def page_of(rows: list[Row], query: dict[str, str]) -> tuple[list[Row], Row]:
    """Newest first, by `perPage`, `page`, `from` and `to`; other filters are not known and not minded."""
    size, page = number(query.get("perPage", "50")), number(query.get("page", "1"))
    if size is None or page is None:
        raise No(400, "validation_error", "invalid_params", "Invalid pagination")
    size = min(size, MOST_A_PAGE)
    found = [row for row in reversed(rows) if _within(row["created_at"], query)]
    meta = {"total": len(found), "skipped": (page - 1) * size, "perPage": size, "page": page}
    return found[(page - 1) * size : page * size], meta


def _within(made: str, query: dict[str, str]) -> bool:
    try:
        ends = [datetime.fromisoformat(query[name]) if name in query else None for name in ("from", "to")]
        at = datetime.fromisoformat(made)
        return (ends[0] is None or at >= ends[0]) and (ends[1] is None or at <= ends[1])
    except (ValueError, TypeError):
        raise No(400, "validation_error", "invalid_params", "Invalid 'from' date") from None


def metadata_as(how: str, metadata: object) -> object:
    if not metadata:
        return ""
    return {"object": metadata, "text": json.dumps(metadata), "empty": "", "zero": 0}[how]


def fee(amount: int, currency: str) -> int:
    """1.5 % and NGN 100 from NGN 2,500 up, at most NGN 2,000; elsewhere 2.9 %."""
    if currency != "NGN":
        return amount * 29 // 1000
    return min(200_000, amount * 15 // 1000 + (10_000 if amount >= 250_000 else 0))
