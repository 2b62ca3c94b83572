"""Proof that every sum is right, whatever the story was."""

from __future__ import annotations

from mentorship.kernel import clock
from mentorship.pages import audit


def assert_sound() -> None:
    """Raises AssertionError where money, credits, seats, sessions and blocks do not fit each other."""
    report = audit.run(clock.now())
    assert not report.broken, report.lines()
