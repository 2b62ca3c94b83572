"""One held seat, kept by a checkout of one pack and by an approved request for another: what ends first takes nothing."""

from __future__ import annotations

import pytest

from payments import providers, services
from payments.models import Order
from payments.services import record_payment, refund_order
from payments.services.confirm import apply_facts, give_up, record_decline
from payments.services.fulfil import fulfil_order
from seats.models import Seat
from sessions_app.models import Session
from sessions_app.services import approve, cancel, withdraw_request
from tests.cast import DAY, HOUR, NOW, at, offering
from tests.payments.scene import SITE, decide, pay, place

pytestmark = pytest.mark.django_db
SOON = NOW + HOUR / 10


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def approved(mia, sam):
    of = offering(mia, booking_mode="REQUEST")
    request = services.ask(student=sam, offering_id=of.pk, times=[], now=NOW)
    return approve(request_id=request.pk, by=mia, now=NOW)


def seat():
    return Seat.objects.get()


def other_pack(mia):
    return offering(mia, minutes=30, price=20000)


def test_withdrawing_leaves_the_seat_to_the_checkout(mia, sam, approved):
    order = place(sam, other_pack(mia))
    assert seat().held_until == approved.payment_deadline
    withdraw_request(request_id=approved.pk, by=sam, now=SOON)
    assert (seat().status, seat().held_until) == ("HELD", order.expires_at)


@pytest.mark.parametrize("end", ["declined", "given up"])
def test_a_checkout_that_ends_leaves_the_seat_to_the_request(mia, sam, approved, end):
    order = place(sam, other_pack(mia))
    if end == "declined":
        record_decline(order.pk, now=SOON)
    else:
        give_up(student=sam, order_id=order.pk, now=SOON)
    assert (seat().status, seat().held_until) == ("HELD", approved.payment_deadline)
    withdraw_request(request_id=approved.pk, by=sam, now=SOON)
    assert seat().status == "RELEASED"


def test_the_requests_own_page_keeps_nothing_once_it_is_withdrawn(mia, sam, approved):
    proceed(sam, approved)
    withdraw_request(request_id=approved.pk, by=sam, now=SOON)
    assert seat().status == "RELEASED"


def test_a_checkout_that_was_replaced_keeps_nothing(mia, sam, approved):
    replaced = place(sam, other_pack(mia))
    proceed(sam, approved)
    replaced.refresh_from_db()
    assert replaced.status == Order.Status.EXPIRED
    withdraw_request(request_id=approved.pk, by=sam, now=SOON)
    assert seat().status == "RELEASED"


def test_a_checkout_in_its_place_keeps_the_seat_anew(mia, sam, approved):
    place(sam, other_pack(mia))
    order = place(sam, offering(mia, minutes=45, price=25000), now=SOON)
    withdraw_request(request_id=approved.pk, by=sam, now=SOON)
    assert (seat().status, seat().held_until) == ("HELD", order.expires_at)


def proceed(student, request):
    return services.proceed_payment(student=student, request_id=request.pk, provider="sandbox", site_url=SITE, now=NOW)


def test_a_refund_of_the_other_pack_leaves_the_seat_to_the_request(mia, sam, approved):
    order = pay(place(sam, other_pack(mia)))
    assert seat().status == "ACTIVE"
    refund_order(order_id=order.pk, by=mia, reason="", now=SOON)
    assert (seat().status, seat().held_until) == ("HELD", approved.payment_deadline)
    paid = pay(proceed(sam, approved), now=SOON)
    assert (paid.status, seat().status) == ("FULFILLED", "ACTIVE")


def test_a_refund_of_what_was_recorded_by_hand_leaves_the_seat_to_the_open_checkout(mia, sam):
    order = place(sam, other_pack(mia))
    pack = offering(mia)
    recorded = record_payment(student=sam, offering_id=pack.pk, note="bank", by=mia, site_url=SITE, now=NOW)
    refund_order(order_id=recorded.pk, by=mia, reason="", now=SOON)
    assert (seat().status, seat().held_until, seat().checkout_until) == ("HELD", order.expires_at, order.expires_at)


def test_money_that_goes_back_keeps_no_seat(mia, sam):
    order = place(sam, other_pack(mia), starts_at=NOW.replace(hour=12) + 3 * DAY)
    cancel(session_id=Session.objects.get().pk, by=sam, now=NOW)
    order = pay(order, now=SOON)
    assert (order.refunds.count(), seat().status) == (1, "RELEASED")


def test_late_money_that_goes_back_leaves_the_seat_to_the_newer_checkout(mia, sam):
    late = place(sam, other_pack(mia), starts_at=NOW.replace(hour=12) + 3 * DAY)
    cancel(session_id=Session.objects.get().pk, by=sam, now=NOW)
    order = place(sam, offering(mia, minutes=45, price=25000))
    assert pay(late, now=SOON).refunds.count() == 1
    assert (seat().status, seat().held_until, seat().checkout_until) == ("HELD", order.expires_at, order.expires_at)


def test_late_money_that_goes_back_leaves_the_seat_to_what_is_paid_already(mia, sam):
    late = place(sam, other_pack(mia), starts_at=NOW.replace(hour=12) + 3 * DAY)
    cancel(session_id=Session.objects.get().pk, by=sam, now=NOW)
    order = place(sam, offering(mia, minutes=45, price=25000))
    paid_only(order)
    assert pay(late, now=SOON).refunds.count() == 1
    assert (Order.objects.get(pk=order.pk).status, seat().status) == ("PAID", "HELD")


def paid_only(order):
    """Its money is recorded; what it bought is not granted yet."""
    decide(order)
    apply_facts(order.pk, providers.by_name("sandbox").fetch_payment(order.provider_reference), now=SOON)


@pytest.mark.parametrize("end", ["declined", "given up", "replaced"])
def test_a_checkout_that_ends_leaves_the_seat_to_what_is_paid_already(mia, sam, end):
    paid = place(sam, other_pack(mia))
    order = place(sam, offering(mia, minutes=45, price=25000))
    paid_only(paid)
    if end == "declined":
        record_decline(order.pk, now=SOON)
    elif end == "given up":
        give_up(student=sam, order_id=order.pk, now=SOON)
    else:
        place(sam, offering(mia, sessions=1), starts_at=at(3), now=SOON)
    assert seat().status == "HELD"
    assert (fulfil_order(paid.pk, SOON).status, seat().status) == ("FULFILLED", "ACTIVE")


def test_money_that_a_person_gives_back_before_it_was_granted_keeps_no_seat(mia, sam):
    order = place(sam, other_pack(mia))
    paid_only(order)
    refund_order(order_id=order.pk, by=mia, reason="", now=SOON)
    assert (seat().status, seat().released_at) == ("RELEASED", SOON)


@pytest.mark.parametrize("how", ["bought", "approved"])
def test_a_single_session_in_the_place_of_a_pack_keeps_no_seat(mia, sam, how):
    place(sam, other_pack(mia))
    if how == "bought":
        place(sam, offering(mia, sessions=1), starts_at=at(3), now=SOON)
    else:
        single = offering(mia, sessions=1, booking_mode="REQUEST")
        request = services.ask(student=sam, offering_id=single.pk, times=[at(3)], now=NOW)
        proceed(sam, approve(request_id=request.pk, by=mia, now=NOW))
    assert seat().status == "RELEASED"


def test_late_money_that_goes_back_leaves_no_seat_to_a_single_session(mia, sam):
    pack = place(sam, other_pack(mia), starts_at=at(3))
    cancel(session_id=Session.objects.get().pk, by=sam, now=NOW)
    paid_only(pack)
    place(sam, offering(mia, sessions=1), starts_at=at(4), now=SOON)
    assert seat().status == "HELD"
    assert (fulfil_order(pack.pk, SOON).refunds.count(), seat().status) == (1, "RELEASED")
