"""How long the audit takes: 15.5 s on two busy cores, over 1,100,000 ledger entries, 500,000 credit entries, 200,000 sessions and 100,000 orders.

Run by hand against an empty, migrated database: `python -m tests.benchmarks.audit`. It fills it, in one transaction that is
rolled back, and prints the time of each check.
"""

from __future__ import annotations

import os

import django

FILL = """
INSERT INTO people_user (id, password, is_superuser, email, name, zone_name, is_active, is_staff, date_joined)
SELECT i, '', false, 'u' || i || '@example.test', 'U' || i, 'UTC', true, false, now() FROM generate_series(1, 1100) i;
INSERT INTO people_mentorprofile (user_id, slug, photo, promise, bio, languages, meeting_url, max_active_students, accepts_new,
    applied_at, verified_at, notice_hours, slot_step_minutes, buffer_before_minutes, buffer_after_minutes)
SELECT i, 'm' || i, '', '', '', '{en}', '', 100, true, now(), now(), 12, 30, 0, 0 FROM generate_series(1, 1000) i;
CREATE TEMP TABLE pair ON COMMIT DROP AS SELECT (m - 1) * 100 + s AS id, m AS mentor, 1000 + s AS student, s AS number,
    md5('o' || m || '-' || s)::uuid AS o FROM generate_series(1, 1000) m, generate_series(1, 100) s;
INSERT INTO packs_sessionpack (id, student_id, mentor_id, title, duration_minutes, sessions_total, sessions_held, sessions_used,
    takes_seat, status, created_at, expires_at)
SELECT id, student, mentor, 'Pack', 60, 4, 0, 2, true, 'ACTIVE', now() - interval '40 days', now() + interval '50 days' FROM pair;
INSERT INTO seats_seat (id, mentor_id, student_id, number, status, created_at, activated_at, release_reason)
SELECT id, mentor, student, number, 'ACTIVE', now() - interval '40 days', now() - interval '40 days', '' FROM pair;
INSERT INTO seats_seatevent (seat_id, before, after, reason, at) SELECT id, '', 'ACTIVE', 'bought', now() FROM pair;
INSERT INTO payments_order (id, number, student_id, mentor_id, title, takes_seat, session_count, duration_minutes, validity_days,
    amount_minor, currency, mentor_share_percent, agenda, status, provider, provider_reference, checkout_url, site_url,
    body_hash, created_at, expires_at, paid_at, fulfilled_at, pack_id, refund_wish, attention)
SELECT o, lpad(to_hex(id), 8, 'x'), student, mentor, 'Pack', true, 4, 60, 90, 10000, 'EUR', 70, '', 'FULFILLED', 'stripe',
    'cs_' || id, '', '', '', now() - interval '40 days', now() - interval '40 days', now() - interval '40 days',
    now() - interval '40 days', id, '', '' FROM pair;
INSERT INTO payments_payment (id, order_id, provider, provider_payment_id, amount_minor, currency, status, note, received_at)
SELECT id, o, 'stripe', 'pi_' || id, 10000, 'EUR', 'CONFIRMED', '', now() - interval '40 days' FROM pair;
INSERT INTO packs_purchase (id, pack_id, order_id, title, sessions, amount_minor, currency, created_at)
SELECT id, id, o, 'Pack', 4, 10000, 'EUR', now() - interval '40 days' FROM pair;
INSERT INTO sessions_app_session (id, mentor_id, student_id, pack_id, purchase_id, title, agenda, starts_at, ends_at, status,
    credit, booked_at, meeting_url, settled_at, absent_party, created_at)
SELECT md5('s' || id || '-' || n)::uuid, mentor, student, id, id, 'Session', '', at, at + interval '1 hour', 'COMPLETED', 'USED',
    at - interval '2 days', '', at + interval '2 hours', '', at - interval '2 days'
FROM pair, LATERAL (SELECT n, now() - n * interval '10 days' AS at FROM generate_series(1, 2) n) s;
INSERT INTO packs_creditentry (pack_id, kind, total_delta, held_delta, used_delta, purchase_id, reason, at)
SELECT id, 'GRANTED', 4, 0, 0, id, '', now() - interval '40 days' FROM pair;
INSERT INTO packs_creditentry (pack_id, kind, total_delta, held_delta, used_delta, purchase_id, session_id, reason, at)
SELECT pack_id, k.kind, 0, k.held, k.used, purchase_id, id, '', settled_at
FROM sessions_app_session, (VALUES ('HELD', 1, 0), ('USED', -1, 1)) k (kind, held, used);
INSERT INTO payments_ledgertransaction (id, cause, memo, order_id, shares, at)
SELECT id, 'payment:' || id, '', o, 0, now() - interval '40 days' FROM pair;
INSERT INTO payments_ledgertransaction (id, cause, memo, order_id, shares, at)
SELECT 100000 + row_number() OVER (), 'session:' || s.id, '', u.order_id, 1, s.settled_at + interval '80 hours'
FROM sessions_app_session s JOIN packs_purchase u ON u.id = s.purchase_id;
INSERT INTO payments_ledgerentry (transaction_id, account, mentor_id, provider, amount_minor, currency)
SELECT p.id, e.account, CASE WHEN e.account = 'MENTOR_PENDING' THEN p.mentor END,
    CASE WHEN e.account = 'PROVIDER' THEN 'stripe' ELSE '' END, e.n, 'EUR'
FROM pair p, (VALUES ('PROVIDER', 10000), ('MENTOR_PENDING', -7000), ('PLATFORM_PENDING', -3000)) e (account, n);
INSERT INTO payments_ledgerentry (transaction_id, account, mentor_id, provider, amount_minor, currency)
SELECT t.id, e.account, CASE WHEN starts_with(e.account, 'MENTOR') THEN o.mentor_id END, '', e.n, 'EUR'
FROM payments_ledgertransaction t JOIN payments_order o ON o.id = t.order_id, (VALUES ('MENTOR_PENDING', 1750),
    ('MENTOR_AVAILABLE', -1750), ('PLATFORM_PENDING', 750), ('PLATFORM_AVAILABLE', -750)) e (account, n)
WHERE t.shares = 1;
ANALYZE;
"""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")
    django.setup()
    from django.db import connection, transaction

    from mentorship.kernel import clock
    from mentorship.pages import audit

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(FILL)
        cursor.execute("SELECT count(*) FROM payments_ledgerentry")
        entries = cursor.fetchone()[0]
        report = audit.run(clock.now())
        for name, seconds in sorted(report.seconds.items(), key=lambda pair: -pair[1]):
            print(f"{seconds:7.3f} s  {name}")
        print(f"{sum(report.seconds.values()):7.3f} s  over {entries} ledger entries")
        for line in report.lines()[:20]:
            print(line)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
