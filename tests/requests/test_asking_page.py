"""`/mentorship/offerings/<id>/request`: up to three times and a message, without JavaScript, kept on the way."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorship.kernel import clock, limits
from mentorship.people.models import MentorProfile, User
from notifications.models import Delivery
from packs.services import turn_renewal_off
from sessions_app.models import BookingRequest
from sessions_app.services import submit_request
from tests import cast
from tests.cast import HOUR, NOW, at, bought, offering
from tests.rooms.scene import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def single(mia: User) -> Any:
    return offering(mia, sessions=1, price=7000, booking_mode="REQUEST", title="Code review")


@pytest.fixture
def pack(mia: User) -> Any:
    return offering(mia, booking_mode="REQUEST", title="Four with approval")


def ask_url(offer: Any) -> str:
    return f"/mentorship/offerings/{offer.pk}/request"


def chosen(answer: Any) -> list[str]:
    return re.findall(r'name="at" value="([^"]+)" checked', answer.content.decode())


def iso(*days: int) -> list[str]:
    return [clock.iso(at(day)) for day in days]


def test_the_offering_leads_here_with_its_time(client, single):
    page = client.get(single.get_absolute_url(), {"at": iso(3)[0]})
    assert "Ask Mia for Thu 4 Jun, 10:00" in words(page)
    assert "Mia answers within 48 hours. You pay only after a yes. You can name two more times." in words(page)
    url = re.search(r'id="take" href="([^"]+)"', page.content.decode())[1]
    assert chosen(client.get(url)) == iso(3)


def test_the_offering_shows_only_times_that_can_be_asked_for(client, single):
    page = client.get(single.get_absolute_url())
    first = re.search(r"[?&]at=([^&\"]+)", page.content.decode())[1]
    assert first >= clock.iso(NOW + 24 * HOUR).replace(":", "%3A")


def test_asked_with_three_times_and_a_message(as_, sam, single):
    answer = as_(sam).post(
        ask_url(single), {"at": iso(3, 4, 5), "message": "My tests are slow", "idempotency_key": "k"}
    )
    asked = BookingRequest.objects.get()
    assert (answer.status_code, answer.url) == (302, asked.get_absolute_url())
    assert (asked.times, asked.message) == ([at(3), at(4), at(5)], "My tests are slow")
    page = words(as_(sam).get(answer.url))
    assert "Mia answers by Wed 3 Jun, 12:00" in page
    assert "Nothing is kept until then and nothing was paid." in page


def test_a_double_click_asks_once(as_, sam, single):
    browser = as_(sam)
    form = {"at": iso(3), "idempotency_key": "twice"}
    assert browser.post(ask_url(single), form).url == browser.post(ask_url(single), form).url
    assert BookingRequest.objects.count() == 1


def test_another_week_keeps_times_and_words(as_, sam, single):
    browser = as_(sam)
    go = browser.post(ask_url(single), {"at": iso(3), "message": "Slow tests", "week": "2026-06-08"})
    page = browser.get(go.url)
    assert chosen(page) == iso(3)
    assert "Chosen in other weeks Thu 4 Jun, 10:00" in words(page)
    assert ">\nSlow tests</textarea>" in page.content.decode()
    back = browser.post(ask_url(single), {"at": iso(3, 8), "week": "2026-06-02"})
    assert set(chosen(browser.get(back.url))) == set(iso(3, 8))
    assert not BookingRequest.objects.exists()


def test_four_are_too_many_and_none_is_too_few(as_, sam, single):
    browser = as_(sam)
    answer = browser.post(ask_url(single), {"at": iso(3, 4, 5, 6), "message": "Hello"})
    assert (answer.status_code, "At most 3 times" in words(answer)) == (422, True)
    assert len(chosen(answer)) == 4
    answer = browser.post(ask_url(single), {"message": "Hello"})
    assert (answer.status_code, "at least one time" in words(answer)) == (422, True)
    assert ">\nHello</textarea>" in answer.content.decode()


def test_a_pack_needs_no_time(as_, sam, pack):
    assert as_(sam).post(ask_url(pack), {"message": ""}).status_code == 302
    assert BookingRequest.objects.get().times == []


def test_a_time_that_is_gone_is_said(as_, sam, sue, mia, single):
    bought(sue, mia)
    page = as_(sam).post(ask_url(single), {"at": [clock.iso(at(3, 7))]})
    assert page.status_code == 409
    assert "Not everything you chose is still free" in words(page)


@pytest.mark.parametrize("nonsense", ["x", "2026-06-04T10:00", "9999-99-99", "\0", "2026-06-04T10:00:00+99:00"])
def test_nonsense_is_answered_politely(as_, sam, single, nonsense):
    browser = as_(sam)
    assert browser.get(ask_url(single), {"at": nonsense, "week": nonsense}).status_code == 200
    assert browser.post(ask_url(single), {"at": nonsense, "message": nonsense}).status_code == 422
    assert browser.post(ask_url(single), {"at": nonsense, "week": nonsense}, follow=True).status_code == 200


def test_signing_up_on_the_way_keeps_times_and_words(client, single):
    form = {"at": iso(3, 4), "message": "Slow tests", "name": "Nia", "email": "nia@example.test", "step": "who"}
    page = client.get(client.post(ask_url(single), form).url)
    assert "We mailed six digits to nia@example.test" in words(page)
    assert "Thu 4 Jun, 10:00 or Fri 5 Jun, 10:00" in words(page)
    code = re.search(r"\b\d{6}\b|\b\d{3} \d{3}\b", Delivery.objects.get().text)[0]
    times = re.findall(r'name="at" value="([^"]+)"', page.content.decode())
    home = client.post(ask_url(single), {"at": times, "code": code, "step": "code"})
    page = client.get(home.url)
    assert chosen(page) == iso(3, 4)
    assert ">\nSlow tests</textarea>" in page.content.decode()
    assert "Ask Mia" in words(page)


def test_what_is_asked_for_already_leads_to_it(as_, sam, single):
    asked = submit_request(student=sam, offering=single, times=[at(3)], now=NOW)
    assert as_(sam).get(ask_url(single)).url == asked.get_absolute_url()
    page = as_(sam).post(ask_url(single), {"at": iso(4)})
    assert page.status_code == 409
    assert asked.get_absolute_url() in page.content.decode()


def test_a_seated_student_renews_without_asking(as_, sam, mia, pack):
    bought(sam, mia)
    assert as_(sam).get(ask_url(pack)).url == f"/checkout/{pack.pk}"
    page = as_(sam).get(pack.get_absolute_url())
    assert "Renew with 4 more" in words(page)


def test_a_mentor_s_paused_sales_are_said(as_, sam, mia, single):
    MentorProfile.objects.filter(user=mia).update(sales_paused_at=NOW)
    for path in (single.get_absolute_url(), ask_url(single)):
        page = words(as_(sam).get(path))
        assert "Mia takes no new students at the moment." in page
        assert "Ask Mia for" not in page.replace("Ask Mia for “Code review”", "")


def test_a_full_mentor_and_one_s_own_offering(as_, sam, mia, pack):
    MentorProfile.objects.filter(user=mia).update(max_active_students=0)
    assert "full" in words(as_(sam).get(ask_url(pack))).lower() or "seat" in words(as_(sam).get(ask_url(pack)))
    assert as_(sam).post(ask_url(pack), {}).status_code == 409
    assert "your own offering" in words(as_(mia).get(ask_url(pack)))


def test_what_is_not_on_sale_is_not_there(client, as_, sue, sam, mia, single):
    private = offering(mia, sessions=1, booking_mode="REQUEST", private_for=sam)
    for who in (client, as_(sue)):
        assert who.get(ask_url(private)).status_code == 404
        assert who.post(ask_url(private), {"at": iso(3)}).status_code == 404
    assert as_(sam).get(ask_url(private)).status_code == 200
    assert client.get("/mentorship/offerings/999999/request").status_code == 404


def test_asking_is_not_endless(as_, sam, single, settings):
    browser = as_(sam)
    most = settings.MENTORSHIP.checkouts_per_minute
    for _ in range(most):
        limits.spend("ask", str(sam.pk), most, None)
    assert browser.post(ask_url(single), {"at": iso(3)}).status_code == 429
    cache.clear()
    assert browser.post(ask_url(single), {"at": iso(3)}).status_code == 302


def test_queries_do_not_grow_with_sessions(as_, sam, mia, single):
    browser, counts = as_(sam), []
    for n in range(3):
        other = cast.user(f"student{n}")
        bought(other, mia)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(ask_url(single)).status_code == 200
        counts.append(len(queries))
    assert len(set(counts)) == 1 and counts[0] <= 10, counts


def test_a_student_whose_renewals_the_mentor_has_ended_asks(as_, sam, mia):
    offer = offering(mia, title="Four at once")
    turn_renewal_off(pack_id=bought(sam, mia, offering_id=offer.pk).pk, by=mia, now=NOW)
    assert "Ask Mia" in words(as_(sam).get(offer.get_absolute_url()))
    assert as_(sam).get(f"/checkout/{offer.pk}").url == offer.get_absolute_url()
    assert as_(sam).post(ask_url(offer), {"at": iso(3)}).status_code == 302
    assert BookingRequest.objects.get().offering == offer
