from __future__ import annotations

import pytest

from mentorship.people.models import User
from tests.cast import HOUR, NOW
from tests.seats.scene import BEGAN, full_house, lapse, waits


@pytest.fixture
def tove(sam: User, sue: User) -> User:
    """One seat, free since BEGAN: Sam has it on offer, Sue is next."""
    mentor, [pack] = full_house()
    waits(sam, mentor)
    waits(sue, mentor, NOW + HOUR)
    lapse(pack, BEGAN)
    return mentor
