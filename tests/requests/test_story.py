"""One request from the first look to the first session, over the pages alone, as a visitor without an account walks it."""

from __future__ import annotations

import re

import pytest

from mentorship.kernel import clock
from mentorship.people.models import User
from notifications.models import Delivery, Notification
from payments.models import Order
from seats.models import Seat
from sessions_app.models import Session
from tests.cast import at, offering
from tests.payments.scene import decide
from tests.requests.scene import MENTOR_ROOM, STUDENT_ROOM
from tests.rooms.scene import words

pytestmark = pytest.mark.django_db


def href(page, text):
    """Where the link or the form with these words leads."""
    return re.search(rf'href="([^"]+)"[^>]*>(?:<span>)?{text}', page.content.decode())[1]


def test_from_the_offering_to_the_booked_session(client, as_, mia):
    pack = offering(mia, booking_mode="REQUEST", price=28000, title="Four weeks together")
    # A visitor chooses a time and signs up on the way.
    ask = href(client.get(pack.get_absolute_url(), {"at": clock.iso(at(4))}), "Ask Mia for")
    wish = {"at": [clock.iso(at(4)), clock.iso(at(5))], "message": "From notebook to production"}
    client.post(ask, wish | {"name": "Nia Osei", "email": "nia@example.test", "step": "who"})
    code = re.search(r"\b\d{6}\b", Delivery.objects.get().text.replace(" ", "").replace("\n", " "))[0]
    here = client.post(ask, wish | {"code": code, "step": "code"}).url
    asked_page = client.get(client.post(here, wish | {"idempotency_key": "k"}).url)
    assert "Mia answers by" in words(asked_page)
    nia = User.objects.get(email="nia@example.test")
    # The mentor finds it, and says yes to the second time.
    mentor = as_(mia)
    request_url = href(mentor.get(MENTOR_ROOM), "Nia asks for")
    assert "From notebook to production" in words(mentor.get(request_url))
    mentor.post(f"{request_url}/approval", {"scheduledAt": clock.iso(at(5)), "notes": "Gladly"})
    assert Seat.objects.get().status == Seat.Status.HELD
    # The student pays from the room.
    room = client.get(STUDENT_ROOM, {"tab": "awaiting"})
    pay_page = client.get(href(room, "Pay"))
    assert "€280" in words(pay_page)
    client.post(href(room, "Pay"), {"provider": "sandbox", "idempotency_key": "p"})
    order = Order.objects.get()
    decide(order)
    client.get(f"/checkout/return/{order.pk}", follow=True)
    # Both have a session and a seat; nothing waits any more.
    session = Session.objects.get()
    assert (session.status, session.starts_at, session.student) == (Session.Status.SCHEDULED, at(5), nia)
    assert Seat.objects.get().status == Seat.Status.ACTIVE
    assert "It is paid and yours." in words(client.get(request_url))
    assert "This request is paid." in words(client.get(f"{request_url}/withdrawal"))
    assert "Awaiting approval" not in words(client.get(STUDENT_ROOM))
    assert "Approvals" not in words(mentor.get(MENTOR_ROOM))
    told = set(Notification.objects.filter(recipient=nia).values_list("kind", flat=True))
    assert {"request_approved", "pack_purchased"} <= told
