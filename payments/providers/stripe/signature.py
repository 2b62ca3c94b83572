"""Stripe's webhook signature. Our own few lines: the SDK's check accepts stamps from the future."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from payments.providers.base import ForgedWebhook

HEADER = "Stripe-Signature"
TOLERANCE = 300  # seconds a stamp may lie in the past or, for clocks that disagree, in the future
LONGEST = 2000
MOST_SIGNATURES = 10  # while a secret is rotated Stripe signs with each of them


def check(header: str, body: bytes, secrets: Iterable[str], machine_now: datetime) -> None:
    """`t=<unix time>,v1=<hex hmac-sha256 of "t.body">`; any `v1` under any secret may fit. Raises ForgedWebhook."""
    stamp, signatures = _read(header)
    message = stamp.encode() + b"." + body
    expected = [hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() for secret in secrets if secret]
    if not any(hmac.compare_digest(e.encode(), s.encode()) for e in expected for s in signatures):
        raise ForgedWebhook("the signature does not fit")
    if abs(machine_now.timestamp() - int(stamp)) > TOLERANCE:
        raise ForgedWebhook("the stamp is more than 5 minutes off")


def _read(header: str) -> tuple[str, list[str]]:
    if len(header) > LONGEST:
        raise ForgedWebhook("the signature is too long")
    parts = [part.strip().partition("=")[::2] for part in header.split(",")]
    stamps = [value for scheme, value in parts if scheme == "t"]
    signatures = [value for scheme, value in parts if scheme == "v1"][:MOST_SIGNATURES]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdecimal() and len(stamps[0]) <= 12):
        raise ForgedWebhook("no stamp")
    if not signatures:
        raise ForgedWebhook("not signed")
    return stamps[0], signatures
