"""One box, one timeline: whatever is pasted leads to the person, and everything that happened stands there."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission

from packs.models import Pause
from payments.models import Order, Payment
from payments.services import confirm_and_fulfil
from sessions_app.models import BookingRequest, Session
from sessions_app.services import approve
from tests.cast import NOW, at, offering, user
from tests.payments.scene import decide, pay, place
from tests.requests.scene import ask
from tests.rooms.scene import booked, words

pytestmark = pytest.mark.django_db
BOX = "/admin/support/"


@pytest.fixture
def order(sam, mia) -> Order:
    return pay(place(sam, offering(mia)))


@pytest.fixture
def session(sam, mia, order) -> Session:
    return booked(sam, mia, at(2))


def person(client, who, **asked):
    return client.get(f"{BOX}people/{who.pk}", asked)


def test_each_page_has_its_title_once(boss, client, sam, mia, order, session):
    pages = {
        BOX: "Support",
        f"{BOX}people/{sam.pk}": "Support: Sam",
        f"{BOX}people/{sam.pk}?with={mia.pk}": "Support: Sam and Mia",
        f"{BOX}mentors/{mia.pk}/close": "Close Mia",
        f"{BOX}move/{session.pk}": "Move a session",
    }
    for url, title in pages.items():
        page = client.get(url).content.decode()
        heads = [" ".join(re.sub(r"<[^>]+>", " ", head).split()) for head in re.findall(r"<h1.*?</h1>", page, re.S)]
        assert len(heads) == 1 and title in heads[0], (url, heads)


class TestTheBox:
    def test_whatever_is_pasted_leads_there(self, boss, client, sam, mia, order, session):
        EmailAddress.objects.create(user=sam, email="sam@other.test", verified=True)
        payment = Payment.objects.get()
        pasted = [
            sam.email,
            " SAM@EXAMPLE.TEST ",
            "sam@other.test",
            order.number,
            f"#{order.number.lower()}",
            str(order.pk),
            f"https://x.test/mentorship/session/{session.pk}?a=b",
            order.provider_reference,
            payment.provider_payment_id,
        ]
        for words_ in pasted:
            found = client.get(BOX, {"q": words_})
            assert found.status_code == 302, words_
            assert found.url.startswith(f"{BOX}people/{sam.pk}"), words_

    def test_a_part_of_the_name_lists_who_fits(self, boss, client, sam):
        user("samuel")
        page = client.get(BOX, {"q": "sam"})
        assert "2 people fit" in words(page)

    @pytest.mark.parametrize("odd", ["", "nobody", "\0", "%", "'", "x" * 5000, "@nobody", "0" * 8, "1" * 40])
    def test_nothing_breaks_it(self, boss, client, odd):
        assert client.get(BOX, {"q": odd}).status_code == 200

    def test_money_of_no_order_leads_to_the_payment(self, boss, client):
        payment = Payment.objects.create(
            provider="stripe", provider_payment_id="pi_lost", amount_minor=1, currency="EUR", status="UNMATCHED",
            received_at=at(0),
        )  # fmt: skip
        assert client.get(BOX, {"q": "pi_lost"}).url == f"/admin/payments/payment/{payment.pk}/change/"


class TestTheTimeline:
    def test_everything_stands_there(self, boss, client, sam, session):
        said = words(person(client, sam))
        for sentence in ("€280 received by sandbox", "Credit bought (total +4)", "Session of Wed 3 Jun, 10:00: booked",
                         "Seat 1: taken, before it was held for a payment", "3 left to book"):  # fmt: skip
            assert sentence in said, sentence
        assert "mail" in said

    def test_by_kind_and_by_the_other_side(self, boss, client, sam, max_, mia, session):
        other = pay(place(sam, offering(max_, title="With Max")))
        assert "With Max" in words(person(client, sam, kind="order"))
        with_mia = words(person(client, sam, **{"with": mia.pk}))
        assert f"Order {other.number}" not in with_mia
        assert "Session of Wed 3 Jun" in with_mia
        assert "Session of" not in words(person(client, sam, kind="order"))

    def test_page_by_page_nothing_twice_and_nothing_lost(self, boss, client, sam, mia):
        for n in range(9):
            order = place(sam, offering(mia, sessions=1, title=f"No {n}"), starts_at=at(n + 1))
            decide(order, "declined")
            confirm_and_fulfil(order.pk, NOW)
            pay(place(sam, offering(mia, sessions=1, title=f"Single {n}"), starts_at=at(n + 1)))
        seen, before = [], ""
        for _ in range(20):
            page = person(client, sam, **({"before": before} if before else {}))
            told = page.context["timeline"]
            seen += [(line.model, str(line.pk), line.what) for line in told.lines]
            before = told.next
            if not before:
                break
        assert not before
        assert len(seen) == len(set(seen))
        singles = [what for _, _, what in seen if what.startswith("Order") and "Single" in what]
        assert len(singles) == 9

    NO_ID = b64encode(b'["2026-11-21T00:00:00+00:00", 0, null]').decode()

    @pytest.mark.parametrize("odd", ["x", "e30=", "WyJhIl0=", "\0", "W10=", "é", NO_ID])
    def test_a_mark_that_is_none_begins_anew(self, boss, client, sam, order, odd):
        assert person(client, sam, before=odd).status_code == 200

    def test_odd_filters_are_none(self, boss, client, sam, order):
        assert person(client, sam, kind="x", **{"with": "9" * 18}).status_code == 200
        assert person(client, sam, **{"with": "x"}).status_code == 200
        assert client.get(f"{BOX}people/999999").status_code == 404

    def test_as_many_statements_whatever_there_is(self, boss, client, sam, mia, session, django_assert_num_queries):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        person(client, sam)
        with CaptureQueriesContext(connection) as few:
            person(client, sam)
        for n in range(4):
            pay(place(sam, offering(mia, sessions=1, title=f"S{n}"), starts_at=at(n + 3)))
            place(user(f"p{n}"), offering(mia, sessions=1, title=f"T{n}"), starts_at=at(n + 3, 15))
        with CaptureQueriesContext(connection) as many:
            person(client, sam)
        assert len(many) == len(few)


class TestWhoMayLook:
    def clerk(self, client, *rights: str):
        clerk = user("clerk", is_staff=True)
        for right in rights:
            app, code = right.split(".")
            clerk.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
        client.force_login(clerk)
        return client

    def test_nobody_without_the_right(self, client, sam, order):
        for who in (None, sam):
            if who:
                client.force_login(who)
            assert client.get(BOX, {"q": sam.email}).status_code == 302
            assert "login" in client.get(f"{BOX}people/{sam.pk}").url
        self.clerk(client)
        assert client.get(BOX).status_code == 403
        assert person(client, sam).status_code == 403

    def test_each_kind_needs_its_own(self, client, sam, order, session):
        said = words(person(self.clerk(client, "people.view_user", "sessions_app.view_sessionevent"), sam))
        assert "Session of Wed 3 Jun" in said
        assert "€280" not in said
        assert "Credits" not in said
        assert client.get(BOX, {"q": order.number}).status_code == 200  # not found: it may not be seen
        assert "Expiry" not in said


def test_no_secret_of_a_feed_is_shown(boss, client, sam):
    from sessions_app.services.feeds import feed_of

    feed = feed_of(sam, now=at(0))
    page = client.get(f"/admin/sessions_app/calendarfeed/{feed.pk}/change/").content.decode()
    assert feed.secret not in page
    assert feed.secret not in client.get("/admin/sessions_app/calendarfeed/").content.decode()


def test_the_timeline_s_sentences(boss, client, sam, mia, order):
    Pause.objects.create(pack=order.pack, asked_by=sam, days=1, asked_at=NOW)
    asked = BookingRequest.objects.get(pk=ask(sam, mia, 4, offer=offering(mia, booking_mode="REQUEST", sessions=1)).pk)
    approve(request_id=asked.pk, by=mia, now=NOW)
    said = words(person(client, sam))
    assert "Pause of 1 day: " in said
    assert "Seat 1: taken, before it was held for a payment" in said
    assert "approved, to be paid by Tue 2 Jun, 12:00" in said
    assert "Times are UTC’s." in said
