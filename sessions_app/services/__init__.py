"""Use-cases of sessions: each reads its ids unlocked, locks people, pack, seat, session in that order, and checks again."""

from sessions_app.services.booking import book
from sessions_app.services.cancelling import Consequence, cancel, cancel_refunded, what_if_cancelled
from sessions_app.services.moving import reschedule
from sessions_app.services.reserving import book_paid, clear_lapsed, confirm_reserved, release_reserved, reserve
from sessions_app.services.room import enter
from sessions_app.services.settling import complete, no_show, settle_unmarked_session

__all__ = [
    "Consequence",
    "book",
    "book_paid",
    "cancel",
    "cancel_refunded",
    "clear_lapsed",
    "complete",
    "confirm_reserved",
    "enter",
    "no_show",
    "release_reserved",
    "reschedule",
    "reserve",
    "settle_unmarked_session",
    "what_if_cancelled",
]
