"""Booking, moving and cancelling reach both people's own calendars: one event that is made, changed and taken out."""

from __future__ import annotations

import base64

from icalendar import Calendar

from notifications.models import Delivery
from sessions_app.services import book, cancel, reschedule
from tests.cast import NOW, at, bought


def files(kind):
    """The calendar events mailed with this kind, one for each recipient."""
    found = {}
    for delivery in Delivery.objects.filter(kind=kind):
        ((name, media, content),) = delivery.attachments
        assert (name, media) == ("session.ics", "text/calendar")
        calendar = Calendar.from_ical(base64.b64decode(content))
        (event,) = calendar.walk("VEVENT")
        found[delivery.to] = (str(calendar["METHOD"]), event.start, event["SEQUENCE"], str(event["UID"]))
    return found


def test_one_event_is_made_moved_and_taken_out(mia, sam):
    bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    uid = f"session-{session.pk}@mentorship"
    both = {sam.email, mia.email}
    assert files("session_scheduled") == dict.fromkeys(both, ("REQUEST", at(2), 0, uid))
    reschedule(session_id=session.pk, starts_at=at(3), by=sam, now=NOW)
    assert files("session_moved") == dict.fromkeys(both, ("REQUEST", at(3), 1, uid))
    cancel(session_id=session.pk, by=mia, now=NOW)
    assert files("session_cancelled") == dict.fromkeys(both, ("CANCEL", at(3), 2, uid))
