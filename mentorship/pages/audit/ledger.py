"""The ledger: balanced, and every transaction is what its cause says, once."""

from __future__ import annotations

from mentorship.pages.audit.checks import Check, sums_of

TRANSACTION = "payments_ledgertransaction"

CHECKS = (
    Check(
        "ledger_balanced",
        TRANSACTION,
        "The entries of a transaction sum to zero in every currency.",
        """
        SELECT e.transaction_id AS id, concat('It is off by ', sum(e.amount_minor), ' ', e.currency, '.') AS says
        FROM payments_ledgerentry e GROUP BY e.transaction_id, e.currency HAVING sum(e.amount_minor) <> 0
        """,
    ),
    Check(
        "ledger_accounts_name_theirs",
        TRANSACTION,
        "Entries on a mentor's account name the mentor, the one of the order; those at a provider name the provider.",
        """
        SELECT DISTINCT e.transaction_id AS id, concat('The entry ', e.id, ' on ', e.account, ' names mentor ',
            coalesce(e.mentor_id::text, 'nobody'), ' and provider "', e.provider, '".') AS says
        FROM payments_ledgerentry e JOIN payments_ledgertransaction t ON t.id = e.transaction_id
        LEFT JOIN payments_order o ON o.id = t.order_id
        WHERE starts_with(e.account, 'MENTOR_') <> (e.mentor_id IS NOT NULL)
            OR (e.account = 'PROVIDER') <> (e.provider <> '') OR e.mentor_id <> o.mentor_id
        """,
    ),
    Check(
        "ledger_causes_exist",
        TRANSACTION,
        "What a transaction says it is for exists.",
        """
        SELECT t.id, concat('There is no ', t.cause, '.') AS says
        FROM payments_ledgertransaction t LEFT JOIN (
            SELECT concat('payment:', id) AS cause FROM payments_payment
            UNION ALL SELECT concat('fee:', id) FROM payments_payment
            UNION ALL SELECT concat('refund:', id) FROM payments_refund
            UNION ALL SELECT concat('bounced:', id) FROM payments_refund WHERE bounced_at IS NOT NULL
            UNION ALL SELECT concat('bounced-paid:', id) FROM payments_refund WHERE bounce_paid_at IS NOT NULL
            UNION ALL SELECT concat('dispute:', id) FROM payments_dispute
            UNION ALL SELECT concat('dispute-fee:', id) FROM payments_dispute
            UNION ALL SELECT concat('session:', id) FROM sessions_app_session
            UNION ALL SELECT concat('session:', id, ':', n) FROM sessions_app_session, generate_series(1, given_back) n
                WHERE given_back > 0
            UNION ALL SELECT concat('unused:', id, ':', n) FROM sessions_app_session,
                generate_series(0, given_back - 1) n WHERE given_back > 0
            UNION ALL SELECT concat('payout:', id) FROM payments_payout
            UNION ALL SELECT concat('payout-paid:', id) FROM payments_payout
            UNION ALL SELECT concat('payout-cancelled:', id) FROM payments_payout
            UNION ALL SELECT concat('lapse:', id) FROM packs_creditentry WHERE kind = 'LAPSED'
        ) known ON known.cause = t.cause
        WHERE known.cause IS NULL AND split_part(t.cause, ':', 1) IN ('payment', 'fee', 'refund', 'bounced',
            'bounced-paid', 'dispute', 'dispute-fee', 'session', 'unused', 'lapse', 'payout', 'payout-paid', 'payout-cancelled')
        """,
    ),
    Check(
        "payment_booked",
        "payments_payment",
        "Every payment is booked once, with its sum, where it is: shared by the order's percentage, or unclaimed.",
        f"""
        SELECT p.id, concat(p.status, ', ', p.amount_minor, ' ', p.currency, ' by ', p.provider, CASE WHEN b.id IS NULL
            THEN ': it is not in the ledger.' ELSE concat(': the ledger''s transaction ', b.id, ' says otherwise.') END
            ) AS says
        FROM payments_payment p LEFT JOIN payments_order o ON o.id = p.order_id
        LEFT JOIN {sums_of("payment:")} b ON b.cause = concat('payment:', p.id)
        CROSS JOIN LATERAL (SELECT p.amount_minor > 0 AND p.status <> 'WRONG_MODE' AS wanted,
            CASE WHEN p.status = 'CONFIRMED' THEN o.amount_minor * o.mentor_share_percent / 100 ELSE 0 END AS part) w
        WHERE (w.wanted AND b.id IS NULL) OR (NOT w.wanted AND b.moved > 0) OR (w.wanted AND (
            b.money <> p.amount_minor OR b.moved <> 2 * p.amount_minor OR b.currencies <> 1 OR b.currency <> p.currency
            OR b.at_bank <> CASE WHEN p.provider = 'manual' THEN p.amount_minor ELSE 0 END
            OR (p.provider <> 'manual' AND b.provider IS DISTINCT FROM p.provider)
            OR b.mentor_pending <> -w.part
            OR b.unclaimed <> CASE WHEN p.status = 'CONFIRMED' THEN 0 ELSE -p.amount_minor END
        ))
        """,
    ),
    Check(
        "refund_booked",
        "payments_refund",
        "A refund is booked once it has succeeded, with its sum, from where the money left.",
        f"""
        SELECT r.id, concat(r.status, ', ', r.amount_minor, ' ', r.currency, CASE WHEN b.id IS NULL
            THEN ': it is not in the ledger.' ELSE concat(': the ledger''s transaction ', b.id, ' says otherwise.') END
            ) AS says
        FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
        LEFT JOIN {sums_of("refund:")} b ON b.cause = concat('refund:', r.id)
        WHERE (r.status = 'SUCCEEDED' AND p.status <> 'WRONG_MODE') <> (b.id IS NOT NULL) OR (b.id IS NOT NULL AND (
            b.money <> -r.amount_minor OR b.currencies <> 1 OR b.currency <> r.currency
            OR b.at_bank <> CASE WHEN r.by_hand OR p.provider = 'manual' THEN -r.amount_minor ELSE 0 END
            OR (b.at_bank = 0 AND b.provider IS DISTINCT FROM p.provider)
            OR b.unclaimed <> CASE WHEN p.status = 'CONFIRMED' THEN 0 ELSE r.amount_minor END
            OR b.unclaimed + b.shared <> r.amount_minor
        ))
        """,
    ),
    Check(
        "refund_bounce_booked",
        "payments_refund",
        "A refund that came back is nobody's money again, until it is paid from the bank; each booked once.",
        f"""
        SELECT r.id, concat('It came back ', coalesce(r.bounced_at::text, 'never'), ', paid ',
            coalesce(r.bounce_paid_at::text, 'never'), '; the ledger: ', coalesce(b.money, 0), ' came, ',
            coalesce(k.money, 0), ' paid.') AS says
        FROM payments_refund r
        LEFT JOIN {sums_of("bounced:")} b ON b.cause = concat('bounced:', r.id)
        LEFT JOIN {sums_of("bounced-paid:")} k ON k.cause = concat('bounced-paid:', r.id)
        WHERE coalesce(b.money, 0) <> CASE WHEN r.bounced_at IS NULL THEN 0 ELSE r.amount_minor END
            OR coalesce(b.unclaimed, 0) <> -coalesce(b.money, 0) OR b.at_bank <> 0
            OR coalesce(k.money, 0) <> CASE WHEN r.bounce_paid_at IS NULL THEN 0 ELSE -r.amount_minor END
            OR coalesce(k.unclaimed, 0) <> -coalesce(k.money, 0) OR k.at_bank <> k.money
        """,
    ),
    Check(
        "dispute_booked",
        "payments_dispute",
        "A dispute is booked once it is lost, with its sum.",
        f"""
        SELECT d.id, concat(d.status, ', ', d.amount_minor, ' ', d.currency, CASE WHEN b.id IS NULL
            THEN ': it is not in the ledger.' ELSE concat(': the ledger''s transaction ', b.id, ' says otherwise.') END
            ) AS says
        FROM payments_dispute d JOIN payments_payment p ON p.id = d.payment_id
        LEFT JOIN {sums_of("dispute:")} b ON b.cause = concat('dispute:', d.id)
        WHERE (d.status = 'LOST' AND d.amount_minor > 0 AND p.status <> 'WRONG_MODE') <> (coalesce(b.moved, 0) > 0)
            OR (b.moved > 0 AND (b.money <> -d.amount_minor OR b.currencies <> 1 OR b.currency <> d.currency
                OR (b.at_bank = 0 AND b.provider IS DISTINCT FROM p.provider)
                OR b.unclaimed <> CASE WHEN p.status = 'CONFIRMED' THEN 0 ELSE d.amount_minor END
                OR b.unclaimed + b.shared <> d.amount_minor))
        """,
    ),
    Check(
        "provider_books",
        "",
        "What the books say a provider holds is what came, without what went back, what it kept and what was moved.",
        """
        WITH ours AS (
            SELECT provider, currency, sum(amount_minor) AS held FROM payments_ledgerentry
            WHERE account = 'PROVIDER' GROUP BY 1, 2
        ), moved AS (
            SELECT p.provider, p.currency, p.amount_minor AS n FROM payments_payment p
            WHERE p.status <> 'WRONG_MODE' AND p.provider <> 'manual'
            UNION ALL SELECT p.provider, r.currency, -r.amount_minor FROM payments_refund r
            JOIN payments_payment p ON p.id = r.payment_id
            WHERE r.status = 'SUCCEEDED' AND NOT r.by_hand AND p.status <> 'WRONG_MODE' AND p.provider <> 'manual'
            UNION ALL SELECT p.provider, r.currency, r.amount_minor FROM payments_refund r
            JOIN payments_payment p ON p.id = r.payment_id WHERE r.bounced_at IS NOT NULL
            UNION ALL SELECT p.provider, d.currency, -d.amount_minor FROM payments_dispute d
            JOIN payments_payment p ON p.id = d.payment_id
            WHERE d.status = 'LOST' AND p.status <> 'WRONG_MODE' AND p.provider <> 'manual'
            UNION ALL SELECT e.provider, e.currency, e.amount_minor FROM payments_ledgerentry e
            JOIN payments_ledgertransaction t ON t.id = e.transaction_id
            WHERE e.account = 'PROVIDER' AND split_part(t.cause, ':', 1) IN ('fee', 'dispute-fee', 'transfer')
        ), theirs AS (SELECT provider, currency, sum(n) AS held FROM moved GROUP BY 1, 2)
        SELECT concat(provider, ' ', currency) AS id, concat('The books say ', coalesce(o.held, 0),
            ', payments, refunds, disputes, fees and transfers make ', coalesce(t.held, 0), '.') AS says
        FROM ours o FULL JOIN theirs t USING (provider, currency)
        WHERE coalesce(o.held, 0) <> coalesce(t.held, 0)
        """,
    ),
)
