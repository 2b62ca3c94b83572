"""What a check is: a name, what must hold, and one set-based statement that returns the rows for which it does not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How bad a finding is."""

    BROKEN = "broken"  # must never be, whatever has run and whatever has not
    OVERDUE = "overdue"  # a job is late, or something waits for a person
    NOTE = "note"  # possible, but worth a look


@dataclass(frozen=True)
class Check:
    """One invariant. `sql` selects (id, says) of the offending rows; `rows` is the admin's name of their model.

    It may use these parameters: now, machine_now (instants), hold, expiry_grace, settle_after,
    settle_with_evidence and pause (intervals).
    """

    name: str
    rows: str
    holds: str
    sql: str
    kind: Kind = Kind.BROKEN


def sums_of(prefix: str) -> str:
    """The ledger's transactions of these causes, one row each, with their sums by account."""
    return f"""(
        SELECT t.id, t.cause, t.order_id,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.account IN ('PROVIDER', 'BANK')), 0) AS money,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'BANK'), 0) AS at_bank,
            max(e.provider) FILTER (WHERE e.account = 'PROVIDER') AS provider,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'UNCLAIMED'), 0) AS unclaimed,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'MENTOR_PENDING'), 0) AS mentor_pending,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.account = 'PLATFORM_PENDING'), 0) AS platform_pending,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.account IN
                ('MENTOR_PENDING', 'MENTOR_AVAILABLE', 'PLATFORM_PENDING', 'PLATFORM_AVAILABLE')), 0) AS shared,
            coalesce(sum(abs(e.amount_minor)), 0) AS moved,
            min(e.currency) AS currency, count(DISTINCT e.currency) AS currencies
        FROM payments_ledgertransaction t LEFT JOIN payments_ledgerentry e ON e.transaction_id = t.id
        WHERE starts_with(t.cause, '{prefix}') GROUP BY t.id
    )"""


# What is gone of each order's payment: money that went back, and the sessions that went with it.
GONE = """(
    SELECT p.order_id, sum(g.money)::bigint AS money, sum(g.sessions)::bigint AS sessions
    FROM payments_payment p JOIN (
        SELECT payment_id, CASE WHEN status = 'SUCCEEDED' THEN amount_minor ELSE 0 END AS money,
            CASE WHEN called_off_at IS NULL THEN sessions ELSE 0 END AS sessions
        FROM payments_refund
        UNION ALL
        SELECT payment_id, amount_minor, sessions FROM payments_dispute WHERE status = 'LOST'
    ) g ON g.payment_id = p.id
    WHERE p.status = 'CONFIRMED' GROUP BY p.order_id
)"""
