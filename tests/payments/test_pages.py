"""The pages of buying, as a browser without scripts sees them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from mentorship.kernel import clock
from mentorship.people.models import User
from notifications.models import Delivery
from payments.models import Order, SandboxCheckout, SandboxDelivery
from seats.models import Seat
from sessions_app.models import Session
from tests.cast import DAY, HOUR, NOW, at, bought, mentor, offering
from tests.payments.scene import decide, pay, place
from tests.rooms.scene import used_up

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def as_sam(client, sam):
    client.force_login(sam)
    return client


def text(answer):
    """What stands on the page, in one line."""
    body = re.sub(r"<(script|style).*?</\1>", "", answer.content.decode(), flags=re.S)
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
    return re.sub(r" ([.,:])", r"\1", words)


def form_of(answer, **more):
    """The fields that the page's main form would send."""
    form = re.search(r"<main.*?(<form.*?</form>)", answer.content.decode(), re.S)[1]
    fields = re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)
    return {**{name: unescape(value) for name, value in fields}, **more}


def times(answer):
    return [unescape(url) for url in re.findall(r'<a class="slot"[^>]*? href="([^"]+)"', answer.content.decode())]


class TestRenewing:
    """What another pack does for whoever has a seat already stands before the click, and is what happens."""

    def test_it_joins_what_is_left_and_moves_the_expiry(self, as_sam, mia, sam):
        pack = bought(sam, mia, validity_days=60)
        said = text(as_sam.get(f"/checkout/{offering(mia).pk}"))
        assert "these 4 join the 4 you have left, 8 together. All can be used until 30 Aug instead of 31 Jul" in said
        assert "on your seat" in said and "takes a seat" not in said and "Your seat stays yours." in said
        pay(place(sam, offering(mia)))
        pack.refresh_from_db()
        assert (pack.sessions_total, pack.expires_at) == (8, NOW + 90 * DAY)

    def test_in_grace_the_grace_ends(self, as_sam, mia, sam, time_machine):
        bought(sam, mia)
        used_up(sam, mia, 4)
        time_machine.move_to(at(5), tick=False)
        said = text(as_sam.get(f"/checkout/{offering(mia).pk}"))
        assert "You renew your pack. All can be used until" in said
        assert "its grace ends with the payment" in said

    def test_another_length_is_a_pack_of_its_own(self, as_sam, mia, sam):
        bought(sam, mia)
        said = text(as_sam.get(f"/checkout/{offering(mia, minutes=30).pk}"))
        assert "a pack of their own, beside the one you have" in said and "Your seat stays yours." in said

    def test_who_has_no_seat_renews_nothing(self, as_sam, mia):
        said = text(as_sam.get(f"/checkout/{offering(mia).pk}"))
        assert "takes a seat" in said and "renew" not in said

    def test_one_that_is_being_paid_already_is_named(self, as_sam, mia, sam):
        one, other = offering(mia), offering(mia, minutes=30)
        place(sam, one)
        assert "This very offering waits for your payment until today at 12:35." in text(
            as_sam.get(f"/checkout/{one.pk}")
        )
        said = text(as_sam.get(f"/checkout/{other.pk}"))
        assert "“4 x 60 min” for €280 waits for your payment" in said and "only one is charged" in said


class TestCheckout:
    def test_a_visitor_signs_up_and_keeps_the_choice(self, client, mia):
        page = client.get(f"/checkout/{offering(mia).pk}")
        assert "€280" in text(page)
        assert "until 30 Aug, unused is refunded on request" in text(page)
        chosen = times(page)[3]
        page = client.get(chosen)
        sent = client.post(chosen, form_of(page, name="Sam Okafor", email="sam@example.test", step="who"))
        assert sent.url == chosen
        assert "six digits to sam@example.test" in text(client.get(chosen))
        code = re.search(r"\b\d{6}\b", Delivery.objects.get(to="sam@example.test").text)[0]

        wrong = client.post(chosen, {"step": "code", "code": "000000"})
        assert wrong.status_code == 409
        assert "not the code we mailed" in text(wrong)

        done = client.post(chosen, {"step": "code", "code": code})
        assert done.url == chosen
        page = client.get(chosen)
        assert "Pay €280" in text(page)

        paid = client.post(chosen, form_of(page, agenda="My first deploy"))
        order = Order.objects.get(student__email="sam@example.test")
        assert paid.url == order.checkout_url
        assert order.starts_at is not None
        assert Session.objects.get().agenda == "My first deploy"

    def test_nonsense_in_the_sign_up_is_told_inline(self, client, mia):
        answer = client.post(f"/checkout/{offering(mia).pk}", {"name": "", "email": "nonsense", "step": "who"})
        assert answer.status_code == 422
        assert "Enter a valid email address" in text(answer)
        assert not User.objects.filter(email="nonsense").exists()

    def test_sending_the_form_twice_places_one_order(self, as_sam, mia):
        url = f"/checkout/{offering(mia).pk}"
        form = form_of(as_sam.get(url))
        assert as_sam.post(url, form).url == as_sam.post(url, form).url
        assert Order.objects.count() == 1

    def test_a_time_in_both_zones(self, client, sam):
        mia = mentor("mia", "Africa/Lagos")
        sam.zone_name = "Europe/Berlin"
        sam.save()
        client.force_login(sam)
        page = client.get(f"/checkout/{offering(mia).pk}?at=2026-06-03T10:00:00Z")
        assert "12:00 (Berlin). For Mia it is 11:00 in Lagos." in text(page)

    def test_a_refusal_stands_on_the_page_and_writes_nothing(self, as_sam, mia, sue):
        single = offering(mia, sessions=1, price=8000)
        url = f"/checkout/{single.pk}?at=2026-06-03T10:00:00Z"
        form = form_of(as_sam.get(url))
        place(sue, single, starts_at=at(2))
        answer = as_sam.post(url, form)
        assert answer.status_code == 409
        assert "Please choose another" in text(answer)
        assert "Choose a time above to go on." in text(answer)
        assert not Order.objects.filter(student__name="Sam").exists()

    def test_a_time_that_is_gone_already(self, as_sam, mia):
        page = as_sam.get(f"/checkout/{offering(mia).pk}?at=2026-06-03T03:00:00Z")
        assert "no longer free" in text(page)

    def test_a_time_in_a_later_week_is_shown_there(self, as_sam, mia):
        page = as_sam.get(f"/checkout/{offering(mia).pk}?at=2026-06-20T10:00:00Z")
        assert "no longer free" not in text(page)
        assert 'aria-current="true"' in page.content.decode()

    @pytest.mark.parametrize(
        "when", ["nonsense", "2026-06-03T10:00:00", "0001-01-01T00:00:00+14:00", "9999-99-99T99:99Z"]
    )
    def test_an_unreadable_time(self, as_sam, mia, when):
        url = f"/checkout/{offering(mia).pk}"
        assert as_sam.get(url, {"at": when}).status_code == 200
        answer = as_sam.post(url, {"scheduledAt": when, "provider": "sandbox"})
        assert answer.status_code == 422
        assert not Order.objects.exists()

    def test_bad_input_never_breaks_it(self, as_sam, mia):
        url = f"/checkout/{offering(mia).pk}"
        assert as_sam.post(url, {"provider": "sandbox", "agenda": "a" * 10_000}).status_code == 422
        assert as_sam.post(url, {"provider": "sandbox", "agenda": "a\0b"}).status_code == 422
        assert as_sam.post(url, {"provider": "sandbox", "idempotency_key": "k" * 500}).status_code == 422
        assert as_sam.post(url, {"provider": "nonsense"}).status_code == 422
        assert as_sam.get(url, {"week": "nonsense"}).status_code == 200
        assert not Order.objects.exists()

    def test_says_what_stands_in_the_way(self, client, as_sam, mia, sue):
        asked = offering(mia, booking_mode="REQUEST")
        assert as_sam.get(f"/checkout/{asked.pk}").url == asked.get_absolute_url(), "asking has its own page"
        full = mentor("fay", seats=1)
        bought(sue, full, now=NOW - DAY)
        page = as_sam.get(f"/checkout/{offering(full).pk}")
        assert "All seats of this mentor are taken" in text(page)
        assert "Join the waiting list" in text(page)
        assert "Pay" not in text(page)

    def test_unknown_and_hidden_offerings(self, as_sam, mia, sue):
        hidden = [offering(mia, private_for=sue).pk, offering(mentor("neo", verified=False)).pk, 10**30]
        for pk in hidden:
            assert as_sam.get(f"/checkout/{pk}").status_code == 404

    def test_csrf_is_asked_for(self, mia, sam):
        client = Client(enforce_csrf_checks=True)
        client.force_login(sam)
        assert client.post(f"/checkout/{offering(mia).pk}", {"provider": "sandbox"}).status_code == 403
        assert not Order.objects.exists()

    def test_few_queries(self, client, as_sam, mia, django_assert_max_num_queries):
        url = f"/checkout/{offering(mia).pk}?at=2026-06-03T10:00:00Z"
        as_sam.get(url)
        # One of them is the demo's clock.
        with django_assert_max_num_queries(9):
            as_sam.get(url)


class TestSandboxPage:
    def test_stands_for_a_foreign_site(self, as_sam, mia, sam):
        page = Client().get(place(sam, offering(mia)).checkout_url)
        body = page.content.decode()
        assert (body.count("<form"), body.count("<button")) == (1, 3)
        assert re.findall(r'name="outcome" value="(\w+)"', body) == ["paid", "declined", "abandoned"]
        assert "€280" in body
        assert "mentorship</a>" not in body
        assert not page.cookies

    @pytest.mark.parametrize(
        ("outcome", "to", "status"),
        [
            ("paid", "return_path", "PAID"),
            ("declined", "return_path", "DECLINED"),
            ("abandoned", "get_absolute_url", "OPEN"),
        ],
    )
    def test_outcomes(self, mia, sam, outcome, to, status):
        order = place(sam, offering(mia))
        answer = Client(enforce_csrf_checks=True).post(order.checkout_url, {"outcome": outcome})
        path = getattr(order, to)
        assert answer.url == "http://testserver" + (path() if callable(path) else path)
        assert SandboxCheckout.objects.get().status == status
        assert SandboxDelivery.objects.count() == (0 if outcome == "abandoned" else 1)

    def test_stays_payable_after_walking_away(self, mia, sam, client):
        order = place(sam, offering(mia))
        client.post(order.checkout_url, {"outcome": "abandoned"})
        client.post(order.checkout_url, {"outcome": "paid"})
        assert SandboxCheckout.objects.get().status == "PAID"
        assert client.post(order.checkout_url, {"outcome": "declined"}).status_code == 302
        assert SandboxCheckout.objects.get().status == "PAID"
        assert "is paid" in text(client.get(order.checkout_url))

    def test_nonsense_changes_nothing(self, mia, sam, client):
        order = place(sam, offering(mia))
        assert client.post(order.checkout_url, {"outcome": "free"}).status_code == 400
        assert client.post(order.checkout_url).status_code == 400
        assert client.get("/sandbox/checkout/sbx_unknown").status_code == 404
        assert client.get("/sandbox/checkout/a%00b").status_code == 404
        assert SandboxCheckout.objects.get().status == "OPEN"

    def test_closes_after_31_minutes_of_machine_time(self, mia, sam, client, time_machine):
        order = place(sam, offering(mia))
        time_machine.move_to(NOW + timedelta(minutes=31), tick=False)
        assert client.get(order.checkout_url).status_code == 410
        assert client.post(order.checkout_url, {"outcome": "paid"}).status_code == 410
        assert SandboxCheckout.objects.get().status == "OPEN"

    def test_does_not_know_the_demo_clock(self, mia, sam, client):
        order = place(sam, offering(mia))
        clock.advance(2 * DAY)
        assert client.post(order.checkout_url, {"outcome": "paid"}).status_code == 302

    def test_a_closed_page_takes_no_money(self, mia, sam, client):
        first = place(sam, offering(mia))
        SandboxCheckout.objects.update(status="EXPIRED")
        assert client.post(first.checkout_url, {"outcome": "paid"}).status_code == 410


class TestReturnPage:
    def test_grants_by_itself(self, as_sam, mia, sam):
        order = place(sam, offering(mia), starts_at=at(2))
        decide(order)
        page = as_sam.get(order.return_path)
        order.refresh_from_db()
        assert order.status == "FULFILLED"
        assert "4 sessions with Mia are yours" in text(page)
        assert f"/student/packs/{order.pack_id}/plan" in page.content.decode()
        assert "Book the other 3" in text(page)

    def test_does_not_believe_the_client(self, as_sam, mia, sam):
        order = place(sam, offering(mia))
        page = as_sam.get(order.return_path + "?outcome=paid&status=PAID")
        assert "Confirming your payment" in text(page)
        assert 'http-equiv="refresh"' in page.content.decode()
        order.refresh_from_db()
        assert order.status == "PENDING"

    def test_polls_for_its_state_only(self, as_sam, mia, sam):
        order = place(sam, offering(mia))
        polled = as_sam.get(order.return_path, headers={"HX-Request": "true", "HX-Target": "state"})
        assert polled.content.decode().strip().startswith('<div id="state"')
        decide(order)
        polled = as_sam.get(order.return_path, headers={"HX-Request": "true", "HX-Target": "state"})
        assert "hx-trigger" not in polled.content.decode()
        assert "are yours" in text(polled)

    def test_declined_expired_refunded(self, as_sam, sam, sue, time_machine):
        mia = mentor("mia", seats=1)
        order = place(sam, offering(mia))
        decide(order, "declined")
        assert "The payment was declined" in text(as_sam.get(order.return_path))
        order = place(sam, offering(mia))
        time_machine.move_to(NOW + HOUR, tick=False)
        assert "arrived in time" in text(as_sam.get(order.return_path))
        bought(sue, mia, now=NOW + HOUR)
        SandboxCheckout.objects.update(expires_at=NOW + DAY)
        decide(order)
        page = text(as_sam.get(order.return_path))
        assert "Your money goes back" in page
        assert "€280" in page

    def test_is_the_buyers(self, client, as_sam, mia, sam, otto):
        order = place(sam, offering(mia))
        decide(order)
        for stranger in (otto, mia):
            client.force_login(stranger)
            for path in (order.return_path, order.get_absolute_url()):
                assert client.get(path).status_code == 404
            assert client.post(f"{order.get_absolute_url()}/end").status_code == 404
        client.logout()
        assert client.get(order.return_path).url.startswith("/accounts/login/")
        order.refresh_from_db()
        assert order.status == "PENDING"


class TestOrderPage:
    def test_waits_with_its_clock(self, as_sam, mia, sam):
        order = place(sam, offering(mia), starts_at=at(2))
        page = as_sam.get(order.get_absolute_url())
        assert "kept for 35 min" in text(page)
        assert order.checkout_url in page.content.decode()

    def test_looking_changes_nothing(self, as_sam, mia, sam):
        order = place(sam, offering(mia))
        decide(order)
        as_sam.get(order.get_absolute_url())
        as_sam.head(order.return_path)
        order.refresh_from_db()
        assert order.status == "PENDING"

    def test_giving_up_frees_seat_and_time(self, as_sam, mia, sam):
        order = place(sam, offering(mia), starts_at=at(2))
        assert as_sam.get(f"{order.get_absolute_url()}/end").status_code == 405
        answer = as_sam.post(f"{order.get_absolute_url()}/end", follow=True)
        assert "given up or replaced" in text(answer)
        assert not Seat.objects.standing().exists()
        assert Session.objects.get().status == "EXPIRED"


class TestWallet:
    def test_shows_what_is_pending(self, client, mia, sam):
        pay(place(sam, offering(mia, price=5000, currency="NGN")))
        client.force_login(mia)
        page = text(client.get("/tutor/wallet"))
        assert "35 pending" in page
        assert "4 x 60 min" in page

    def test_is_a_mentors(self, client, sam):
        assert client.get("/tutor/wallet").status_code == 302
        client.force_login(sam)
        assert client.get("/tutor/wallet").status_code == 404


def test_the_clock_is_the_products(mia, sam):
    assert clock.now() == timezone.now()
