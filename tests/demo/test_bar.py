"""The bar on the pages: plain forms that work without scripts, and lead back to where one was."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mentorship.kernel import clock
from sessions_app import services
from tests.cast import HOUR, NOW, at
from tests.rooms.scene import words

pytestmark = pytest.mark.django_db


def test_the_bar_is_on_every_page_and_names_the_reader(client, sam):
    client.force_login(sam)
    page = client.get("/accounts/email/", follow=True).content.decode()
    assert 'class="demo-bar"' in page
    assert "style=" not in page


def test_it_says_who_one_is_and_what_time_it_is(client, sam):
    assert "Demo: you are a visitor." in words(client.get("/mentorship"))
    client.force_login(sam)
    assert "Demo: you are Sam." in words(client.get("/mentorship"))
    assert "It is Mon 1 Jun, 12:00. Move time +1 h" in words(client.get("/mentorship"))


def test_the_bar_costs_a_page_no_query(client, django_assert_num_queries):
    from django.template.loader import render_to_string
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = None
    request.now = NOW
    with django_assert_num_queries(0):
        render_to_string("demo/bar.html", {"request": request, "viewer_zone": "UTC"})


def test_one_press_and_one_is_somebody_else(client, sam, mia):
    home = client.post(reverse("demo:persona"), {"email": mia.email, "back": "/student/mentorship"})
    assert home.url == "/tutor/mentorship"
    assert client.get("/api/me").json()["id"] == mia.pk
    public = client.post(reverse("demo:persona"), {"email": sam.email, "back": "/mentorship/mentors/mia"})
    assert public.url == "/mentorship/mentors/mia"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "no/slash"])
def test_one_is_not_led_away(client, back):
    assert client.post(reverse("demo:clock"), {"advance": "PT1H", "back": back}).url == "/"


def test_the_buttons_move_the_clock_and_say_what_happened(client, sam, mia, pack):
    services.book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    answer = client.post(reverse("demo:clock"), {"advance": "next", "back": "/demo/mails"}, follow=True)
    assert clock.now() == at(2) - 24 * HOUR
    assert "a session starts in 24 hours" in answer.content.decode()
    assert "2 reminders" in answer.content.decode().lower()


def test_the_drawer_lists_the_mails_and_shows_one(client, sam, mia, pack):
    services.book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    page = client.get(reverse("demo:mails")).content.decode()
    assert "Your session with Mia is booked" in page
    fragment = client.get(reverse("demo:mails"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "Your session with Mia is booked" in fragment


def test_a_mail_s_html_may_load_and_run_nothing(client, sam, mia, pack):
    from mentorship.demo.models import DemoMail

    services.book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    client.get(reverse("demo:mails"))
    mail = DemoMail.objects.get(to=sam.email)
    assert client.get(reverse("demo:mail", args=[mail.pk])).status_code == 200
    policy = client.get(reverse("demo:mail_html", args=[mail.pk])).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy


def test_the_forms_need_their_token(sam):
    careful = Client(enforce_csrf_checks=True)
    assert careful.post(reverse("demo:clock"), {"advance": "PT1H"}).status_code == 403
    assert clock.now() == NOW
