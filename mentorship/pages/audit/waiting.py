"""What is late, or waits for a person: money that should have moved, letters that nobody could read."""

from __future__ import annotations

from mentorship.pages.audit.checks import Check, Kind

ORDER, REFUND = "payments_order", "payments_refund"

CHECKS = (
    Check(
        "order_open_too_long",
        ORDER,
        "An order whose time is over is closed within a quarter of an hour.",
        """
        SELECT id, concat('Its hold ended ', expires_at, '.') AS says FROM payments_order
        WHERE status = 'PENDING' AND expires_at <= %(now)s - interval '15 minutes'
        """,
        Kind.OVERDUE,
    ),
    Check(
        "order_paid_not_granted",
        ORDER,
        "What was paid is granted or given back within a quarter of an hour (unless it is in dispute).",
        """
        SELECT o.id, concat('Paid ', o.paid_at, '. ', o.attention) AS says FROM payments_order o
        WHERE o.status = 'PAID' AND o.paid_at <= %(now)s - interval '15 minutes'
            AND NOT EXISTS (SELECT 1 FROM payments_dispute d WHERE d.order_id = o.id AND d.status IN ('OPEN', 'LOST'))
            AND NOT EXISTS (SELECT 1 FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
                WHERE r.order_id = o.id AND p.status = 'CONFIRMED')
        """,
        Kind.OVERDUE,
    ),
    Check(
        "refund_waiting",
        REFUND,
        "A refund is made within a day.",
        """
        SELECT id, concat('Asked for ', created_at, ', ', attempts, ' attempts. ', error) AS says FROM payments_refund
        WHERE status = 'REQUESTED' AND created_at <= %(now)s - interval '1 day'
        """,
        Kind.OVERDUE,
    ),
    Check(
        "refund_failed",
        REFUND,
        "A refund that failed is tried again, paid by hand or called off.",
        """
        SELECT id, concat('It failed: ', error) AS says FROM payments_refund
        WHERE status = 'FAILED' AND called_off_at IS NULL
        """,
        Kind.OVERDUE,
    ),
    Check(
        "refund_bounced",
        REFUND,
        "A refund that came back from the buyer's bank is paid by hand.",
        """
        SELECT id, concat('It came back ', bounced_at, '. ', error) AS says FROM payments_refund
        WHERE bounced_at IS NOT NULL AND bounce_paid_at IS NULL
        """,
        Kind.OVERDUE,
    ),
    Check(
        "money_unclaimed",
        "payments_payment",
        "Money that pays for nothing goes back.",
        """
        SELECT p.id, concat(p.status, ': ', p.amount_minor, ' ', p.currency, '. ', p.note) AS says FROM payments_payment p
        WHERE p.status IN ('MISMATCHED', 'UNMATCHED', 'EXTRA') AND p.amount_minor > coalesce((SELECT sum(r.amount_minor)
            FROM payments_refund r WHERE r.payment_id = p.id AND r.status <> 'FAILED'), 0) + coalesce((SELECT
            sum(d.amount_minor) FROM payments_dispute d WHERE d.payment_id = p.id AND d.status = 'LOST'), 0)
        """,
        Kind.OVERDUE,
    ),
    Check(
        "shares_late",
        ORDER,
        "A used session's share is released within two hours after the hold.",
        """
        SELECT u.order_id AS id, concat('The share of session ', s.id, ' was due ', s.settled_at + %(hold)s, '.') AS says
        FROM sessions_app_session s JOIN packs_purchase u ON u.id = s.purchase_id
        JOIN packs_sessionpack k ON k.id = s.pack_id JOIN payments_order o ON o.id = u.order_id AND o.amount_minor > 0
        LEFT JOIN payments_ledgertransaction t ON t.cause = concat('session:', s.id, CASE WHEN s.given_back > 0
            THEN concat(':', s.given_back) END)
        WHERE s.credit = 'USED' AND s.settled_at <= %(now)s - %(hold)s - interval '2 hours' AND k.frozen_at IS NULL
            AND t.id IS NULL
        """,
        Kind.OVERDUE,
    ),
    Check(
        "shares_not_taken_back",
        ORDER,
        "What was released for a session whose credit came back is taken back within two hours.",
        """
        SELECT t.order_id AS id, concat('Session ', s.id, ' was given back at ', s.settled_at, '.') AS says
        FROM sessions_app_session s CROSS JOIN LATERAL generate_series(0, s.given_back - 1) n
        JOIN payments_ledgertransaction t ON t.cause = concat('session:', s.id, CASE WHEN n > 0 THEN concat(':', n) END)
        LEFT JOIN payments_ledgertransaction b ON b.cause = concat('unused:', s.id, ':', n)
        WHERE s.given_back > 0 AND s.settled_at <= %(now)s - interval '2 hours' AND b.id IS NULL
        """,
        Kind.OVERDUE,
    ),
    Check(
        "pending_with_nothing_to_come",
        ORDER,
        "When all of an order's sessions are settled, released or given back, nothing of it stays pending.",
        """
        SELECT o.id, concat(-w.pending, ' ', o.currency, ' are pending, and no session is left to release them.') AS says
        FROM payments_order o JOIN (
            SELECT t.order_id, sum(e.amount_minor) AS pending FROM payments_ledgerentry e
            JOIN payments_ledgertransaction t ON t.id = e.transaction_id
            WHERE e.account IN ('MENTOR_PENDING', 'PLATFORM_PENDING') AND t.order_id IS NOT NULL
            GROUP BY 1 HAVING sum(e.amount_minor) <> 0
        ) w ON w.order_id = o.id
        JOIN packs_purchase u ON u.order_id = o.id
        JOIN (SELECT purchase_id, sum(total_delta - used_delta) AS unsettled, max(at) AS last
            FROM packs_creditentry WHERE purchase_id IS NOT NULL GROUP BY 1) e ON e.purchase_id = u.id
        WHERE e.unsettled = 0 AND e.last <= %(now)s - %(hold)s - interval '2 hours'
            AND NOT EXISTS (SELECT 1 FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
                WHERE p.order_id = o.id AND (r.status = 'REQUESTED' OR (r.status = 'FAILED' AND r.called_off_at IS NULL)))
            AND NOT EXISTS (SELECT 1 FROM payments_dispute d WHERE d.order_id = o.id AND d.status = 'OPEN')
        """,
        Kind.OVERDUE,
    ),
    Check(
        "webhook_dead",
        "payments_webhookevent",
        "Every webhook could be worked off.",
        """
        SELECT id, concat(provider, ' ', kind, ': ', left(error, 200)) AS says FROM payments_webhookevent
        WHERE dead_at IS NOT NULL
        """,
        Kind.OVERDUE,
    ),
    Check(
        "webhook_waiting",
        "payments_webhookevent",
        "A webhook is worked off, or tried again, within a quarter of an hour.",
        """
        SELECT id, concat(provider, ' ', kind, ', due ', next_attempt_at, '. ', left(error, 200)) AS says
        FROM payments_webhookevent WHERE processed_at IS NULL AND dead_at IS NULL
            AND next_attempt_at <= %(machine_now)s - interval '15 minutes'
        """,
        Kind.OVERDUE,
    ),
)
