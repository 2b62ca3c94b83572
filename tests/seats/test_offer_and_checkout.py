"""The offered seat and the till: who is offered takes that very seat; giving a payment up gives the offer back."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile
from payments import services
from payments.models import Order
from payments.services.confirm import give_up, record_decline
from seats.jobs import pass_on_seats, sweep_seats
from seats.services import availability
from sessions_app.services import reject, submit_request
from tests.cast import DAY, HOUR, offering
from tests.payments.scene import pay, place as order_of
from tests.seats.scene import BEGAN, place, seat_of, statuses, told

pytestmark = pytest.mark.django_db
MINUTE = HOUR / 60
END = BEGAN + 48 * HOUR


def test_an_outsider_gets_mentor_full_while_somebody_waits(tove, otto):
    with pytest.raises(Refusal) as refused:
        order_of(otto, offering(tove), now=BEGAN)
    assert refused.value.code == "mentor_full" and "join the waiting list" in refused.value.message
    assert availability(tove.pk, BEGAN).available == 0


def test_who_is_next_but_one_cannot_buy_either(tove, sue):
    with pytest.raises(Refusal) as refused:
        order_of(sue, offering(tove), now=BEGAN)
    assert refused.value.code == "mentor_full"


def test_the_offered_seat_is_bought(tove, sam):
    seat = seat_of(sam, tove)
    order = pay(order_of(sam, offering(tove), now=BEGAN + HOUR), now=BEGAN + HOUR)
    assert order.status == "FULFILLED"
    seat.refresh_from_db()
    assert (seat.status, seat.held_until) == ("ACTIVE", None)
    assert statuses(tove) == {"Sam": "TAKEN", "Sue": "WAITING"}


def test_what_was_promised_stands_when_nobody_new_is_taken(tove, sam):
    MentorProfile.objects.update(accepts_new=False)
    order = pay(order_of(sam, offering(tove), now=BEGAN + HOUR), now=BEGAN + HOUR)
    assert order.status == "FULFILLED"


def test_a_checkout_before_the_end_keeps_the_seat_until_its_own(tove, sam):
    begun = END - 5 * MINUTE
    order = order_of(sam, offering(tove), now=begun)
    assert place(sam, tove).kept_until == order.expires_at == begun + 35 * MINUTE
    sweep_seats(END + MINUTE)
    assert pay(order, now=END + 20 * MINUTE).status == "FULFILLED"


def test_an_offer_that_lapses_during_the_checkout_is_late_money(tove, sam, sue):
    order = order_of(sam, offering(tove), now=END - 5 * MINUTE)
    pass_on_seats(order.expires_at)
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}
    order = pay(order, now=order.expires_at + MINUTE)
    assert order.refunds.get().status == "REQUESTED"
    assert (place(sam, tove).status, place(sam, tove).paid_too_late) == ("WAITING", True)  # the next one is for him


def test_no_new_checkout_keeps_an_offer_alive_after_its_end(tove, sam):
    first = order_of(sam, offering(tove), now=END - MINUTE)
    order_of(sam, offering(tove), now=END + MINUTE)
    assert place(sam, tove).kept_until == first.expires_at


@pytest.mark.parametrize("how", ["given up", "declined"])
def test_a_payment_that_is_not_made_gives_the_offer_back(tove, sam, how):
    order = order_of(sam, offering(tove), now=END - 5 * MINUTE)
    if how == "given up":
        give_up(student=sam, order_id=order.pk, now=END - 4 * MINUTE)
    else:
        record_decline(order.pk, now=END - 4 * MINUTE)
    assert (statuses(tove)["Sam"], place(sam, tove).kept_until) == ("OFFERED", END)


def test_a_payment_given_up_after_the_end_passes_the_seat_on_at_once(tove, sam, sue):
    order = order_of(sam, offering(tove), now=END - 5 * MINUTE)
    give_up(student=sam, order_id=order.pk, now=END + 5 * MINUTE)
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}
    assert seat_of(sue, tove).held_until == END + 5 * MINUTE + 48 * HOUR
    assert "waiting_list_lapsed" in told(sam)


def test_a_payment_in_its_place_keeps_what_the_first_had_kept(tove, sam):
    """After the offer's own end nothing keeps it longer, and nothing that ends beside it takes it away."""
    pack = offering(tove, minutes=30, booking_mode="REQUEST")
    request = submit_request(student=sam, offering=pack, times=[], now=END - 15 * MINUTE)
    first = order_of(sam, offering(tove), now=END - 15 * MINUTE)
    second = order_of(sam, offering(tove, minutes=45, price=25000), now=END + 5 * MINUTE)
    reject(request_id=request.pk, by=tove, reason="no", now=END + 6 * MINUTE)
    assert seat_of(sam, tove).held_until == first.expires_at
    assert services.confirm_and_fulfil(pay(second, now=END + 7 * MINUTE).pk, END + 7 * MINUTE).status == "FULFILLED"


def test_a_payment_for_a_single_session_in_its_place_keeps_no_seat(tove, sam):
    order_of(sam, offering(tove), now=END - 15 * MINUTE)
    request = submit_request(
        student=sam, offering=offering(tove, booking_mode="REQUEST"), times=[], now=END - 15 * MINUTE
    )
    order_of(sam, offering(tove, sessions=1), now=END - 5 * MINUTE, starts_at=BEGAN.replace(hour=9) + 5 * DAY)
    assert seat_of(sam, tove).checkout_until is None
    reject(request_id=request.pk, by=tove, reason="no", now=END + 6 * MINUTE)
    assert statuses(tove) == {"Sam": "LAPSED", "Sue": "OFFERED"}


def test_declining_during_the_checkout_ends_the_payment_too(tove, sam, sue):
    from mentorship.pages.waiting import leave_line

    order = order_of(sam, offering(tove), now=BEGAN + HOUR)
    leave_line(student=sam, mentor_id=tove.pk, expect="offered", now=BEGAN + HOUR)
    order = Order.objects.get(pk=order.pk)
    assert (order.status, order.replaced_at) == ("EXPIRED", BEGAN + HOUR)
    assert statuses(tove) == {"Sam": "DECLINED", "Sue": "OFFERED"}
    late = services.confirm_and_fulfil(pay(order, now=BEGAN + 2 * HOUR).pk, BEGAN + 2 * HOUR)
    assert late.refunds.exists()


def test_leaving_the_line_leaves_a_payment_for_a_single_session_alone(tove, sue):
    from mentorship.pages.waiting import leave_line

    order = order_of(sue, offering(tove, sessions=1), now=BEGAN, starts_at=BEGAN.replace(hour=9) + 3 * DAY)
    leave_line(student=sue, mentor_id=tove.pk, expect="waiting", now=BEGAN)
    assert Order.objects.get(pk=order.pk).status == "PENDING"
