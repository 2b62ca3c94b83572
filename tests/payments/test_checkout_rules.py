"""Who may buy what, at which price, and what the same request twice means."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from offerings.models import Offering
from payments.models import Order
from payments.providers.sandbox import Sandbox
from payments.services import asks_first, check_buyable
from seats.models import Seat
from sessions_app.models import Session
from tests.cast import DAY, HOUR, NOW, at, bought, mentor, offering
from tests.payments.scene import pay, place

pytestmark = pytest.mark.django_db


def refused(code, student, of, **wish):
    before = (Order.objects.count(), Seat.objects.count(), Session.objects.count())
    with pytest.raises(Refusal) as caught:
        place(student, of, **wish)
    assert caught.value.code == code
    assert before == (Order.objects.count(), Seat.objects.count(), Session.objects.count()), "a refusal writes nothing"


class TestWho:
    def test_not_ones_own(self, mia):
        refused("own_offering", mia, offering(mia))

    def test_unknown_archived_unverified_and_someone_elses(self, mia, sam, sue):
        gone = offering(mia, archived_at=NOW)
        private = offering(mia, private_for=sue)
        unverified = offering(mentor("neo", verified=False))
        for thing in (gone, private, unverified, Offering(pk=10**12)):
            refused("not_found", sam, thing)
        assert place(sue, private).status == "PENDING"

    def test_a_mentor_who_takes_no_new_students(self, mia, sam, sue):
        mia.mentor_profile.accepts_new = False
        mia.mentor_profile.save()
        bought(sam, mia, now=NOW - DAY)
        refused("not_for_sale", sue, offering(mia))
        assert place(sam, offering(mia)).status == "PENDING", "who is seated may renew"

    def test_what_needs_approval(self, mia, sam, sue):
        asked = offering(mia, booking_mode="REQUEST")
        refused("approval_needed", sam, asked)
        refused("approval_needed", sam, offering(mia, sessions=1, booking_mode="REQUEST"), starts_at=at(2))
        bought(sam, mia, now=NOW - DAY)
        assert place(sam, asked).status == "PENDING", "a renewal needs no approval"

    def test_one_intro(self, mia, max_, sam):
        intro = offering(mia, sessions=1, minutes=20, price=0, is_intro=True)
        place(sam, intro, starts_at=at(2))
        refused("intro_used", sam, intro, starts_at=at(3))
        refused("intro_used", sam, offering(mia, sessions=1, minutes=30, is_intro=True), starts_at=at(3))
        other = offering(max_, sessions=1, minutes=20, price=0, is_intro=True)
        assert place(sam, other, starts_at=at(3)).status == "FULFILLED"

    def test_open_packs(self, mia, max_, sam, settings):
        settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"open_packs_per_student": 1})
        bought(sam, mia, now=NOW - DAY)
        refused("pack_limit", sam, offering(max_))
        refused("pack_limit", sam, offering(mia, minutes=30))
        assert place(sam, offering(mia)).status == "PENDING", "extending opens no new pack"

    def test_open_packs_count_those_being_paid(self, mia, max_, sam, settings):
        settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"open_packs_per_student": 1})
        place(sam, offering(mia))
        refused("pack_limit", sam, offering(max_))

    def test_a_full_mentor(self, sam, sue):
        mia = mentor("mia", seats=1)
        bought(sue, mia, now=NOW - DAY)
        refused("mentor_full", sam, offering(mia), starts_at=at(2))
        assert place(sue, offering(mia)).status == "PENDING"

    def test_a_hold_counts_and_lapses(self, sam, sue):
        mia = mentor("mia", seats=1)
        held = place(sue, offering(mia))
        refused("mentor_full", sam, offering(mia))
        assert place(sam, offering(mia), now=held.expires_at).status == "PENDING"

    def test_a_visitor_is_judged_as_far_as_one_can(self, mia):
        check_buyable(student=None, offering=offering(mia), profile=mia.mentor_profile, now=NOW)
        assert asks_first(None, offering(mia, booking_mode="REQUEST"), NOW)
        mia.mentor_profile.accepts_new = False
        with pytest.raises(Refusal):
            check_buyable(student=None, offering=offering(mia), profile=mia.mentor_profile, now=NOW)


class TestWhen:
    def test_a_single_session_needs_its_time(self, mia, sam):
        with pytest.raises(Malformed):
            place(sam, offering(mia, sessions=1))

    def test_outside_the_hours_the_past_and_too_soon(self, mia, sam):
        single = offering(mia, sessions=1)
        refused("slot_unavailable", sam, single, starts_at=at(2, 3))
        refused("slot_unavailable", sam, single, starts_at=at(-1))
        refused("slot_unavailable", sam, single, starts_at=at(90))
        refused("notice_too_short", sam, single, starts_at=NOW + 2 * HOUR)

    def test_after_the_pack_would_have_expired(self, mia, sam):
        refused("pack_expired", sam, offering(mia, validity_days=30), starts_at=at(31))

    def test_a_time_that_is_kept_for_another(self, mia, sam, sue):
        place(sue, offering(mia), starts_at=at(2))
        refused("slot_unavailable", sam, offering(mia), starts_at=at(2))

    def test_a_refused_checkout_leaves_the_open_one_alone(self, mia, sam):
        first = place(sam, offering(mia), starts_at=at(2))
        refused("slot_unavailable", sam, offering(mia), starts_at=at(2, 3))
        first.refresh_from_db()
        assert first.status == "PENDING"


class TestSameKey:
    def test_the_same_order_again(self, mia, sam):
        key = uuid4().hex
        pack = offering(mia)
        first, again = place(sam, pack, idempotency_key=key), place(sam, pack, idempotency_key=key)
        assert (first.pk, first.checkout_url) == (again.pk, again.checkout_url)

    def test_for_something_else_is_refused(self, mia, sam):
        key = uuid4().hex
        place(sam, offering(mia), idempotency_key=key)
        refused("key_reused", sam, offering(mia), idempotency_key=key)
        refused("key_reused", sam, Order.objects.get().offering, idempotency_key=key, starts_at=at(2))

    def test_belongs_to_one_person(self, mia, sam, sue):
        pack, key = offering(mia), uuid4().hex
        assert place(sam, pack, idempotency_key=key).pk != place(sue, pack, idempotency_key=key).pk

    def test_still_answers_when_it_is_no_longer_for_sale(self, mia, sam):
        pack, key = offering(mia), uuid4().hex
        first = pay(place(sam, pack, idempotency_key=key))
        Offering.objects.update(archived_at=NOW)
        assert place(sam, pack, idempotency_key=key) == first

    def test_opens_the_page_that_could_not_be_opened(self, mia, sam):
        pack, key = offering(mia), uuid4().hex
        first = place(sam, pack, idempotency_key=key)
        Order.objects.update(checkout_url="", provider_reference="")
        again = place(sam, pack, idempotency_key=key)
        assert (again.checkout_url, again.provider_reference) == (first.checkout_url, first.provider_reference)


class TestOverTheApi:
    @pytest.fixture
    def post(self, client, sam, time_machine):
        time_machine.move_to(NOW, tick=False)
        client.force_login(sam)

        def post(provider="sandbox", key=None, **body):
            headers = {"Idempotency-Key": key} if key else {}
            return client.post(
                f"/api/checkout/{provider}", json.dumps(body), content_type="application/json", headers=headers
            )

        return post

    def test_answers_and_replays_to_the_letter(self, post, mia):
        pack = offering(mia)
        first = post(offeringId=pack.pk, key="k1")
        again = post(offeringId=pack.pk, key="k1")
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert first.json()["expiresAt"] == "2026-06-01T12:35:00Z"
        assert first.json()["checkoutUrl"].startswith("http://testserver/sandbox/checkout/sbx_")
        assert post(offeringId=offering(mia).pk, key="k1").json()["code"] == "key_reused"

    def test_price_and_mode_of_the_client_are_not_read(self, post, mia):
        pack = offering(mia, booking_mode="REQUEST")
        lie = {"price": 1, "amount": 1, "currency": "XXX", "bookingMode": "INSTANT", "status": "PAID"}
        asked = post(offeringId=pack.pk, **lie)
        assert (asked.status_code, asked.json()["status"]) == (202, "PENDING_MENTOR_REVIEW")
        assert not Order.objects.exists()
        assert post(offeringId=offering(mia).pk, **lie).status_code == 201
        order = Order.objects.get()
        assert (order.amount_minor, order.currency, order.status) == (28000, "EUR", "PENDING")

    def test_an_unknown_provider(self, post, mia):
        answer = post(provider="nonsense", offeringId=offering(mia).pk)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert post(provider="free", offeringId=offering(mia).pk).status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"offeringId": "x"},
            {"offeringId": 1, "scheduledAt": "2026-06-03T10:00:00"},
            {"offeringId": 1, "scheduledAt": "tomorrow"},
            {"offeringId": 1, "agenda": "a" * 10_000},
        ],
        ids=["empty", "no id", "naive", "no time", "10 kB"],
    )
    def test_malformed(self, post, mia, body):
        answer = post(**body)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
        assert not Order.objects.exists()

    def test_a_time(self, post, mia):
        answer = post(offeringId=offering(mia).pk, scheduledAt="2026-06-03T12:00:00+02:00", agenda="Tests")
        assert answer.status_code == 201
        assert Session.objects.get().starts_at == at(2)
        assert Session.objects.get().agenda == "Tests"

    def test_an_order_is_its_buyers(self, post, client, mia, otto):
        order = UUID(post(offeringId=offering(mia).pk).json()["orderId"])
        seen = client.get(f"/api/orders/{order}").json()
        assert (seen["status"], seen["amount"], seen["packId"]) == ("PENDING", 28000, None)
        for stranger in (otto, mia):
            client.force_login(stranger)
            assert client.get(f"/api/orders/{order}").status_code == 404
        assert client.get("/api/orders/nonsense").status_code == 422
        client.logout()
        assert client.get(f"/api/orders/{order}").status_code == 401

    def test_status_is_judged_when_read(self, post, client, mia, time_machine):
        order = post(offeringId=offering(mia).pk).json()["orderId"]
        time_machine.move_to(NOW + HOUR)
        assert client.get(f"/api/orders/{order}").json()["status"] == "EXPIRED"

    def test_too_many(self, post, mia, settings):
        settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"checkouts_per_minute": 2})
        pack = offering(mia)
        for key in ("a", "b", "b", "a"):
            assert post(offeringId=pack.pk, key=key).status_code == 201
        answer = post(offeringId=pack.pk, key="c")
        assert (answer.status_code, answer.json()["code"]) == (429, "slow_down")
        assert int(answer["Retry-After"]) > 0

    @override_settings(SANDBOX_PAYMENTS=False)
    def test_no_sandbox_in_production(self, post, client, mia):
        assert post(offeringId=offering(mia).pk).status_code == 404
        assert client.post("/api/webhooks/sandbox").status_code == 404
        assert client.get("/sandbox/checkout/sbx_x").status_code == 404
        free = offering(mia, sessions=1, minutes=20, price=0, is_intro=True)
        answer = post(provider="free", offeringId=free.pk, scheduledAt="2026-06-03T10:00:00Z")
        assert answer.status_code == 201


def test_the_sandbox_refuses_to_load(settings):
    settings.SANDBOX_PAYMENTS = False
    with pytest.raises(ImproperlyConfigured):
        Sandbox()


def test_an_unknown_provider_places_no_order(mia, sam):
    with pytest.raises(NotFound):
        place(sam, offering(mia), provider="stripe")
    assert not Order.objects.exists()
