"""A session as a calendar file for mails. It never carries the meeting's address: that opens only while the session runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Literal

from django.conf import settings
from icalendar import PARTSTAT, STATUS, Calendar, Event, vCalAddress

from sessions_app.models import Session, SessionEvent

Method = Literal["REQUEST", "CANCEL"]
PRODID = "-//mentorship//sessions//EN"


def build_ics(
    session: Session, *, title: str, method: Method, sequence: int, now: datetime, attendee: str = ""
) -> bytes:
    """The file of one session. REQUEST puts it (or its new time) into a calendar, CANCEL takes it out.

    `session` needs id, starts_at, ends_at, agenda and get_absolute_url. The UID stays the same for its whole life; a calendar
    believes the highest `sequence` (see `sequence_of`). `title` is what the recipient's calendar shows; `attendee` is the
    recipient's own email. The organizer is the platform: neither side learns the other's address.
    """
    event = event_of(session, title=title, is_off=method == "CANCEL", sequence=sequence, now=now, attendee=attendee)
    calendar = Calendar.new(prodid=PRODID, method=method, subcomponents=[event])
    return calendar.to_ical()


def build_feed(events: Iterable[Event], *, name: str) -> bytes:
    """A whole calendar to subscribe to; it asks to be read again every hour."""
    calendar = Calendar.new(prodid=PRODID, name=name, refresh_interval=timedelta(hours=1), subcomponents=list(events))
    return calendar.to_ical()


def event_of(session: Session, *, title: str, is_off: bool, sequence: int, now: datetime, attendee: str = "") -> Event:
    """The session as one event, the same in mails and feeds: a calendar that knows it changes it instead of adding one."""
    page = settings.BASE_URL + session.get_absolute_url()
    words = [session.agenda, f"The room opens when the session starts: {page}"]
    guests = [vCalAddress.new(attendee, partstat=PARTSTAT.ACCEPTED, rsvp=False)] if attendee else []
    return Event.new(
        uid=f"session-{session.pk}@mentorship",
        stamp=now,
        start=session.starts_at,
        end=session.ends_at,
        summary=" ".join(title.split()),
        description="\n\n".join(word for word in words if word),
        url=page,
        organizer=vCalAddress.new(parseaddr(settings.DEFAULT_FROM_EMAIL)[1]),
        attendees=guests,
        sequence=sequence,
        status=STATUS.CANCELLED if is_off else STATUS.CONFIRMED,
    )


def sequence_of(session: Session) -> int:
    """How often a session was changed after it was booked: what calendars call its SEQUENCE."""
    changes = (SessionEvent.Kind.MOVED, SessionEvent.Kind.CANCELLED, SessionEvent.Kind.EXPIRED)
    return session.events.filter(kind__in=changes).count()
