"""Runs the checks and keeps what they found."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from mentorship.kernel import clock
from mentorship.pages.audit import asking, credits, ledger, orders, payouts, seats, sessions, waiting
from mentorship.pages.audit.checks import Check, Kind

CHECKS: tuple[Check, ...] = (
    *ledger.CHECKS,
    *orders.CHECKS,
    *payouts.CHECKS,
    *credits.CHECKS,
    *seats.CHECKS,
    *sessions.CHECKS,
    *asking.CHECKS,
    *waiting.CHECKS,
)
SHOWN = 50  # rows of one check that are listed; all are counted


@dataclass(frozen=True)
class Finding:
    """One check that does not hold: how many rows, and the first of them as (id, sentence)."""

    check: Check
    count: int
    rows: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.check.name,
            "kind": self.check.kind.value,
            "holds": self.check.holds,
            "rowsOf": self.check.rows,
            "count": self.count,
            "rows": [{"id": pk, "says": says} for pk, says in self.rows],
        }


@dataclass(frozen=True)
class Report:
    """What a run has found, worst first, and how long each check took (seconds)."""

    at: datetime
    findings: tuple[Finding, ...]
    seconds: dict[str, float] = field(default_factory=dict)

    def of(self, kind: Kind) -> list[Finding]:
        return [f for f in self.findings if f.check.kind is kind]

    @property
    def broken(self) -> list[Finding]:
        """What must never be: empty when the audit is clean."""
        return self.of(Kind.BROKEN)

    @property
    def overdue(self) -> list[Finding]:
        return self.of(Kind.OVERDUE)

    def lines(self) -> list[str]:
        """Everything found, as a person reads it."""
        return [f"{f.check.kind} {f.check.name} {pk}: {says}" for f in self.findings for pk, says in f.rows]


def run(now: datetime, *, only: Collection[str] = ()) -> Report:
    """Run all checks (or `only` those of these names) as of `now`. Changes nothing. Raises KeyError for an unknown name."""
    unknown = set(only) - {check.name for check in CHECKS}
    if unknown:
        raise KeyError(*sorted(unknown))
    numbers = settings.MENTORSHIP
    values = {
        "now": now,
        "machine_now": clock.machine_now(),
        "hold": timedelta(hours=numbers.money_hold_hours),
        "expiry_grace": timedelta(hours=numbers.expiry_grace_hours),
        "settle_after": timedelta(hours=numbers.auto_settle_hours),
        "settle_with_evidence": timedelta(hours=numbers.auto_settle_with_evidence_hours),
        "pause": timedelta(days=numbers.pause_days),
    }
    findings, seconds = [], {}
    with transaction.atomic(), connection.cursor() as cursor:
        # One pass over whole tables: compiling costs more than it gives here.
        cursor.execute("SET LOCAL jit = off")
        for check in CHECKS:
            if only and check.name not in only:
                continue
            began = time.perf_counter()
            finding = _look(cursor, check, values)
            seconds[check.name] = time.perf_counter() - began
            if finding.count:
                findings.append(finding)
    worst_first = sorted(findings, key=lambda f: list(Kind).index(f.check.kind))
    return Report(now, tuple(worst_first), seconds)


def _look(cursor: Any, check: Check, values: dict[str, Any]) -> Finding:
    # The table names are those of the models: written out, because the statements are meant to be read and run by hand.
    asked = f"SELECT id::text, says, count(*) OVER () FROM ({check.sql}) found ORDER BY 1 LIMIT {SHOWN}"
    cursor.execute(asked, values)
    rows = cursor.fetchall()
    return Finding(check, rows[0][2] if rows else 0, tuple((pk, says) for pk, says, _ in rows))
