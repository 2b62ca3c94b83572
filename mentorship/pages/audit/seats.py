"""Seats: one for each student and number, for those who have a pack."""

from __future__ import annotations

from mentorship.pages.audit.checks import Check, Kind

SEAT, PACK = "seats_seat", "packs_sessionpack"

# The packs for whose sake a seat stays at %(now)s, given that jobs may be late by `late`.
LIVE = """(k.takes_seat AND ((k.status = 'ACTIVE' AND (k.expires_at > {since} OR k.frozen_at IS NOT NULL
    OR k.paused_at IS NOT NULL)) OR (k.status IN ('ACTIVE', 'EXPIRED') AND (k.sessions_held > 0
    OR k.expires_at + %(expiry_grace)s > {since}))))"""

CHECKS = (
    Check(
        "seat_number_once",
        SEAT,
        "No two standing seats of a mentor have the same number.",
        """
        SELECT max(id) AS id, concat('Number ', number, ' is ', count(*), ' seats: ',
            string_agg(id::text, ', ' ORDER BY id), '.') AS says
        FROM seats_seat WHERE status <> 'RELEASED' GROUP BY mentor_id, number HAVING count(*) > 1
        """,
    ),
    Check(
        "seat_one_for_each_student",
        SEAT,
        "A student has at most one standing seat with a mentor.",
        """
        SELECT max(id) AS id, concat('The seats ', string_agg(id::text, ', ' ORDER BY id), ' are one person''s.') AS says
        FROM seats_seat WHERE status <> 'RELEASED' GROUP BY mentor_id, student_id HAVING count(*) > 1
        """,
    ),
    Check(
        "seat_times",
        SEAT,
        "Grace and holds have an end, a released seat its time, a taken one no grace.",
        """
        SELECT id, concat(status, '; held until ', coalesce(held_until::text, '-'), ', grace until ',
            coalesce(grace_ends_at::text, '-'), ', released ', coalesce(released_at::text, '-'), '.') AS says
        FROM seats_seat WHERE (status = 'GRACE' AND grace_ends_at IS NULL)
            OR (status IN ('HELD', 'OFFERED') AND held_until IS NULL)
            OR (status = 'RELEASED') <> (released_at IS NOT NULL)
            OR (status = 'ACTIVE' AND (grace_ends_at IS NOT NULL OR activated_at IS NULL))
        """,
    ),
    Check(
        "pack_has_its_seat",
        PACK,
        "Who has an open seat-taking pack, or a session booked from one, has a taken seat, unless an admin released it.",
        f"""
        SELECT k.id, concat(k.status, ', ', k.sessions_held, ' held; the seat is ', coalesce((SELECT s.status
            FROM seats_seat s WHERE s.student_id = k.student_id AND s.mentor_id = k.mentor_id ORDER BY s.id DESC LIMIT 1),
            'not there'), '.') AS says
        FROM packs_sessionpack k
        WHERE k.status IN ('ACTIVE', 'EXPIRED') AND {LIVE.format(since="%(now)s")} AND (k.sessions_held > 0
                OR k.status = 'ACTIVE')
            AND NOT EXISTS (SELECT 1 FROM seats_seat s WHERE s.student_id = k.student_id AND s.mentor_id = k.mentor_id
                AND (s.status = 'ACTIVE' OR (s.release_reason = 'BY_ADMIN' AND s.released_at >= k.created_at)))
        """,
    ),
    Check(
        "seat_frozen_with_its_pack",
        SEAT,
        "A seat's grace stands still only while a seat-taking pack of the two is frozen.",
        """
        SELECT s.id, 'No pack of the two is frozen.' AS says FROM seats_seat s
        WHERE s.status <> 'RELEASED' AND s.frozen_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM packs_sessionpack k
            WHERE k.student_id = s.student_id AND k.mentor_id = s.mentor_id AND k.takes_seat AND k.frozen_at IS NOT NULL)
        """,
    ),
    Check(
        "seat_last_event",
        SEAT,
        "A seat's last event ends in its status.",
        """
        SELECT s.id, concat(s.status, ', its last event says ', coalesce(e.after, 'nothing'), '.') AS says
        FROM seats_seat s LEFT JOIN (SELECT DISTINCT ON (seat_id) seat_id, after FROM seats_seatevent
            ORDER BY seat_id, id DESC) e ON e.seat_id = s.id
        WHERE e.after IS DISTINCT FROM s.status
        """,
    ),
    Check(
        "seat_kept_for_nobody",
        SEAT,
        "A seat whose pack, grace or hold is over is released within two hours: the sweep is hourly.",
        f"""
        SELECT s.id, concat(s.status, ', kept until ', coalesce(greatest(s.held_until, s.grace_ends_at)::text,
            'its pack is over'), '.') AS says
        FROM seats_seat s
        WHERE s.status <> 'RELEASED'
            AND coalesce(greatest(s.held_until, s.grace_ends_at) <= %(now)s - interval '2 hours', true)
            AND NOT (s.status = 'GRACE' AND s.frozen_at IS NOT NULL)
            AND NOT (s.status = 'ACTIVE' AND (EXISTS (SELECT 1 FROM packs_sessionpack k
                    WHERE k.student_id = s.student_id AND k.mentor_id = s.mentor_id
                    AND {LIVE.format(since="%(now)s - interval '2 hours'")})
                OR EXISTS (SELECT 1 FROM packs_sessionpack k JOIN packs_creditentry e ON e.pack_id = k.id
                    WHERE k.student_id = s.student_id AND k.mentor_id = s.mentor_id AND k.takes_seat
                    AND e.at > %(now)s - interval '2 hours')))
        """,
        Kind.OVERDUE,
    ),
    Check(
        "pack_past_its_expiry",
        PACK,
        "A pack past its expiry is marked as expired within two hours.",
        """
        SELECT id, concat('Active, but it expired ', expires_at, '.') AS says FROM packs_sessionpack
        WHERE status = 'ACTIVE' AND frozen_at IS NULL AND paused_at IS NULL AND expires_at <= %(now)s - interval '2 hours'
        """,
        Kind.OVERDUE,
    ),
    Check(
        "seats_within_capacity",
        "people_mentorprofile",
        "Not more seats are taken than the mentor has; only lowering the capacity leaves more.",
        """
        SELECT m.id, concat(s.n, ' seats are taken, the mentor has ', m.max_active_students, '.') AS says
        FROM people_mentorprofile m JOIN (SELECT mentor_id, count(*) AS n FROM seats_seat
            WHERE status IN ('ACTIVE', 'GRACE') OR (status <> 'RELEASED' AND held_until > %(now)s) GROUP BY 1) s
            ON s.mentor_id = m.user_id
        WHERE s.n > m.max_active_students
        """,
        Kind.NOTE,
    ),
)
