"""What stands in a calendar, each with its own words: sessions, times asked for or proposed, and marks of a whole day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mentorship.pages.calendar.reading import Beside, Found
from mentorship.pages.session_card import SessionCard
from mentorship.people.models import User
from sessions_app.models import Session

ONE_DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class Entry:
    """Something with a start and an end. `kind`: session, unpaid, other (in the reader's other role), request, proposal."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    name: str
    zone: ZoneInfo
    url: str
    state: str = ""
    card: SessionCard | None = None
    agenda: str = ""

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def is_firm(self) -> bool:
        """It will happen unless somebody changes it; the others are drawn dashed."""
        return self.kind in ("session", "other")


@dataclass(frozen=True)
class Mark:
    """Something of a day, or of several: what runs out, who is away."""

    kind: str
    icon: str
    words: str
    first: date
    last: date
    url: str = ""
    at: datetime | None = None
    is_warm: bool = False


def entries_of(found: Found, reader: User, as_mentor: bool, now: datetime) -> list[Entry]:
    """Sessions, proposals and requests, ascending."""
    entries = []
    for session in found.sessions:
        entries.append(_session(session, reader, as_mentor, now))
        proposed = session.proposed_at  # type: ignore[attr-defined]
        if proposed is not None:
            entries.append(_proposal(session, reader, proposed))
    entries += [_request(one, as_mentor) for one in found.beside if one.kind == "request"]
    return sorted(entries, key=lambda entry: (entry.starts_at, entry.ends_at, entry.kind, entry.name))


def _session(session: Session, reader: User, as_mentor: bool, now: datetime) -> Entry:
    card = SessionCard(session, reader, now)
    kind, state = "session", ""
    if card.stage == "unpaid":
        kind, state = "unpaid", "waits for payment"
    elif card.is_mentor != as_mentor:
        kind, state = "other", "you teach" if card.is_mentor else "you learn"
    elif card.stage == "open":
        state = "now"
    elif card.stage == "over":
        state = "not settled yet"
    elif card.stage == "settled":
        state = card.badge
    return Entry(
        kind,
        session.starts_at,
        session.ends_at,
        card.other.display_name,
        card.other.zone,
        session.get_absolute_url(),
        state,
        card,
        session.agenda,
    )


def _proposal(session: Session, reader: User, proposed: datetime) -> Entry:
    other = SessionCard(session, reader, proposed).other
    who = "you propose" if reader.pk == session.mentor_id else f"{other.first_name} proposes"
    return Entry(
        "proposal",
        proposed,
        proposed + session.duration,
        other.display_name,
        other.zone,
        session.get_absolute_url(),
        f"{who} this time",
    )


def _request(one: Beside, as_mentor: bool) -> Entry:
    suggested = one.words == "suggested"
    if as_mentor:
        state = "you suggested it" if suggested else "asks for it"
    else:
        state = "suggested to you" if suggested else "you asked for it"
    return Entry("request", one.starts_at, one.ends_at, one.name, one.zone, f"/mentorship/requests/{one.ref}", state)


def marks_of(found: Found, as_mentor: bool, zone: ZoneInfo) -> list[Mark]:
    """What concerns days rather than hours, in the days of this zone."""
    room = "/tutor/seats" if as_mentor else "/student/mentorship"
    return [_mark(one, as_mentor, room, zone) for one in found.beside if one.kind not in ("request", "busy")]


def _mark(one: Beside, as_mentor: bool, room: str, zone: ZoneInfo) -> Mark:
    first = one.starts_at.astimezone(zone).date()
    last = max(first, (one.ends_at - MOMENT).astimezone(zone).date())
    if one.kind == "expiry":
        left = f"{one.words} session{'' if one.words == '1' else 's'} left"
        whose = f"{one.name}’s pack" if as_mentor else f"Your pack with {one.name}"
        url = f"/student/packs/{one.ref}"
        return Mark("expiry", "hourglass", f"{whose} expires, {left}", first, first, url, one.starts_at, True)
    if one.kind == "grace":
        whose = f"{one.name}’s seat" if as_mentor else f"Your seat with {one.name}"
        return Mark("grace", "armchair", f"{whose} is kept until then", first, first, room, one.starts_at, True)
    if one.kind == "pause":
        return Mark("pause", "circle-pause", f"Paused with {one.name}", first, last, f"/student/packs/{one.ref}")
    note = f": {one.words}" if one.words else ""
    who, url = ("You are", "/tutor/availability/vacations") if as_mentor else (f"{one.name} is", "")
    return Mark("vacation", "tree-palm", f"{who} away{note}", first, last, url)
