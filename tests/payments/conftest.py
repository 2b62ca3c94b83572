from __future__ import annotations

from collections.abc import Iterator

import pytest

from mentorship.pages.audit.running import run
from tests.cast import DAY, NOW


@pytest.fixture
def audited(db: None) -> Iterator[None]:
    """After the test the audit finds nothing that must never be."""
    yield
    found = [line for line in run(NOW + 2 * DAY).lines() if line.startswith("broken")]
    assert not found, "\n".join(found)
