"""Money that came elsewhere, recorded by an admin; and orders an admin gives for nothing."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.models import User
from notifications.models import Notification
from packs.models import CreditEntry, Purchase, SessionPack
from payments.jobs import send_refunds
from payments.models import LedgerEntry, Order, Payment, Refund
from payments.services import (
    fulfil_order,
    manual as manual_services,
    paid_back_by_hand,
    plan_refund,
    record_payment,
    refund_order,
)
from seats.models import Seat
from tests.cast import DAY, NOW, counters, mentor, offering
from tests.payments.scene import SITE, accounts, pay, place

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audited")]


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss@example.test", name="Boss")


def record(student, of, boss, **how):
    how = {"note": "Bank transfer of 30 May, Okafor", "now": NOW} | how
    return record_payment(student=student, offering_id=of.pk, by=boss, site_url=SITE, **how)


def test_the_money_is_at_our_bank_and_the_pack_is_granted(mia, sam, boss):
    order = record(sam, offering(mia), boss)
    assert (order.status, order.provider, order.amount_display) == ("FULFILLED", "manual", "€280")
    payment = Payment.objects.get()
    assert (payment.by, payment.note, payment.status) == (boss, "Bank transfer of 30 May, Okafor", "CONFIRMED")
    assert accounts() == {"BANK": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}
    assert counters(order.pack) == (4, 0, 0)
    assert CreditEntry.objects.get().by == boss
    assert Seat.objects.get().status == "ACTIVE"
    told = set(Notification.objects.values_list("recipient__name", "kind"))
    assert told == {("Sam", "payment_confirmed"), ("Sam", "pack_purchased"), ("Mia", "offering_booked")}


def test_another_sum_in_another_currency_is_what_counts(mia, sam, boss):
    order = record(sam, offering(mia), boss, amount_minor=101, currency="JPY")
    assert accounts("JPY") == {"BANK": 101, "MENTOR_PENDING": -70, "PLATFORM_PENDING": -31}
    assert Purchase.objects.get().amount_minor == order.amount_minor == 101


def test_the_same_form_twice_is_one_order(mia, sam, boss):
    of = offering(mia)
    first = record(sam, of, boss, idempotency_key="k1")
    assert record(sam, of, boss, idempotency_key="k1") == first
    assert Order.objects.count() == 1
    with pytest.raises(Malformed) as reused:
        record(sam, of, boss, idempotency_key="k1", amount_minor=5)
    assert reused.value.code == "key_reused"


def test_a_full_mentor_refuses_before_anything_is_recorded(sam, sue, boss):
    full = mentor("fay", seats=1)
    pay(place(sue, offering(full)))
    before = accounts()
    with pytest.raises(Refusal) as refused:
        record(sam, offering(full), boss)
    assert refused.value.code == "mentor_full"
    assert not Order.objects.filter(student=sam).exists()
    assert Payment.objects.count() == 1
    assert accounts() == before


def test_what_was_recorded_is_granted_by_the_job_if_the_process_died(mia, sam, boss, monkeypatch):
    monkeypatch.setattr(manual_services, "fulfil_order", lambda order_id, now: Order.objects.get(pk=order_id))
    order = record(sam, offering(mia), boss)
    assert order.status == "PAID"
    assert Seat.objects.get().status == "HELD"
    assert fulfil_order(order.pk, NOW).status == "FULFILLED"
    assert Seat.objects.get().status == "ACTIVE"


def test_whoever_is_seated_is_extended(mia, sam, boss):
    first = record(sam, offering(mia), boss)
    second = record(sam, offering(mia), boss, now=NOW + DAY)
    assert second.pack == first.pack
    assert counters(first.pack) == (8, 0, 0)
    assert Seat.objects.count() == 1


def test_a_single_session_is_to_be_booked_from_its_pack(mia, sam, boss):
    order = record(sam, offering(mia, sessions=1, price=8000), boss)
    assert (order.status, order.session, order.pack.takes_seat) == ("FULFILLED", None, False)
    assert not Seat.objects.exists()
    assert Notification.objects.get(kind="pack_purchased").url == f"/student/mentorship/book?pack={order.pack_id}"


def test_an_open_checkout_of_the_student_stands(mia, sam, boss):
    waiting = place(sam, offering(mia))
    assert record(sam, offering(mia), boss).status == "FULFILLED"
    waiting.refresh_from_db()
    assert waiting.status == "PENDING"


def test_given_for_nothing_with_a_reason(mia, sam, boss):
    order = record(sam, offering(mia), boss, amount_minor=0, note="Won our raffle")
    assert (order.status, order.provider) == ("FULFILLED", "free")
    assert (Payment.objects.get().by, Payment.objects.get().note) == (boss, "Won our raffle")
    assert not LedgerEntry.objects.exists()
    assert not Notification.objects.filter(kind="payment_confirmed").exists()


def test_its_refund_waits_until_it_was_paid_back_by_hand(mia, sam, boss):
    order = record(sam, offering(mia), boss)
    assert "we pay it by hand" in plan_refund(order, now=NOW).sentences[0]
    refund = refund_order(order_id=order.pk, by=boss, reason="moved away", now=NOW)
    assert counters(order.pack) == (0, 0, 0)
    send_refunds(NOW)
    refund.refresh_from_db()
    assert (refund.status, refund.attempts) == ("REQUESTED", 0)
    assert accounts()["BANK"] == 28000
    paid_back_by_hand(refund_id=refund.pk, by=boss, reference="transfer 77", now=NOW + DAY)
    refund.refresh_from_db()
    assert (refund.status, refund.by_hand, refund.provider_reference) == ("SUCCEEDED", True, "transfer 77")
    assert accounts() == {}
    with pytest.raises(Refusal):
        paid_back_by_hand(refund_id=refund.pk, by=boss, reference="transfer 78", now=NOW + DAY)
    assert SessionPack.objects.get().status == "REFUNDED"
    assert not Seat.objects.standing().exists()


@pytest.mark.parametrize(
    "how",
    [
        {"note": ""},
        {"note": " \0 "},
        {"note": "n" * 301},
        {"amount_minor": -1},
        {"amount_minor": 10**13},
        {"currency": "XXQ"},
        {"currency": "nonsense"},
    ],
)
def test_what_cannot_be_recorded(mia, sam, boss, how):
    with pytest.raises(Malformed):
        record(sam, offering(mia), boss, **how)
    assert not Order.objects.exists()


def test_what_is_not_for_this_student(mia, sam, sue, boss):
    for of in (offering(mia, private_for=sue), offering(mentor("neo", verified=False))):
        with pytest.raises(NotFound):
            record(sam, of, boss)
    with pytest.raises(Refusal) as own:
        record(mia, offering(mia), boss)
    assert own.value.code == "own_offering"
    intro = offering(mia, sessions=1, minutes=30, price=0, is_intro=True)
    record(sam, intro, boss)
    with pytest.raises(Refusal) as again:
        record(sam, intro, boss)
    assert again.value.code == "intro_used"
    assert Refund.objects.count() == 0
