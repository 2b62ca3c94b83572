"""A REQUEST offering: asked, answered, kept for the payment; and every other way it can end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mentorship.kernel.refusals import Malformed, NotFound, NotYours, Refusal
from mentorship.people.models import MentorProfile
from notifications.models import Notification
from seats.models import Seat
from sessions_app.jobs import expire_requests
from sessions_app.models import BookingRequest, CalendarBlock, Session
from sessions_app.services import accept_suggestion, approve, reject, submit_request, suggest, withdraw_request
from tests.cast import DAY, HOUR, NOW, at, offering

pytestmark = pytest.mark.django_db
Status = BookingRequest.Status


def ask(student, mentor, *days, sessions=1, now=NOW, offer=None, **more):
    offer = offer or offering(mentor, sessions=sessions, booking_mode="REQUEST")
    return submit_request(student=student, offering=offer, times=[at(d) for d in days], now=now, **more)


class TestAsking:
    def test_blocks_nothing_and_tells_the_mentor(self, mia, sam):
        request = ask(sam, mia, 2, 3, message="Interviews")
        assert request.approval_deadline == at(2) - 3 * HOUR  # at latest 3 h before the first time
        assert not CalendarBlock.objects.exists()
        assert not Seat.objects.exists()
        assert Notification.objects.get().recipient == mia

    def test_48_hours_where_the_times_are_far(self, mia, sam):
        assert ask(sam, mia, 10).approval_deadline == NOW + 48 * HOUR

    def test_once_for_each_offering(self, mia, sam):
        first = ask(sam, mia, 4)
        with pytest.raises(Refusal, match="already") as refused:
            ask(sam, mia, 5, offer=first.offering)
        assert refused.value.code == "already_requested"

    def test_a_lapsed_one_is_no_obstacle_even_before_the_job(self, mia, sam):
        first = ask(sam, mia, 10)
        again = ask(sam, mia, 10, offer=first.offering, now=NOW + 48 * HOUR)
        first.refresh_from_db()
        assert (first.status, again.status) == (Status.EXPIRED, Status.PENDING_MENTOR_REVIEW)

    @pytest.mark.parametrize("days", [(), (2, 3, 4, 5)])
    def test_one_to_three_times(self, mia, sam, days):
        with pytest.raises(Malformed):
            ask(sam, mia, *days)

    def test_24_hours_of_notice(self, mia, sam):
        with pytest.raises(Refusal) as refused:
            submit_request(student=sam, offering=offering(mia, sessions=1), times=[NOW + 23 * HOUR], now=NOW)
        assert refused.value.code == "notice_too_short"


class TestAnswering:
    def test_yes_keeps_the_time_for_the_payment(self, mia, sam):
        request = approve(request_id=ask(sam, mia, 5, 6).pk, by=mia, scheduled_at=at(6), notes="Bring code", now=NOW)
        session = request.session
        assert (session.status, session.starts_at) == (Session.Status.AWAITING_PAYMENT, at(6))
        assert session.payment_deadline == request.payment_deadline == NOW + 24 * HOUR
        assert CalendarBlock.objects.filter(session=session).count() == 2

    def test_yes_to_a_pack_holds_a_seat_and_its_first_time(self, mia, sam):
        request = approve(request_id=ask(sam, mia, 5, sessions=4).pk, by=mia, now=NOW)
        seat = Seat.objects.get()
        assert (seat.status, seat.held_until) == (Seat.Status.HELD, NOW + 24 * HOUR)
        assert request.session.starts_at == at(5)

    def test_the_payment_is_due_an_hour_before_the_start(self, mia, sam):
        request = ask(sam, mia, 2)
        late = at(2) - 4 * HOUR
        approve(request_id=request.pk, by=mia, now=late)
        request.refresh_from_db()
        assert request.payment_deadline == at(2) - HOUR

    def test_twice_is_once(self, mia, sam):
        request = ask(sam, mia, 5)
        approve(request_id=request.pk, by=mia, now=NOW)
        approve(request_id=request.pk, by=mia, now=NOW + HOUR)
        assert Session.objects.count() == 1

    def test_two_requests_for_one_slot_end_in_one_session(self, mia, sam, sue):
        offer = offering(mia, sessions=1, booking_mode="REQUEST")
        one, other = ask(sam, mia, 5, offer=offer), ask(sue, mia, 5, offer=offer)
        approve(request_id=one.pk, by=mia, now=NOW)
        with pytest.raises(Refusal) as refused:
            approve(request_id=other.pk, by=mia, now=NOW)
        assert refused.value.code == "slot_unavailable"
        other.refresh_from_db()
        assert (other.status, Session.objects.count()) == (Status.PENDING_MENTOR_REVIEW, 1)

    def test_no_with_a_reason(self, mia, sam):
        request = reject(request_id=ask(sam, mia, 5).pk, by=mia, reason="I am away.", now=NOW)
        assert (request.status, request.rejection_reason, request.rejected_at) == (Status.REJECTED, "I am away.", NOW)
        with pytest.raises(Refusal) as refused:
            approve(request_id=request.pk, by=mia, now=NOW)
        assert refused.value.code == "wrong_state"

    def test_not_after_its_deadline_even_before_the_job(self, mia, sam):
        request = ask(sam, mia, 10)
        with pytest.raises(Refusal) as refused:
            approve(request_id=request.pk, by=mia, now=NOW + 48 * HOUR)
        assert refused.value.code == "wrong_state"

    def test_only_the_mentor(self, mia, sam, otto):
        request = ask(sam, mia, 5)
        with pytest.raises(NotYours):
            approve(request_id=request.pk, by=sam, now=NOW)
        with pytest.raises(NotFound):
            approve(request_id=request.pk, by=otto, now=NOW)

    def test_no_yes_to_what_could_not_be_paid(self, mia, sam):
        asked, suggested = ask(sam, mia, 4), ask(sam, mia, 5)
        suggest(request_id=suggested.pk, by=mia, times=[at(6)], now=NOW)
        MentorProfile.objects.update(verified_at=None)
        with pytest.raises(Refusal, match="You are not verified") as refused:
            approve(request_id=asked.pk, by=mia, now=NOW)
        assert refused.value.code == "not_for_sale"
        with pytest.raises(Refusal, match="Mia takes no payments"):
            accept_suggestion(request_id=suggested.pk, by=sam, scheduled_at=at(6), now=NOW)
        assert not Session.objects.exists()
        assert reject(request_id=asked.pk, by=mia, reason="I am leaving", now=NOW).status == Status.REJECTED

    def test_a_suggestion_that_the_student_takes(self, mia, sam):
        request = suggest(request_id=ask(sam, mia, 5).pk, by=mia, times=[at(7), at(8)], notes="Better?", now=NOW)
        with pytest.raises(Malformed):
            accept_suggestion(request_id=request.pk, by=sam, scheduled_at=at(5), now=NOW)
        request = accept_suggestion(request_id=request.pk, by=sam, scheduled_at=at(8), now=NOW)
        assert (request.status, request.session.starts_at) == (Status.APPROVED, at(8))

    def test_suggesting_again_and_again_ends_after_one_answer_each(self, mia, sam):
        request = ask(sam, mia, 10)
        last = NOW + 96 * HOUR
        for number, said in enumerate([NOW + 47 * HOUR, NOW + 90 * HOUR, last - HOUR]):
            suggest(request_id=request.pk, by=mia, times=[at(11 + number)], now=said)
        request.refresh_from_db()
        assert request.approval_deadline == last
        assert request.status_at(last) == Status.EXPIRED

    def test_no_time_after_what_is_asked_for_will_have_expired(self, mia, sam):
        offer = offering(mia, booking_mode="REQUEST", validity_days=30)
        with pytest.raises(Refusal) as refused:
            ask(sam, mia, 5, 31, offer=offer)
        assert refused.value.code == "pack_expired"
        request = ask(sam, mia, 29, offer=offer)
        with pytest.raises(Refusal) as refused:
            suggest(request_id=request.pk, by=mia, times=[at(31)], now=NOW)
        assert refused.value.code == "pack_expired"


class TestTelling:
    def test_no_mail_asks_for_what_is_too_late(self, mia, sam):
        request = ask(sam, mia, 5)
        suggest(request_id=request.pk, by=mia, times=[at(6)], now=NOW)
        request.refresh_from_db()
        accept_suggestion(request_id=request.pk, by=sam, scheduled_at=at(6), now=NOW)
        told = dict(Notification.objects.values_list("kind", "not_after"))
        assert told["request_submitted"] == told["request_suggested"] == NOW + 48 * HOUR
        assert told["request_approved"] == NOW + 24 * HOUR


class TestEnds:
    def test_withdrawn_lets_go_of_time_and_seat(self, mia, sam):
        request = approve(request_id=ask(sam, mia, 5, sessions=4).pk, by=mia, now=NOW)
        withdraw_request(request_id=request.pk, by=sam, now=NOW + HOUR)
        assert not CalendarBlock.objects.exists()
        assert Seat.objects.get().status == Seat.Status.RELEASED

    def test_unpaid_after_24_hours(self, mia, sam):
        request = approve(request_id=ask(sam, mia, 5).pk, by=mia, now=NOW)
        assert request.status_at(NOW + DAY) == Status.EXPIRED
        assert expire_requests(NOW + DAY) == 1
        request.refresh_from_db()
        assert (request.status, request.ended_at) == (Status.EXPIRED, NOW + DAY)
        assert MentorProfile.objects.get(user=mia).ignored_requests == 0

    def test_three_ignored_in_a_row_pause_the_offerings(self, mia, sam):
        for n in range(3):
            now = NOW + n * timedelta(days=3)
            ask(sam, mia, 20, now=now)
            expire_requests(now + 48 * HOUR)
        profile = MentorProfile.objects.get(user=mia)
        assert (profile.ignored_requests, profile.sales_paused_at) == (3, NOW + 8 * DAY)
        assert Notification.objects.filter(recipient=mia, kind="sales_paused").count() == 1

    def test_an_answer_breaks_the_row(self, mia, sam):
        ask(sam, mia, 20)
        expire_requests(NOW + 48 * HOUR)
        reject(request_id=ask(sam, mia, 20, now=NOW + 3 * DAY).pk, by=mia, reason="no", now=NOW + 3 * DAY)
        assert MentorProfile.objects.get(user=mia).ignored_requests == 0
