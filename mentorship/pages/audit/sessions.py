"""Sessions and people's time: two blocks for each meeting to come, none for the others, nobody in two places."""

from __future__ import annotations

from mentorship.pages.audit.checks import Check, Kind

SESSION = "sessions_app_session"

CHECKS = (
    Check(
        "session_blocks",
        SESSION,
        "A meeting to come takes both people's time: the student's from start to end, the mentor's at least that.",
        """
        SELECT s.id, concat(s.status, ' ', s.starts_at, ', with ', count(b.id), ' blocks: ',
            coalesce(string_agg(b.span::text, ', '), 'none'), '.') AS says
        FROM sessions_app_session s LEFT JOIN sessions_app_calendarblock b ON b.session_id = s.id
        WHERE s.status IN ('AWAITING_PAYMENT', 'SCHEDULED', 'IN_PROGRESS')
        GROUP BY s.id HAVING count(b.id) <> 2
            OR count(*) FILTER (WHERE b.person_id = s.student_id AND b.span = tstzrange(s.starts_at, s.ends_at)) <> 1
            OR count(*) FILTER (WHERE b.person_id = s.mentor_id AND b.span @> tstzrange(s.starts_at, s.ends_at)
                AND lower(b.span) >= s.starts_at - interval '1 day' AND upper(b.span) <= s.ends_at + interval '1 day') <> 1
        """,
    ),
    Check(
        "session_over_blocks_nothing",
        SESSION,
        "What has ended, in whichever way, takes nobody's time.",
        """
        SELECT s.id, concat(s.status, ', but it still blocks ', b.span, ' of user ', b.person_id, '.') AS says
        FROM sessions_app_calendarblock b JOIN sessions_app_session s ON s.id = b.session_id
        WHERE s.status NOT IN ('AWAITING_PAYMENT', 'SCHEDULED', 'IN_PROGRESS')
        """,
    ),
    Check(
        "nobody_twice",
        "sessions_app_calendarblock",
        "Nobody is in two places at once.",
        """
        SELECT id, concat('User ', person_id, ': ', span, ' begins before ', until, ', the end of another.') AS says
        FROM (SELECT id, person_id, span, max(upper(span)) OVER (PARTITION BY person_id ORDER BY lower(span), id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until FROM sessions_app_calendarblock) b
        WHERE until > lower(span)
        """,
    ),
    Check(
        "session_state",
        SESSION,
        "Status, credit and settlement of a session fit each other.",
        """
        SELECT id, concat(status, ', credit ', coalesce(nullif(credit, ''), 'none'), ', settled ',
            coalesce(settled_at::text, 'never'), ', absent ', coalesce(nullif(absent_party, ''), 'nobody'), '.') AS says
        FROM sessions_app_session
        WHERE (CASE status
            WHEN 'AWAITING_PAYMENT' THEN credit = '' AND settled_at IS NULL AND payment_deadline IS NOT NULL
            WHEN 'SCHEDULED' THEN credit = 'HELD' AND settled_at IS NULL AND booked_at IS NOT NULL
            WHEN 'IN_PROGRESS' THEN credit = 'HELD' AND settled_at IS NULL AND started_at IS NOT NULL
            WHEN 'COMPLETED' THEN credit = 'USED' AND settled_at >= ends_at
            WHEN 'NO_SHOW' THEN settled_at > starts_at AND absent_party <> ''
                AND credit = CASE WHEN absent_party = 'STUDENT' THEN 'USED' ELSE 'RETURNED' END
            WHEN 'CANCELLED' THEN (credit = '' AND settled_at IS NULL)
                OR (credit IN ('USED', 'RETURNED') AND settled_at IS NOT NULL)
            WHEN 'EXPIRED' THEN credit = '' AND settled_at IS NULL
            ELSE false END) IS NOT TRUE
            OR (status NOT IN ('NO_SHOW') AND absent_party <> '') OR (credit <> '') <> (pack_id IS NOT NULL)
        """,
    ),
    Check(
        "session_of_its_pack",
        SESSION,
        "A session is of its pack's two people and length.",
        """
        SELECT s.id, concat('Pack ', k.id, ' is of users ', k.student_id, ' and ', k.mentor_id, ', ', k.duration_minutes,
            ' min.') AS says
        FROM sessions_app_session s JOIN packs_sessionpack k ON k.id = s.pack_id
        WHERE s.student_id <> k.student_id OR s.mentor_id <> k.mentor_id
            OR s.ends_at - s.starts_at <> k.duration_minutes * interval '1 minute'
        """,
    ),
    Check(
        "session_of_its_order",
        SESSION,
        "A session kept or booked for an order is of the order's two people.",
        """
        SELECT s.id, concat('Its order is ', s.order_id, '.') AS says
        FROM sessions_app_session s LEFT JOIN payments_order o ON o.id = s.order_id
        WHERE s.order_id IS NOT NULL
            AND (o.id IS NULL OR o.student_id <> s.student_id OR o.mentor_id <> s.mentor_id
                OR (s.status = 'AWAITING_PAYMENT' AND o.status IN ('FULFILLED', 'FAILED', 'EXPIRED')))
        """,
    ),
    Check(
        "session_unsettled",
        SESSION,
        "What nobody marks is settled by itself, at most two hours late, unless something is said about it.",
        """
        SELECT s.id, concat('It ended ', s.ends_at, '.') AS says FROM sessions_app_session s
        WHERE s.status IN ('SCHEDULED', 'IN_PROGRESS') AND s.ends_at <= %(now)s - interval '2 hours' - CASE
                WHEN EXISTS (SELECT 1 FROM sessions_app_sessionevent e WHERE e.session_id = s.id AND e.kind = 'ENTERED')
                THEN %(settle_with_evidence)s ELSE %(settle_after)s END
            AND NOT EXISTS (SELECT 1 FROM sessions_app_claim c WHERE c.session_id = s.id
                AND c.status IN ('OPENED', 'ANSWERED'))
        """,
        Kind.OVERDUE,
    ),
    Check(
        "session_unpaid_too_long",
        SESSION,
        "A time kept for a payment is free again a quarter of an hour after its deadline.",
        """
        SELECT id, concat('The payment was due ', payment_deadline, '.') AS says FROM sessions_app_session
        WHERE status = 'AWAITING_PAYMENT' AND payment_deadline <= %(now)s - interval '15 minutes'
        """,
        Kind.OVERDUE,
    ),
)
