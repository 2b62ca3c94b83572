"""Use-cases of sessions: each reads its ids unlocked, locks people, pack, seat, session in that order, and checks again."""

from sessions_app.services.booking import book
from sessions_app.services.cancelling import cancel, cancel_refunded, what_if_cancelled
from sessions_app.services.changes import Changes, changes_of
from sessions_app.services.claiming import (
    agree,
    answer,
    check_may_claim,
    claimable_until,
    decide,
    open_claim,
    what_if_agreed,
    what_if_claimed,
    withdraw_claim,
)
from sessions_app.services.consequences import Consequence
from sessions_app.services.moving import reschedule, what_if_moved
from sessions_app.services.overruling import counts_as, forgive, overrule, what_if_forgiven, what_if_judged
from sessions_app.services.proposing import answer_proposal, propose_move, what_if_accepted, withdraw_proposal
from sessions_app.services.request_payment import mark_paid, page_ended, pay_by
from sessions_app.services.requesting import (
    accept_suggestion,
    approve,
    check_seat,
    expire_request,
    reject,
    submit_request,
    suggest,
)
from sessions_app.services.reserving import (
    adopt_reserved,
    book_paid,
    clear_lapsed,
    confirm_reserved,
    keep_for_payment,
    point_to_session,
    release_reserved,
    reserve,
)
from sessions_app.services.room import enter
from sessions_app.services.seat_kept import hold_for_approved, let_seat_go
from sessions_app.services.settling import (
    complete,
    judged_by_evidence,
    no_show,
    settle_unmarked_session,
    what_if_absent,
    what_if_completed,
)
from sessions_app.services.withdrawing import what_if_withdrawn, withdraw_request

__all__ = [
    "Changes",
    "Consequence",
    "accept_suggestion",
    "adopt_reserved",
    "agree",
    "answer",
    "answer_proposal",
    "approve",
    "book",
    "book_paid",
    "cancel",
    "cancel_refunded",
    "changes_of",
    "check_may_claim",
    "check_seat",
    "claimable_until",
    "clear_lapsed",
    "complete",
    "confirm_reserved",
    "counts_as",
    "decide",
    "enter",
    "expire_request",
    "forgive",
    "hold_for_approved",
    "judged_by_evidence",
    "keep_for_payment",
    "let_seat_go",
    "mark_paid",
    "no_show",
    "open_claim",
    "overrule",
    "page_ended",
    "pay_by",
    "point_to_session",
    "propose_move",
    "reject",
    "release_reserved",
    "reschedule",
    "reserve",
    "settle_unmarked_session",
    "submit_request",
    "suggest",
    "what_if_absent",
    "what_if_accepted",
    "what_if_agreed",
    "what_if_cancelled",
    "what_if_claimed",
    "what_if_completed",
    "what_if_forgiven",
    "what_if_judged",
    "what_if_moved",
    "what_if_withdrawn",
    "withdraw_claim",
    "withdraw_proposal",
    "withdraw_request",
]
