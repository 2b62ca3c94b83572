"""Money that comes when nobody counts on it any more: granted if possible, otherwise given back in full."""

from __future__ import annotations

import pytest

from notifications.models import Notification
from packs.models import SessionPack
from payments.jobs import close_provider_pages, expire_orders, release_shares, send_refunds
from payments.models import Order, Payment, Refund, SandboxCheckout, SandboxRefund
from payments.providers.base import ProviderTrouble
from payments.providers.sandbox import Sandbox
from payments.services import refunds
from payments.services.confirm import confirm_payment, keep_unmatched
from seats.models import Seat
from sessions_app.models import Session
from tests.cast import DAY, HOUR, NOW, at, bought, counters, mentor, offering, user
from tests.payments.scene import accounts, decide, pay, place

pytestmark = pytest.mark.django_db
Status = Order.Status
LATE = NOW + HOUR


def test_a_pack_needs_only_a_seat(mia, sam):
    order = place(sam, offering(mia), starts_at=at(2))
    expire_orders(LATE)
    order = pay(order, now=LATE)
    assert order.status == Status.FULFILLED
    assert order.session.starts_at == at(2), "its time was still free"


def test_a_pack_whose_time_is_gone_is_granted_without(mia, sam, sue):
    order = place(sam, offering(mia), starts_at=at(2))
    expire_orders(LATE)
    pay(place(sue, offering(mia), starts_at=at(2), now=LATE), now=LATE)
    order = pay(order, now=LATE)
    assert (order.status, order.session) == (Status.FULFILLED, None)
    assert counters(order.pack) == (4, 0, 0)
    assert "chosen was taken meanwhile" in Notification.objects.get(recipient=sam, kind="pack_purchased").text


def test_a_pack_without_a_seat_is_refunded(sam, sue):
    mia = mentor("mia", seats=1)
    order = place(sam, offering(mia), starts_at=at(2))
    bought(sue, mia, now=LATE)
    order = pay(order, now=LATE)
    refund = Refund.objects.get()
    assert (order.status, refund.status, refund.amount_minor) == (Status.PAID, "REQUESTED", 28000)
    assert not SessionPack.objects.filter(student=sam).exists()
    assert Session.objects.get(order_id=order.pk).status == Session.Status.EXPIRED
    assert Notification.objects.filter(kind="refund").count() == 2
    pay(order, now=LATE)
    assert Refund.objects.count() == 1


def test_the_buyer_sees_over_the_api_that_money_goes_back(mia, sam, client):
    order = place(sam, offering(mia, sessions=1, price=8000), starts_at=at(2))
    client.force_login(sam)
    assert client.get(f"/api/orders/{order.pk}").json()["refundedAmount"] == 0
    pay(order, now=at(3))
    assert client.get(f"/api/orders/{order.pk}").json()["refundedAmount"] == 8000


def test_a_single_session_needs_its_time(mia, sam, sue):
    single = offering(mia, sessions=1, price=8000)
    order = place(sam, single, starts_at=at(2))
    pay(place(sue, single, starts_at=at(2), now=LATE), now=LATE)
    order = pay(order, now=LATE)
    assert order.status == Status.PAID
    assert Refund.objects.get(order=order).amount_minor == 8000
    assert counters(SessionPack.objects.get()) == (1, 1, 0), "only sue has hers"


def test_a_single_session_whose_time_is_free_is_booked(mia, sam):
    order = place(sam, offering(mia, sessions=1, price=8000), starts_at=at(2))
    expire_orders(LATE)
    Order.objects.filter(pk=order.pk).update(agenda="My plot")
    session = pay(order, now=LATE).session
    assert (session.status, session.agenda) == (Session.Status.SCHEDULED, "My plot")


def test_a_time_that_is_over_is_refunded(mia, sam):
    order = place(sam, offering(mia, sessions=1, price=8000), starts_at=at(2))
    pay(order, now=at(3))
    assert Refund.objects.get().reason.startswith("The payment came after the hold")


def test_money_for_a_replaced_order_extends(mia, sam):
    first = place(sam, offering(mia))
    second = place(sam, offering(mia))
    pay(second)
    assert decide(first).status == "PAID", "its page was not closed yet"
    first = pay(first)
    assert first.status == Status.FULFILLED
    assert counters(first.pack) == (8, 0, 0)


def test_a_second_intro_is_refunded(mia, sam):
    intro = offering(mia, sessions=1, minutes=30, price=1000, is_intro=True)
    first, second = place(sam, intro, starts_at=at(2)), place(sam, intro, starts_at=at(3))
    pay(second)
    pay(first)
    assert Refund.objects.get().order == first
    assert Session.objects.filter(status="SCHEDULED").count() == 1


def test_a_free_offering_that_came_too_late_just_fails(sam, monkeypatch):
    mia = mentor("mia", seats=1)
    free_pack = offering(mia, price=0)
    monkeypatch.setattr("payments.services.pair.confirm_and_fulfil", lambda pk, now: Order.objects.get(pk=pk))
    order = place(sam, free_pack)
    bought(user("sue"), mia, now=LATE)
    order = pay_free(order, LATE)
    assert order.status == Status.FAILED
    assert not Refund.objects.exists()


def pay_free(order, now):
    from payments.services import confirm_and_fulfil

    return confirm_and_fulfil(order.pk, now)


class TestRefund:
    @pytest.fixture
    def refund(self, sam):
        mia = mentor("mia", seats=1)
        order = place(sam, offering(mia))
        bought(user("sue"), mia, now=LATE)
        pay(order, now=LATE)
        return Refund.objects.get()

    def test_reverses_the_ledger(self, refund):
        assert accounts() == {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}
        assert send_refunds(LATE) == 1
        refund.refresh_from_db()
        assert (refund.status, refund.done_at) == ("SUCCEEDED", LATE)
        assert accounts() == {}
        assert send_refunds(LATE) == 0

    def test_asking_twice_pays_once(self, refund):
        provider = Sandbox()
        assert provider.refund(refund) == provider.refund(refund)
        assert SandboxRefund.objects.count() == 1

    def test_a_failing_provider_is_asked_again_and_then_an_admin(self, refund, monkeypatch):
        SandboxCheckout.objects.update(payment_id="lost")
        for attempt in range(1, refunds.MAX_ATTEMPTS + 1):
            Refund.objects.update(next_attempt_at=NOW - DAY)
            assert send_refunds(LATE) == 0
            refund.refresh_from_db()
            assert refund.attempts == attempt
        assert refund.status == "FAILED"
        assert "no such payment" in Order.objects.get(pk=refund.order_id).attention
        assert accounts()["PROVIDER"] == 28000

    def test_waits_between_attempts(self, refund):
        SandboxCheckout.objects.update(payment_id="lost")
        send_refunds(LATE)
        send_refunds(LATE)
        refund.refresh_from_db()
        assert refund.attempts == 1

    def test_nothing_becomes_available(self, refund):
        send_refunds(LATE)
        assert release_shares(LATE + 100 * DAY) == 0


class TestMoneyThatDoesNotFit:
    def facts(self, order, **other):
        return (
            Sandbox()
            .fetch_payment(order.provider_reference)
            .__class__(**{**vars(Sandbox().fetch_payment(order.provider_reference)), **other})
        )

    @pytest.mark.parametrize(
        "other",
        [{"amount": 27999}, {"amount": 28001}, {"currency": "USD"}, {"reference": "sbx_other"}],
        ids=str,
    )
    def test_is_kept_and_flagged(self, mia, sam, other):
        order = place(sam, offering(mia))
        decide(order)
        confirm_payment(order.pk, self.facts(order, **other), now=NOW)
        order.refresh_from_db()
        payment = Payment.objects.get()
        assert (order.status, payment.status) == (Status.PENDING, "MISMATCHED")
        assert order.attention == payment.note != ""
        assert not SessionPack.objects.exists()
        held = accounts(payment.currency)
        assert held == {"PROVIDER": payment.amount_minor, "UNCLAIMED": -payment.amount_minor}
        confirm_payment(order.pk, self.facts(order, **other), now=NOW)
        assert Payment.objects.count() == 1

    def test_test_money_among_real_money_is_kept_but_is_in_no_book(self, mia, sam):
        order = place(sam, offering(mia))
        decide(order)
        for _ in range(2):
            confirm_payment(order.pk, self.facts(order, live=True), now=NOW)
        order.refresh_from_db()
        payment = Payment.objects.get()
        assert (order.status, payment.status) == (Status.PENDING, "WRONG_MODE")
        assert order.attention == payment.note == "Test money and real money do not mix."
        assert not SessionPack.objects.exists()
        assert accounts() == {}

    def test_paid_twice_goes_back_and_is_still_granted(self, mia, sam):
        order = place(sam, offering(mia))
        decide(order)
        confirm_payment(order.pk, self.facts(order), now=NOW)
        SandboxCheckout.objects.update(payment_id="again")
        confirm_payment(order.pk, self.facts(order, payment_id="again"), now=NOW)
        order = pay(order)
        assert order.status == Status.FULFILLED
        refund = Refund.objects.get()
        assert (refund.payment.status, refund.cause) == ("EXTRA", f"extra:{refund.payment_id}")
        assert send_refunds(NOW) == 1
        assert accounts() == {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}

    def test_of_nobody_is_kept_once(self, mia, sam):
        order = place(sam, offering(mia))
        decide(order)
        for _ in range(2):
            keep_unmatched("sandbox", self.facts(order, reference="sbx_unknown"), now=NOW)
        payment = Payment.objects.get()
        assert (payment.order, payment.status) == (None, "UNMATCHED")
        assert accounts() == {"PROVIDER": 28000, "UNCLAIMED": -28000}


def test_a_closed_page_and_an_unreachable_provider(mia, sam, monkeypatch):
    first = place(sam, offering(mia))
    place(sam, offering(mia))

    def away(self, reference):
        raise ProviderTrouble("away")

    with monkeypatch.context() as broken:
        broken.setattr(Sandbox, "expire_checkout", away)
        assert close_provider_pages(NOW) == 0
    assert close_provider_pages(NOW) == 1
    first.refresh_from_db()
    assert first.page_closed_at == NOW


def test_a_grace_seat_being_renewed_is_safe(mia, sam, sue):
    mia.mentor_profile.max_active_students = 1
    mia.mentor_profile.save()
    pack = bought(sam, mia)
    pack.expires_at = NOW + 30 * DAY
    pack.save()
    Seat.objects.update(status="GRACE", grace_ends_at=NOW + HOUR / 4)
    SessionPack.objects.update(status="DEPLETED", depleted_at=NOW)
    order = place(sam, offering(mia))
    order = pay(order, now=NOW + HOUR / 2)
    assert order.status == Status.FULFILLED
    assert order.pack == pack, "the used-up pack lives again"
