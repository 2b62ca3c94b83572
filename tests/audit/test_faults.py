"""Every check finds the fault it is there for, planted behind the database's guards in a rich and healthy world."""

# ruff: noqa: E501 - one fault a line

from __future__ import annotations

import pytest
from django.db import transaction

from mentorship.pages import audit
from tests.audit import faults_asking
from tests.audit.faults import Fault, fault, without
from tests.audit.rich import rich
from tests.machine.world import World

FIRST_USED = "(SELECT min(id::text)::uuid FROM sessions_app_session WHERE status = 'COMPLETED')"
# A session whose share is out: the used one with the lowest id may be one that nobody paid for.
RELEASED = (
    "(SELECT substr(cause, 9)::uuid FROM payments_ledgertransaction"
    " WHERE shares = 1 AND starts_with(cause, 'session:') ORDER BY id LIMIT 1)"
)
FAULTS = (
    # the ledger
    Fault("ledger_balanced", "UPDATE payments_ledgerentry SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM payments_ledgerentry)"),
    Fault("ledger_accounts_name_theirs", "UPDATE payments_ledgerentry SET mentor_id = (SELECT id FROM people_user WHERE email = 'sam@example.test') WHERE id = (SELECT min(id) FROM payments_ledgerentry WHERE account = 'MENTOR_PENDING')"),
    Fault("ledger_accounts_name_theirs", "UPDATE payments_ledgerentry SET mentor_id = NULL WHERE id = (SELECT min(id) FROM payments_ledgerentry WHERE account = 'MENTOR_PENDING')", "payments_ledgerentry", ("payments_mentor_accounts_name_theirs",)),
    Fault("ledger_causes_exist", "UPDATE payments_ledgertransaction SET cause = 'refund:999999' WHERE id = (SELECT min(id) FROM payments_ledgertransaction)"),
    Fault("payment_booked", "UPDATE payments_ledgertransaction SET cause = 'x' WHERE id = (SELECT min(id) FROM payments_ledgertransaction WHERE starts_with(cause, 'payment:'))"),
    Fault("payment_booked", "UPDATE payments_payment SET amount_minor = amount_minor + 1 WHERE id = (SELECT min(id) FROM payments_payment)"),
    Fault("payment_booked", "UPDATE payments_ledgerentry SET amount_minor = amount_minor + 1 WHERE id IN (SELECT min(id) FROM payments_ledgerentry WHERE account = 'MENTOR_PENDING' AND amount_minor < 0)"),
    Fault("refund_booked", "UPDATE payments_refund SET status = 'FAILED' WHERE id = (SELECT min(id) FROM payments_refund WHERE status = 'SUCCEEDED')"),
    Fault("refund_booked", "UPDATE payments_refund SET by_hand = NOT by_hand WHERE id = (SELECT min(id) FROM payments_refund WHERE status = 'SUCCEEDED')"),
    Fault("refund_bounce_booked", "UPDATE payments_refund SET bounced_at = done_at WHERE status = 'SUCCEEDED'"),
    Fault("refund_bounced", "UPDATE payments_refund SET bounced_at = done_at WHERE status = 'SUCCEEDED'"),
    Fault("dispute_booked", "UPDATE payments_dispute SET amount_minor = amount_minor + 1 WHERE status = 'LOST'"),
    Fault("dispute_booked", "UPDATE payments_dispute SET status = 'WON' WHERE status = 'LOST'"),
    Fault("provider_books", "UPDATE payments_ledgerentry SET provider = 'stripe' WHERE id = (SELECT min(id) FROM payments_ledgerentry WHERE account = 'PROVIDER')"),
    # orders
    Fault("order_granted_once", "UPDATE packs_purchase SET sessions = sessions + 1 WHERE id = (SELECT min(id) FROM packs_purchase)"),
    Fault("order_granted_once", "UPDATE payments_order SET status = 'PAID' WHERE status = 'FULFILLED'"),
    Fault("order_paid", "UPDATE payments_payment SET status = 'MISMATCHED' WHERE id = (SELECT min(id) FROM payments_payment WHERE status = 'CONFIRMED')"),
    Fault("order_paid", "UPDATE payments_payment SET amount_minor = 1 WHERE id = (SELECT min(id) FROM payments_payment WHERE status = 'CONFIRMED')"),
    Fault("payment_of_an_order", "UPDATE payments_payment SET order_id = NULL WHERE id = (SELECT min(id) FROM payments_payment)"),
    Fault("purchase_of_an_order", "UPDATE packs_purchase SET order_id = gen_random_uuid() WHERE id = (SELECT min(id) FROM packs_purchase)"),
    Fault("order_given_back_or_granted", "UPDATE payments_refund SET cause = concat('late:', order_id) WHERE id = (SELECT min(id) FROM payments_refund)"),
    Fault("refunds_within_payment", "UPDATE payments_refund SET amount_minor = 1000000 WHERE id = (SELECT min(id) FROM payments_refund)"),
    Fault("refunds_within_payment", "UPDATE payments_refund SET currency = 'USD' WHERE id = (SELECT min(id) FROM payments_refund)"),
    Fault("refund_known_once", "UPDATE payments_refund SET provider_reference = 'same', by_hand = false, payment_id = (SELECT min(id) FROM payments_payment)"),
    Fault("refund_of_its_order", "UPDATE payments_refund SET sessions = 99 WHERE id = (SELECT min(id) FROM payments_refund)"),
    Fault("order_kept_is_shared", "UPDATE payments_order SET mentor_share_percent = mentor_share_percent - 1 WHERE status = 'FULFILLED'"),
    Fault("order_kept_is_shared", "UPDATE payments_ledgertransaction SET order_id = NULL WHERE id = (SELECT min(id) FROM payments_ledgertransaction WHERE starts_with(cause, 'refund:'))"),
    Fault("order_pending_not_negative", "UPDATE payments_ledgerentry SET amount_minor = 1 WHERE account = 'MENTOR_PENDING'"),
    Fault("shares_within_sold", "UPDATE payments_ledgertransaction SET shares = 99 WHERE shares = 1"),
    Fault("shares_of_what_is_due", f"UPDATE sessions_app_session SET settled_at = settled_at + interval '90 days' WHERE id = {RELEASED}"),
    Fault("shares_of_what_is_due", "UPDATE payments_ledgertransaction SET cause = 'session:nonsense' WHERE id = (SELECT min(id) FROM payments_ledgertransaction WHERE shares = 1)"),
    # payouts
    Fault("payout_booked", "UPDATE payments_payout SET status = 'CANCELLED' WHERE status = 'PAID'"),
    Fault("payout_booked", "UPDATE payments_payout SET amount_minor = amount_minor + 1"),
    Fault("payouts_set_aside", "UPDATE payments_payout SET amount_minor = amount_minor + 1 WHERE status = 'REQUESTED'"),
    Fault("bank_books", "UPDATE payments_payout SET amount_minor = amount_minor + 1 WHERE status = 'PAID'"),
    # credits
    Fault("pack_counters", "UPDATE packs_sessionpack SET sessions_total = sessions_total + 1 WHERE id = (SELECT min(id) FROM packs_sessionpack)"),
    Fault("pack_counts_its_sessions", "UPDATE packs_sessionpack SET sessions_total = sessions_total + 1, sessions_held = sessions_held + 1 WHERE id = (SELECT min(id) FROM packs_sessionpack)"),
    Fault("session_credit_explained", f"UPDATE sessions_app_session SET purchase_id = NULL WHERE id = {FIRST_USED}"),
    Fault("session_credit_explained", "UPDATE packs_creditentry SET used_delta = 0 WHERE id = (SELECT min(id) FROM packs_creditentry WHERE kind = 'USED')"),
    Fault("entry_of_a_session", "UPDATE packs_creditentry SET session_id = gen_random_uuid() WHERE id = (SELECT min(id) FROM packs_creditentry WHERE kind = 'USED')"),
    Fault("purchase_credits", "UPDATE packs_creditentry SET total_delta = total_delta + 1 WHERE id = (SELECT min(id) FROM packs_creditentry WHERE kind = 'GRANTED')"),
    Fault("purchase_credits_not_negative", "UPDATE packs_creditentry SET held_delta = 9 WHERE id = (SELECT min(id) FROM packs_creditentry WHERE kind = 'HELD')"),
    Fault("pack_status", "UPDATE packs_sessionpack SET status = 'DEPLETED' WHERE status = 'ACTIVE'"),
    Fault("pack_status", "UPDATE packs_sessionpack SET status = 'ACTIVE', depleted_at = NULL WHERE status = 'DEPLETED'", "packs_sessionpack", ("packs_one_open_per_pair_and_length",)),
    Fault("pack_status", "UPDATE packs_sessionpack SET status = 'EXPIRED' WHERE status = 'ACTIVE'"),
    Fault("pack_one_open", "UPDATE packs_sessionpack SET status = 'ACTIVE', takes_seat = true, duration_minutes = 60, student_id = 1, mentor_id = 2", "packs_sessionpack", ("packs_one_open_per_pair_and_length",)),
    Fault("pack_frozen_for_a_cause", "UPDATE packs_sessionpack SET frozen_at = NULL WHERE frozen_at IS NOT NULL"),
    Fault("dispute_freezes", "UPDATE packs_freeze SET until = since WHERE until IS NULL"),
    Fault("dispute_freezes", "UPDATE packs_freeze SET until = NULL WHERE until IS NOT NULL"),
    # seats
    Fault("seat_number_once", "UPDATE seats_seat SET number = 1, mentor_id = 1 WHERE status <> 'RELEASED'", "seats_seat", ("seats_number_taken_once", "seats_one_per_pair")),
    Fault("seat_one_for_each_student", "UPDATE seats_seat SET mentor_id = 1, student_id = 3 WHERE status <> 'RELEASED'", "seats_seat", ("seats_number_taken_once", "seats_one_per_pair")),
    Fault("seat_times", "UPDATE seats_seat SET grace_ends_at = now() WHERE status = 'ACTIVE'"),
    Fault("pack_has_its_seat", "UPDATE seats_seat SET status = 'RELEASED', released_at = created_at, release_reason = 'PACK_EXPIRED' WHERE status = 'ACTIVE'"),
    Fault("seat_frozen_with_its_pack", "UPDATE packs_sessionpack SET frozen_at = NULL WHERE frozen_at IS NOT NULL"),
    Fault("seat_last_event", "DELETE FROM seats_seatevent WHERE id = (SELECT max(id) FROM seats_seatevent)"),
    Fault("seat_kept_for_nobody", "UPDATE seats_seat SET status = 'GRACE', grace_ends_at = '2026-01-01T00:00Z', held_until = NULL, frozen_at = NULL WHERE status = 'ACTIVE'"),
    Fault("pack_past_its_expiry", "UPDATE packs_sessionpack SET expires_at = '2026-01-01T00:00Z' WHERE status = 'ACTIVE' AND frozen_at IS NULL"),
    Fault("seats_within_capacity", "UPDATE people_mentorprofile SET max_active_students = 1"),
    # sessions and time
    Fault("session_blocks", "DELETE FROM sessions_app_calendarblock WHERE id = (SELECT min(id) FROM sessions_app_calendarblock)"),
    Fault("session_blocks", "UPDATE sessions_app_calendarblock SET span = tstzrange(lower(span) + interval '1 minute', upper(span))"),
    Fault("session_over_blocks_nothing", f"INSERT INTO sessions_app_calendarblock (person_id, span, session_id) SELECT student_id, tstzrange(starts_at, ends_at), id FROM sessions_app_session WHERE id = {FIRST_USED}"),
    Fault("nobody_twice", "UPDATE sessions_app_calendarblock SET person_id = 1", "sessions_app_calendarblock", ("sessions_nobody_twice", "sessions_one_block_a_side")),
    Fault("session_state", f"UPDATE sessions_app_session SET settled_at = NULL WHERE id = {FIRST_USED}"),
    Fault("session_state", "UPDATE sessions_app_session SET credit = 'RETURNED' WHERE status = 'NO_SHOW'"),
    Fault("session_of_its_pack", "UPDATE sessions_app_session SET ends_at = ends_at + interval '1 minute' WHERE pack_id IS NOT NULL"),
    Fault("session_of_its_order", "UPDATE sessions_app_session SET order_id = gen_random_uuid() WHERE order_id IS NOT NULL"),
    Fault("session_of_its_order", "UPDATE payments_order SET status = 'EXPIRED' WHERE status = 'PENDING'"),
    Fault("session_unsettled", "UPDATE sessions_app_session SET starts_at = starts_at - interval '30 days', ends_at = ends_at - interval '30 days' WHERE status = 'SCHEDULED'"),
    Fault("session_unpaid_too_long", "UPDATE sessions_app_session SET payment_deadline = '2026-01-01T00:00Z' WHERE status = 'AWAITING_PAYMENT'"),
    # what is late, or waits for a person
    Fault("order_open_too_long", "UPDATE payments_order SET expires_at = '2026-01-01T00:00Z' WHERE status = 'PENDING'"),
    Fault("order_paid_not_granted", "UPDATE payments_order SET status = 'PAID', paid_at = '2026-01-01T00:00Z' WHERE status = 'FULFILLED'"),
    Fault("refund_waiting", "UPDATE payments_refund SET status = 'REQUESTED', created_at = '2026-01-01T00:00Z'"),
    Fault("refund_failed", "UPDATE payments_refund SET status = 'FAILED'"),
    Fault("money_unclaimed", "UPDATE payments_payment SET status = 'UNMATCHED' WHERE status = 'CONFIRMED'"),
    Fault("shares_late", "UPDATE payments_ledgertransaction SET cause = concat('x', id) WHERE starts_with(cause, 'session:')"),
    Fault("shares_not_taken_back", "UPDATE sessions_app_session SET given_back = 1 WHERE credit = 'USED'"),
    Fault("pending_with_nothing_to_come", "UPDATE payments_ledgerentry SET amount_minor = 1 WHERE transaction_id IN (SELECT id FROM payments_ledgertransaction WHERE shares = 1)"),
    Fault("webhook_dead", "UPDATE payments_webhookevent SET dead_at = received_at"),
    Fault("webhook_waiting", "UPDATE payments_webhookevent SET processed_at = NULL, next_attempt_at = '2026-01-01T00:00Z'"),
    *faults_asking.FAULTS,
)  # fmt: skip


pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    made = rich()
    yield made
    made.end()


def test_a_rich_world_is_clean_and_every_fault_is_found(world: World, subtests: pytest.Subtests):
    """The world is made once: each fault is planted in a savepoint and taken back."""
    assert audit.run(world.now).lines() == []
    for planted in FAULTS:
        with subtests.test(planted.check), transaction.atomic():
            look_for(planted, world)
            transaction.set_rollback(True)
    assert audit.run(world.now).lines() == []


def look_for(planted: Fault, world: World) -> None:
    if planted.table:
        without(planted.table, *planted.guards)
    fault(planted.sql)
    report = audit.run(world.now, only=[planted.check])
    assert [f.check.name for f in report.findings] == [planted.check]
    assert all(says for finding in report.findings for _, says in finding.rows)


def test_every_check_has_a_fault():
    assert {f.check for f in FAULTS} == {check.name for check in audit.CHECKS}
