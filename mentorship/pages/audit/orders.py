"""Orders and payments: paid for what was granted, and what is kept is shared as it was agreed."""

from __future__ import annotations

from mentorship.pages.audit.checks import GONE, Check, sums_of

ORDER = "payments_order"

CHECKS = (
    Check(
        "order_granted_once",
        ORDER,
        "A fulfilled order has its purchase, as it was ordered, in a pack of the same two people; no other order has one.",
        """
        SELECT o.id, concat(o.status, CASE WHEN u.id IS NULL THEN ', but nothing was granted.'
            ELSE concat(', and the purchase ', u.id, ' is another one.') END) AS says
        FROM payments_order o LEFT JOIN packs_purchase u ON u.order_id = o.id
        LEFT JOIN packs_sessionpack k ON k.id = u.pack_id
        WHERE (o.status = 'FULFILLED') <> (u.id IS NOT NULL) OR (u.id IS NOT NULL AND (
            u.sessions <> o.session_count OR u.amount_minor <> o.amount_minor OR u.currency <> o.currency
            OR u.pack_id IS DISTINCT FROM o.pack_id OR k.student_id <> o.student_id OR k.mentor_id <> o.mentor_id
            OR k.duration_minutes <> o.duration_minutes OR k.takes_seat <> o.takes_seat))
        """,
    ),
    Check(
        "order_paid",
        ORDER,
        "An order is paid or fulfilled exactly when a confirmed payment of its sum pays for it.",
        """
        SELECT o.id, concat(o.status, ', ', o.amount_minor, ' ', o.currency, ' by ', o.provider, CASE WHEN p.id IS NULL
            THEN ', but no confirmed payment.' ELSE concat('; the payment ', p.id, ' is ', p.amount_minor, ' ',
            p.currency, ' by ', p.provider, '.') END) AS says
        FROM payments_order o LEFT JOIN payments_payment p ON p.order_id = o.id AND p.status = 'CONFIRMED'
        WHERE (o.status IN ('PAID', 'FULFILLED')) <> (p.id IS NOT NULL AND NOT (o.status = 'FAILED' AND p.amount_minor = 0))
            OR (o.status = 'FULFILLED' AND (o.paid_at IS NULL OR o.fulfilled_at IS NULL))
            OR (p.id IS NOT NULL
                AND (p.amount_minor <> o.amount_minor OR p.currency <> o.currency OR p.provider <> o.provider))
        """,
    ),
    Check(
        "payment_of_an_order",
        "payments_payment",
        "Only money that matches nothing, and test money, belongs to no order.",
        """
        SELECT id, concat(status, ', but it names no order.') AS says FROM payments_payment
        WHERE order_id IS NULL AND status NOT IN ('UNMATCHED', 'WRONG_MODE')
        """,
    ),
    Check(
        "purchase_of_an_order",
        "packs_purchase",
        "A purchase that names an order names one that exists.",
        """
        SELECT u.id, concat('There is no order ', u.order_id, '.') AS says
        FROM packs_purchase u LEFT JOIN payments_order o ON o.id = u.order_id
        WHERE u.order_id IS NOT NULL AND o.id IS NULL
        """,
    ),
    Check(
        "order_given_back_or_granted",
        ORDER,
        "What was too late to be granted went back, and was not granted as well.",
        """
        SELECT o.id, concat('It is fulfilled, and refund ', r.id, ' gives it back as too late.') AS says
        FROM payments_order o JOIN payments_refund r ON r.cause = concat('late:', o.id) WHERE o.status = 'FULFILLED'
        """,
    ),
    Check(
        "refunds_within_payment",
        "payments_payment",
        "No more goes back than was paid; what was asked for here counts as well, unless the provider was faster.",
        """
        SELECT p.id, concat(r.gone, ' went back and ', r.asked, ' are asked for, of ', p.amount_minor, ' ', p.currency,
            '.') AS says
        FROM payments_payment p JOIN (
            SELECT payment_id, coalesce(sum(amount_minor) FILTER (WHERE status = 'SUCCEEDED'), 0) AS gone,
                coalesce(sum(amount_minor) FILTER (WHERE status = 'REQUESTED'), 0) AS asked,
                bool_or(starts_with(cause, 'provider:')) AS begun_there, bool_or(currency <> c.code) AS other_currency
            FROM payments_refund JOIN (SELECT id AS payment, currency AS code FROM payments_payment) c
                ON c.payment = payment_id
            GROUP BY payment_id
        ) r ON r.payment_id = p.id
        WHERE r.gone > p.amount_minor OR (NOT r.begun_there AND r.gone + r.asked > p.amount_minor) OR r.other_currency
        """,
    ),
    Check(
        "refund_known_once",
        "payments_refund",
        "One refund at the provider is one row here.",
        """
        SELECT max(r.id) AS id, concat(p.provider, '''s ', r.provider_reference, ' is ', count(*), ' refunds.') AS says
        FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
        WHERE r.provider_reference <> '' AND r.status = 'SUCCEEDED' AND NOT r.by_hand
        GROUP BY p.provider, r.provider_reference HAVING count(*) > 1
        """,
    ),
    Check(
        "refund_of_its_order",
        "payments_refund",
        "A refund belongs to the order its payment belongs to, and covers no more sessions than were sold.",
        """
        SELECT r.id, concat('Its order is ', coalesce(r.order_id::text, 'none'), ', its payment''s ',
            coalesce(p.order_id::text, 'none'), '; ', r.sessions, ' sessions.') AS says
        FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
        LEFT JOIN payments_order o ON o.id = r.order_id
        WHERE r.order_id IS DISTINCT FROM p.order_id OR r.sessions > coalesce(o.session_count, 0)
        """,
    ),
    Check(
        "order_kept_is_shared",
        ORDER,
        "What the ledger keeps of an order is what was paid without what is gone, and the mentor's part is as agreed.",
        f"""
        WITH owed AS (
            SELECT t.order_id, -sum(e.amount_minor) AS kept,
                coalesce(-sum(e.amount_minor) FILTER (WHERE e.account IN ('MENTOR_PENDING', 'MENTOR_AVAILABLE')), 0)
                    AS mentors
            FROM payments_ledgerentry e JOIN payments_ledgertransaction t ON t.id = e.transaction_id
            WHERE t.order_id IS NOT NULL AND e.account IN
                ('MENTOR_PENDING', 'MENTOR_AVAILABLE', 'PLATFORM_PENDING', 'PLATFORM_AVAILABLE')
            GROUP BY 1
        ), sums AS (
            SELECT o.id, coalesce(w.kept, 0) AS kept, coalesce(w.mentors, 0) AS mentors, o.amount_minor AS amount,
                o.session_count AS n, o.amount_minor * o.mentor_share_percent / 100 AS part,
                coalesce(p.amount_minor, 0) - coalesce(g.money, 0) AS left_over
            FROM payments_order o LEFT JOIN owed w ON w.order_id = o.id
            LEFT JOIN payments_payment p ON p.order_id = o.id AND p.status = 'CONFIRMED'
            LEFT JOIN {GONE} g ON g.order_id = o.id
        ), worth AS (
            SELECT *, CASE WHEN amount > 0 THEN (left_over * n + amount - 1) / amount ELSE 0 END AS whole FROM sums
        ), agreed AS (
            SELECT *, CASE WHEN left_over <= 0 OR amount = 0 THEN 0 WHEN amount * whole / n = left_over
                THEN part * whole / n ELSE left_over * part / amount END AS mentors_of FROM worth
        )
        SELECT id, concat('The ledger keeps ', kept, ', ', mentors, ' of it the mentor''s; ', left_over, ' is left of ',
            'the payment, ', mentors_of, ' of it the mentor''s.') AS says
        FROM agreed WHERE kept <> left_over OR mentors <> mentors_of
        """,
    ),
    Check(
        "order_pending_not_negative",
        ORDER,
        "What is pending of an order is never less than nothing.",
        """
        SELECT t.order_id AS id, concat(e.account, ' is ', -sum(e.amount_minor), ' ', e.currency, '.') AS says
        FROM payments_ledgerentry e JOIN payments_ledgertransaction t ON t.id = e.transaction_id
        WHERE e.account IN ('MENTOR_PENDING', 'PLATFORM_PENDING') AND t.order_id IS NOT NULL
        GROUP BY t.order_id, e.account, e.currency HAVING -sum(e.amount_minor) < 0
        """,
    ),
    Check(
        "shares_within_sold",
        ORDER,
        "No more shares are released than sessions were sold and not given back.",
        f"""
        SELECT o.id, concat(s.shares, ' shares released and ', coalesce(g.sessions, 0), ' sessions given back of ',
            o.session_count, '.') AS says
        FROM payments_order o JOIN (SELECT order_id, sum(shares) AS shares FROM payments_ledgertransaction
            WHERE shares <> 0 GROUP BY 1) s ON s.order_id = o.id
        LEFT JOIN {GONE} g ON g.order_id = o.id
        WHERE s.shares + coalesce(g.sessions, 0) > o.session_count
        """,
    ),
    Check(
        "shares_of_what_is_due",
        "payments_ledgertransaction",
        "A share is released for a used session or for lapsed credits of the order, after the hold, and only moves.",
        f"""
        SELECT t.id, concat(t.cause, ': ', CASE WHEN s.id IS NULL OR s.credit <> 'USED' OR s.settled_at IS NULL
            THEN 'that session is not used.' WHEN s.settled_at + %(hold)s > %(now)s THEN 'it is not due yet.'
            ELSE 'it is not one share of this order.' END) AS says
        FROM payments_ledgertransaction t
        CROSS JOIN LATERAL (SELECT coalesce(nullif(split_part(t.cause, ':', 3), ''), '0')::int AS verdict) v
        LEFT JOIN sessions_app_session s ON concat('session:', s.id) = substr(t.cause, 1, 44)
        LEFT JOIN packs_purchase u ON u.id = s.purchase_id
        WHERE starts_with(t.cause, 'session:') AND (s.id IS NULL OR v.verdict > s.given_back OR t.shares <> 1
            OR u.order_id IS DISTINCT FROM t.order_id OR (v.verdict = s.given_back AND (s.credit <> 'USED'
            OR s.settled_at IS NULL OR s.settled_at + %(hold)s > %(now)s)))
        UNION ALL
        SELECT t.id, concat(t.cause, ': ', CASE WHEN c.at + %(hold)s > %(now)s THEN 'it is not due yet.'
            ELSE 'these are not the credits that lapsed.' END)
        FROM payments_ledgertransaction t LEFT JOIN packs_creditentry c
            ON concat('lapse:', c.id) = t.cause AND c.kind = 'LAPSED'
        LEFT JOIN packs_purchase u ON u.id = c.purchase_id
        WHERE starts_with(t.cause, 'lapse:') AND (c.id IS NULL OR c.at + %(hold)s > %(now)s
            OR t.shares <> -c.total_delta OR u.order_id IS DISTINCT FROM t.order_id)
        UNION ALL
        SELECT b.id, concat(b.cause, ': it does more than make pending money available.')
        FROM {sums_of("session:")} b WHERE b.money <> 0 OR b.unclaimed <> 0 OR b.shared <> 0
        """,
    ),
)
