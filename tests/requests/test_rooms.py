"""Requests in the two rooms: the tabs, "Needs you", the pause after ignored requests, and offers for one student."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorship.people.models import MentorProfile
from notifications.models import Notification
from offerings.models import Offering
from sessions_app.models import BookingRequest
from sessions_app.services import approve, reject, suggest, withdraw_request
from tests import cast
from tests.cast import DAY, HOUR, NOW, at, bought, offering
from tests.requests.scene import MENTOR_ROOM, SHELF, STUDENT_ROOM, ask
from tests.rooms.scene import words

pytestmark = pytest.mark.django_db


class TestStudentRoom:
    def test_no_request_no_tab(self, as_, sam, mia):
        bought(sam, mia)
        page = words(as_(sam).get(STUDENT_ROOM))
        assert "Awaiting approval" not in page and "Rejected" not in page
        assert as_(sam).get(STUDENT_ROOM, {"tab": "rejected"}).context["tab"] == "book"

    def test_what_waits_stands_in_its_tab(self, as_, sam, mia):
        ask(sam, mia, 4, 5)
        page = words(as_(sam).get(STUDENT_ROOM, {"tab": "awaiting"}))
        assert "Awaiting approval 1" in page
        assert "Code review with Mia · 60 min · €70 Waits for Mia Fri 5 Jun, 10:00 or Sat 6 Jun, 10:00" in page
        assert "Needs you" not in page, "it is the mentor's turn"

    def test_approved_it_waits_for_the_payment(self, as_, at_, sam, mia):
        asked = ask(sam, mia, 4)
        approve(request_id=asked.pk, by=mia, now=NOW)
        page = as_(sam).get(STUDENT_ROOM, {"tab": "awaiting"})
        assert "Needs you Pay for Code review time left: 24 h Mia said yes: €70; your time is kept until then" in words(
            page
        )
        assert page.content.decode().count(f'href="/checkout/requests/{asked.pk}"') == 2
        at_(NOW + DAY)
        assert "Pay for" not in words(as_(sam).get(STUDENT_ROOM))

    def test_a_suggestion_needs_a_choice(self, as_, sam, mia):
        asked = ask(sam, mia, 4)
        suggest(request_id=asked.pk, by=mia, times=[at(7)], now=NOW)
        page = words(as_(sam).get(STUDENT_ROOM, {"tab": "awaiting"}))
        assert "Needs you Mia suggests another time time left: 48 h For “Code review”" in page
        assert "Mon 8 Jun, 10:00" in page and "Choose a time" in page

    def test_what_came_to_nothing_says_why(self, as_, at_, sam, mia):
        reject(request_id=ask(sam, mia, 4).pk, by=mia, reason="I am away.", now=NOW)
        withdraw_request(request_id=ask(sam, mia, 5).pk, by=sam, now=NOW + HOUR)
        ask(sam, mia, 10)
        at_(NOW + 48 * HOUR)
        page = words(as_(sam).get(STUDENT_ROOM, {"tab": "rejected"}))
        assert "Mia said no “I am away.”" in page
        assert page.index("Not answered in time") < page.index("You took it back") < page.index("Mia said no")

    def test_queries_do_not_grow_with_requests(self, as_, sam, mia):
        browser, counts = as_(sam), set()
        for n in range(1, 4):
            asked = ask(sam, cast.mentor(f"m{n}"), 4 + n)
            approve(request_id=asked.pk, by=asked.mentor, now=NOW)
            reject(request_id=ask(sam, mia, 4).pk, by=mia, reason="no", now=NOW)
            offering(mia, private_for=sam)
            for tab in ("book", "awaiting", "rejected"):
                with CaptureQueriesContext(connection) as queries:
                    browser.get(STUDENT_ROOM, {"tab": tab})
                counts.add((tab, len(queries)))
        assert len(counts) == 3, counts


class TestMentorRoom:
    def test_requests_to_answer_have_a_tab_and_need_me(self, as_, mia, sam, sue):
        assert "Approvals" not in words(as_(mia).get(MENTOR_ROOM))
        asked = ask(sam, mia, 4, 5, message="My tests are slow")
        ask(sue, mia, 5, offer=asked.offering)
        page = words(as_(mia).get(MENTOR_ROOM))
        assert "Sam asks for “Code review” time left: 48 h Fri 5 Jun, 10:00 or Sat 6 Jun, 10:00" in page
        assert "Approvals 2" in page
        page = words(as_(mia).get(MENTOR_ROOM, {"tab": "approvals"}))
        assert "Sam: Code review 60 min · €70 · “My tests are slow”" in page
        assert "Sat 6 Jun, 10:00 Sue asks, too" in page

    def test_who_is_not_verified_any_more_reads_that_no_yes_is_possible(self, as_, mia, sam):
        ask(sam, mia, 4)
        said = "You are not verified at the moment."
        assert said not in words(as_(mia).get(MENTOR_ROOM, {"tab": "approvals"}))
        MentorProfile.objects.update(verified_at=None)
        page = words(as_(mia).get(MENTOR_ROOM, {"tab": "approvals"}))
        assert said in page and "Answer Sam" in page

    def test_what_the_student_has_to_do_needs_nothing_of_me(self, as_, mia, sam, sue):
        asked = ask(sam, mia, 4)
        approve(request_id=asked.pk, by=mia, now=NOW)
        suggest(request_id=ask(sue, mia, 5).pk, by=mia, times=[at(6)], now=NOW)
        page = words(as_(mia).get(MENTOR_ROOM, {"tab": "approvals"}))
        assert "asks for “Code review”" not in page
        assert "Sam pays Fri 5 Jun, 10:00" in page and "Sue chooses a time Sun 7 Jun, 10:00" in page

    def test_a_time_that_is_gone_is_marked(self, as_, mia, sam, sue):
        ask(sam, mia, 4)
        other = ask(sue, mia, 4)
        approve(request_id=other.pk, by=mia, now=NOW)
        page = words(as_(mia).get(MENTOR_ROOM, {"tab": "approvals"}))
        assert "Fri 5 Jun, 10:00 not free any more" in page

    def test_queries_do_not_grow_with_requests(self, as_, mia):
        browser, counts = as_(mia), set()
        for n in range(1, 5):
            ask(cast.user(f"s{n}"), mia, 4, 5, 6)
            for tab in ("active", "approvals"):
                with CaptureQueriesContext(connection) as queries:
                    browser.get(MENTOR_ROOM, {"tab": tab})
                counts.add((tab, len(queries)))
        assert len(counts) == 2, counts

    def test_paused_sales_resume_with_one_button(self, as_, mia, sam):
        MentorProfile.objects.filter(user=mia).update(sales_paused_at=NOW, ignored_requests=3)
        for path in (MENTOR_ROOM, SHELF):
            assert "Your offerings are paused." in words(as_(mia).get(path))
        answer = as_(mia).post(f"{SHELF}/resumption", follow=True)
        assert "Your offerings are on sale again." in words(answer)
        profile = MentorProfile.objects.get(user=mia)
        assert (profile.sales_paused_at, profile.ignored_requests) == (None, 0)
        assert "paused" not in words(as_(mia).get(MENTOR_ROOM))
        assert as_(sam).post(f"{SHELF}/resumption").status_code == 404
        assert as_(mia).get(f"{SHELF}/resumption").status_code == 405

    def test_a_pause_keeps_its_reason_while_others_are_answered(self, as_, mia, sam):
        request = ask(sam, mia, 4)
        MentorProfile.objects.filter(user=mia).update(sales_paused_at=NOW, ignored_requests=3)
        reject(request_id=request.pk, by=mia, reason="No time", now=NOW)
        assert "3 requests in a row ended without an answer" in words(as_(mia).get(SHELF))

    def test_the_row_of_ignored_requests_is_said(self, as_, mia, sam):
        ask(sam, mia, 4)
        MentorProfile.objects.filter(user=mia).update(ignored_requests=2)
        page = words(as_(mia).get(MENTOR_ROOM, {"tab": "approvals"}))
        assert "2 requests in a row ended without an answer. After 3 your offerings pause." in page


OFFER = f"{SHELF}/offer"
FORM = {
    "kind": "SESSION", "title": "Two hours of review", "duration_minutes": 120, "price": "90", "currency": "EUR",
    "booking_mode": "INSTANT",
}  # fmt: skip


class TestCustomOffers:
    def test_one_student_is_offered_something_of_their_own(self, as_, mia, sam, sue):
        bought(sam, mia)
        answer = as_(mia).post(OFFER, FORM | {"student": sam.pk, "message": "As we said"}, follow=True)
        assert "Sam is told about “Two hours of review”." in words(answer)
        assert "only for Sam" in words(answer)
        made = Offering.objects.get(title="Two hours of review")
        assert made.private_for == sam
        note = Notification.objects.get(kind="custom_offer")
        assert (note.recipient, note.url) == (sam, made.get_absolute_url())
        assert "120 minutes, €90." in note.text and "“As we said”" in note.text
        room = words(as_(sam).get(STUDENT_ROOM))
        assert "Mia has an offer for you “Two hours of review”, €90" in room
        assert "an offer of Mia for you alone" in room
        assert as_(sam).get(made.get_absolute_url()).status_code == 200
        assert as_(sue).get(made.get_absolute_url()).status_code == 404

    def test_it_leaves_the_room_once_it_is_asked_for_or_bought(self, as_, mia, sam):
        one = offering(mia, sessions=1, private_for=sam, booking_mode="REQUEST", title="Asked for")
        two = offering(mia, private_for=sam, title="Bought")
        bought(sam, mia, offering_id=two.pk)
        asked = ask(sam, mia, 4, offer=one)
        assert as_(sam).get(STUDENT_ROOM).context["offers"] == []
        reject(request_id=asked.pk, by=mia, reason="no", now=NOW)
        assert as_(sam).get(STUDENT_ROOM).context["offers"] == [one]

    def test_by_the_address_of_an_account(self, as_, mia, sam):
        assert as_(mia).post(OFFER, FORM | {"email": "SAM@example.test"}).status_code == 302
        assert Offering.objects.get(title="Two hours of review").private_for == sam
        answer = as_(mia).post(OFFER, FORM | {"email": "nobody@example.test"})
        assert (answer.status_code, "Nobody has an account" in words(answer)) == (409, True)

    def test_a_request_is_answered_with_an_offer(self, as_, mia, sam, max_):
        asked = ask(sam, mia, 4)
        page = as_(mia).get(OFFER, {"request": str(asked.pk)})
        assert "An offer for Sam" in words(page)
        html = page.content.decode()
        assert f'<option value="{sam.pk}" selected>' in html and 'value="Code review"' in html and 'value="70' in html
        assert as_(max_).get(OFFER, {"request": str(asked.pk)}).status_code == 404
        assert as_(mia).get(OFFER, {"request": "x"}).status_code == 404

    def test_it_begins_with_what_was_asked_for_whatever_became_of_that(self, as_, mia, sam):
        asked = ask(sam, mia, 4, sessions=3)
        type(asked.offering).objects.filter(pk=asked.offering_id).update(kind="SESSION", session_count=1)
        page = as_(mia).get(OFFER, {"request": str(asked.pk)})
        form = page.context["form"]
        assert (form["kind"].value(), form["session_count"].value()) == ("PACK", 3)
        assert "Only Sam can see and buy it." in words(page)

    def test_it_begins_with_one_session_and_a_pack_has_several(self, as_, mia, sam):
        asked = ask(sam, mia, 4)
        for query in ({}, {"request": str(asked.pk)}):
            form = as_(mia).get(OFFER, query).context["form"]
            assert (form["kind"].value(), form["session_count"].value()) == ("SESSION", 4)
        page = words(as_(mia).get(OFFER))
        assert "Only the student you choose can see and buy it." in page
        assert "What do you offer?" in page and "students ask first" not in page

    def test_a_double_click_is_one_offer(self, as_, mia, sam):
        bought(sam, mia)
        for _ in range(2):
            as_(mia).post(OFFER, FORM | {"student": sam.pk, "idempotency_key": "k"})
        assert Offering.objects.filter(private_for=sam).count() == 1
        assert Notification.objects.filter(kind="custom_offer").count() == 1

    @pytest.mark.parametrize("who", [{}, {"email": "no address"}, {"student": "999999"}, {"student": "x"}])
    def test_it_is_for_somebody(self, as_, mia, sam, who):
        bought(sam, mia)
        assert as_(mia).post(OFFER, FORM | who).status_code == 422
        assert as_(mia).post(OFFER, FORM | {"student": sam.pk, "email": "sue@example.test"}).status_code == 422
        assert not Offering.objects.filter(private_for__isnull=False).exists()

    def test_a_stranger_is_no_choice(self, as_, mia, otto):
        assert as_(mia).post(OFFER, FORM | {"student": otto.pk}).status_code == 422

    def test_not_to_oneself_nor_unverified_nor_by_a_student(self, as_, mia, sam):
        answer = as_(mia).post(OFFER, FORM | {"email": mia.email})
        assert (answer.status_code, "to yourself" in words(answer)) == (409, True)
        assert as_(sam).get(OFFER).status_code == 404
        new = cast.mentor("new", verified=False)
        assert "as soon as you are verified" in words(as_(new).get(OFFER))
        assert as_(new).post(OFFER, FORM | {"email": sam.email}).status_code == 409
        assert not BookingRequest.objects.exists()
