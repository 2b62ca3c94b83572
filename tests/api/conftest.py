from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import pytest
import time_machine

from mentorship.people.models import User
from packs.models import SessionPack
from sessions_app import services
from sessions_app.models import Session
from tests import cast
from tests.api.client import Caller


@pytest.fixture(autouse=True)
def monday_noon() -> Iterator[None]:
    """Over HTTP `now` is the clock's: these tests happen at NOW, and time stands still."""
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def as_sam(sam: User) -> Caller:
    return Caller(sam)


@pytest.fixture
def as_mia(mia: User) -> Caller:
    return Caller(mia)


@pytest.fixture
def as_otto(otto: User) -> Caller:
    return Caller(otto)


@pytest.fixture
def pack(sam: User, mia: User) -> SessionPack:
    """Sam's pack of 4 with Mia."""
    return cast.bought(sam, mia)


@pytest.fixture
def session(pack: SessionPack, sam: User, mia: User) -> Session:
    """Sam's session with Mia, tomorrow but one."""
    return booked(sam, mia, cast.at(2))


def booked(student: User, mentor: User, starts_at: datetime, now: datetime = cast.NOW) -> Session:
    return services.book(student=student, mentor_id=mentor.pk, starts_at=starts_at, by=student, now=now)


def unknown() -> str:
    return str(uuid4())
