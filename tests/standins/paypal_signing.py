"""How the PayPal stand-in signs: a certificate authority of its own, and RSA over the transmission's facts."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "messageverificationcerts.sandbox.paypal.com"


@dataclass(frozen=True)
class Signer:
    """A leaf certificate with its key, and the authority above it; all PEM."""

    key: rsa.RSAPrivateKey
    leaf: bytes
    authority: bytes

    def sign(self, transmission_id: str, stamp: str, webhook_id: str, body: bytes) -> str:
        message = f"{transmission_id}|{stamp}|{webhook_id}|{zlib.crc32(body) & 0xFFFFFFFF}"
        return base64.b64encode(self.key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


@lru_cache(maxsize=8)  # making keys takes a moment
def signer(name: str = NAME, authority: str = "Stand-in CA", days: int = 365) -> Signer:
    """A certificate for `name`, good from yesterday for so many days, under an authority of this process."""
    ca_key, key = _authority_key(authority), _new_key()
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority)])
    start = datetime.now(UTC) - timedelta(days=1)
    root = (
        _certificate(ca_name, ca_name, ca_key, start, 3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    leaf = (
        _certificate(subject, ca_name, key, start, days)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return Signer(key, leaf.public_bytes(pem), root.public_bytes(pem))


@lru_cache(maxsize=8)
def _authority_key(authority: str) -> rsa.RSAPrivateKey:
    return _new_key()


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, start: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
