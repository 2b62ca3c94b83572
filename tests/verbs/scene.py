"""What the tests of a session's verbs begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.cast import at

SECOND = timedelta(seconds=1)
START = at(2, 18)
END = at(2, 19)


def url(session: Any, noun: str = "") -> str:
    return f"{session.get_absolute_url()}/{noun}" if noun else session.get_absolute_url()
