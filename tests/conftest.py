from __future__ import annotations

from uuid import uuid4

import pytest

from mentorship.people.models import User
from tests import cast


@pytest.fixture(autouse=True)
def quick(settings) -> None:
    """Static files without the manifest that `collectstatic` writes, passwords hashed in no time, a cache of one's own."""
    # Limits count by user id, and every test database begins with 1: without a prefix tests slow each other down.
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": uuid4().hex}}
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


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
