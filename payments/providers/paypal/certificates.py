"""The certificate PayPal signs its webhooks with: from which address it may come, and whom it is believed.

Whoever sends a webhook chooses the address, so everything about it is checked before a request goes out.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from mentorship.kernel.provider_env import PAYPAL, Providers
from payments.providers.base import TIMEOUT, ForgedWebhook, ProviderTrouble
from payments.providers.paypal.transport import fetch, session, uptime

log = structlog.get_logger(__name__)
LARGEST = 64 * 1024
LOOPBACK = ("127.0.0.1", "localhost")
MOST_KEPT = 16
MOST_FETCHES, FETCH_WINDOW = (
    10,
    timedelta(minutes=1),
)  # so many new addresses at most: more come only from someone who invents them
NAME, SANDBOX_NAME = "messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com"
# No user, no query, no dot segments, no escapes: what is matched here is what is requested.
_ADDRESS = re.compile(r"(https?)://([a-z0-9.-]{1,100})(?::([0-9]{1,5}))?/v1/notifications/certs/[A-Za-z0-9_-]{1,200}")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

Chain = tuple[x509.Certificate, ...]


def check_address(url: str, providers: Providers) -> str:
    """The address, if a certificate may be fetched from it. Raises ForgedWebhook."""
    parts = _ADDRESS.fullmatch(url)
    if not parts:
        raise ForgedWebhook("no address of a PayPal certificate")
    scheme, host, port = parts.groups()
    if scheme == "https":
        # Without `providers_anywhere` a slip in the settings cannot open another company's host.
        ours = host.endswith(".paypal.com") or providers.providers_anywhere
        allowed = ours and port in (None, "443") and host in providers.paypal_cert_allowed_hosts
    else:
        allowed = (
            _is_stand_in(providers) and host in LOOPBACK and f"{host}:{port}" in providers.paypal_cert_allowed_hosts
        )
    if not allowed:
        raise ForgedWebhook("PayPal's certificate does not come from there")
    return url


def _is_stand_in(providers: Providers) -> bool:
    """Whether "PayPal" is a stand-in on this machine: only then is anything fetched without TLS.

    The switch alone does not do: where real money is taken the API's address is PayPal's own.
    """
    return providers.providers_anywhere and urlsplit(providers.paypal_base_url).hostname in LOOPBACK


def names(providers: Providers) -> tuple[str, ...]:
    """Whose certificate it must be. PayPal signs some test deliveries with the live one, never the other way round."""
    return (NAME,) if providers.paypal_base_url == PAYPAL else (NAME, SANDBOX_NAME)


def download(url: str) -> bytes:
    """The PEM text at a checked address. Raises ForgedWebhook, and ProviderTrouble if it may be there another time."""
    status, body = fetch(session(url), "GET", url, ends=uptime() + timedelta(seconds=TIMEOUT), most=LARGEST)
    if status == 429 or status >= 500:
        raise ProviderTrouble(f"PayPal's certificate cannot be had now (status {status})")
    if status != 200:
        raise ForgedWebhook(f"there is no certificate at this address (status {status})")
    return body


class Certificates:
    """The chains by their address, kept by this process; they are few."""

    def __init__(self, download: Callable[[str], bytes] = download) -> None:
        self._download = download
        self._kept: dict[str, Chain] = {}
        self._fetched_at: deque[timedelta] = deque(maxlen=MOST_FETCHES)
        self._lock = threading.Lock()

    def at(self, url: str) -> Chain:
        """The chain at this checked address, leaf first. Raises ForgedWebhook, ProviderTrouble."""
        with self._lock:
            if url in self._kept:
                return self._kept[url]
            began = uptime()
            if len(self._fetched_at) == MOST_FETCHES and began - self._fetched_at[0] < FETCH_WINDOW:
                raise ProviderTrouble("too many unknown certificates at once")
            self._fetched_at.append(began)
        chain = parse(self._download(url))  # outside the lock: the others do not wait for PayPal
        if not chain:
            raise ForgedWebhook("there is no certificate at this address")
        with self._lock:
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[url] = chain
        return chain

    def forget(self, url: str) -> None:
        with self._lock:
            self._kept.pop(url, None)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._fetched_at.clear()


CERTIFICATES = Certificates()


def parse(pem: bytes) -> Chain:
    """The certificates in a PEM text; what is broken is left out."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd root among a hundred is not our business
        for block in _PEM.findall(pem):
            try:
                found.append(x509.load_pem_x509_certificate(block))
            except ValueError:
                continue
    return tuple(found)


@lru_cache(maxsize=4)
def _trusted(path: str, _written: int) -> tuple[Store, Chain]:
    given = parse(Path(path).read_bytes())
    roots = [one for one in given if one.issuer == one.subject]
    between = [one for one in given if one.issuer != one.subject]
    if not roots:
        roots = [one for one in parse(Path(certifi.where()).read_bytes()) if one.issuer == one.subject]
    for packed in files("paypalrestsdk").joinpath("data").iterdir():
        if packed.name.endswith(".pem"):
            between += [one for one in parse(packed.read_bytes()) if one.issuer != one.subject]
    return Store(roots), tuple(between)


def trusted(ca_file: str) -> tuple[Store, Chain]:
    """The roots in this file, and what may complete a chain without being believed by itself.

    A file without a root of its own only completes chains: then, as without a file, the roots are those that every TLS
    connection from here trusts.
    """
    path = Path(ca_file or certifi.where())
    return _trusted(str(path), path.stat().st_mtime_ns)


def public_key(chain: Chain, providers: Providers, machine_now: datetime) -> RSAPublicKey:
    """The key of PayPal's certificate, if it is PayPal's, and valid now. Raises ForgedWebhook, ProviderTrouble."""
    try:
        roots, between = trusted(providers.paypal_ca_file)
    except OSError as gone:  # it was there when we started
        raise ProviderTrouble("PAYPAL_CA_FILE cannot be read") from gone
    leaf = chain[0]
    policy = PolicyBuilder().store(roots).time(machine_now)
    for name in names(providers):
        try:
            policy.build_server_verifier(x509.DNSName(name)).verify(leaf, [*chain[1:], *between])
        except VerificationError:
            continue
        key = leaf.public_key()
        if isinstance(key, RSAPublicKey):
            return key
    # Whoever reads this and runs a real shop: PAYPAL_CA_FILE may need the certificate of this issuer.
    log.warning("paypal_certificate_refused", subject=_said(leaf.subject), issuer=_said(leaf.issuer))
    raise ForgedWebhook("the certificate is not PayPal's, or not valid now")


def _said(name: x509.Name) -> str:
    return name.rfc4514_string()[:200]
