"""Money back, as the two decide on it: the mentor's page and the student's wish."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from notifications.models import Notification
from payments.models import Order, Payment, Refund
from payments.services import ask_for_refund, plan_refund, refund_order
from payments.services.refunds import send_due
from payments.services.reversals import look_for_reversals
from payments.services.sandbox import dispute_there
from seats.models import Seat
from sessions_app.models import Session
from sessions_app.services import book
from tests.cast import DAY, NOW, at, counters, offering
from tests.payments.scene import accounts, pay, place
from tests.payments.test_pages import text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audited")]
CONNECTED = {"reason": "moved away"}


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def order(mia, sam):
    return pay(place(sam, offering(mia)))


@pytest.fixture
def as_mia(client, mia):
    client.force_login(mia)
    return client


@pytest.fixture
def as_sam(sam):
    client = Client()
    client.force_login(sam)
    return client


def page_of(order):
    return f"/tutor/orders/{order.pk}/refund"


def form_of(answer, **more):
    """The hidden fields of the page's posting form, and what is typed."""
    form = re.search(r'(<form[^>]*method="post"[^>]*tutor/orders.*?</form>)', answer.content.decode(), re.S)[1]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    fields.pop("csrfmiddlewaretoken", None)
    return {name: unescape(value) for name, value in fields.items()} | CONNECTED | more


class TestTheMentorsPage:
    def test_says_what_it_would_do_and_does_it(self, as_mia, order):
        page = as_mia.get(page_of(order))
        assert "Refund €280: takes 4 sessions back" in text(page)
        assert "the seat is free at once" in text(page)
        done = as_mia.post(page_of(order), form_of(page), follow=True)
        assert "€280 goes back to Sam. Both of you are told." in text(done)
        assert "There is nothing left to refund" in text(done)
        assert counters(order.pack) == (0, 0, 0)
        refund = Refund.objects.get()
        assert (refund.by, refund.reason, refund.amount_minor) == (order.mentor, "moved away", 28000)
        assert not Seat.objects.standing().exists()
        send_due(NOW)
        assert accounts() == {}

    def test_a_part_of_it(self, as_mia, order):
        page = as_mia.get(page_of(order), {"sessions": "1"})
        assert "Refund €70: takes 1 session back" in text(page)
        as_mia.post(page_of(order), form_of(page))
        assert (Refund.objects.get().amount_minor, counters(order.pack)) == (7000, (3, 0, 0))
        assert Seat.objects.get().status == "ACTIVE"

    def test_names_the_sessions_it_cancels(self, as_mia, order, sam, mia):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        assert "Cancelled with it" not in text(as_mia.get(page_of(order), {"sessions": "3"}))
        page = as_mia.get(page_of(order))
        assert re.search(r"Cancelled with it \w+,? 4 June?", text(page))
        as_mia.post(page_of(order), form_of(page))
        session.refresh_from_db()
        assert session.status == "CANCELLED"

    def test_a_second_press_is_shown_the_new_answer(self, as_mia, order):
        form = form_of(as_mia.get(page_of(order), {"sessions": "1"}))
        as_mia.post(page_of(order), form)
        again = as_mia.post(page_of(order), form)
        assert again.status_code == 409
        assert "Meanwhile something has changed" in text(again)
        assert form_of(again)["expect"] != form["expect"]
        assert "moved away" in again.content.decode()
        assert Refund.objects.count() == 1
        assert counters(order.pack) == (3, 0, 0)

    def test_a_stale_page_after_a_booking(self, as_mia, order, sam, mia):
        form = form_of(as_mia.get(page_of(order)))
        book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        stale = as_mia.post(page_of(order), form)
        assert stale.status_code == 409
        assert "1 booked session is cancelled" in text(stale)
        assert not Refund.objects.exists()
        assert Session.objects.get().status == "SCHEDULED"

    @pytest.mark.parametrize(
        "more",
        [{"sessions": "0"}, {"sessions": "-1"}, {"sessions": "many"}, {"sessions": "9" * 40}, {"sessions": ""},
         {"reason": ""}, {"reason": "r" * 301}, {"reason": "a\0b"}, {"expect": ""}, {"expect": "e" * 99}],
    )  # fmt: skip
    def test_bad_input_changes_nothing(self, as_mia, order, more):
        form = form_of(as_mia.get(page_of(order)), **more)
        assert as_mia.post(page_of(order), form).status_code == 422
        assert not Refund.objects.exists()

    def test_a_number_nobody_was_shown_is_refused(self, as_mia, order):
        form = form_of(as_mia.get(page_of(order)), sessions="2")
        assert as_mia.post(page_of(order), form).status_code == 409
        assert not Refund.objects.exists()

    @pytest.mark.parametrize("wanted", ["nonsense", "0", "99", "-1", "9" * 40, "٣"])
    def test_a_number_out_of_range_shows_all(self, as_mia, order, wanted):
        assert "takes 4 sessions back" in text(as_mia.get(page_of(order), {"sessions": wanted}))

    def test_each_purchase_of_an_extended_pack_has_its_own(self, as_mia, order, sam, mia):
        second = pay(place(sam, offering(mia, sessions=2, price=15000)))
        assert second.pack == order.pack
        links = re.findall(r"/tutor/orders/([^/]+)/refund", as_mia.get(order.pack.get_absolute_url()).content.decode())
        assert set(links) == {str(order.pk), str(second.pk)}
        page = as_mia.get(page_of(second))
        assert "Refund €150: takes 2 sessions back" in text(page)
        assert "seat is free" not in text(page)
        as_mia.post(page_of(second), form_of(page))
        assert counters(order.pack) == (4, 0, 0)

    def test_while_it_is_disputed_nothing_goes_back_twice(self, as_mia, order):
        form = form_of(as_mia.get(page_of(order)))
        dispute_there(order.provider_reference)
        look_for_reversals(order.payments.get(), now=NOW)
        assert "disputed at the bank" in text(as_mia.get(page_of(order)))
        assert as_mia.post(page_of(order), form).status_code == 409
        assert not Refund.objects.exists()

    def test_is_for_ones_own_sales(self, client, order, otto, max_, sam):
        for path in (page_of(order), f"{page_of(order)}/decline"):
            assert Client().post(path).url.startswith("/accounts/login/")
            for stranger in (otto, max_, sam):
                client.force_login(stranger)
                assert client.post(path, CONNECTED | {"sessions": 4, "expect": "x"}).status_code == 404
        client.force_login(max_)
        assert client.get(page_of(order)).status_code == 404
        assert not Refund.objects.exists()

    def test_an_unpaid_order_is_no_sale(self, as_mia, sam, mia):
        assert as_mia.get(page_of(place(sam, offering(mia)))).status_code == 404

    def test_asks_for_the_token(self, order, mia):
        client = Client(enforce_csrf_checks=True)
        client.force_login(mia)
        form = CONNECTED | {"sessions": 4, "expect": plan_refund(order, now=NOW).digest}
        assert client.post(page_of(order), form).status_code == 403
        assert not Refund.objects.exists()


class TestTheStudentsWish:
    def test_goes_to_the_mentor_who_finds_it_in_the_room(self, as_sam, as_mia, order, mia):
        ask = f"{order.get_absolute_url()}/refund"
        assert f'href="{ask}"' in as_sam.get(order.get_absolute_url()).content.decode()
        assert f'href="{ask}"' in as_sam.get(order.pack.get_absolute_url()).content.decode()
        assert "Can go back at most €280" in text(as_sam.get(ask))
        done = as_sam.post(ask, {"reason": "I moved away"}, follow=True)
        assert "Mia is told, and decides" in text(done)
        order.refresh_from_db()
        assert (order.refund_asked_at, order.refund_wish) == (NOW, "I moved away")
        told = Notification.objects.get(kind="refund_asked")
        assert (told.recipient, told.url) == (mia, page_of(order))
        room = as_mia.get("/tutor/mentorship")
        assert "Sam asks for a refund" in text(room)
        assert page_of(order) in room.content.decode()
        assert "“I moved away”" in text(as_mia.get(page_of(order)))

    def test_asking_changes_no_credit_and_no_money(self, as_sam, order):
        before = accounts()
        as_sam.post(f"{order.get_absolute_url()}/refund", CONNECTED)
        assert (counters(order.pack), accounts()) == ((4, 0, 0), before)
        assert not Refund.objects.exists()

    def test_asking_twice_is_one_wish(self, as_sam, order):
        for reason in ("first", "second"):
            as_sam.post(f"{order.get_absolute_url()}/refund", {"reason": reason})
        order.refresh_from_db()
        assert order.refund_wish == "first"
        assert Notification.objects.filter(kind="refund_asked").count() == 1

    def test_a_refund_clears_it(self, as_mia, order, sam):
        ask_for_refund(order_id=order.pk, student=sam, reason="please", now=NOW)
        as_mia.post(page_of(order), form_of(as_mia.get(page_of(order), {"sessions": "1"})))
        order.refresh_from_db()
        assert (order.refund_asked_at, order.refund_wish) == (None, "")
        assert "asks for a refund" not in text(as_mia.get("/tutor/mentorship"))

    def test_the_mentor_says_no_with_a_reason(self, as_mia, as_sam, order, sam):
        ask_for_refund(order_id=order.pk, student=sam, reason="please", now=NOW)
        assert as_mia.post(f"{page_of(order)}/decline", {"reason": ""}).status_code == 422
        assert Order.objects.get().refund_asked_at == NOW
        as_mia.post(f"{page_of(order)}/decline", {"reason": "We agreed otherwise"})
        assert Order.objects.get().refund_asked_at is None
        told = Notification.objects.get(kind="refund_declined")
        assert told.recipient == sam
        assert "We agreed otherwise" in told.text
        as_mia.post(f"{page_of(order)}/decline", {"reason": "again"})
        assert Notification.objects.filter(kind="refund_declined").count() == 1
        as_sam.post(f"{order.get_absolute_url()}/refund", {"reason": "please, really"})
        assert Order.objects.get().refund_wish == "please, really"

    @pytest.mark.parametrize("reason", ["", " ", "r" * 301, "a\0b"])
    def test_without_a_readable_reason(self, as_sam, order, reason):
        assert as_sam.post(f"{order.get_absolute_url()}/refund", {"reason": reason}).status_code == 422
        assert Order.objects.get().refund_asked_at is None

    def test_where_nothing_can_go_back(self, as_sam, order):
        refund_order(order_id=order.pk, by=None, reason="all of it", now=NOW)
        ask = f"{order.get_absolute_url()}/refund"
        assert "There is nothing left to refund" in text(as_sam.get(ask))
        assert as_sam.post(ask, CONNECTED).status_code == 409
        assert not Notification.objects.filter(kind="refund_asked").exists()

    def test_is_the_buyers(self, client, order, mia, otto):
        for stranger in (mia, otto):
            client.force_login(stranger)
            assert client.get(f"{order.get_absolute_url()}/refund").status_code == 404
            assert client.post(f"{order.get_absolute_url()}/refund", CONNECTED).status_code == 404


def test_looking_changes_nothing(as_mia, as_sam, order):
    rows = [list(model.objects.order_by("pk").values()) for model in (Order, Refund, Payment, Notification)]
    as_mia.get(page_of(order))
    as_sam.get(f"{order.get_absolute_url()}/refund")
    assert as_mia.get(f"{page_of(order)}/decline").status_code == 405
    assert rows == [list(model.objects.order_by("pk").values()) for model in (Order, Refund, Payment, Notification)]


def test_a_wish_of_yesterday_stands(as_sam, order, time_machine):
    as_sam.post(f"{order.get_absolute_url()}/refund", CONNECTED)
    time_machine.move_to(NOW + DAY, tick=False)
    assert "You asked for a refund" in text(as_sam.get(order.get_absolute_url()))
