from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from mentorship.people.models import User
from packs.models import SessionPack
from tests import cast
from tests.api.client import Caller


@pytest.fixture(autouse=True)
def monday_noon() -> Iterator[None]:
    """Machine time stands at NOW: only the demo clock moves."""
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def into_the_drawer(settings: Any) -> None:
    """As in the demo; Django's test runner would keep mails to itself."""
    settings.EMAIL_BACKEND = "mentorship.demo.mail.DrawerBackend"


@pytest.fixture
def demo(db: None) -> Caller:
    """Whoever holds the remote control: nobody in particular."""
    return Caller()


@pytest.fixture
def pack(sam: User, mia: User) -> SessionPack:
    return cast.bought(sam, mia)
