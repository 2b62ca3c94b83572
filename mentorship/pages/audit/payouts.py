"""Payouts: what a mentor asked for is set aside, and is booked as the payout's status says."""

from __future__ import annotations

from mentorship.pages.audit.checks import Check

CHECKS = (
    Check(
        "payout_booked",
        "payments_payout",
        "A payout is booked as its status says: set aside once, then paid from the bank or given back, never both.",
        """
        WITH booked AS (
            SELECT t.id, t.cause, array_agg(concat(e.account, ' ', e.amount_minor, ' ', e.currency, ' ', e.mentor_id)
                ORDER BY e.account) AS entries
            FROM payments_ledgertransaction t JOIN payments_ledgerentry e ON e.transaction_id = t.id
            WHERE starts_with(t.cause, 'payout') GROUP BY t.id
        ), steps AS (
            SELECT p.id, p.status, s.cause, s.wanted, ARRAY[
                concat(s.minus, ' ', -s.amount, ' ', p.currency, ' ', CASE WHEN s.minus <> 'BANK' THEN p.mentor_id END),
                concat(s.plus, ' ', s.amount, ' ', p.currency, ' ', p.mentor_id)] AS entries
            FROM payments_payout p CROSS JOIN LATERAL (VALUES
                (concat('payout:', p.id), true, 'MENTOR_PAYOUT', 'MENTOR_AVAILABLE', p.amount_minor),
                (concat('payout-paid:', p.id), p.status = 'PAID', 'BANK', 'MENTOR_PAYOUT', p.amount_minor),
                (concat('payout-cancelled:', p.id), p.status = 'CANCELLED', 'MENTOR_AVAILABLE', 'MENTOR_PAYOUT',
                    p.amount_minor)) AS s (cause, wanted, minus, plus, amount)
        )
        SELECT s.id, concat(s.status, '; ', s.cause, CASE WHEN b.id IS NULL THEN ' is not in the ledger.' WHEN NOT s.wanted
            THEN ' is in the ledger.' ELSE concat(' is booked as ', array_to_string(b.entries, ', '), '.') END) AS says
        FROM steps s LEFT JOIN booked b ON b.cause = s.cause
        WHERE s.wanted <> (b.id IS NOT NULL)
            OR (s.wanted AND NOT (b.entries @> s.entries AND cardinality(b.entries) = 2))
        """,
    ),
    Check(
        "payouts_set_aside",
        "people_user",
        "What is set aside for a mentor's payouts is what the open ones ask for.",
        """
        WITH aside AS (SELECT mentor_id, currency, -sum(amount_minor) AS n FROM payments_ledgerentry
            WHERE account = 'MENTOR_PAYOUT' GROUP BY 1, 2),
        asked AS (SELECT mentor_id, currency, sum(amount_minor) AS n FROM payments_payout
            WHERE status = 'REQUESTED' GROUP BY 1, 2)
        SELECT mentor_id AS id, concat(coalesce(a.n, 0), ' ', currency, ' set aside, ', coalesce(q.n, 0), ' asked for.')
            AS says
        FROM aside a FULL JOIN asked q USING (mentor_id, currency) WHERE coalesce(a.n, 0) <> coalesce(q.n, 0)
        """,
    ),
    Check(
        "bank_books",
        "",
        "What the books say is at our bank is what came there, without what was paid back by hand and paid out.",
        """
        WITH moved AS (
            SELECT p.currency, p.amount_minor AS n FROM payments_payment p
            WHERE p.provider = 'manual' AND p.status <> 'WRONG_MODE'
            UNION ALL SELECT r.currency, -r.amount_minor FROM payments_refund r
            JOIN payments_payment p ON p.id = r.payment_id
            WHERE r.status = 'SUCCEEDED' AND (r.by_hand OR p.provider = 'manual') AND p.status <> 'WRONG_MODE'
            UNION ALL SELECT currency, -amount_minor FROM payments_refund WHERE bounce_paid_at IS NOT NULL
            UNION ALL SELECT d.currency, -d.amount_minor FROM payments_dispute d
            JOIN payments_payment p ON p.id = d.payment_id WHERE d.status = 'LOST' AND p.provider = 'manual'
            UNION ALL SELECT currency, -amount_minor FROM payments_payout WHERE status = 'PAID'
            UNION ALL SELECT e.currency, e.amount_minor FROM payments_ledgerentry e
            JOIN payments_ledgertransaction t ON t.id = e.transaction_id
            WHERE e.account = 'BANK' AND split_part(t.cause, ':', 1) = 'transfer'
        ), theirs AS (SELECT currency, sum(n) AS held FROM moved GROUP BY 1),
        ours AS (SELECT currency, sum(amount_minor) AS held FROM payments_ledgerentry WHERE account = 'BANK' GROUP BY 1)
        SELECT currency AS id, concat('The books say ', coalesce(o.held, 0), ', payments, refunds, payouts and transfers ',
            'make ', coalesce(t.held, 0), '.') AS says
        FROM ours o FULL JOIN theirs t USING (currency) WHERE coalesce(o.held, 0) <> coalesce(t.held, 0)
        """,
    ),
)
