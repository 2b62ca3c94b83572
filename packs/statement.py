"""A pack's statement: every entry in words, with what was left after it. Both sides read the same lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol
from uuid import UUID

from django.conf import settings

from mentorship.kernel import local_time
from packs.models import CreditEntry, SessionPack

Kind = CreditEntry.Kind
TOO_LATE = "cancelled too late"


class BookedSession(Protocol):
    """What a line says about the session it concerns. It may carry `number`, its rank among the pack's."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Line:
    """One entry in words. `left` counts sessions not used yet: free and booked ones."""

    id: int | None
    at: datetime
    what: str
    why: str
    change: str
    left: int
    free: int
    held: bool
    session_id: UUID | None
    order_id: UUID | None


@dataclass(frozen=True)
class Reader:
    """Who reads the statement: their id, their zone, whether they see the price, and their `now`."""

    person_id: int
    zone: tzinfo
    sees_price: bool
    now: datetime


def lines(
    pack: SessionPack, entries: Iterable[CreditEntry], sessions: Mapping[UUID, BookedSession], reader: Reader
) -> list[Line]:
    """The pack's entries, newest first. `entries` come in their order, with `by` and `purchase` loaded.

    Credits of a pack past its expiry have lapsed whether or not a job has written it: then the first line says so.
    """
    told: list[Line] = []
    left = free = 0
    for entry in entries:
        left += entry.total_delta - entry.used_delta
        free += entry.free_delta
        told.append(
            _line(pack, entry, sessions.get(entry.session_id) if entry.session_id else None, reader, left, free)
        )
    if free > 0 and pack.has_lapsed(reader.now):
        told.append(_lapse_to_come(pack, left - free, free))
    return told[::-1]


def _lapse_to_come(pack: SessionPack, left: int, lapsed: int) -> Line:
    return Line(None, pack.expires_at, "Expired", "the pack has expired", _signed(-lapsed), left, 0, False, None, None)


def _line(
    pack: SessionPack, entry: CreditEntry, session: BookedSession | None, reader: Reader, left: int, free: int
) -> Line:
    why = [_rule(entry, session), _by(pack, entry, reader)]
    return Line(
        id=entry.pk,
        at=entry.at,
        what=_what(pack, entry, session, reader),
        why=" · ".join(word for word in why if word),
        change=_change(entry),
        left=left,
        free=free,
        held=entry.total_delta == 0 and entry.used_delta == 0,
        session_id=entry.session_id,
        order_id=entry.purchase.order_id if entry.kind == Kind.GRANTED and entry.purchase else None,
    )


def _what(pack: SessionPack, entry: CreditEntry, session: BookedSession | None, reader: Reader) -> str:
    when = local_time.words(session.starts_at, reader.zone, now=reader.now) if session else "a session"
    match entry.kind:
        case Kind.GRANTED:
            return _bought(pack, entry, reader)
        case Kind.GIVEN:
            return "Given"
        case Kind.TAKEN:
            return "Taken back"
        case Kind.HELD:
            return f"Booked {when}"
        case Kind.RETURNED:
            return f"{when[:1].upper()}{when[1:]} came back"
        case Kind.USED:
            return _used(entry, session)
        case Kind.LAPSED:
            return "Expired"
        case Kind.REVIVED:
            return "Valid again"
        case Kind.REFUNDED:
            return "Refunded"
        case Kind.CORRECTED:
            return f"{when[:1].upper()}{when[1:]} judged anew"
        case Kind.MOVED_OUT:
            return "Moved to a make-up pack"
        case Kind.PAUSED:
            return "Paused"
        case Kind.EXPIRY:
            return f"Valid until {local_time.words(entry.expires_at or entry.at, reader.zone, style='full-date')}"
        case Kind.NOTED:
            return "Changed"
        case _:
            return "A make-up session"


def _bought(pack: SessionPack, entry: CreditEntry, reader: Reader) -> str:
    if entry.purchase is None:
        return "Granted"
    price = f" for {entry.purchase.price_display}" if reader.sees_price and entry.purchase.amount_minor else ""
    by_another = not entry.purchase.amount_minor and entry.by_id not in (None, pack.student_id)
    return f"{'Given' if by_another else 'Bought'} {entry.purchase.title}{price}"


def _used(entry: CreditEntry, session: BookedSession | None) -> str:
    if entry.reason == TOO_LATE and session is not None:
        free_until = session.starts_at - timedelta(hours=settings.MENTORSHIP.move_notice_hours)
        return f"Cancelled {local_time.span(entry.at - free_until)} too late"
    number = getattr(session, "number", None)
    return f"{f'Session {number}' if number else 'Session'} {entry.reason or 'used'}"


def _rule(entry: CreditEntry, session: BookedSession | None) -> str:
    if entry.kind == Kind.USED and entry.reason == TOO_LATE:
        return f"rule: free until {settings.MENTORSHIP.move_notice_hours} h before"
    if entry.kind == Kind.USED and entry.by_id is None:
        # Who came decides after fewer hours than nobody at all: the line is stamped with the instant that was due.
        waited = f" for {local_time.span(entry.at - session.ends_at, short=True)}" if session else ""
        return f"nobody marked it{waited}"
    if entry.kind in (Kind.USED, Kind.GRANTED):
        return ""
    return entry.reason


def _by(pack: SessionPack, entry: CreditEntry, reader: Reader) -> str:
    if entry.by is None or (entry.kind == Kind.RETURNED and "cancelled by" in entry.reason):
        return ""
    if entry.by_id == reader.person_id:
        return "by you"
    return f"by {entry.by.first_name}" if entry.by_id in (pack.student_id, pack.mentor_id) else "by support"


def _change(entry: CreditEntry) -> str:
    gone = entry.total_delta - entry.used_delta
    if gone:
        return _signed(gone)
    if not entry.held_delta:
        return ""
    return f"held {entry.held_delta}" if entry.held_delta > 0 else f"freed {-entry.held_delta}"


def _signed(number: int) -> str:
    return f"+{number}" if number > 0 else f"\N{MINUS SIGN}{-number}"
