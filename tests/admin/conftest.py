from __future__ import annotations

import pytest
from django.test import Client

from mentorship.people.models import User


@pytest.fixture
def boss(db: None, client: Client) -> User:
    """An administrator, signed in."""
    person = User.objects.create_superuser("boss@example.test", "demo-password-1")
    client.force_login(person)
    return person
