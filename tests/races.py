"""How a race is shown: the threads meet between the check and the write, and a control runs without the guard."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from mentorship.kernel import locking
from mentorship.kernel.refusals import Refusal

PATIENCE = 0.5  # seconds a thread waits for the others; with the guard in place they never come

# The guards of more than one race, for `without`: (table, constraint or unique index).
NOBODY_TWICE = ("sessions_app_calendarblock", "sessions_nobody_twice")
SEAT_NUMBER = ("seats_seat", "seats_number_taken_once")
WITHIN_TOTAL = ("packs_sessionpack", "packs_held_and_used_within_total")
NOT_NEGATIVE = (
    ("packs_sessionpack", "packs_counters_not_negative"),
    ("packs_sessionpack", "packs_sessionpack_sessions_total_check"),
    ("packs_sessionpack", "packs_sessionpack_sessions_held_check"),
)


def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all calls at once, each in a thread with a connection of its own. Returns results or exceptions, in order."""

    def alone(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as failed:  # noqa: BLE001  (whatever it is, the test judges it)
            return failed
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(alone, calls))


def meet(monkeypatch: pytest.MonkeyPatch, people: int, *places: tuple[Any, str]) -> None:
    """Let threads wait for each other right after these functions (module, name) have read what they judge by."""
    barrier = threading.Barrier(people)

    def waiting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            with suppress(threading.BrokenBarrierError):
                barrier.wait(PATIENCE)
            return result

        return call

    for module, name in places:
        monkeypatch.setattr(module, name, waiting(getattr(module, name)))


def remove_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: every use of the lock functions reads without locking."""

    def lock(rows: models.QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
        return list(rows.order_by("pk"))

    def lock_people(ids: Any, *, skip_locked: bool = False) -> list[int]:
        return sorted(set(ids))

    originals = {locking.lock: lock, locking.lock_people: lock_people}
    for module in list(sys.modules.values()):
        for name in ("lock", "lock_people"):
            found = getattr(module, name, None)
            if callable(found) and found in originals and module is not locking:
                monkeypatch.setattr(module, name, originals[found])


@contextmanager
def without(*constraints: tuple[str, str]) -> Iterator[None]:
    """The control's other half: these (table, constraint or unique index) do not exist for a while.

    The rows are emptied before the constraints come back, for by then they are broken.
    """
    with connection.cursor() as cursor:
        again = [_drop(cursor, table, name) for table, name in constraints]
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            tables = ", ".join(
                f'"{m._meta.db_table}"' for m in apps.get_models() if m._meta.app_label != "contenttypes"
            )
            cursor.execute(f"TRUNCATE {tables} CASCADE")
            for statement in again:
                cursor.execute(statement)


def _drop(cursor: Any, table: str, name: str) -> str:
    cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
    if row := cursor.fetchone():
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        return f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {row[0]}'
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
    definition = cursor.fetchone()[0]
    cursor.execute(f'DROP INDEX "{name}"')
    return definition


def successes(results: Sequence[Any]) -> list[Any]:
    """What did not fail. A failure must be a refusal with its reason: never a deadlock, never a bare database error."""
    failed = [r for r in results if isinstance(r, Exception)]
    assert all(isinstance(r, Refusal) for r in failed), failed
    return [r for r in results if not isinstance(r, Exception)]


@contextmanager
def first(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> Iterator[Callable[[], None]]:
    """Whoever calls this function is ahead: right after it they stay for a moment. Yields how others wait for that."""
    ahead, done = threading.Event(), threading.Event()
    original = getattr(module, name)

    def lingering(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        ahead.set()
        done.wait(PATIENCE)
        return result

    monkeypatch.setattr(module, name, lingering)
    yield lambda: None if ahead.wait(5) else pytest.fail("nobody went ahead")
    done.set()
