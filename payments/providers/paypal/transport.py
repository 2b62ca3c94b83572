"""PayPal's API over `paypalrestsdk`, of which only the OAuth and HTTP floor is used, and that not as it comes.

The package as it is waits without an end, follows redirects, calls itself for ever on 401, gives 400 back as if it were an
answer, sends an order's headers along to the token call, a body with GET, and logs credentials. Its `configure()` and its
resource classes, which work on one API object for the whole process, are never touched.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import paypalrestsdk
import requests
import urllib3
from paypalrestsdk import exceptions

from payments.providers.base import TIMEOUT, ProviderTrouble

LARGEST = 1_000_000  # bytes of an answer
MARGIN = timedelta(minutes=1)  # before its end, in which a token is no longer used
MOST_TOKENS = 8
_REFUSALS = {400, 403, 404, 409, 422}

_tokens: dict[str, tuple[dict[str, Any], timedelta]] = {}
_tokens_lock = threading.Lock()


def uptime() -> timedelta:
    """A clock that nobody sets: for how long something may take."""
    return timedelta(seconds=time.monotonic())


class Refused(Exception):
    """PayPal understood, and says no: the HTTP status and the issues it names (`ORDER_NOT_APPROVED`)."""

    def __init__(self, status: int, issues: frozenset[str]) -> None:
        super().__init__(f"PayPal refused ({status} {', '.join(sorted(issues)) or 'without a reason'})")
        self.status = status
        self.issues = issues


class Transport(paypalrestsdk.Api):  # type: ignore[misc, unused-ignore]
    """One conversation with PayPal: all its calls together end `patience` seconds after it was begun."""

    def __init__(self, base: str, client_id: str, client_secret: str, patience: int = TIMEOUT) -> None:
        # "live" is also the parent's word for not logging headers and bodies; where it leads is `endpoint`.
        super().__init__(
            mode="live", endpoint=base, token_endpoint=base, client_id=client_id, client_secret=client_secret
        )
        self._ends = uptime() + timedelta(seconds=patience)
        self._session = session(base)
        # The secret is part of the name: after it was changed no old token is used.
        self._name = hashlib.sha256(f"{base}\n{client_id}\n{client_secret}".encode()).hexdigest()

    # --- what the adapter calls -------------------------------------------------------------------------------------

    def ask(self, path: str) -> dict[str, Any]:
        """GET. Raises Refused, ProviderTrouble."""
        return self._call("GET", path, None, {})

    def tell(self, path: str, body: dict[str, Any], *, request_id: str) -> dict[str, Any]:
        """POST, done once for each `request_id`, however often it is said. Raises Refused, ProviderTrouble."""
        if not 0 < len(request_id) <= 108:
            raise ValueError("a PayPal-Request-Id has 1 to 108 characters")
        return self._call("POST", path, body, {"PayPal-Request-Id": request_id, "Prefer": "return=representation"})

    def _call(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> dict[str, Any]:
        try:
            said = self.request(f"{self.endpoint}/{path}", method, body, headers)
        except exceptions.ConnectionError as no:
            # Not `str(no)`: it holds PayPal's whole answer, and for a redirect it crashes.
            raise _translated(no) from None
        except (ValueError, RecursionError) as odd:
            raise ProviderTrouble("PayPal's answer could not be read") from odd
        if not isinstance(said, dict):
            raise ProviderTrouble("PayPal's answer is no object")
        return said

    # --- what the package does otherwise ----------------------------------------------------------------------------

    def request(
        self,
        url: str,
        method: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        refresh_token: str | None = None,
    ) -> Any:
        """One call, and one more with a new token when the old one is not taken."""
        data = None if body is None else json.dumps(body)
        for last in (False, True):
            token = self.get_token_hash()
            try:
                return self.http_call(url, method, data=data, headers=self._headers(token) | (headers or {}))
            except exceptions.UnauthorizedAccess:
                self._forget(token)
                if last:
                    raise
        raise AssertionError("the second time returns or raises")

    def get_token_hash(
        self, authorization_code: str | None = None, refresh_token: str | None = None, headers: Any = None
    ) -> dict[str, Any]:
        """This process's token, fetched when there is none or its time is nearly over."""
        with _tokens_lock:
            token, ends = _tokens.get(self._name, ({}, timedelta()))
        if ends > uptime():
            return token
        self.token_hash = None  # the parent keeps one of its own
        asked_at = uptime()
        token = super().get_token_hash()  # without the order's headers
        lives = token.get("expires_in") if isinstance(token, dict) else None
        # `type is int`: neither true nor 3e4 is a number of seconds
        if type(lives) is not int or not isinstance(token.get("access_token"), str):
            raise ProviderTrouble("PayPal's token could not be read")
        with _tokens_lock:
            if len(_tokens) >= MOST_TOKENS:
                _tokens.clear()
            _tokens[self._name] = (token, asked_at + timedelta(seconds=lives) - MARGIN)
        return token

    def _forget(self, token: dict[str, Any]) -> None:
        with _tokens_lock:
            if _tokens.get(self._name, ({}, timedelta()))[0] is token:  # another thread may have a newer one already
                del _tokens[self._name]

    def _headers(self, token: dict[str, Any]) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token['access_token']}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": self.user_agent,
        }

    def http_call(self, url: str, method: str, **kwargs: Any) -> Any:
        """What leaves the house, nothing of it logged."""
        status, content = fetch(
            self._session,
            method,
            url,
            ends=self._ends,
            most=LARGEST,
            data=kwargs.get("data"),
            headers=kwargs["headers"],
        )
        answer = requests.Response()
        answer.status_code = status
        return self.handle_response(answer, content.decode())


def session(base: str) -> requests.Session:
    """Connections that take a proxy from the environment, but nothing from a `.netrc`, and no cookies."""
    made = requests.Session()
    made.auth = lambda request: request  # otherwise a .netrc's password would replace our Authorization header
    made.trust_env = urlsplit(base).scheme == "https"  # what is on this machine is not reached through a proxy
    made.cookies.set_policy(_NO_COOKIES)
    return made


def fetch(
    through: requests.Session,
    method: str,
    url: str,
    *,
    ends: timedelta,
    most: int,
    data: str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    """Status and body, without following redirects, over by `ends` (of `uptime`), at most `most` bytes.

    Raises ProviderTrouble.
    """
    left = ends - uptime()
    if left <= timedelta():
        raise ProviderTrouble("PayPal took too long")
    try:
        with through.request(
            method,
            url,
            data=data,
            headers=headers,
            timeout=urllib3.Timeout(total=left.total_seconds()),  # type: ignore[arg-type]
            allow_redirects=False,
            stream=True,
        ) as answer:
            return answer.status_code, _body(answer, ends, most)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as broken:
        raise ProviderTrouble(f"PayPal could not be reached ({type(broken).__name__})") from None


def _body(answer: requests.Response, ends: timedelta, most: int) -> bytes:
    body = bytearray()
    while part := answer.raw.read1(16_384, decode_content=True):
        body += part
        if len(body) > most:
            raise ProviderTrouble("PayPal's answer is too long")
        if uptime() > ends:
            raise ProviderTrouble("PayPal took too long")
    return bytes(body)


def _translated(no: exceptions.ConnectionError) -> Exception:
    status = no.response.status_code
    if status not in _REFUSALS:
        return ProviderTrouble(
            "PayPal does not take our credentials" if status == 401 else f"PayPal answered with status {status}"
        )
    try:
        said = json.loads(no.content)
        named = [said.get("name"), *(detail.get("issue") for detail in said.get("details") or ())]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return ProviderTrouble(f"PayPal refused without a reason that could be read ({status})")
    return Refused(status, frozenset(name for name in named if isinstance(name, str)))


def _no_cookies() -> Any:
    from http.cookiejar import DefaultCookiePolicy

    return DefaultCookiePolicy(allowed_domains=[])


_NO_COOKIES = _no_cookies()
