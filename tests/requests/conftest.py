from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.cast import NOW


@pytest.fixture
def as_() -> Callable[[Any], Client]:
    """A browser in which this person is signed in."""

    def browser(person: Any) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return browser


@pytest.fixture(autouse=True)
def monday_noon() -> Iterator[Any]:
    """The clock stands at NOW; a test that needs another hour moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def at_(monday_noon: Any) -> Callable[[datetime], None]:
    def move(moment: datetime) -> None:
        monday_noon.move_to(moment, tick=False)

    return move
