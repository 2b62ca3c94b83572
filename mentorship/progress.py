"""The lines a person sees while things start: what is being done, and how long it took."""

from __future__ import annotations

import os
import time
from contextlib import suppress

# A step that runs in a process of its own goes on counting where its parent began.
STARTED = float(os.environ.get("STEPS_SINCE") or time.monotonic())


def say(what: str) -> None:
    with suppress(OSError):  # the terminal may be gone; what is done must be done all the same
        print(f"[{time.monotonic() - STARTED:5.1f} s] {what}", flush=True)


class Step:
    """One line when it begins, one when it is done."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.began = time.monotonic()
        say(f"{self.what} ...")

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            say(f"{self.what}: {time.monotonic() - self.began:.1f} s")
