"""The offered seat and a mentor who wants to be asked: the seat waits for the answer, and no longer."""

from __future__ import annotations

import pytest
from django.test import Client

from mentorship.kernel.refusals import Refusal
from mentorship.pages.waiting import leave_line
from mentorship.people.models import MentorProfile
from seats.jobs import pass_on_seats
from sessions_app.services import (
    approve,
    cancel,
    reject,
    submit_request,
    suggest,
    what_if_cancelled,
    what_if_withdrawn,
    withdraw_request,
)
from tests import cast
from tests.cast import DAY, HOUR, bought, offering
from tests.seats.scene import BEGAN, place, seat_of, statuses, told

pytestmark = pytest.mark.django_db
END = BEGAN + 48 * HOUR
ASKED = END - 5 * HOUR


def asks(sam, tove, now=ASKED, offer=None):
    offer = offer or offering(tove, booking_mode="REQUEST")
    return submit_request(student=sam, offering=offer, times=[], now=now)


def test_the_seat_is_kept_until_the_answer_and_then_for_the_payment(tove, sam):
    request = asks(sam, tove)
    pass_on_seats(END + HOUR)
    assert statuses(tove) == {"Sam": "OFFERED", "Sue": "WAITING"}
    assert place(sam, tove).kept_until == request.approval_deadline == ASKED + 48 * HOUR
    answered = END + 20 * HOUR
    request = approve(request_id=request.pk, by=tove, now=answered)
    assert place(sam, tove).kept_until == request.payment_deadline == answered + 24 * HOUR


def test_an_approval_lasts_until_its_payment_even_when_that_is_after_the_answer_was_due(tove, sam):
    request = asks(sam, tove)
    answered = request.approval_deadline - HOUR
    approve(request_id=request.pk, by=tove, now=answered)
    pass_on_seats(answered + 23 * HOUR)
    assert statuses(tove)["Sam"] == "OFFERED"
    pass_on_seats(answered + 24 * HOUR)
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}


def test_no_answer_passes_the_seat_on(tove, sam):
    request = asks(sam, tove)
    pass_on_seats(request.approval_deadline)
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}


@pytest.mark.parametrize("who", ["mentor", "student"])
def test_a_no_gives_the_offer_back_its_own_end(tove, sam, who):
    request = asks(sam, tove)
    ended = ASKED + HOUR
    if who == "mentor":
        reject(request_id=request.pk, by=tove, reason="no time", now=ended)
    else:
        withdraw_request(request_id=request.pk, by=sam, now=ended)
    assert place(sam, tove).kept_until == END
    assert statuses(tove) == {"Sam": "OFFERED", "Sue": "WAITING"}


@pytest.mark.parametrize("who", ["mentor", "student"])
def test_a_no_after_the_offers_own_end_passes_the_seat_on_at_once(tove, sam, who):
    request = asks(sam, tove)
    ended = END + HOUR
    if who == "mentor":
        reject(request_id=request.pk, by=tove, reason="no time", now=ended)
    else:
        withdraw_request(request_id=request.pk, by=sam, now=ended)
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}


@pytest.mark.parametrize(
    ("said_yes", "when", "code"),
    [
        (False, ASKED + HOUR, "waiting:offer_stays"),
        (False, END + HOUR, "waiting:offer_over"),
        (True, ASKED + HOUR, "kept:offer_stays"),
        (True, END + HOUR, "kept:offer_over"),
    ],
)
def test_what_taking_it_back_does_to_the_offer_is_said_before(tove, sam, said_yes, when, code):
    request = asks(sam, tove)
    if said_yes:
        request = approve(request_id=request.pk, by=tove, now=ASKED)
    consequence = what_if_withdrawn(request, now=when)
    assert consequence.code == code
    with pytest.raises(Refusal) as refused:
        withdraw_request(request_id=request.pk, by=sam, expect=consequence.kind, now=when)
    assert refused.value.code == "answer_changed"
    withdraw_request(request_id=request.pk, by=sam, expect=consequence.code, now=when)
    assert statuses(tove)["Sam"] == ("OFFERED" if when < END else "LAPSED")
    assert ("next in line" in consequence.also) == (when > END)


def test_another_request_that_waits_still_keeps_it(tove, sam):
    first = asks(sam, tove)
    second = asks(sam, tove, now=ASKED + HOUR)
    reject(request_id=first.pk, by=tove, reason="not this one", now=END + HOUR)
    assert place(sam, tove).kept_until == second.approval_deadline


def test_asking_again_after_the_offers_own_end_keeps_it_no_longer(tove, sam):
    first = asks(sam, tove)
    asks(sam, tove, now=END + HOUR)
    assert place(sam, tove).kept_until == first.approval_deadline
    withdraw_request(request_id=first.pk, by=sam, now=END + 2 * HOUR)
    assert place(sam, tove).kept_until == first.approval_deadline  # never longer than it was


def test_other_times_keep_it_for_the_students_answer(tove, sam):
    request = asks(sam, tove)
    suggested = END + HOUR
    request = suggest(request_id=request.pk, by=tove, times=[suggested + 4 * DAY - HOUR], now=suggested)
    assert place(sam, tove).kept_until == request.approval_deadline == suggested + 48 * HOUR


@pytest.mark.parametrize("said_yes", [False, True])
def test_declining_the_seat_takes_the_request_back(tove, sam, said_yes):
    request = asks(sam, tove)
    if said_yes:
        approve(request_id=request.pk, by=tove, now=ASKED)
    leave_line(student=sam, mentor_id=tove.pk, expect="offered", now=ASKED + HOUR)
    request.refresh_from_db()
    assert request.status == "WITHDRAWN"
    assert statuses(tove) == {"Sam": "DECLINED", "Sue": "OFFERED"}


def test_declining_after_the_offers_own_end_is_a_no_and_no_lapse(tove, sam):
    asks(sam, tove)
    leave_line(student=sam, mentor_id=tove.pk, expect="offered", now=END + HOUR)
    assert statuses(tove) == {"Sam": "DECLINED", "Sue": "OFFERED"}
    assert "waiting_list_lapsed" not in told(sam)


def test_a_seat_on_offer_is_a_seat_for_a_yes(tove, sam, time_machine):
    time_machine.move_to(ASKED, tick=False)
    browser = Client()
    browser.force_login(tove)
    page = asks(sam, tove).get_absolute_url()
    assert "All your seats are taken." not in browser.get(page).content.decode()
    leave_line(student=sam, mentor_id=tove.pk, expect="offered", now=ASKED)
    request = submit_request(student=cast.user("ann"), offering=offering(cast.mentor("ned")), times=[], now=ASKED)
    bought(cast.user("bob"), request.mentor)
    MentorProfile.objects.filter(user=request.mentor).update(max_active_students=1)
    browser.force_login(request.mentor)
    assert "All your seats are taken." in browser.get(request.get_absolute_url()).content.decode()


def test_the_page_lets_whom_the_seat_is_offered_ask_and_nobody_else(tove, sam, sue, time_machine):
    page = f"/mentorship/offerings/{offering(tove, booking_mode='REQUEST').pk}/request"
    time_machine.move_to(ASKED, tick=False)
    browser = Client()
    browser.force_login(sam)
    assert "The seat on offer is kept for you until then." in browser.get(page).content.decode()
    asked = browser.post(page, {"message": "Now?", "idempotency_key": "one"})
    assert asked.status_code == 302 and "/mentorship/requests/" in asked["Location"]
    assert (
        "The seat on offer is kept for you until then, and nothing" in browser.get(asked["Location"]).content.decode()
    )
    browser.force_login(sue)
    assert "The seat on offer" not in (shown := browser.get(page).content.decode())
    assert "join the waiting list" in shown


def test_a_single_session_asked_for_keeps_no_seat(tove, sam):
    single = offering(tove, sessions=1, booking_mode="REQUEST")
    submit_request(student=sam, offering=single, times=[BEGAN + 5 * DAY - HOUR], now=ASKED)
    assert seat_of(sam, tove).held_until == END


@pytest.mark.parametrize(("when", "code"), [(ASKED + HOUR, "offer_stays"), (END + HOUR, "offer_over")])
def test_cancelling_the_time_of_a_yes_says_what_becomes_of_request_and_offer(tove, sam, when, code):
    first = [BEGAN + 5 * DAY - HOUR]
    request = submit_request(student=sam, offering=offering(tove, booking_mode="REQUEST"), times=first, now=ASKED)
    session = approve(request_id=request.pk, by=tove, now=ASKED).session
    consequence = what_if_cancelled(session, by=sam, now=when)
    assert consequence.code == f"unpaid:kept:{code}"
    assert "your time would be free for others at once" in consequence.sentence
    assert ("next in line" in consequence.sentence) == (when > END)
    assert "Sam’s request ends with it" in what_if_cancelled(session, by=tove, now=when).sentence
    cancel(session_id=session.pk, by=sam, now=when, expect=consequence.code)
    request.refresh_from_db()
    assert request.status == "WITHDRAWN"
    assert statuses(tove)["Sam"] == ("OFFERED" if when < END else "LAPSED")
