"""Use-cases of sessions: each reads its ids unlocked, locks people, pack, seat, session in that order, and checks again."""

from sessions_app.services.booking import book
from sessions_app.services.cancelling import Consequence, cancel, cancel_refunded, what_if_cancelled
from sessions_app.services.claiming import agree, answer, decide, open_claim, withdraw_claim
from sessions_app.services.moving import reschedule
from sessions_app.services.overruling import forgive, overrule
from sessions_app.services.requesting import (
    accept_suggestion,
    approve,
    expire_request,
    mark_paid,
    pay_by,
    reject,
    submit_request,
    suggest,
    withdraw_request,
)
from sessions_app.services.reserving import (
    adopt_reserved,
    book_paid,
    clear_lapsed,
    confirm_reserved,
    keep_for_payment,
    release_reserved,
    reserve,
)
from sessions_app.services.room import enter
from sessions_app.services.settling import complete, no_show, settle_unmarked_session

__all__ = [
    "Consequence",
    "accept_suggestion",
    "adopt_reserved",
    "agree",
    "answer",
    "approve",
    "book",
    "book_paid",
    "cancel",
    "cancel_refunded",
    "clear_lapsed",
    "complete",
    "confirm_reserved",
    "decide",
    "enter",
    "expire_request",
    "forgive",
    "keep_for_payment",
    "mark_paid",
    "no_show",
    "open_claim",
    "overrule",
    "pay_by",
    "reject",
    "release_reserved",
    "reschedule",
    "reserve",
    "settle_unmarked_session",
    "submit_request",
    "suggest",
    "what_if_cancelled",
    "withdraw_claim",
    "withdraw_request",
]
