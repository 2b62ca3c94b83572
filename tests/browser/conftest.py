"""A real browser against a real server. A missing browser is a failure, not a skip."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from mentorship.kernel import clock
from tests.browser.people import Visitor
from tests.chromium import find

# Playwright keeps an event loop in this thread, and Django would refuse to touch the database beside one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = find()
    assert path, "no Chromium: `python -m tests.chromium` installs one"
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    return {**browser_type_launch_args, "executable_path": path, "args": quiet}


@pytest.fixture
def site(transactional_db: None, live_server: Any, settings: Any) -> str:
    """The demo's world on a server of its own."""
    settings.BASE_URL = live_server.url
    settings.EMAIL_BACKEND = "mentorship.demo.mail.DrawerBackend"  # pytest-django had put its own there
    away_from_the_half_hour()
    call_command("seed_demo", verbosity=0)
    return live_server.url


def away_from_the_half_hour() -> None:
    """Times start on the half hour, so the first free one goes when it strikes: not while somebody is choosing it."""
    now = clock.now()
    left = timedelta(minutes=30 - now.minute % 30)
    if left <= timedelta(minutes=6):
        clock.advance(left)


@pytest.fixture
def person(browser: Any, site: str) -> Any:
    """Open a window of one's own: `person("mia@demo.test")` is signed in, `person()` is a visitor."""
    windows = []

    def open_window(email: str = "", **options: Any) -> Visitor:
        context = browser.new_context(
            base_url=site, timezone_id="Europe/Berlin", viewport={"width": 1280, "height": 900}, **options
        )
        context.set_default_timeout(30_000)
        windows.append(context)
        visitor = Visitor(context)
        if email:
            visitor.api("post", "demo/login", {"email": email})
        return visitor

    yield open_window
    for context in windows:
        context.close()
