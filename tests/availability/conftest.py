from __future__ import annotations

import pytest
from django.test import Client

from mentorship.people.models import User
from tests.cast import NOW


@pytest.fixture
def noon(time_machine) -> None:
    """Pages read the clock: it is NOW, a Monday noon."""
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def mias(client: Client, mia: User, noon: None) -> Client:
    """Mia's browser."""
    client.force_login(mia)
    return client
