"""Moving the demo clock: time passes, then everything that is due happens at once, and is listed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection

from mentorship.kernel import clock, jobs
from mentorship.kernel.refusals import Malformed

log = structlog.get_logger(__name__)

# One move is one consistent world: money before goods, deadlines of payments before those of seats, sessions before the
# grace they start, warnings before the sweep that would make them late, and the mail about all of it last.
ORDER = (
    "process_webhooks",
    "fulfil_paid_orders",
    "reconcile_orders",
    "reconcile_reversals",
    "expire_orders",
    "expire_unpaid_sessions",
    "expire_requests",
    "settle_unmarked",
    "end_pauses",
    "warn_grace_ending",
    "sweep_seats",
    "pass_on_seats",
    "warn_pack_expiry",
    "remind_sessions",
    "take_back_unpaid_credits",
    "close_mentors",
    "release_shares",
    "send_refunds",
    "close_provider_pages",
    "refresh_listings",
    "audit_books",
)
LAST = ("deliver_sandbox_webhooks", "relay_outbox")
NEVER = ("forget_old_keys",)  # machine housekeeping: a week that passed in a second makes no answer old

FARTHEST = timedelta(days=3660)
MOVE_LOCK = 7_031_550  # any number; it names the advisory lock of the clock


@dataclass(frozen=True)
class Ran:
    """What one job did: how many rows it changed, or why it failed."""

    job: str
    rows: int
    error: str | None = None


def move(by: timedelta, *, run_jobs: bool = True) -> tuple[datetime, list[Ran]]:
    """Advance the clock by `by` and run what is due. Returns the new now and what ran.

    Two moves at the same time happen one after the other. The clock has moved even when a job fails. Raises Malformed
    for a move backwards or out of sight.
    """
    if not timedelta() <= by <= FARTHEST:
        raise Malformed(f"The clock moves forward, by at most {FARTHEST.days} days at once.")
    with one_at_a_time():
        try:
            now = clock.advance(by)
        except OverflowError:
            raise Malformed("There is no such day.") from None
        return now, run_due(now) if run_jobs else []


def run_due(now: datetime, *, leave_out: Collection[str] = NEVER) -> list[Ran]:
    """Run every periodic job once, in the order of one consistent world."""
    known = set(jobs.names()) - set(leave_out)
    others = sorted(known - set(ORDER) - set(LAST))
    return [_run(name, now) for name in (*ORDER, *others, *LAST) if name in known]


def _run(name: str, now: datetime) -> Ran:
    try:
        return Ran(name, jobs.run(name, now))
    except Exception as failed:
        log.exception("demo_job_failed", job=name)
        return Ran(name, 0, f"{type(failed).__name__}: {failed}"[:300])


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Whoever moves the clock, or makes the demo's world, does it alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MOVE_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MOVE_LOCK])
