"""How we talk to Paystack: JSON over `requests`, in bounded time, and every failure as ProviderTrouble or Refused."""

from __future__ import annotations

import json
import time
from typing import Any

import requests
from django.conf import settings

from payments.providers.base import TIMEOUT, ProviderTrouble

CONNECT, READ = 2, 3  # seconds one call may wait; all calls of one question together have their own end
LARGEST = 1_000_000  # bytes of an answer
PIECE = 64 * 1024


class Refused(Exception):
    """Paystack understood, and says no: the HTTP status, its code (`duplicate_reference`) and its sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(" ".join(f"Paystack: {status} {code} {message}".split())[:300])
        self.status = status
        self.code = code
        self.message = message


class Paystack:
    """One conversation. `with Paystack() as api:` all its calls together end `seconds` after it was begun."""

    def __init__(self, seconds: float = TIMEOUT) -> None:
        keys = settings.PROVIDERS
        self._base = keys.paystack_base_url
        self._key = keys.paystack_secret_keys[0]
        self._ends = time.monotonic() + seconds
        self._session = requests.Session()
        # As an auth of its own: otherwise a .netrc would replace the key.
        self._session.auth = self._signed_in

    def __enter__(self) -> Paystack:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        return self._ask("GET", path, query, None)

    def post(self, path: str, said: dict[str, Any]) -> dict[str, Any]:
        """Never repeated by itself: Paystack knows no idempotency key."""
        return self._ask("POST", path, {}, said)

    def _signed_in(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def _ask(self, method: str, path: str, query: dict[str, Any], said: dict[str, Any] | None) -> dict[str, Any]:
        left = self._left()
        try:
            answer = self._session.request(
                method,
                self._base + path,
                params=query,
                json=said,
                # Not packed: what is small on the wire could be huge in memory.
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                timeout=(min(CONNECT, left), min(READ, left)),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                return _understood(answer.status_code, self._read(answer))
        except (requests.RequestException, OSError) as failed:
            # Not chained: its text has the whole address.
            raise ProviderTrouble(f"Paystack could not be reached ({type(failed).__name__})") from None

    def _read(self, answer: requests.Response) -> bytes:
        read = b""
        # read1 gives what is there: an answer that comes drop by drop meets the end of the conversation.
        while piece := answer.raw.read1(PIECE):
            read += piece
            self._left()
            if len(read) > LARGEST:
                raise ProviderTrouble("Paystack's answer is too large")
        return read

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise ProviderTrouble("Paystack takes too long")
        return left


def _understood(status: int, body: bytes) -> dict[str, Any]:
    """The whole answer `{status, message, data, meta}`. Raises Refused, ProviderTrouble."""
    if status in (401, 403, 408, 429) or status >= 500 or status < 200 or 300 <= status < 400:
        raise ProviderTrouble(f"Paystack answers {status}")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderTrouble("Paystack's answer could not be read") from None
    if not isinstance(said, dict) or not isinstance(said.get("status"), bool):
        raise ProviderTrouble("Paystack's answer is not what was agreed")
    if status >= 400 or not said["status"]:
        raise Refused(status, _short(said.get("code")), _short(said.get("message")))
    return said


def _short(text: object) -> str:
    return text[:200] if isinstance(text, str) else ""


# --- values -------------------------------------------------------------------------------------------------------------


def record(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProviderTrouble(f"Paystack's answer has no {what}")
    return value


def records(value: object, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ProviderTrouble(f"Paystack's answer has no {what}")
    return [record(one, what) for one in value]


def text(value: object, what: str) -> str:
    """A short printable word."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 200:
        raise ProviderTrouble(f"Paystack's answer has no {what}")
    return value


def whole(value: object, what: str) -> int:
    """A whole number that is not negative. Paystack writes some as text ("10000")."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    raise ProviderTrouble(f"Paystack's answer has no {what}")


def id_of(value: object) -> str:
    """An id, from a number, a text, or the object it belongs to; "" when there is none."""
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value)
