"""Faults of what waits for an answer."""

# ruff: noqa: E501 - one fault a line

from __future__ import annotations

from tests.audit.faults import Fault

OVER = "'2026-01-01T00:00Z'"
APPROVED = "(SELECT id FROM sessions_app_bookingrequest WHERE status = 'APPROVED' AND paid_at IS NULL)"
FAULTS = (
    Fault("request_state", "UPDATE sessions_app_bookingrequest SET ended_at = now() WHERE status = 'PENDING_MENTOR_REVIEW'"),
    Fault("request_state", "UPDATE sessions_app_bookingrequest SET status = 'EXPIRED' WHERE paid_at IS NOT NULL"),
    Fault("request_keeps_what_it_promised", f"UPDATE sessions_app_session SET status = 'EXPIRED' WHERE id IN (SELECT session_id FROM sessions_app_bookingrequest WHERE id = {APPROVED})"),
    Fault("request_keeps_what_it_promised", "UPDATE seats_seat SET status = 'RELEASED', released_at = created_at, release_reason = 'HOLD_LAPSED' WHERE status = 'HELD'"),
    Fault("request_keeps_what_it_promised", "UPDATE seats_seat SET held_until = held_until - interval '1 minute', checkout_until = NULL WHERE status = 'HELD'"),
    Fault("request_keeps_what_it_promised", f"UPDATE sessions_app_bookingrequest SET session_id = NULL, takes_seat = false WHERE id = {APPROVED}"),
    Fault("request_paid", "UPDATE sessions_app_bookingrequest SET paid_at = NULL WHERE paid_at IS NOT NULL"),
    Fault("request_paid", f"UPDATE sessions_app_bookingrequest SET paid_at = now() WHERE id = {APPROVED}"),
    Fault("request_paid", "UPDATE sessions_app_bookingrequest SET amount_minor = amount_minor + 1 WHERE paid_at IS NOT NULL"),
    Fault("offer_has_its_seat", "UPDATE seats_seat SET held_until = created_at WHERE status = 'OFFERED'"),
    Fault("offer_has_its_seat", "UPDATE seats_waitingplace SET seat_id = (SELECT min(id) FROM seats_seat) WHERE status = 'OFFERED'"),
    Fault("offered_seat_has_its_place", "UPDATE seats_waitingplace SET status = 'LEFT', ended_at = joined_at WHERE status = 'OFFERED'"),
    Fault("nobody_seated_waits", "UPDATE seats_waitingplace SET ended_at = joined_at WHERE status = 'WAITING'"),
    Fault("nobody_seated_waits", "UPDATE seats_waitingplace p SET student_id = s.student_id FROM seats_seat s WHERE p.status = 'WAITING' AND s.status = 'ACTIVE' AND s.mentor_id = p.mentor_id"),
    Fault("seat_free_while_somebody_waits", f"WITH since AS (UPDATE seats_waitingplace SET joined_at = {OVER}), before AS (UPDATE seats_seat SET released_at = {OVER} WHERE released_at IS NOT NULL) UPDATE people_mentorprofile SET max_active_students = 9"),
    Fault("offer_not_passed_on", f"UPDATE seats_seat SET held_until = {OVER} WHERE status = 'OFFERED'"),
    Fault("request_overdue", f"UPDATE sessions_app_bookingrequest SET approval_deadline = {OVER} WHERE status = 'PENDING_MENTOR_REVIEW'"),
    Fault("request_overdue", f"UPDATE sessions_app_bookingrequest SET payment_deadline = {OVER} WHERE id = {APPROVED}"),
    Fault("claim_freezes", "UPDATE packs_freeze SET until = since WHERE starts_with(cause, 'claim:')"),
    Fault("claim_freezes", "UPDATE sessions_app_claim SET status = 'WITHDRAWN', closed_at = created_at"),
    Fault("claim_of_a_participant", "UPDATE sessions_app_claim SET by_id = (SELECT id FROM people_user WHERE email = 'boss@example.test')"),
    Fault("claim_of_a_participant", f"UPDATE sessions_app_claim SET created_at = {OVER}"),
    Fault("claim_undecided", f"UPDATE sessions_app_claim SET answer_by = {OVER}"),
    Fault("claim_undecided", f"UPDATE sessions_app_claim SET status = 'ANSWERED', answered_at = {OVER}"),
    Fault("proposal_of_a_coming_session", "UPDATE sessions_app_moveproposal SET old_starts_at = old_starts_at + interval '1 hour'"),
    Fault("proposal_of_a_coming_session", "UPDATE sessions_app_moveproposal p SET by_id = s.student_id FROM sessions_app_session s WHERE s.id = p.session_id"),
    Fault("pause_stops_its_pack", "UPDATE packs_sessionpack SET paused_at = NULL WHERE paused_at IS NOT NULL"),
    Fault("pause_stops_its_pack", "UPDATE packs_pause SET status = 'ENDED', ended_at = began_at WHERE status = 'RUNNING'"),
    Fault("pause_within_its_days", "UPDATE packs_pause SET seconds = 86401 WHERE status = 'ENDED'"),
    Fault("pause_within_its_days", "UPDATE packs_pause SET seconds = 31 * 86400, days = 40 WHERE status = 'ENDED'"),
    Fault("pause_over", f"UPDATE packs_pause SET ends_at = {OVER} WHERE status = 'RUNNING'"),
    Fault("vacation_moved_its_own", "UPDATE sessions_app_vacation SET moved_packs = ARRAY[999999::bigint]"),
    Fault("vacation_moved_its_own", "UPDATE sessions_app_vacation SET mentor_id = (SELECT id FROM people_user WHERE email = 'ada@example.test')"),
    Fault("entry_moves_what_its_kind_says", "UPDATE packs_creditentry SET kind = 'NOTED' WHERE id = (SELECT min(id) FROM packs_creditentry)"),
    Fault("entry_moves_what_its_kind_says", "UPDATE packs_creditentry SET total_delta = 0, held_delta = 0, used_delta = 0 WHERE id = (SELECT min(id) FROM packs_creditentry)"),
)  # fmt: skip
