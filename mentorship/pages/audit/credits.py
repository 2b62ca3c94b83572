"""Credits: the counters are the sums of the entries, and the entries are what the sessions say."""

from __future__ import annotations

from mentorship.pages.audit.checks import Check

PACK = "packs_sessionpack"

CHECKS = (
    Check(
        "pack_counters",
        PACK,
        "Total, held and used of a pack are the sums of its entries.",
        """
        SELECT k.id, concat('The row says ', k.sessions_total, '/', k.sessions_held, '/', k.sessions_used,
            ', the entries ', coalesce(e.total, 0), '/', coalesce(e.held, 0), '/', coalesce(e.used, 0), '.') AS says
        FROM packs_sessionpack k LEFT JOIN (SELECT pack_id, sum(total_delta) AS total, sum(held_delta) AS held,
            sum(used_delta) AS used FROM packs_creditentry GROUP BY pack_id) e ON e.pack_id = k.id
        WHERE k.sessions_total <> coalesce(e.total, 0) OR k.sessions_held <> coalesce(e.held, 0)
            OR k.sessions_used <> coalesce(e.used, 0)
        """,
    ),
    Check(
        "pack_counts_its_sessions",
        PACK,
        "Held are the booked sessions of the pack, used the used ones (and what an entry without a session corrects).",
        """
        SELECT k.id, concat('It says ', k.sessions_held, ' held and ', k.sessions_used, ' used; its sessions ',
            coalesce(s.held, 0), ' and ', coalesce(s.used, 0), ', corrections ', coalesce(c.used, 0), '.') AS says
        FROM packs_sessionpack k
        LEFT JOIN (SELECT pack_id, count(*) FILTER (WHERE credit = 'HELD') AS held,
            count(*) FILTER (WHERE credit = 'USED') AS used
            FROM sessions_app_session WHERE pack_id IS NOT NULL GROUP BY 1) s ON s.pack_id = k.id
        LEFT JOIN (SELECT pack_id, sum(used_delta) AS used FROM packs_creditentry
            WHERE session_id IS NULL AND used_delta <> 0 GROUP BY 1) c ON c.pack_id = k.id
        WHERE k.sessions_held <> coalesce(s.held, 0)
            OR k.sessions_used <> coalesce(s.used, 0) + coalesce(c.used, 0)
        """,
    ),
    Check(
        "session_credit_explained",
        "sessions_app_session",
        "A booked session has an entry that holds its credit, a used one has its settlement, a returned one neither.",
        """
        SELECT s.id, concat('Its credit is ', s.credit, '; the entries hold ', coalesce(e.held, 0), ' and use ',
            coalesce(e.used, 0), '.') AS says
        FROM sessions_app_session s LEFT JOIN (SELECT session_id, pack_id, purchase_id, sum(held_delta) AS held,
            sum(used_delta) AS used FROM packs_creditentry WHERE session_id IS NOT NULL GROUP BY 1, 2, 3) e
            ON e.session_id = s.id AND e.pack_id = s.pack_id AND e.purchase_id IS NOT DISTINCT FROM s.purchase_id
        WHERE coalesce(e.held, 0) <> CASE WHEN s.credit = 'HELD' THEN 1 ELSE 0 END
            OR coalesce(e.used, 0) <> CASE WHEN s.credit = 'USED' THEN 1 ELSE 0 END
        """,
    ),
    Check(
        "entry_of_a_session",
        "packs_creditentry",
        "An entry that names a session names one that exists, of the same two people.",
        """
        SELECT e.id, concat('There is no such session: ', e.session_id, '.') AS says
        FROM packs_creditentry e JOIN packs_sessionpack k ON k.id = e.pack_id
        LEFT JOIN sessions_app_session s ON s.id = e.session_id
        WHERE e.session_id IS NOT NULL
            AND (s.id IS NULL OR s.student_id <> k.student_id OR s.mentor_id <> k.mentor_id)
        """,
    ),
    Check(
        "purchase_credits",
        "packs_purchase",
        "A purchase's credits were granted once, as many as were bought; never are more of them about, in any pack.",
        """
        SELECT u.id, concat(u.sessions, ' bought; ', coalesce(e.granted, 0), ' granted, ', coalesce(e.total, 0),
            ' about.') AS says
        FROM packs_purchase u LEFT JOIN (SELECT purchase_id, sum(total_delta) AS total,
            sum(total_delta) FILTER (WHERE kind = 'GRANTED') AS granted, count(*) FILTER (WHERE kind = 'GRANTED') AS n
            FROM packs_creditentry WHERE purchase_id IS NOT NULL GROUP BY 1) e ON e.purchase_id = u.id
        WHERE coalesce(e.granted, 0) <> u.sessions OR e.n <> 1 OR e.total NOT BETWEEN 0 AND u.sessions
        """,
    ),
    Check(
        "purchase_credits_not_negative",
        PACK,
        "In no pack is less than nothing free, held or used of a purchase.",
        """
        SELECT pack_id AS id, concat('Of purchase ', coalesce(purchase_id::text, 'none'), ': total ', sum(total_delta),
            ', held ', sum(held_delta), ', used ', sum(used_delta), '.') AS says
        FROM packs_creditentry GROUP BY pack_id, purchase_id
        HAVING sum(total_delta) < sum(held_delta) + sum(used_delta) OR sum(held_delta) < 0 OR sum(used_delta) < 0
        """,
    ),
    Check(
        "pack_status",
        PACK,
        "A pack's status fits its counters: used up only when all are used, refunded or expired with nothing free.",
        """
        SELECT k.id, concat(k.status, ' with total ', k.sessions_total, ', held ', k.sessions_held, ', used ',
            k.sessions_used, '.') AS says
        FROM packs_sessionpack k
        WHERE (k.status = 'DEPLETED' AND (k.sessions_used <> k.sessions_total OR k.sessions_used = 0
                OR k.depleted_at IS NULL))
            OR (k.status = 'REFUNDED' AND k.sessions_used <> k.sessions_total)
            OR (k.status = 'EXPIRED' AND k.sessions_total <> k.sessions_held + k.sessions_used)
            OR (k.status = 'ACTIVE' AND (k.depleted_at IS NOT NULL OR (k.sessions_used = k.sessions_total AND NOT EXISTS
                (SELECT 1 FROM packs_creditentry e WHERE e.pack_id = k.id AND e.kind = 'TAKEN'))))
        """,
    ),
    Check(
        "pack_one_open",
        PACK,
        "Two people have at most one open seat-taking pack of a length.",
        """
        SELECT max(id) AS id, concat('The packs ', string_agg(id::text, ', ' ORDER BY id), ' are open at once.') AS says
        FROM packs_sessionpack WHERE status = 'ACTIVE' AND takes_seat
        GROUP BY student_id, mentor_id, duration_minutes HAVING count(*) > 1
        """,
    ),
    Check(
        "pack_frozen_for_a_cause",
        PACK,
        "A pack is frozen exactly while a freeze of it stands.",
        """
        SELECT k.id, concat(CASE WHEN k.frozen_at IS NULL THEN 'Not frozen' ELSE 'Frozen' END, ', and ',
            coalesce(f.n, 0), ' freezes stand.') AS says
        FROM packs_sessionpack k LEFT JOIN (SELECT pack_id, count(*) AS n FROM packs_freeze WHERE until IS NULL GROUP BY 1)
            f ON f.pack_id = k.id
        WHERE (k.frozen_at IS NOT NULL) <> (f.n IS NOT NULL)
        """,
    ),
    Check(
        "dispute_freezes",
        PACK,
        "Packs with credits of a disputed order are frozen by the dispute, while it is open and no longer.",
        """
        WITH disputed AS (
            SELECT DISTINCT e.pack_id, concat('dispute:', d.id) AS cause FROM payments_dispute d
            JOIN packs_purchase u ON u.order_id = d.order_id JOIN packs_creditentry e ON e.purchase_id = u.id
            WHERE d.status = 'OPEN'
        )
        SELECT d.pack_id AS id, concat(d.cause, ' is open and does not freeze it.') AS says FROM disputed d
        LEFT JOIN packs_freeze f ON f.pack_id = d.pack_id AND f.cause = d.cause AND f.until IS NULL
        WHERE f.pack_id IS NULL
        UNION ALL
        SELECT f.pack_id, concat(f.cause, ' is over and still freezes it.') FROM packs_freeze f
        LEFT JOIN payments_dispute d ON concat('dispute:', d.id) = f.cause AND d.status = 'OPEN'
        WHERE f.until IS NULL AND starts_with(f.cause, 'dispute:') AND d.id IS NULL
        """,
    ),
)
