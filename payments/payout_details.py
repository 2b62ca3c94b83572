"""Where a mentor wants to be paid: a name and an account, kept encrypted, shown back with the last four signs only."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field

from payments.secret_text import decrypt, encrypt

SEEN = 4
HIDDEN = "\N{BULLET}" * 4


@dataclass(frozen=True)
class Details:
    """Printing it shows the mask only, so that no log and no error page can tell the account."""

    holder: str = field(repr=False)
    account: str = field(repr=False)
    bank: str = field(default="", repr=False)
    bic: str = field(default="", repr=False)
    country: str = ""
    note: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"account {self.masked}"

    @property
    def masked(self) -> str:
        """ "•••• 3000": enough to recognise one's own account."""
        return f"{HIDDEN} {self.account[-SEEN:]}"

    @property
    def account_display(self) -> str:
        """In groups of four, as banks print it."""
        return " ".join(re.findall(".{1,4}", self.account)) if looks_like_iban(self.account) else self.account

    def sealed(self) -> bytes:
        return encrypt(json.dumps(asdict(self), ensure_ascii=False))

    @classmethod
    def opened(cls, secret: bytes | memoryview) -> Details:
        """Raises `secret_text.Unreadable`."""
        return cls(**json.loads(decrypt(secret)))


def compact(account: str) -> str:
    """Without the spaces and hyphens people write; letters large."""
    return re.sub(r"[\s-]", "", account).upper()


def looks_like_iban(account: str) -> bool:
    return re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", account) is not None


def is_iban(account: str) -> bool:
    """The check digits of ISO 13616 are right: a slip of the pen is found nearly always."""
    if not looks_like_iban(account):
        return False
    digits = "".join(str(int(sign, 36)) for sign in account[4:] + account[:4])
    return int(digits) % 97 == 1
