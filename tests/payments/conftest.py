from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from mentorship.pages.audit.running import run
from mentorship.people.models import User
from tests.cast import DAY, NOW


@pytest.fixture
def audited(db: None) -> Iterator[None]:
    """After the test the audit finds nothing that must never be."""
    yield
    found = [line for line in run(NOW + 2 * DAY).lines() if line.startswith("broken")]
    assert not found, "\n".join(found)


@pytest.fixture
def boss(client: Client) -> User:
    """An administrator, signed in."""
    person = User.objects.create_superuser("boss@example.test", name="Boss")
    client.force_login(person)
    return person
