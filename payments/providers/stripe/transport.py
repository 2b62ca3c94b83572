"""How we talk to Stripe: the SDK with a client object of our own, in bounded time, and every failure as ProviderTrouble."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
import stripe
from django.conf import settings

from payments.providers.base import TIMEOUT, ProviderTrouble

CONNECT, READ = 2, 3  # seconds one attempt may wait; all attempts of one question together: TIMEOUT
RETRIES = 1
SHORTEST = 1  # second that must be left for another attempt, its delay included
LARGEST = 1_000_000
PIECE = 64 * 1024
KEYS = 3  # how many idempotency keys one thing may use up

# Otherwise the SDK keeps an id in a file of the home folder and reports on machine and calls.
stripe.enable_telemetry = False
# It logs every call, and what was sent and said (names, addresses) on level DEBUG: our own log says what failed.
logging.getLogger("stripe").setLevel(logging.WARNING)


class AnswerTooLarge(requests.exceptions.RequestException):
    """Nothing we ask about is that long."""


class Bounded(stripe.RequestsClient):
    """The SDK's HTTP client with one budget of time for everything, no redirects, and a largest answer."""

    def __init__(self, seconds: float) -> None:
        super().__init__(session=requests.Session())
        self._ends = time.monotonic() + seconds
        # Without an auth of its own the session would let a .netrc replace our key.
        self._ours().auth = _as_it_is

    def request(  # type: ignore[override] # the SDK's own clients give bytes too
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            left = self._left()
            if left <= 0:
                raise requests.exceptions.Timeout("no time is left")
            answer = self._ours().request(
                method,
                url,
                headers={**(headers or {}), "Accept-Encoding": "identity"},
                data=post_data,
                timeout=(min(CONNECT, left), min(READ, left)),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                return self._read(answer), answer.status_code, answer.headers
        except Exception as failed:  # noqa: BLE001 (the SDK's own handler sorts them, and always raises)
            self._handle_request_error(failed)

    def _read(self, answer: requests.Response) -> bytes:
        read = b""
        # read1 gives what is there: an answer that comes drop by drop meets the end of the budget.
        while piece := answer.raw.read1(PIECE, decode_content=True):
            read += piece
            if len(read) > LARGEST:
                raise AnswerTooLarge
            if self._left() <= 0:
                raise requests.exceptions.Timeout("the answer takes too long")
        return read

    def _should_retry(
        self, response: Any, api_connection_error: Any, num_retries: int, max_network_retries: Any
    ) -> bool:
        again = super()._should_retry(response, api_connection_error, num_retries, max_network_retries)
        return bool(again) and self._left() > SHORTEST

    def _left(self) -> float:
        return self._ends - time.monotonic()

    def close(self) -> None:
        self._ours().close()

    def _ours(self) -> requests.Session:
        assert self._session is not None
        return self._session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


@contextmanager
def asking(seconds: float = TIMEOUT) -> Iterator[stripe.StripeClient]:
    """A client for one question, which may take several calls. Raises ProviderTrouble for whatever goes wrong."""
    http = Bounded(seconds)
    keys = settings.PROVIDERS
    client = stripe.StripeClient(
        keys.stripe_secret_key,
        base_addresses={"api": keys.stripe_api_base},
        max_network_retries=RETRIES,
        http_client=http,
    )
    try:
        yield client
    except stripe.StripeError as failed:
        # Not chained: the SDK's error carries the whole answer.
        raise ProviderTrouble(in_short(failed)) from None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as odd:
        raise ProviderTrouble(f"Stripe's answer is not what was agreed: {type(odd).__name__} {odd}"[:300]) from None
    finally:
        http.close()


def in_short(failed: stripe.StripeError) -> str:
    """What an admin may read about it: no key, no body."""
    if isinstance(failed, stripe.APIConnectionError):
        return f"Stripe could not be reached ({type(failed.__cause__).__name__})"
    said = f"Stripe: {type(failed).__name__} {failed.http_status}"
    if isinstance(failed, stripe.InvalidRequestError | stripe.CardError | stripe.IdempotencyError):
        said += f" {failed.code or ''} {(failed.user_message or '')[:200]}"
    return " ".join(said.split())


def numbered(key: str, number: int) -> stripe.RequestOptions:
    """The idempotency key, and the ones after it for when Stripe has answered it with a failure."""
    return {"idempotency_key": key if number == 1 else f"{key}-{number}"}


def was_replayed(failed: stripe.StripeError) -> bool:
    """Whether this failure is the one Stripe had saved under the idempotency key: it will say nothing else any more."""
    return (failed.headers or {}).get("Idempotent-Replayed") == "true"
