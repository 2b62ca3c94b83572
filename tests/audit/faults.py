"""Faults as no code of ours makes them: rows changed behind the triggers' and constraints' backs."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection


class Fault(NamedTuple):
    """A statement that breaks what the check of this name holds."""

    check: str
    sql: str
    table: str = ""  # whose constraints stand in the way
    guards: tuple[str, ...] = ()


def fault(sql: str, *values: object) -> None:
    """Change rows with all triggers off (foreign keys' too). CHECK and unique constraints are dropped where in the way.

    All of it is undone with the test's transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def without(table: str, *names: str) -> None:
    """Drop these constraints or unique indexes of the table, until the test is over."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in names:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
