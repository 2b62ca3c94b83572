"""What waits for an answer: requests, claims, proposals, pauses and the waiting list; each fits what it keeps or stops."""

from __future__ import annotations

from mentorship.pages.audit.checks import Check, Kind

REQUEST, PLACE, CLAIM = "sessions_app_bookingrequest", "seats_waitingplace", "sessions_app_claim"

CHECKS = (
    Check(
        "request_state",
        REQUEST,
        "A request's status has its times: approved until when it is paid, rejected or ended when.",
        """
        SELECT id, concat(status, '; approved ', coalesce(approved_at::text, '-'), ', pay by ',
            coalesce(payment_deadline::text, '-'), ', paid ', coalesce(paid_at::text, '-'), ', ended ',
            coalesce(ended_at::text, '-'), '.') AS says
        FROM sessions_app_bookingrequest WHERE (CASE status
            WHEN 'PENDING_MENTOR_REVIEW' THEN approved_at IS NULL AND paid_at IS NULL AND ended_at IS NULL
            WHEN 'APPROVED' THEN approved_at IS NOT NULL AND payment_deadline > approved_at AND ended_at IS NULL
            WHEN 'REJECTED' THEN rejected_at IS NOT NULL AND ended_at IS NOT NULL AND paid_at IS NULL
            ELSE ended_at IS NOT NULL AND paid_at IS NULL END) IS NOT TRUE
        """,
    ),
    Check(
        "request_keeps_what_it_promised",
        REQUEST,
        "While an approved request can be paid, its seat and its time are kept, unless an admin released the seat.",
        """
        SELECT r.id, concat('To be paid until ', r.payment_deadline, '; ', CASE WHEN s.id IS NULL THEN 'no time'
            ELSE concat('its time is ', s.status, ' until ', coalesce(s.payment_deadline::text, '-')) END,
            CASE WHEN r.takes_seat THEN concat(', the seat is ', coalesce(seat.status, 'gone'),
                ' until ' || seat.held_until) END, '.') AS says
        FROM sessions_app_bookingrequest r LEFT JOIN sessions_app_session s ON s.id = r.session_id
        LEFT JOIN seats_seat seat ON seat.student_id = r.student_id AND seat.mentor_id = r.mentor_id
            AND seat.status <> 'RELEASED'
        WHERE r.status = 'APPROVED' AND r.paid_at IS NULL AND r.payment_deadline > %(now)s
            AND ((s.id IS NOT NULL AND (s.status <> 'AWAITING_PAYMENT' OR s.payment_deadline < r.payment_deadline
                    OR s.student_id <> r.student_id OR s.mentor_id <> r.mentor_id))
                OR (s.id IS NULL AND NOT r.takes_seat)
                OR (r.takes_seat AND seat.status IN ('HELD', 'OFFERED') AND seat.held_until < r.payment_deadline)
                OR (r.takes_seat AND seat.id IS NULL AND NOT EXISTS (SELECT 1 FROM seats_seat g
                    WHERE g.student_id = r.student_id AND g.mentor_id = r.mentor_id
                    AND g.release_reason = 'BY_ADMIN' AND g.released_at >= r.approved_at)))
        """,
    ),
    Check(
        "request_paid",
        REQUEST,
        "A request is paid exactly when an order for it was granted, to the same two people, at the price asked for.",
        """
        SELECT r.id, concat('Paid ', coalesce(r.paid_at::text, 'never'), '; the order is ',
            coalesce(o.status, 'not there'), '.') AS says
        FROM sessions_app_bookingrequest r
        LEFT JOIN payments_order o ON o.request_id = r.id AND o.status = 'FULFILLED'
        WHERE (r.paid_at IS NOT NULL) <> (o.id IS NOT NULL) OR (o.id IS NOT NULL AND (o.student_id <> r.student_id
            OR o.mentor_id <> r.mentor_id OR o.amount_minor <> r.amount_minor OR o.currency <> r.currency))
        """,
    ),
    Check(
        "offer_has_its_seat",
        PLACE,
        "Somebody with an offer has an offered seat, of the same two people, kept at least until the offer's end.",
        """
        SELECT p.id, concat('Offered until ', p.offered_until, '; the seat is ', coalesce(s.status, 'not there'), ', kept until ',
            coalesce(s.held_until::text, '-'), '.') AS says
        FROM seats_waitingplace p LEFT JOIN seats_seat s ON s.id = p.seat_id
        WHERE p.status = 'OFFERED' AND (s.status = 'OFFERED' AND s.mentor_id = p.mentor_id
            AND s.student_id = p.student_id AND s.held_until >= p.offered_until) IS NOT TRUE
        """,
    ),
    Check(
        "offered_seat_has_its_place",
        "seats_seat",
        "A seat is on offer only to somebody from the waiting list.",
        """
        SELECT s.id, concat('Offered to user ', s.student_id, ', who has no place in the line.') AS says
        FROM seats_seat s LEFT JOIN seats_waitingplace p ON p.seat_id = s.id AND p.status = 'OFFERED'
        WHERE s.status = 'OFFERED' AND p.id IS NULL
        """,
    ),
    Check(
        "nobody_seated_waits",
        PLACE,
        "Whoever has a seat does not wait for one; a place that is over has its end.",
        """
        SELECT p.id, concat(p.status, ', ended ', coalesce(p.ended_at::text, 'never'), ', the seat is ',
            coalesce(s.status, 'none'), '.') AS says
        FROM seats_waitingplace p LEFT JOIN seats_seat s ON s.mentor_id = p.mentor_id AND s.student_id = p.student_id
            AND s.status IN ('ACTIVE', 'GRACE')
        WHERE (p.status IN ('WAITING', 'OFFERED') AND (s.id IS NOT NULL OR p.ended_at IS NOT NULL))
            OR (p.status NOT IN ('WAITING', 'OFFERED') AND p.ended_at IS NULL)
        """,
    ),
    Check(
        "seat_free_while_somebody_waits",
        PLACE,
        "A seat that is free is offered to the head of the line within a quarter of an hour, where anything is sold.",
        """
        SELECT min(p.id) AS id, concat(m.max_active_students - coalesce(s.n, 0), ' seats of user ', m.user_id,
            ' are free, and ', count(*), ' wait.') AS says
        FROM seats_waitingplace p JOIN people_mentorprofile m ON m.user_id = p.mentor_id AND m.accepts_new
            AND m.verified_at IS NOT NULL AND m.sales_paused_at IS NULL
        JOIN people_user mentor ON mentor.id = m.user_id AND mentor.is_active
        JOIN people_user student ON student.id = p.student_id AND student.is_active
        LEFT JOIN (SELECT mentor_id, count(*) FILTER (WHERE status <> 'RELEASED') AS n, max(released_at) AS last
            FROM seats_seat GROUP BY 1) s ON s.mentor_id = p.mentor_id
        WHERE p.status = 'WAITING' AND p.joined_at <= %(now)s - interval '15 minutes'
            AND coalesce(s.n, 0) < m.max_active_students
            AND coalesce(s.last <= %(now)s - interval '15 minutes', true)
        GROUP BY m.user_id, m.max_active_students, s.n
        """,
        Kind.OVERDUE,
    ),
    Check(
        "offer_not_passed_on",
        PLACE,
        "An offer that was not taken goes to the next in line within a quarter of an hour.",
        """
        SELECT p.id, concat('The seat was kept until ', s.held_until, '.') AS says
        FROM seats_waitingplace p JOIN seats_seat s ON s.id = p.seat_id
        WHERE p.status = 'OFFERED' AND s.held_until <= %(now)s - interval '15 minutes'
        """,
        Kind.OVERDUE,
    ),
    Check(
        "request_overdue",
        REQUEST,
        "A request that nobody answers, or pays, ends within a quarter of an hour.",
        """
        SELECT id, concat(status, ', it was due ', CASE status WHEN 'APPROVED' THEN payment_deadline
            ELSE approval_deadline END, '.') AS says
        FROM sessions_app_bookingrequest
        WHERE (status = 'PENDING_MENTOR_REVIEW' AND approval_deadline <= %(now)s - interval '15 minutes')
            OR (status = 'APPROVED' AND paid_at IS NULL AND payment_deadline <= %(now)s - interval '15 minutes')
        """,
        Kind.OVERDUE,
    ),
    Check(
        "claim_freezes",
        "packs_sessionpack",
        "The pack of a claimed session is frozen by the claim, while it is open and no longer.",
        """
        WITH open AS (SELECT s.pack_id, concat('claim:', c.id) AS cause FROM sessions_app_claim c
            JOIN sessions_app_session s ON s.id = c.session_id WHERE c.status IN ('OPENED', 'ANSWERED'))
        SELECT o.pack_id AS id, concat(o.cause, ' is open and does not freeze it.') AS says FROM open o
        LEFT JOIN packs_freeze f ON f.pack_id = o.pack_id AND f.cause = o.cause AND f.until IS NULL WHERE f.id IS NULL
        UNION ALL
        SELECT f.pack_id, concat(f.cause, ' is over and still freezes it.') FROM packs_freeze f
        LEFT JOIN open o ON o.pack_id = f.pack_id AND o.cause = f.cause
        WHERE f.until IS NULL AND starts_with(f.cause, 'claim:') AND o.cause IS NULL
        """,
    ),
    Check(
        "claim_of_a_participant",
        CLAIM,
        "A claim is made by one of the session's two people, after its end.",
        """
        SELECT c.id, concat('By user ', c.by_id, ', made ', c.created_at, '; the session ended ', s.ends_at, '.') AS says
        FROM sessions_app_claim c JOIN sessions_app_session s ON s.id = c.session_id
        WHERE c.by_id NOT IN (s.student_id, s.mentor_id) OR c.created_at < s.ends_at
        """,
    ),
    Check(
        "claim_undecided",
        CLAIM,
        "A claim that an admin has to decide is decided within three days.",
        """
        SELECT id, concat(status, ', for an admin since ', coalesce(answered_at, answer_by), '.') AS says
        FROM sessions_app_claim WHERE (status = 'ANSWERED' AND answered_at <= %(now)s - interval '3 days')
            OR (status = 'OPENED' AND answer_by <= %(now)s - interval '3 days')
        """,
        Kind.OVERDUE,
    ),
    Check(
        "proposal_of_a_coming_session",
        "sessions_app_moveproposal",
        "Another time is proposed only for a session that is still to come at the old one.",
        """
        SELECT p.id, concat('The session is ', s.status, ' at ', s.starts_at, '; proposed instead of ', p.old_starts_at,
            '.') AS says
        FROM sessions_app_moveproposal p JOIN sessions_app_session s ON s.id = p.session_id
        WHERE (p.status = 'OPEN' AND (s.status NOT IN ('SCHEDULED', 'IN_PROGRESS') OR s.starts_at <> p.old_starts_at))
            OR (p.status = 'OPEN') <> (p.answered_at IS NULL) OR p.by_id <> s.mentor_id
        """,
    ),
    Check(
        "pause_stops_its_pack",
        "packs_sessionpack",
        "A pack is paused exactly while a pause of it runs.",
        """
        SELECT k.id, concat(CASE WHEN k.paused_at IS NULL THEN 'Not paused' ELSE 'Paused' END, ', and ',
            coalesce(p.n, 0), ' pauses run.') AS says
        FROM packs_sessionpack k LEFT JOIN (SELECT pack_id, count(*) AS n FROM packs_pause WHERE status = 'RUNNING'
            GROUP BY 1) p ON p.pack_id = k.id
        WHERE (k.paused_at IS NOT NULL) <> (p.n IS NOT NULL)
        """,
    ),
    Check(
        "pause_within_its_days",
        "packs_pause",
        "A pause lasts no longer than was agreed, and all pauses of a pack together no longer than the limit.",
        """
        SELECT id, concat(days, ' days were agreed, it lasted ', seconds, ' s; all of the pack ', total, ' s.') AS says
        FROM (SELECT *, sum(seconds) OVER (PARTITION BY pack_id) AS total FROM packs_pause WHERE status = 'ENDED') p
        WHERE seconds > days * 86400 OR total > extract(epoch FROM %(pause)s) OR ended_at IS NULL
        """,
    ),
    Check(
        "pause_over",
        "packs_pause",
        "A pause ends within two hours after its time.",
        """
        SELECT id, concat('It was to end ', ends_at, '.') AS says FROM packs_pause
        WHERE status = 'RUNNING' AND ends_at <= %(now)s - interval '2 hours'
        """,
        Kind.OVERDUE,
    ),
    Check(
        "vacation_moved_its_own",
        "sessions_app_vacation",
        "A vacation moved only packs of the mentor who is away.",
        """
        SELECT v.id, concat('The pack ', moved.id, ' is ', CASE WHEN k.id IS NULL THEN 'not there'
            ELSE 'another mentor''s' END, '.') AS says
        FROM sessions_app_vacation v CROSS JOIN LATERAL unnest(v.moved_packs) AS moved(id)
        LEFT JOIN packs_sessionpack k ON k.id = moved.id WHERE k.mentor_id IS DISTINCT FROM v.mentor_id
        """,
    ),
    Check(
        "entry_moves_what_its_kind_says",
        "packs_creditentry",
        "An entry about a pause, an expiry or a note moves no credit; every other moves at least one.",
        """
        SELECT id, concat(kind, ' moves ', total_delta, '/', held_delta, '/', used_delta, '.') AS says
        FROM packs_creditentry WHERE (kind IN ('PAUSED', 'EXPIRY', 'NOTED'))
            <> (total_delta = 0 AND held_delta = 0 AND used_delta = 0) OR (kind = 'CORRECTED' AND session_id IS NULL)
        """,
    ),
)
