"""Text that must not lie about in clear: encrypted with the first of ENCRYPTION_KEYS, read with any of them.

To rotate: put a new key first, keep the old one behind it, run `manage.py rotate_secrets`, then take the old one away.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """None of the keys opens it: a key was taken away too early, or the bytes were changed."""

    def __init__(self) -> None:
        super().__init__("none of ENCRYPTION_KEYS can read this")


def encrypt(text: str) -> bytes:
    """The text under the first key; another token each time."""
    return _box(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode())


def decrypt(token: bytes | memoryview) -> str:
    """Raises Unreadable."""
    try:
        return _box(tuple(settings.ENCRYPTION_KEYS)).decrypt(bytes(token)).decode()
    except InvalidToken as wrong:
        raise Unreadable from wrong


def rotated(token: bytes | memoryview) -> bytes:
    """The same text under the first key. Raises Unreadable."""
    try:
        return _box(tuple(settings.ENCRYPTION_KEYS)).rotate(bytes(token))
    except InvalidToken as wrong:
        raise Unreadable from wrong


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """What is in the settings is a passphrase of any length; Fernet wants 32 bytes, and only of this purpose."""
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mentorship payout details").derive(key.encode())
    return base64.urlsafe_b64encode(made)
