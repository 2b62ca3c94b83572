"""One purchase, from the order to what it grants: by return page, by webhook, by both, by neither."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.models import Notification
from packs.models import SessionPack
from payments import providers, services
from payments.jobs import close_provider_pages, expire_orders, fulfil_paid_orders, process_webhooks, reconcile_orders
from payments.models import Order, Payment, Refund, SandboxDelivery, WebhookEvent
from payments.services.confirm import confirm_payment
from seats.models import Seat
from sessions_app.models import Session
from sessions_app.services import cancel
from tests.cast import DAY, HOUR, NOW, at, bought, counters, offering
from tests.payments.scene import accounts, decide, pay, place, said, send_webhook

pytestmark = pytest.mark.django_db
Status = Order.Status


def told(person):
    return sorted(Notification.objects.filter(recipient=person).values_list("kind", flat=True))


def test_a_pack_with_its_first_time(mia, sam):
    order = place(sam, offering(mia), starts_at=at(2), agenda="My first deploy")
    kept = Session.objects.get(order_id=order.pk)
    assert (order.status, kept.status) == (Status.PENDING, Session.Status.AWAITING_PAYMENT)
    assert order.expires_at == NOW + timedelta(minutes=35)

    order = pay(order)

    assert order.status == Status.FULFILLED
    assert counters(order.pack) == (4, 1, 0)
    assert order.session.status == Session.Status.SCHEDULED
    assert order.session.agenda == "My first deploy"
    assert Seat.objects.get(student=sam, mentor=mia).status == Seat.Status.ACTIVE
    assert told(sam) == ["pack_purchased", "payment_confirmed", "session_scheduled"]
    assert told(mia) == ["offering_booked", "session_scheduled"]
    assert accounts() == {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}


def test_a_single_session(mia, sam):
    order = pay(place(sam, offering(mia, sessions=1, price=8000), starts_at=at(2)))
    assert order.status == Status.FULFILLED
    assert counters(order.pack) == (1, 1, 0)
    assert not Seat.objects.exists()


def test_free_is_granted_at_once(mia, sam):
    intro = offering(mia, sessions=1, minutes=30, price=0, is_intro=True)
    order = place(sam, intro, starts_at=at(2))
    assert (order.status, order.provider) == (Status.FULFILLED, "free")
    assert order.checkout_url == f"http://testserver/checkout/return/{order.pk}"
    assert order.session.status == Session.Status.SCHEDULED
    assert accounts() == {}


def test_webhook_alone_suffices(mia, sam):
    order = place(sam, offering(mia))
    decide(order)
    assert send_webhook(said(order)).status_code == 200
    assert process_webhooks(NOW) == 1
    order.refresh_from_db()
    assert order.status == Status.FULFILLED


def test_both_fulfil_once(mia, sam):
    order = place(sam, offering(mia))
    pay(order)
    send_webhook(said(order))
    assert process_webhooks(NOW) == 1
    assert Payment.objects.count() == SessionPack.objects.count() == 1
    assert counters(SessionPack.objects.get()) == (4, 0, 0)


def test_neither_is_found_by_the_reconciliation(mia, sam):
    order = place(sam, offering(mia))
    decide(order)
    assert reconcile_orders(NOW + HOUR) == 1
    order.refresh_from_db()
    assert order.status == Status.FULFILLED


def test_reconciliation_leaves_the_unpaid_alone(mia, sam):
    order = place(sam, offering(mia))
    assert reconcile_orders(NOW) == 0
    order.refresh_from_db()
    assert order.status == Status.PENDING


def test_the_job_grants_what_was_only_recorded(mia, sam):
    order = place(sam, offering(mia))
    decide(order)
    confirm_payment(order.pk, providers.by_name("sandbox").fetch_payment(order.provider_reference), now=NOW)
    assert not SessionPack.objects.exists()
    assert fulfil_paid_orders(NOW) == 1
    assert counters(SessionPack.objects.get()) == (4, 0, 0)


def test_declined(mia, sam):
    order = place(sam, offering(mia), starts_at=at(2))
    decide(order, "declined")
    order = services.confirm_and_fulfil(order.pk, NOW)
    assert order.status == Status.FAILED
    assert Session.objects.get(order_id=order.pk).status == Session.Status.EXPIRED
    assert not Seat.objects.standing().exists(), "a seat that was only held is free at once"
    assert told(sam) == ["payment_failed"]
    assert accounts() == {}


def test_declined_renewal_leaves_the_seated_alone(mia, sam):
    bought(sam, mia, now=NOW - DAY)
    order = place(sam, offering(mia))
    decide(order, "declined")
    services.confirm_and_fulfil(order.pk, NOW)
    assert Seat.objects.get().status == Seat.Status.ACTIVE


def test_two_presses_pay_once(mia, sam):
    order = place(sam, offering(mia))
    first, second = decide(order), decide(order)
    assert first.payment_id == second.payment_id
    assert decide(order, "declined").status == "PAID"
    assert SandboxDelivery.objects.count() == 1


def test_renewal_extends_the_same_pack(mia, sam):
    pack = bought(sam, mia, now=NOW - DAY)
    expires_at = pack.expires_at
    order = pay(place(sam, offering(mia)))
    assert order.pack == pack
    assert counters(pack) == (8, 0, 0)
    assert pack.expires_at == expires_at + DAY


def test_same_order_is_never_granted_twice(mia, sam):
    order = pay(place(sam, offering(mia)))
    for _ in range(3):
        services.confirm_and_fulfil(order.pk, NOW)
        services.fulfil_order(order.pk, NOW)
    assert counters(order.pack) == (4, 0, 0)


class TestEnds:
    def test_the_hold_lapses_with_the_beat_stopped(self, mia, sam):
        order = place(sam, offering(mia), starts_at=at(2))
        until = order.expires_at
        assert order.status_at(until - timedelta(seconds=1)) == Status.PENDING
        assert order.status_at(until) == Status.EXPIRED

    def test_expiry_frees_the_time_and_leaves_the_page(self, mia, sam):
        order = place(sam, offering(mia), starts_at=at(2))
        assert expire_orders(order.expires_at - timedelta(seconds=1)) == 0
        assert expire_orders(order.expires_at) == 1
        order.refresh_from_db()
        assert order.status == Status.EXPIRED
        assert Session.objects.get().status == Session.Status.EXPIRED
        close_provider_pages(order.expires_at)
        assert decide(order).status == "PAID", "late money can still come"

    def test_a_new_checkout_replaces_the_open_one(self, mia, sam):
        first = place(sam, offering(mia), starts_at=at(2))
        second = place(sam, offering(mia), starts_at=at(2), now=NOW + HOUR / 4)
        first.refresh_from_db()
        assert (first.status, second.status) == (Status.EXPIRED, Status.PENDING)
        assert Session.objects.filter(status="AWAITING_PAYMENT").get().order_id == second.pk
        assert Seat.objects.standing().get().held_until == second.expires_at
        assert close_provider_pages(NOW) == 1
        assert decide(first).status == "EXPIRED", "its page takes no money any more"
        assert close_provider_pages(NOW) == 0

    def test_one_whose_hold_is_over_is_not_replaced(self, mia, sam):
        """With the beat stopped it has expired all the same, and late money may still come for it."""
        first = place(sam, offering(mia))
        place(sam, offering(mia), now=first.expires_at)
        first.refresh_from_db()
        assert (first.status, first.replaced_at) == (Status.EXPIRED, None)

    def test_money_for_a_time_that_was_cancelled_goes_back(self, mia, sam):
        order = place(sam, offering(mia, sessions=1), starts_at=at(2))
        cancel(session_id=Session.objects.get().pk, by=mia, now=NOW)
        assert pay(order).status == Status.PAID
        assert Refund.objects.get().amount_minor == order.amount_minor

    def test_so_does_money_for_a_pack_whose_first_time_was_cancelled(self, mia, sam):
        """What cancelling says before it does it: a payment that still comes is refunded."""
        order = place(sam, offering(mia), starts_at=at(2))
        cancel(session_id=Session.objects.get().pk, by=sam, now=NOW)
        assert pay(order).status == Status.PAID
        assert Refund.objects.get().amount_minor == order.amount_minor
        assert not SessionPack.objects.exists() and not Seat.objects.filter(status="ACTIVE").exists()

    def test_given_up(self, mia, sam):
        order = place(sam, offering(mia), starts_at=at(2))
        services.give_up(student=sam, order_id=order.pk, now=NOW)
        order.refresh_from_db()
        assert order.status == Status.EXPIRED
        assert not Seat.objects.standing().exists()
        assert Session.objects.get().status == Session.Status.EXPIRED


def test_an_unknown_kind_is_stored_and_does_nothing(mia, sam):
    order = place(sam, offering(mia))
    decide(order)
    assert send_webhook(said(order, kind="customer.created")).status_code == 200
    assert process_webhooks(NOW) == 1
    assert WebhookEvent.objects.get().processed_at == NOW
    assert not Payment.objects.exists()
