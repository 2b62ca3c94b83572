"""The locks: complete, hashed, and naming no registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", (HOUSE / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes_and_no_registry_is_named(lock: str) -> None:
    text = (HOUSE / lock).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.search(r"https?://|--index-url|--find-links", text) is None


def test_the_development_lock_contains_the_product_s() -> None:
    # bootstrap relies on it: who installed the second one has the first one too.
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()
