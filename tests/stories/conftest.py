from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine

from mentorship.people.models import User
from tests.cast import NOW, user
from tests.standins import paypal_signing
from tests.stories.books import assert_sound
from tests.stories.tills import Till, open_till

COMPANIES = ("stripe", "paypal", "paystack")
TILLS = ("sandbox", *COMPANIES)
SLOW_MONEY = ("stripe", "paypal")  # where the page can be through before the money is there
STAMPED = ("sandbox", "stripe", "paypal")  # Paystack's webhooks carry no time


@pytest.fixture(scope="session")
def papers() -> None:
    """The certificates that other tests share are made now, not in the time of the stories."""
    paypal_signing.signer()


@pytest.fixture
def go(db: None, papers: None) -> Iterator[Callable[[datetime], None]]:
    """Time stands at NOW, for us and for the companies, until somebody goes on: `go(at(3))`."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller.move_to


@pytest.fixture(params=TILLS)
def till(request: pytest.FixtureRequest, go: Any, settings: Any) -> Iterator[Till]:
    """Each of the companies in turn. When the story is over, every sum is proved."""
    with open_till(request.param, settings) as opened:
        yield opened
        assert_sound()


@pytest.fixture(params=COMPANIES)
def company(request: pytest.FixtureRequest, go: Any, settings: Any) -> Iterator[Any]:
    """Each till but the sandbox: theirs can be slow, refuse, and be away."""
    with open_till(request.param, settings) as opened:
        yield opened
        assert_sound()


@pytest.fixture
def boss(db: None) -> User:
    """An administrator."""
    return user("boss", is_staff=True, is_superuser=True)
