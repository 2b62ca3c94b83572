from __future__ import annotations

import pytest

from mentorship.people.models import User
from tests import cast


@pytest.fixture
def mia(db: None) -> User:
    return cast.mentor("mia")


@pytest.fixture
def max_(db: None) -> User:
    return cast.mentor("max", "Europe/Berlin")


@pytest.fixture
def sam(db: None) -> User:
    return cast.user("sam")


@pytest.fixture
def sue(db: None) -> User:
    return cast.user("sue")


@pytest.fixture
def otto(db: None) -> User:
    return cast.user("otto")
