"""A request that was approved is paid: at the price that was asked for, for the time and seat that are kept."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from mentorship.kernel.refusals import Malformed, NotFound, NotYours, Refusal
from notifications.models import Notification
from packs.models import SessionPack
from payments import services
from payments.models import Order, Refund
from payments.services import ending
from seats.models import Seat, WaitingPlace
from sessions_app.jobs import expire_requests
from sessions_app.models import BookingRequest, Session
from sessions_app.services import approve, cancel, withdraw_request
from tests.cast import DAY, HOUR, NOW, at, bought, mentor, offering
from tests.payments.scene import SITE, decide, pay, place

pytestmark = pytest.mark.django_db
Status = BookingRequest.Status
MINUTES_35 = 35 * HOUR / 60


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


def asked(student, mia, *days, sessions=4, **more):
    of = offering(mia, sessions=sessions, booking_mode="REQUEST", **more)
    return services.ask(student=student, offering_id=of.pk, times=[at(day) for day in days], message="Hi", now=NOW)


def approved(student, mia, *days, now=NOW, **more):
    return approve(request_id=asked(student, mia, *days, **more).pk, by=mia, now=now)


def proceed(student, request, now=NOW, **more):
    more.setdefault("provider", "sandbox")
    return services.proceed_payment(student=student, request_id=request.pk, site_url=SITE, now=now, **more)


class TestAsking:
    def test_a_twin_with_the_same_key_gets_the_same_request(self, mia, sam):
        of = offering(mia, booking_mode="REQUEST")
        ask = {"student": sam, "offering_id": of.pk, "idempotency_key": "k", "now": NOW}
        assert services.ask(**ask) == services.ask(**ask)
        with pytest.raises(Malformed) as refused:
            services.ask(**ask, message="other")
        assert refused.value.code == "key_reused"

    def test_what_can_be_bought_at_once_is_not_asked_for(self, mia, sam):
        with pytest.raises(Refusal, match="at once"):
            services.ask(student=sam, offering_id=offering(mia).pk, now=NOW)

    def test_a_seated_student_renews_without_asking(self, mia, sam):
        bought(sam, mia, now=NOW - DAY)
        assert not services.asks_first(sam, offering(mia, booking_mode="REQUEST"), NOW)
        assert services.asks_first(sam, offering(mia, sessions=1, booking_mode="REQUEST"), NOW)

    def test_a_mentor_whose_sales_pause_is_not_asked(self, mia, sam):
        mia.mentor_profile.sales_paused_at = NOW
        mia.mentor_profile.save()
        with pytest.raises(Refusal) as refused:
            asked(sam, mia, 5)
        assert refused.value.code == "not_for_sale"


class TestPaying:
    def test_a_pack_with_its_first_time(self, mia, sam):
        request = approved(sam, mia, 5)
        order = pay(proceed(sam, request))
        request.refresh_from_db()
        assert (order.status, request.status, request.paid_at) == ("FULFILLED", Status.APPROVED, NOW)
        assert order.session == request.session
        assert order.session.status == Session.Status.SCHEDULED
        assert Seat.objects.get().status == Seat.Status.ACTIVE
        assert SessionPack.objects.get().sessions_total == 4

    def test_a_single_session(self, mia, sam):
        order = pay(proceed(sam, approved(sam, mia, 5, 6, sessions=1)))
        assert (order.session.status, order.session.starts_at) == ("SCHEDULED", at(5))
        assert not Seat.objects.exists()

    def test_the_price_is_the_one_that_was_asked_for(self, mia, sam):
        request = approved(sam, mia, price=10000)
        request.offering.price_minor = 90000
        request.offering.save()
        assert proceed(sam, request).amount_minor == 10000

    def test_pressed_twice_it_is_one_order(self, mia, sam):
        request = approved(sam, mia, 5)
        assert proceed(sam, request).pk == proceed(sam, request).pk
        assert proceed(sam, request, idempotency_key="a").pk == Order.objects.get().pk

    def test_paid_already(self, mia, sam):
        request = approved(sam, mia, 5)
        order = pay(proceed(sam, request))
        assert proceed(sam, request, now=NOW + 48 * HOUR) == order

    def test_by_the_kept_session(self, mia, sam):
        request = approved(sam, mia, 5)
        order = services.proceed_payment(
            student=sam, session_id=request.session_id, provider="sandbox", site_url=SITE, now=NOW
        )
        assert order.request == request

    def test_a_left_checkout_of_an_instant_offering(self, mia, sam):
        order = place(sam, offering(mia, sessions=1), starts_at=at(5))
        session = Session.objects.get()
        again = services.proceed_payment(student=sam, session_id=session.pk, provider="sandbox", site_url=SITE, now=NOW)
        assert (again.pk, again.checkout_url) == (order.pk, order.checkout_url)

    def test_a_free_one_is_granted_at_once(self, mia, sam):
        order = proceed(sam, approved(sam, mia, 5, price=0), provider="free")
        assert order.status == "FULFILLED"


class TestRefusals:
    def test_whose_it_is(self, mia, sam, otto):
        request = approved(sam, mia, 5)
        with pytest.raises(NotFound):
            proceed(otto, request)
        with pytest.raises(NotYours):
            proceed(mia, request)

    def test_exactly_one_id(self, sam):
        for ids in ({}, {"request_id": uuid4(), "session_id": uuid4()}):
            with pytest.raises(Malformed):
                services.proceed_payment(student=sam, provider="sandbox", site_url=SITE, now=NOW, **ids)

    def test_not_approved_withdrawn_or_too_late(self, mia, sam):
        waiting = asked(sam, mia, 5)
        late = approved(sam, mia, 6)
        withdrawn = approved(sam, mia, 7)
        withdraw_request(request_id=withdrawn.pk, by=sam, now=NOW)
        for request, now in ((waiting, NOW), (late, NOW + 24 * HOUR), (withdrawn, NOW)):
            with pytest.raises(Refusal) as refused:
                proceed(sam, request, now=now)
            assert refused.value.code == "wrong_state"
        assert not Order.objects.exists()


class TestWhatIsKept:
    def test_declined_it_can_be_tried_again(self, mia, sam):
        request = approved(sam, mia, 5)
        order = proceed(sam, request)
        decide(order, "declined")
        services.confirm_and_fulfil(order.pk, NOW)
        assert Seat.objects.get().status == Seat.Status.HELD
        assert Session.objects.get().status == Session.Status.AWAITING_PAYMENT
        assert pay(proceed(sam, request)).status == "FULFILLED"

    def test_given_up_it_is_kept_until_its_own_deadline(self, mia, sam):
        request = approved(sam, mia, 5)
        services.give_up(student=sam, order_id=proceed(sam, request).pk, now=NOW)
        request.refresh_from_db()
        assert request.payment_deadline == NOW + 24 * HOUR
        assert Seat.objects.occupying(NOW + 23 * HOUR).count() == 1
        assert Seat.objects.occupying(NOW + 24 * HOUR).count() == 0

    def test_a_page_opened_at_the_last_minute_has_its_time(self, mia, sam):
        request = approved(sam, mia, 5)
        last = NOW + 24 * HOUR - HOUR / 60
        order = proceed(sam, request, now=last)
        assert Seat.objects.occupying(order.expires_at - HOUR / 60).exists()
        expire_requests(NOW + 24 * HOUR)
        request.refresh_from_db()
        assert request.status == Status.APPROVED
        assert pay(order, now=NOW + 24 * HOUR + HOUR / 6).status == "FULFILLED"

    def test_but_not_for_ever(self, mia, sam):
        request = approved(sam, mia, 5)
        services.give_up(student=sam, order_id=proceed(sam, request, now=NOW + 23.9 * HOUR).pk, now=NOW + 23.9 * HOUR)
        with pytest.raises(Refusal, match="cannot be paid"):
            proceed(sam, request, now=NOW + 24.1 * HOUR)

    def test_another_checkout_of_the_pair_leaves_it(self, mia, sam):
        request = approved(sam, mia, 5)
        first = proceed(sam, request)
        place(sam, offering(mia, sessions=1), starts_at=at(6))
        first.refresh_from_db()
        assert first.status == "EXPIRED"
        assert Session.objects.get(request=request).status == Session.Status.AWAITING_PAYMENT
        assert pay(proceed(sam, request)).status == "FULFILLED"


class TestWhenThePageEnds:
    """The time of a page is the page's: what a request keeps ends with the request."""

    @pytest.fixture
    def late_page(self, mia, sam):
        request = approved(sam, mia, 5)
        return request, proceed(sam, request, now=NOW + 23.9 * HOUR)

    def end(self, order, how, now):
        if how == "declined":
            decide(order, "declined")
            services.confirm_and_fulfil(order.pk, now)
        elif how == "given up":
            services.give_up(student=order.student, order_id=order.pk, now=now)
        else:
            other = offering(order.mentor, sessions=1)
            services.checkout(
                student=order.student, offering_id=other.pk, provider="sandbox", starts_at=at(6), site_url=SITE, now=now
            )

    @pytest.mark.parametrize("how", ["declined", "given up", "replaced"])
    def test_after_the_requests_own_deadline_nothing_is_kept(self, late_page, how):
        request, order = late_page
        now = NOW + 24.1 * HOUR
        self.end(order, how, now)
        request.refresh_from_db()
        assert (request.status_at(now), request.payment_deadline) == (Status.EXPIRED, NOW + 24 * HOUR)
        assert Session.objects.get(request=request).status == Session.Status.EXPIRED

    @pytest.mark.parametrize("how", ["declined", "given up", "replaced"])
    def test_before_it_everything_is_kept_until_then(self, late_page, how):
        request, order = late_page
        now = NOW + 23.95 * HOUR
        self.end(order, how, now)
        request.refresh_from_db()
        session = Session.objects.get(request=request)
        assert (request.status_at(now), request.payment_deadline) == (Status.APPROVED, NOW + 24 * HOUR)
        assert (session.status, session.payment_deadline) == ("AWAITING_PAYMENT", NOW + 24 * HOUR)

    def test_the_seat_is_free_at_once(self, late_page):
        _, order = late_page
        self.end(order, "declined", NOW + 24.1 * HOUR)
        assert not Seat.objects.occupying(NOW + 24.1 * HOUR).exists()


class TestLateMoney:
    def test_for_an_ended_page_while_the_time_is_kept(self, mia, sam):
        order = proceed(sam, approved(sam, mia, 5, sessions=1))
        late = NOW + 2 * HOUR
        ending.expire_overdue(late)
        order = pay(order, now=late)
        assert (order.status, order.session.starts_at) == ("FULFILLED", at(5))

    def test_after_the_deadline_it_is_granted_while_there_is_room(self, mia, sam):
        request = approved(sam, mia, 5)
        order, late = proceed(sam, request), NOW + 30 * HOUR
        ending.expire_overdue(late)
        expire_requests(late)
        assert pay(order, now=late).status == "FULFILLED"
        request.refresh_from_db()
        assert (request.status, request.paid_at) == (Status.APPROVED, late)

    def test_for_what_was_withdrawn_goes_back(self, mia, sam):
        request = approved(sam, mia)
        order = proceed(sam, request)
        withdraw_request(request_id=request.pk, by=sam, now=NOW)
        pay(order)
        assert not SessionPack.objects.exists()
        assert Refund.objects.get().amount_minor == order.amount_minor

    def test_a_second_payment_goes_back(self, mia, sam):
        request = approved(sam, mia, 5)
        first = proceed(sam, request)
        services.give_up(student=sam, order_id=first.pk, now=NOW)
        assert pay(proceed(sam, request)).status == "FULFILLED"
        pay(first)
        assert Refund.objects.get().order == first
        assert SessionPack.objects.get().sessions_total == 4

    def test_without_a_seat_one_is_first_in_line(self, sam, sue, otto):
        mia = mentor("mia", seats=1)
        order = place(sam, offering(mia))
        late = NOW + HOUR
        ending.expire_overdue(late)
        bought(sue, mia, now=late)
        early = WaitingPlace.objects.create(mentor=mia, student=otto, joined_at=NOW)
        pay(order, now=late)
        assert Refund.objects.get().order == order
        line = list(WaitingPlace.objects.in_line())
        assert [place.student for place in line] == [sam, otto]
        assert line[1] == early
        assert "first on the waiting list" in Notification.objects.filter(recipient=sam).latest("pk").text


class TestLettingGo:
    @pytest.mark.parametrize(("who", "status"), [("sam", Status.WITHDRAWN), ("mia", Status.REJECTED)])
    def test_cancelling_the_kept_time_ends_the_request(self, mia, sam, who, status):
        request = approved(sam, mia, 5)
        cancel(session_id=request.session_id, by={"sam": sam, "mia": mia}[who], reason="ill", now=NOW)
        request.refresh_from_db()
        assert request.status == status
        assert not Seat.objects.occupying(NOW).exists()


class TestOverTheApi:
    @pytest.fixture
    def post(self, client, sam):
        client.force_login(sam)

        def send(url, key=None, **body):
            headers = {"Idempotency-Key": key} if key else {}
            return client.post(f"/api/{url}", json.dumps(body), content_type="application/json", headers=headers)

        return send

    def test_asked_approved_paid(self, post, mia, sam):
        of = offering(mia, booking_mode="REQUEST")
        times = ["2026-06-03T10:00:00Z", "2026-06-04T10:00:00Z"]
        answer = post("checkout/sandbox", offeringId=of.pk, times=times, message="Please")
        request = answer.json()
        assert (answer.status_code, request["times"], request["message"]) == (202, times, "Please")
        assert post("checkout/sandbox", offeringId=of.pk).json()["code"] == "already_requested"
        assert post("mentorship/proceed-payment", requestId=request["id"], provider="sandbox").status_code == 409
        approve(request_id=request["id"], by=mia, now=NOW)
        page = post("mentorship/proceed-payment", requestId=request["id"], provider="sandbox")
        assert page.status_code == 200
        assert set(page.json()) == {"orderId", "checkoutUrl", "expiresAt"}
        assert pay(Order.objects.get()).status == "FULFILLED"

    def test_a_key_that_has_asked_gives_the_request_again(self, post, mia, sam):
        of, instant = offering(mia, booking_mode="REQUEST"), offering(mia, sessions=1)
        first = post("checkout/sandbox", "k", offeringId=of.pk)
        other = post("checkout/sandbox", "k", offeringId=instant.pk, scheduledAt="2026-06-03T10:00:00Z")
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")
        bought(sam, mia)  # seated by now, the same press would be a purchase
        assert post("checkout/sandbox", "k", offeringId=of.pk).json()["id"] == first.json()["id"]
        assert not Order.objects.filter(offering=of).exists()

    def test_nobody_asks_by_an_unknown_provider(self, post, mia):
        answer = post("checkout/nobody", offeringId=offering(mia, booking_mode="REQUEST").pk)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"provider": "sandbox"}, 422, "malformed"),
            ({"requestId": "x", "provider": "sandbox"}, 422, "malformed"),
            ({"requestId": str(uuid4()), "provider": "sandbox"}, 404, "not_found"),
            ({"sessionId": str(uuid4()), "provider": "nobody"}, 404, "not_found"),
        ],
    )
    def test_bad_input(self, post, body, status, code):
        answer = post("mentorship/proceed-payment", **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestTheOrdersPage:
    """A request keeps time and seat longer than the order does: its pages must not say they were free."""

    def test_says_until_when_it_is_kept(self, client, mia, sam, time_machine):
        order = proceed(sam, approved(sam, mia, 5))
        client.force_login(sam)
        page = client.get(order.get_absolute_url()).content.decode()
        assert "you can still pay until" in page
        assert "free for others" not in page
        time_machine.move_to(NOW + HOUR, tick=False)
        ending.expire_overdue(NOW + HOUR)
        for path in (order.get_absolute_url(), order.return_path):
            page = client.get(path).content.decode()
            assert "you can still pay until" in page
            assert "free again" not in page
        time_machine.move_to(NOW + DAY, tick=False)
        assert "free again" in client.get(order.get_absolute_url()).content.decode()


class TestThePage:
    def test_pays(self, client, mia, sam):
        request = approved(sam, mia, 5)
        client.force_login(sam)
        page = client.get(f"/checkout/requests/{request.pk}")
        assert "€280" in page.content.decode()
        answer = client.post(f"/checkout/requests/{request.pk}", {"provider": "sandbox", "idempotency_key": "k"})
        assert answer.url == Order.objects.get().checkout_url
        wrong = client.post(f"/checkout/requests/{request.pk}", {"provider": "nonsense"})
        assert wrong.status_code == 422

    def test_is_the_students_alone_and_only_while_it_can_be_paid(self, client, mia, sam, otto):
        request = asked(sam, mia, 5)
        for person, status in ((otto, 404), (mia, 404), (sam, 302)):
            client.force_login(person)
            assert client.get(f"/checkout/requests/{request.pk}").status_code == status
