"""What a move of the clock did, in a sentence for the bar."""

from __future__ import annotations

from collections.abc import Iterable

from mentorship.demo.moving import Ran

DID = {
    "relay_outbox": ("mail sent", "mails sent"),
    "sweep_seats": ("seat released", "seats released"),
    "pass_on_seats": ("seat offered", "seats offered"),
    "expire_requests": ("request lapsed", "requests lapsed"),
    "end_pauses": ("pause ended", "pauses ended"),
    "settle_unmarked": ("session settled", "sessions settled"),
    "remind_sessions": ("reminder", "reminders"),
    "warn_grace_ending": ("last warning", "last warnings"),
    "warn_pack_expiry": ("expiry warning", "expiry warnings"),
    "expire_unpaid_sessions": ("unpaid time freed", "unpaid times freed"),
    "expire_orders": ("order lapsed", "orders lapsed"),
    "fulfil_paid_orders": ("order fulfilled", "orders fulfilled"),
    "release_shares": ("share available", "shares available"),
    "send_refunds": ("refund sent", "refunds sent"),
}


def sentence(ran: Iterable[Ran]) -> str:
    """ "1 seat released, 2 mails sent", or "Nothing was due." """
    did = [_one(entry) for entry in ran if entry.error or (entry.rows and entry.job in DID)]
    return ", ".join(did).capitalize() + "." if did else "Nothing was due."


def _one(entry: Ran) -> str:
    if entry.error:
        return f"{entry.job} failed"
    one, many = DID[entry.job]
    return f"{entry.rows} {one if entry.rows == 1 else many}"
