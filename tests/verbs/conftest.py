from __future__ import annotations

import pytest

from tests.cast import bought
from tests.rooms.conftest import as_, at_, monday_noon
from tests.rooms.scene import booked, with_link
from tests.verbs.scene import START

__all__ = ["as_", "at_", "monday_noon"]


@pytest.fixture
def pack(sam, mia):
    return bought(sam, mia)


@pytest.fixture
def session(pack, sam, mia):
    """Wednesday 18:00 to 19:00, booked on Monday noon."""
    with_link(mia)
    return booked(sam, mia, START, agenda="My plot")
