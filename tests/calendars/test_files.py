"""Files that reach calendars, read by a second library: mails, and one session to take along."""

from __future__ import annotations

import base64

import pytest
import vobject

from notifications.models import Delivery
from sessions_app.models import Session
from sessions_app.services import book, cancel, reschedule
from tests.cast import NOW, at, bought

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(sam, mia):
    bought(sam, mia)
    return book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)


def mailed(kind):
    """What each recipient's calendar reads: the method, and the one event."""
    found = {}
    for delivery in Delivery.objects.filter(kind=kind):
        ((_, _, content),) = delivery.attachments
        calendar = vobject.readOne(base64.b64decode(content).decode())
        (event,) = calendar.vevent_list
        found[delivery.to] = (calendar.method.value, event)
    return found


def test_a_session_in_mails_is_one_event_for_its_whole_life(sam, mia, session):
    reschedule(session_id=session.pk, starts_at=at(3, 14), by=sam, now=NOW)
    cancel(session_id=session.pk, by=mia, now=NOW)
    for person in (sam, mia):
        lives = [mailed(kind)[person.email] for kind in ("session_scheduled", "session_moved", "session_cancelled")]
        assert [method for method, _ in lives] == ["REQUEST", "REQUEST", "CANCEL"]
        events = [event for _, event in lives]
        assert {event.uid.value for event in events} == {f"session-{session.pk}@mentorship"}
        assert [int(event.sequence.value) for event in events] == [0, 1, 2]
        assert [event.dtstart.value for event in events] == [at(2), at(3, 14), at(3, 14)]
        assert [event.dtend.value for event in events] == [at(2, 11), at(3, 15), at(3, 15)]
        assert [event.status.value for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]


def test_a_mail_names_its_reader_and_not_the_other_sides_address(sam, mia, session):
    for person, other in ((sam, mia), (mia, sam)):
        _, event = mailed("session_scheduled")[person.email]
        assert event.attendee.value == f"mailto:{person.email}"
        assert event.summary.value == f"4 x 60 min with {other.display_name}"
        assert other.email not in event.serialize()
        assert event.organizer.value.startswith("mailto:")


def test_one_session_to_take_along(as_, sam, mia, session):
    path = session.get_absolute_url() + "/calendar.ics"
    answer = as_(sam).get(path)
    assert answer["Content-Type"].startswith("text/calendar")
    assert "attachment" in answer["Content-Disposition"]
    calendar = vobject.readOne(answer.content.decode())
    assert (calendar.method.value, calendar.vevent.uid.value) == ("PUBLISH", f"session-{session.pk}@mentorship")
    assert calendar.vevent.dtstart.value == at(2)
    cancel(session_id=session.pk, by=mia, now=NOW)
    assert vobject.readOne(as_(mia).get(path).content.decode()).vevent.status.value == "CANCELLED"


def test_otto_takes_nothing_along(as_, client, otto, session):
    path = session.get_absolute_url() + "/calendar.ics"
    assert as_(otto).get(path).status_code == 404
    assert client.get(path).status_code == 302


def test_what_is_not_booked_is_no_event(as_, sam, session):
    unpaid = Session.objects.create(
        mentor=session.mentor, student=sam, title="x", starts_at=at(5), ends_at=at(5, 11), created_at=NOW,
        status=Session.Status.AWAITING_PAYMENT, payment_deadline=at(1),
    )  # fmt: skip
    assert as_(sam).get(unpaid.get_absolute_url() + "/calendar.ics").status_code == 404
