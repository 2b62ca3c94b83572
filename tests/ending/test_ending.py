"""A mentorship ends: by the mentor with what is unused, by the student with a wish or without; each on its own."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from mentorship.pages.ending.service import Ended, consequence
from notifications.models import Notification
from packs.models import SessionPack
from payments.models import Order, Refund
from payments.services import invite_student
from payments.services.refunds import send_due
from payments.services.reversals import look_for_reversals
from payments.services.sandbox import dispute_there
from seats.jobs import sweep_seats
from seats.models import Seat
from sessions_app.models import Session
from sessions_app.services import complete
from tests.cast import DAY, HOUR, NOW, at, counters, offering
from tests.payments.scene import SITE, pay, place
from tests.rooms.scene import booked, words
from tests.stories.books import assert_sound

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)
    yield
    assert_sound()


@pytest.fixture
def order(sam, mia) -> Order:
    return pay(place(sam, offering(mia)))


def browser(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def as_student(mentor) -> str:
    return f"/student/mentorship/{mentor.pk}/end"


def as_mentor(student) -> str:
    return f"/tutor/mentorship/{student.pk}/end"


def expect_of(page, way="") -> str:
    forms = re.findall(r'<form class="form".*?</form>', page.content.decode(), re.S)
    form = next(form for form in forms if not way or f'value="{way}"' in form)
    return re.search(r'name="expect" value="([^"]*)"', form)[1]


class TestTheMentor:
    def test_refunds_what_is_unused_and_the_seat_is_free_at_once(self, sam, mia, order, time_machine):
        done = booked(sam, mia, at(1))
        time_machine.move_to(at(1, 12), tick=False)
        complete(session_id=done.pk, by=mia, now=at(1, 12))
        coming = booked(sam, mia, at(4), now=at(1, 12))
        page = browser(mia).get(as_mentor(sam))
        said = words(page)
        assert "€210 goes back to Sam, for 3 sessions" in said
        assert "Cancelled: Fri 5 Jun, 10:00" in said
        assert "free for somebody else at once" in said
        assert Refund.objects.count() == 0

        said = {"reason": "I move away", "expect": expect_of(page)}
        assert browser(mia).post(as_mentor(sam), said).status_code == 302
        time_machine.shift(1)
        again = browser(mia).post(as_mentor(sam), said, follow=True)
        assert again.redirect_chain == [("/tutor/mentorship", 302)]
        assert "This mentorship has ended already." in words(again)
        assert Refund.objects.get().amount_minor == 21000
        coming.refresh_from_db()
        assert coming.status == "CANCELLED"
        pack = order.pack
        assert counters(pack) == (1, 0, 1)
        assert SessionPack.objects.get().status == "REFUNDED"
        assert Seat.objects.get().status == "RELEASED"
        told = Notification.objects.get(kind="mentorship_ended")
        assert (told.recipient, "I move away" in told.text, "€210" in told.text) == (sam, True, True)

    def test_what_changed_meanwhile_is_refused(self, sam, mia, order):
        expect = expect_of(browser(mia).get(as_mentor(sam)))
        booked(sam, mia, at(4))
        refused = browser(mia).post(as_mentor(sam), {"reason": "x", "expect": expect})
        assert refused.status_code == 409
        assert "Cancelled: Fri 5 Jun" in words(refused)
        assert Seat.objects.get().status == "ACTIVE"

    def test_takes_what_was_given_and_paid_directly(self, sam, mia):
        invite_student(mentor=mia, name="Sam", email=sam.email, sessions=3, minutes=60, validity_days=90,
                       site_url=SITE, now=NOW)  # fmt: skip
        booked(sam, mia, at(4))
        page = browser(mia).get(as_mentor(sam))
        assert "3 sessions for which nothing was paid here" in words(page)
        browser(mia).post(as_mentor(sam), {"reason": "x", "expect": expect_of(page)})
        assert counters(SessionPack.objects.get()) == (0, 0, 0)
        assert Seat.objects.get().status == "RELEASED"
        assert not Refund.objects.exists()

    def test_ends_every_order_at_once_or_none(self, sam, mia, order):
        second = pay(place(sam, offering(mia, sessions=2, minutes=30, price=10000)))
        dispute_there(second.provider_reference, None)
        look_for_reversals(second.payments.get(), now=NOW)
        page = browser(mia).get(as_mentor(sam))
        assert "disputed at the bank" in words(page)
        refused = browser(mia).post(as_mentor(sam), {"reason": "x", "expect": "x"})
        assert refused.status_code == 409
        assert not Refund.objects.exists()

    def test_a_session_that_runs_is_settled_and_no_grace_follows(self, sam, mia, order, time_machine):
        session = booked(sam, mia, at(1))
        time_machine.move_to(at(1, 10, 30), tick=False)
        page = browser(mia).get(as_mentor(sam))
        assert "free after the last of these sessions" in words(page)
        browser(mia).post(as_mentor(sam), {"reason": "x", "expect": expect_of(page)})
        assert Seat.objects.get().status == "ACTIVE"
        complete(session_id=session.pk, by=mia, now=at(1, 12))
        sweep_seats(at(1, 13))
        assert (SessionPack.objects.get().status, Seat.objects.get().status) == ("EXPIRED", "RELEASED")

    def test_a_grace_ends_with_it(self, sam, mia, time_machine):
        pay(place(sam, offering(mia, sessions=2)))
        for day in (1, 2):
            session = booked(sam, mia, at(day))
            time_machine.move_to(at(day, 12), tick=False)
            complete(session_id=session.pk, by=mia, now=at(day, 12))
        assert Seat.objects.get().status == "GRACE"
        page = browser(mia).get(as_mentor(sam))
        browser(mia).post(as_mentor(sam), {"reason": "x", "expect": expect_of(page)})
        assert Seat.objects.get().release_reason == "GIVEN_UP"

    def test_another_mentorship_is_not_touched(self, sam, mia, max_, order):
        other = pay(place(sam, offering(max_)))
        page = browser(mia).get(as_mentor(sam))
        browser(mia).post(as_mentor(sam), {"reason": "x", "expect": expect_of(page)})
        assert counters(other.pack) == (4, 0, 0)
        assert Seat.objects.get(mentor=max_).status == "ACTIVE"

    def test_an_open_checkout_and_its_money_that_still_comes(self, sam, mia, order):
        renewal = place(sam, offering(mia, title="Renewal"))
        page = browser(mia).get(as_mentor(sam))
        assert "given up" in words(page)
        browser(mia).post(as_mentor(sam), {"reason": "x", "expect": expect_of(page)})
        renewal.refresh_from_db()
        assert renewal.status == "EXPIRED"


class TestTheStudent:
    def test_asks_and_the_mentor_decides(self, sam, mia, order):
        page = browser(sam).get(as_student(mia))
        assert "At most €280 goes back" in words(page)
        said = {"way": "refund", "reason": "no time", "expect": expect_of(page, "refund")}
        assert browser(sam).post(as_student(mia), said).status_code == 302
        order.refresh_from_db()
        assert order.refund_wish == "no time"
        assert counters(order.pack) == (4, 0, 0)
        assert "You asked for a refund" in words(browser(sam).get(as_student(mia)))
        # The mentor ends it: the wish is answered by it.
        page = browser(mia).get(as_mentor(sam))
        browser(mia).post(as_mentor(sam), {"reason": "fine", "expect": expect_of(page)})
        send_due(NOW)
        order.refresh_from_db()
        assert (order.refund_asked_at, Refund.objects.get().status) == (None, "SUCCEEDED")

    def test_gives_up_seat_and_rest(self, sam, mia, order, time_machine):
        booked(sam, mia, at(4))
        page = browser(sam).get(as_student(mia))
        assert "4 sessions that you have not used are lost" in words(page)
        said = {"way": "give-up", "reason": "", "expect": expect_of(page, "give-up")}
        assert browser(sam).post(as_student(mia), said).status_code == 302
        time_machine.shift(1)
        again = browser(sam).post(as_student(mia), said, follow=True)
        assert again.redirect_chain == [("/student/mentorship", 302)]
        assert "This mentorship has ended already." in words(again)
        pack = SessionPack.objects.get()
        assert (pack.status, counters(pack)) == ("EXPIRED", (0, 0, 0))
        assert pack.entries.filter(kind="LAPSED").get().reason == "given up by Sam"
        assert Seat.objects.get().release_reason == "GIVEN_UP"
        assert Notification.objects.get(kind="mentorship_ended").recipient == mia
        assert not Refund.objects.exists()

    def test_what_cannot_be_cancelled_for_nothing_takes_place(self, sam, mia, order, time_machine):
        session = booked(sam, mia, at(1))
        time_machine.move_to(at(0, 18), tick=False)
        page = browser(sam).get(as_student(mia))
        assert "Too late to cancel for nothing" in words(page)
        said = {"way": "give-up", "reason": "", "expect": expect_of(page, "give-up")}
        browser(sam).post(as_student(mia), said)
        session.refresh_from_db()
        assert (session.status, Seat.objects.get().status) == ("SCHEDULED", "ACTIVE")
        complete(session_id=session.pk, by=mia, now=at(1, 12))
        sweep_seats(at(1, 13))
        assert Seat.objects.get().status == "RELEASED"

    def test_nothing_without_the_right_word(self, sam, mia, order):
        assert browser(sam).post(as_student(mia), {"way": "refund", "reason": ""}).status_code == 422
        assert browser(sam).post(as_student(mia), {}).status_code == 422
        assert browser(sam).post(as_student(mia), {"way": "give-up", "expect": "x"}).status_code == 409
        assert counters(order.pack) == (4, 0, 0)


def test_strangers_find_nothing(sam, mia, max_, otto, order):
    assert browser(otto).get(as_student(mia)).status_code == 404
    assert browser(otto).get(as_mentor(sam)).status_code == 404
    assert browser(max_).get(as_mentor(sam)).status_code == 404
    assert browser(mia).get(as_mentor(mia)).status_code == 404
    assert browser(sam).get(as_student(sam)).status_code == 404
    assert Client().get(as_student(mia)).status_code == 302
    assert browser(sam).get(f"/student/mentorship/{'9' * 18}/end").status_code == 404


def test_looking_changes_nothing(sam, mia, order):
    session = booked(sam, mia, at(4))
    told = Notification.objects.count()
    browser(mia).get(as_mentor(sam))
    browser(sam).get(as_student(mia))
    assert (Notification.objects.count(), Session.objects.get(pk=session.pk).status) == (told, "SCHEDULED")
    assert counters(order.pack) == (4, 1, 0)
    assert order.pack.expires_at > NOW + 80 * DAY + HOUR


def test_the_mail_s_line_counts(db):
    assert consequence(Ended(given_up=1)) == "1 session not used lapses."
    assert consequence(Ended(given_up=2, seat="free")) == "2 sessions not used lapse. The seat is free now."
    refunds = [("A", 1000, "EUR", 1), ("B", 500000, "NGN", 2)]
    assert consequence(Ended(refunds=refunds)).endswith("go back for 3 sessions.")
