"""The pages on which one buys say when the mentor is away next, in days of the reader."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from offerings.models import Offering
from sessions_app.models import Vacation
from tests.cast import NOW
from tests.shop.scene import budget, shop

pytestmark = pytest.mark.django_db
MIA = "/mentorship/mentors/mia"


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(NOW, tick=False)


def away(mentor, first, last):
    return Vacation.objects.create(mentor=mentor, first_day=first, last_day=last, created_at=NOW)


def words(client, path=MIA):
    response = client.get(path)
    assert response.status_code == 200
    return response.context["away"] if response.context["away"] in response.content.decode() else None


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 6, 13), date(2026, 6, 20), "Away 13 to 20 June"),
        (date(2026, 6, 28), date(2026, 7, 4), "Away 28 June to 4 July"),
        (date(2026, 6, 10), date(2026, 6, 10), "Away on 10 June"),
        (date(2026, 5, 30), date(2026, 6, 3), "Away until 3 June"),
        (date(2026, 6, 1), date(2026, 6, 1), "Away today"),
        (date(2026, 12, 28), date(2027, 1, 4), ""),
        (date(2026, 7, 31), date(2026, 8, 9), "Away 31 July to 9 August"),  # begins on the last day one can buy
        (date(2026, 8, 1), date(2026, 8, 9), ""),
        (date(2026, 5, 20), date(2026, 5, 31), ""),
    ],
)
def test_the_next_one_within_the_horizon(client, first, last, said):
    away(shop("mia"), first, last)
    assert words(client) == said


def test_the_year_where_it_is_another(client, time_machine):
    time_machine.move_to(NOW + timedelta(days=200), tick=False)  # the 18th of December
    mia = shop("mia")
    one = away(mia, date(2026, 12, 28), date(2027, 1, 4))
    assert words(client) == "Away 28 December to 4 January 2027"
    one.delete()
    away(mia, date(2027, 1, 4), date(2027, 1, 9))
    assert words(client) == "Away 4 to 9 January 2027"


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Pacific/Auckland", "Away 10 to 14 June"),
        ("Asia/Tokyo", "Away 10 to 14 June"),  # from the evening before
        ("America/Los_Angeles", "Away 9 to 13 June"),
    ],
)
def test_in_days_of_the_reader_whose_noon_lies_within(client, zone, said):
    away(shop("mia", zone="Pacific/Auckland"), date(2026, 6, 10), date(2026, 6, 14))
    client.cookies["zone"] = zone
    assert words(client) == said


def test_the_one_that_is_over_for_the_mentor_makes_room_for_the_next(client):
    mia = shop("mia", zone="Pacific/Kiritimati")  # there it is the second of June already
    away(mia, date(2026, 5, 31), date(2026, 5, 31))
    away(mia, date(2026, 6, 1), date(2026, 6, 1))
    away(mia, date(2026, 6, 9), date(2026, 6, 10))
    client.cookies["zone"] = "Pacific/Kiritimati"
    assert words(client) == "Away 9 to 10 June"


def test_the_offering_s_own_page_and_a_mentor_who_sells_nothing_say_it_too(client):
    mia, max_ = shop("mia"), shop("max", sells=False)
    for mentor in (mia, max_):
        away(mentor, date(2026, 6, 10), date(2026, 6, 14))
    offering = Offering.objects.filter(mentor=mia).first()
    for path in (MIA, offering.get_absolute_url(), "/mentorship/mentors/max"):
        assert words(client, path) == "Away 10 to 14 June", path


@pytest.mark.parametrize("many", [0, 30])
def test_it_costs_no_query(client, many, django_assert_max_num_queries):
    mia = shop("mia")
    for number in range(many):
        away(mia, date(2026, 6, 8) + timedelta(days=2 * number), date(2026, 6, 8) + timedelta(days=2 * number))
    with django_assert_max_num_queries(budget(5)):
        assert words(client) == ("Away on 8 June" if many else "")
