"""Whether a webhook was sent by PayPal.

The signature covers the headers and only a CRC32 of the body: whoever saw one delivery can make other bodies it fits. So
a verified webhook is a hint where to look, and nothing it says is believed.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from mentorship.kernel.provider_env import Providers
from payments.providers.base import ForgedWebhook
from payments.providers.paypal.certificates import CERTIFICATES, Certificates, check_address, public_key

# PayPal tries for three days; whether a later try has a new stamp is not said anywhere.
OLDEST = timedelta(days=3, hours=1)
FUTURE = timedelta(minutes=10)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def verify(
    headers: Mapping[str, str],
    body: bytes,
    providers: Providers,
    machine_now: datetime,
    certificates: Certificates = CERTIFICATES,
) -> None:
    """Returns if PayPal signed this for one of our webhooks, lately. The one request it may make is for an unknown certificate.

    Raises ForgedWebhook, and ProviderTrouble when the certificate cannot be had now.
    """
    transmission = headers.get("PAYPAL-TRANSMISSION-ID", "")
    stamp = headers.get("PAYPAL-TRANSMISSION-TIME", "")
    # The sender names the algorithm; a weaker one is not ours to take.
    if headers.get("PAYPAL-AUTH-ALGO", "") != "SHA256withRSA" or not _ID.fullmatch(transmission):
        raise ForgedWebhook("not signed as PayPal signs")
    signature = _signature(headers.get("PAYPAL-TRANSMISSION-SIG", ""))
    _check_stamp(stamp, machine_now)
    url = check_address(headers.get("PAYPAL-CERT-URL", ""), providers)
    try:
        key = public_key(certificates.at(url), providers, machine_now)
    except ForgedWebhook:
        certificates.forget(url)  # it may have been renewed since
        raise
    for webhook_id in providers.paypal_webhook_ids:
        message = f"{transmission}|{stamp}|{webhook_id}|{zlib.crc32(body)}".encode()
        try:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return
    raise ForgedWebhook("the signature does not fit")


def _signature(text: str) -> bytes:
    if len(text) > 1024:
        raise ForgedWebhook("no signature")
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as odd:
        raise ForgedWebhook("no signature") from odd
    if not signature:
        raise ForgedWebhook("no signature")
    return signature


def _check_stamp(stamp: str, machine_now: datetime) -> None:
    if not _STAMP.fullmatch(stamp):
        raise ForgedWebhook("no stamp")
    try:
        sent = datetime.fromisoformat(stamp)
    except ValueError as odd:  # the 30th of February
        raise ForgedWebhook("no stamp") from odd
    if not machine_now - OLDEST <= sent <= machine_now + FUTURE:
        raise ForgedWebhook("stamped too long ago, or in the future")
