"""The waiting list on a full mentor's page: join, one's place, the offer, and what the open page asks again."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from mentorship.pages.line import Line
from mentorship.people.models import MentorProfile, User
from offerings.models import Offering
from seats.models import WaitingPlace
from seats.services import join
from seats.services.forecast import Forecast, Why
from tests import cast
from tests.cast import DAY, HOUR, NOW
from tests.seats.scene import lapse, passes, place, statuses
from tests.shop.scene import shop

pytestmark = pytest.mark.django_db
TOVE = "/mentorship/mentors/tove"
LIST = f"{TOVE}/waiting-list"


@pytest.fixture(autouse=True)
def monday_noon(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def tove(monday_noon):
    return shop("tove", seats=1)


@pytest.fixture
def pack(tove):
    return cast.bought(cast.user("first"), tove)


def words(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace(" .", ".").replace(" ,", ",")


def line(answer) -> str:
    """The words of the waiting list's part alone."""
    found = re.search(r'<section class="line.*?</section>', answer.content.decode(), re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])).strip() if found else ""


def test_without_a_free_seat_one_may_join(client, sam, tove, pack):
    client.force_login(sam)
    said = line(client.get(TOVE))
    assert "All seats are taken" in said and "Nobody waits yet: you would be the first in line." in said
    assert "likely between 2 and 30 July." in said.replace("July .", "July.")
    assert "By then one pack is used up at its pace so far." in said
    answer = client.post(LIST, {"do": "join"}, follow=True)
    assert answer.redirect_chain == [(f"{TOVE}#line", 302)]
    assert "You are 1st in line." in words(answer)
    assert "1st in line" in line(answer) and "full, 1 waiting" in words(answer)
    assert statuses(tove) == {"Sam": "WAITING"}


def test_the_last_of_several_reasons_has_its_and(tove):
    several = Forecast(NOW, NOW + DAY, Why.GRACE, {Why.PACE: 1, Why.GRACE: 1})
    reading = Line(tove.mentor_profile, NOW, ZoneInfo("UTC"), waiting=0)
    reading.forecast = several
    assert reading.forecast_why == "the grace of one seat ends and one pack is used up at its pace so far"
    several.why[Why.EXPIRY] = 2
    assert reading.forecast_why.endswith("ends, one pack is used up at its pace so far and 2 packs expire")


def test_with_a_free_seat_there_is_no_line(client, sam, tove):
    client.force_login(sam)
    assert line(client.get(TOVE)) == ""
    answer = client.post(LIST, {"do": "join"})
    assert answer.status_code == 409 and "You need not wait" in words(answer)


def test_a_visitor_joins_with_the_code_from_the_mail(client, tove, pack):
    assert "Join the waiting list" in line(client.get(TOVE))
    assert client.post(LIST, {"do": "join"}).url == LIST
    assert not WaitingPlace.objects.exists()
    assert client.post(LIST, {"step": "who", "name": "Otto", "email": "nonsense"}).status_code == 422
    client.post(LIST, {"step": "who", "name": "Otto", "email": "otto@example.test"})
    assert "otto@example.test" in words(client.get(LIST))
    from notifications.models import Delivery

    texts = [m.body for m in mail.outbox] or [str(d.__dict__) for d in Delivery.objects.all()]
    code = re.findall(r"\b\d{6}\b|\b\d{3}[ -]\d{3}\b", " ".join(texts))[0]
    assert client.post(LIST, {"step": "code", "code": "000000"}).status_code == 409
    answer = client.post(LIST, {"step": "code", "code": code})
    assert answer.url == f"{TOVE}#line"
    assert place(User.objects.get(email="otto@example.test"), tove).status == "WAITING"


def test_who_is_in_line_leaves_it(client, sam, tove, pack):
    join(student=sam, mentor_id=tove.pk, now=NOW)
    client.force_login(sam)
    assert client.get(LIST).url == f"{TOVE}#line"
    assert "You give up your place." in line(client.get(TOVE))
    client.post(LIST, {"do": "leave", "expect": "waiting"})
    assert statuses(tove) == {"Sam": "LEFT"}


def test_the_open_page_turns_by_itself(client, sam, sue, tove, pack, monday_noon):
    """Nothing while nothing changes; then one's place, then the seat."""
    join(student=sue, mentor_id=tove.pk, now=NOW)
    join(student=sam, mentor_id=tove.pk, now=NOW + HOUR)
    client.force_login(sam)
    page = client.get(TOVE).content.decode()
    polled = re.search(rf'hx-get="({LIST}\?was=[^"]+)" hx-trigger="every 2s"', page)[1]
    htmx = {"HX-Request": "true", "HX-Target": "line"}
    assert client.get(polled, headers=htmx).status_code == 204
    lapse(pack, NOW)
    answer = client.get(polled, headers=htmx)
    assert "1st in line" in line(answer)
    monday_noon.move_to(NOW + 49 * HOUR, tick=False)
    passes(tove, NOW + 49 * HOUR)
    answer = client.get(f"{LIST}?was=waiting-1", headers=htmx)
    assert "Yours until Fri 13:00" in line(answer)
    assert 'hx-trigger="load" hx-target="#choice"' in answer.content.decode()


def test_the_offer_has_its_button_and_its_end(client, sam, tove, pack, monday_noon):
    join(student=sam, mentor_id=tove.pk, now=NOW)
    lapse(pack, NOW + HOUR)
    monday_noon.move_to(NOW + 2 * HOUR, tick=False)
    client.force_login(sam)
    answer = client.get(TOVE)
    said = line(answer)
    assert "Yours until Wed 13:00" in said and "47 h more" in said.replace(" more", " more")
    of = Offering.objects.get(mentor=tove, kind="PACK")
    assert re.search(rf'class="btn btn--warm btn--big" href="/checkout/{of.pk}', answer.content.decode())
    assert client.get(f"/checkout/{of.pk}").status_code == 200
    assert "All seats of this mentor are taken" not in words(client.get(f"/checkout/{of.pk}"))
    client.post(LIST, {"do": "leave", "expect": "offered"})
    assert statuses(tove) == {"Sam": "DECLINED"}
    assert "full" not in words(client.get(TOVE))


def test_a_leave_that_was_meant_for_the_line_does_not_decline_the_seat(client, sam, tove, pack, monday_noon):
    join(student=sam, mentor_id=tove.pk, now=NOW)
    lapse(pack, NOW)
    client.force_login(sam)
    answer = client.post(LIST, {"do": "leave", "expect": "waiting"}, follow=True)
    assert "Meanwhile a seat is yours." in words(answer)
    assert statuses(tove) == {"Sam": "OFFERED"}


def test_outsiders_are_shown_the_way_to_the_line(client, sam, sue, tove, pack):
    join(student=sue, mentor_id=tove.pk, now=NOW)
    lapse(pack, NOW)
    client.force_login(sam)
    of = Offering.objects.get(mentor=tove, kind="PACK")
    answer = client.get(f"/checkout/{of.pk}")
    assert LIST in answer.content.decode() and "Join the waiting list" in words(answer)
    assert LIST in client.get("/mentorship/mentors/tove").content.decode()


def test_nobody_waits_where_nothing_is_sold(client, sam, sue, tove, pack):
    join(student=sue, mentor_id=tove.pk, now=NOW)
    MentorProfile.objects.filter(user=tove).update(accepts_new=False)
    client.force_login(sam)
    assert line(client.get(TOVE)) == ""
    assert client.post(LIST, {"do": "join"}).status_code == 409
    client.force_login(sue)
    assert "You keep your place." in line(client.get(TOVE))
    MentorProfile.objects.filter(user=tove).update(verified_at=None)
    assert client.get(LIST).status_code == 404
    assert client.get("/mentorship/mentors/nobody/waiting-list").status_code == 404


def test_the_mentor_and_the_seated_see_no_line(client, tove, pack):
    for person in (tove, pack.student):
        client.force_login(person)
        assert line(client.get(TOVE)) == ""


def test_the_marketplace_says_how_many_wait(client, sam, sue, tove, pack):
    for who in (sam, sue):
        join(student=who, mentor_id=tove.pk, now=NOW)
    assert "full, 2 waiting" in words(client.get("/mentorship"))


def test_the_page_costs_the_same_with_one_and_with_thirty_in_line(
    client, sam, tove, pack, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(sam)
    join(student=sam, mentor_id=tove.pk, now=NOW)
    costs = []
    for size in (1, 30):
        for n in range(len(costs) * size):
            join(student=cast.user(f"w{n}"), mentor_id=tove.pk, now=NOW + HOUR)
        client.get(TOVE)
        with CaptureQueriesContext(connection) as asked:
            client.get(TOVE)
        costs.append(len(asked))
    assert costs[0] == costs[1]
    assert "1st in line" in line(client.get(TOVE)) and DAY
