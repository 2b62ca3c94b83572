from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from mentorship.people.models import User
from tests.cast import NOW
from tests.stories.books import assert_sound


@pytest.fixture(autouse=True)
def noon(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def boss(db: None, client: Client) -> User:
    """An administrator, signed in."""
    person = User.objects.create_superuser("boss@example.test", "demo-password-1", name="Boss")
    client.force_login(person)
    return person


@pytest.fixture
def sound(db: None) -> Iterator[None]:
    """When the test is over, every sum is proved."""
    yield
    assert_sound()
