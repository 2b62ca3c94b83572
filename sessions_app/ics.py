"""A session as a calendar event, for mails, downloads and feeds. It never carries the meeting's address: that opens only
while the session runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Literal

from django.conf import settings
from icalendar import PARTSTAT, STATUS, TRANSP, Calendar, Event, vCalAddress

from sessions_app.models import Session, SessionEvent

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
PRODID = "-//mentorship//sessions//EN"
REFRESH = timedelta(hours=1)

Kind = SessionEvent.Kind
# What changes the event in a calendar after it was booked: so often its SEQUENCE counts up.
CHANGES = (Kind.MOVED, Kind.CANCELLED, Kind.EXPIRED, Kind.OVERRULED)
# What a calendar sees of a session, its booking included: the last one is the event's time stamp.
SEEN = (*CHANGES, Kind.RESERVED, Kind.BOOKED)


def build_ics(
    session: Session,
    *,
    title: str,
    method: Method,
    sequence: int,
    now: datetime,
    attendee: str = "",
    is_off: bool = False,
) -> bytes:
    """The file of one session. REQUEST puts it (or its new time) into a calendar, CANCEL takes it out, PUBLISH only shows it.

    `session` needs id, starts_at, ends_at, agenda and get_absolute_url. The UID stays the same for its whole life; a calendar
    believes the highest `sequence` (see `sequence_of`). `title` is what the recipient's calendar shows; `attendee` is the
    recipient's own email. The organizer is the platform: neither side learns the other's address.
    """
    event = event_of(
        session, title=title, is_off=is_off or method == "CANCEL", sequence=sequence, stamp=now, attendee=attendee
    )
    calendar = Calendar.new(prodid=PRODID, method=method, subcomponents=[event])
    return calendar.to_ical()


def build_feed(events: Iterable[Event], *, name: str, uid: str) -> bytes:
    """A whole calendar to subscribe to; it asks to be read again every hour, in the old word and the new one.

    The same events make the same bytes (without a `uid` the library would invent one each time).
    """
    calendar = Calendar.new(
        prodid=PRODID, method="PUBLISH", name=name, uid=uid, refresh_interval=REFRESH, subcomponents=list(events)
    )
    calendar.add("X-PUBLISHED-TTL", REFRESH)
    return calendar.to_ical()


def event_of(
    session: Session, *, title: str, is_off: bool, sequence: int, stamp: datetime, attendee: str = ""
) -> Event:
    """The session as one event, the same in mails and feeds: a calendar that knows it changes it instead of adding one.

    `stamp` is when the event became what it is: in a mail the moment of writing, in a feed the last change.
    """
    page = settings.BASE_URL + session.get_absolute_url()
    words = [session.agenda, f"The room opens when the session starts: {page}"]
    guests = [vCalAddress.new(attendee, partstat=PARTSTAT.ACCEPTED, rsvp=False)] if attendee else []
    return Event.new(
        uid=f"session-{session.pk}@mentorship",
        stamp=stamp,
        last_modified=stamp,
        start=session.starts_at,
        end=session.ends_at,
        summary=" ".join(title.split()),
        description="\n\n".join(word for word in words if word),
        url=page,
        organizer=vCalAddress.new(parseaddr(settings.DEFAULT_FROM_EMAIL)[1]),
        attendees=guests,
        sequence=sequence,
        status=STATUS.CANCELLED if is_off else STATUS.CONFIRMED,
        transparency=TRANSP.TRANSPARENT if is_off else TRANSP.OPAQUE,
    )


def title_for(session: Session, person_id: int) -> str:
    """What this participant's calendar shows, in mails, downloads and feeds alike."""
    return f"{session.title} with {session.other_side(person_id).display_name}"  # type: ignore[attr-defined]


def sequence_of(session: Session) -> int:
    """How often a session was changed after it was booked: what calendars call its SEQUENCE."""
    return session.events.filter(kind__in=CHANGES).count()
