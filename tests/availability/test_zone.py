from __future__ import annotations

import re
from datetime import date

import pytest

from mentorship.kernel.refusals import Malformed, Refusal
from mentorship.people.models import User
from sessions_app.hours.zone import in_words
from sessions_app.models import DateException, Session, Vacation, WeeklyRule
from sessions_app.services import book
from sessions_app.services.zones import change_zone, shifted, what_if_zone
from sessions_app.slots import free_slots
from tests.cast import DAY, NOW, at, bought, mentor
from tests.rooms.scene import shown

pytestmark = pytest.mark.django_db
PAGE = "/tutor/availability/zone"


@pytest.fixture
def ben(db):
    """Tuesdays 18:00 to 20:00 in Berlin."""
    ben = mentor("ben", "Europe/Berlin", hours=None)
    WeeklyRule.objects.create(mentor=ben, weekday=1, start_minute=1080, end_minute=1200)
    return ben


def rules(person):
    return list(WeeklyRule.objects.filter(mentor=person).values_list("weekday", "start_minute", "end_minute"))


def offered(person):
    person = User.objects.get(pk=person.pk)
    found = free_slots(mentor=person.mentor_profile, start=NOW, end=NOW + 7 * DAY, duration_minutes=60, now=NOW)
    return [slot.starts_at for slot in found]


def test_the_clock_stays(ben):
    before = offered(ben)
    change_zone(mentor=ben, zone_name="America/New_York", keep="wall", now=NOW)
    assert rules(ben) == [(1, 1080, 1200)]
    assert [b.hour - a.hour for a, b in zip(before, offered(ben), strict=True)] == [6, 6, 6]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", (1, 720, 840)),
        ("Asia/Tokyo", (2, 60, 180)),
        ("Asia/Kathmandu", (1, 1305, 1425)),
        ("Pacific/Chatham", (2, 285, 405)),
        ("Pacific/Marquesas", (1, 390, 510)),
    ],
)
def test_the_moments_stay(ben, zone, expected):
    before = offered(ben)
    change_zone(mentor=ben, zone_name=zone, keep="instants", now=NOW)
    assert rules(ben) == [expected]
    assert offered(ben) == before


def test_around_the_week():
    assert shifted([(0, 60, 120), (6, 1380, 1500)], -120) == ((6, 1260, 1380), (6, 1380, 1440))
    assert shifted([(6, 1380, 1500)], 120) == ((0, 60, 180),)


def test_booked_sessions_and_days_off_stay_dated_hours_move_with_the_moments(ben, sam):
    bought(sam, ben)
    session = book(student=sam, mentor_id=ben.pk, starts_at=at(8, 16), by=sam, now=NOW)
    off = DateException.objects.create(mentor=ben, day=date(2026, 6, 10), kind="CLOSED")
    extra = DateException.objects.create(
        mentor=ben, day=date(2026, 6, 12), kind="EXTRA", start_minute=1260, end_minute=1320
    )
    Vacation.objects.create(mentor=ben, first_day=date(2026, 7, 1), last_day=date(2026, 7, 2), created_at=NOW)
    before = offered(ben)
    change_zone(mentor=ben, zone_name="Asia/Tokyo", keep="instants", now=NOW)
    extra.refresh_from_db()
    assert (extra.day, extra.start_minute, extra.end_minute) == (date(2026, 6, 13), 240, 300)
    assert Session.objects.get().starts_at == session.starts_at
    assert DateException.objects.get(pk=off.pk).day == off.day
    assert Vacation.objects.get().first_day == date(2026, 7, 1)
    assert offered(ben) == before


def test_it_is_said_when_only_one_clock_changes(ben):
    assert what_if_zone(mentor=ben, zone_name="America/New_York", now=NOW).differs_from == date(2026, 10, 25)
    assert what_if_zone(mentor=ben, zone_name="Europe/Paris", now=NOW).differs_from is None
    assert not what_if_zone(mentor=ben, zone_name="Europe/Paris", now=NOW).asks


def test_the_commit_does_what_was_shown(ben):
    shown = what_if_zone(mentor=ben, zone_name="Asia/Tokyo", now=NOW).expect
    WeeklyRule.objects.create(mentor=ben, weekday=3, start_minute=0, end_minute=60)
    with pytest.raises(Refusal) as refused:
        change_zone(mentor=ben, zone_name="Asia/Tokyo", keep="instants", expect=shown, now=NOW)
    assert refused.value.code == "answer_changed"
    for zone, keep in (("Mars/Base", "wall"), ("Asia/Tokyo", "nothing")):
        with pytest.raises(Malformed):
            change_zone(mentor=ben, zone_name=zone, keep=keep, now=NOW)
    assert User.objects.get(pk=ben.pk).zone_name == "Europe/Berlin"


def test_hours_in_words():
    assert in_words(((1, 1080, 1200), (1, 540, 600), (6, 1380, 1500))) == [
        ("Tuesday", "09:00–10:00, 18:00–20:00"),
        ("Sunday", "23:00–01:00 (+1 day)"),
    ]
    assert in_words(tuple((day, 0, 1440) for day in range(7))) == [("Every day", "around the clock")]


def test_more_windows_on_one_day_than_the_form_offers_are_not_lost(client, ben, noon):
    WeeklyRule.objects.filter(mentor=ben).delete()
    wide = [(0, n * 60, n * 60 + 30) for n in range(12, 18)] + [(1, n * 60, n * 60 + 30) for n in range(6)]
    WeeklyRule.objects.bulk_create(WeeklyRule(mentor=ben, weekday=d, start_minute=s, end_minute=e) for d, s, e in wide)
    change_zone(mentor=ben, zone_name="America/New_York", keep="instants", now=NOW)
    assert {day for day, _, _ in rules(ben)} == {0}
    client.force_login(ben)
    page = client.get("/tutor/availability").content.decode()
    fields = dict(re.findall(r'name="(\d-\d+-(?:from|until))" value="([^"]*)"', page))
    assert len(fields) == 24
    client.post("/tutor/availability", fields)
    assert len(rules(ben)) == 12


class TestPage:
    @pytest.fixture
    def bens(self, client, ben, noon):
        client.force_login(ben)
        return client

    def test_it_asks_with_both_answers_and_changes_nothing_by_itself(self, bens, ben):
        assert bens.get(PAGE).status_code == 200
        page = bens.get(PAGE, {"to": "Asia/Tokyo"}).content.decode()
        assert "18:00–20:00" in page and "01:00–03:00" in page and "Wednesday" in page
        assert "7 h ahead of Berlin" in page
        assert User.objects.get(pk=ben.pk).zone_name == "Europe/Berlin"

    @pytest.mark.parametrize(("keep", "expected"), [("wall", (1, 1080, 1200)), ("instants", (2, 60, 180))])
    def test_either_answer(self, bens, ben, keep, expected):
        page = bens.get(PAGE, {"to": "Asia/Tokyo"}).content.decode()
        expect = re.search(r'name="expect" value="([^"]*)"', page)[1]
        assert bens.post(PAGE, {"to": "Asia/Tokyo", "keep": keep, "expect": expect}).url == "/tutor/availability"
        assert (User.objects.get(pk=ben.pk).zone_name, rules(ben)) == ("Asia/Tokyo", [expected])

    def test_without_an_answer_it_asks_again(self, bens, ben):
        assert bens.post(PAGE, {"to": "Asia/Tokyo"}).status_code == 422
        assert bens.post(PAGE, {"to": "Asia/Tokyo", "keep": "wall", "expect": "0" * 16}).status_code == 409
        assert User.objects.get(pk=ben.pk).zone_name == "Europe/Berlin"

    def test_where_both_answers_are_the_same_it_does_not_ask(self, bens, ben):
        page = bens.get(PAGE, {"to": "Europe/Paris"})
        assert "What do your hours keep?" not in page.content.decode()
        assert bens.post(PAGE, {"to": "Europe/Paris", "keep": "wall"}).status_code == 409
        bens.post(PAGE, {"to": "Europe/Paris", "keep": "wall"} | shown(page))
        assert User.objects.get(pk=ben.pk).zone_name == "Europe/Paris"

    @pytest.mark.parametrize("to", ["Mars/Base", "x" * 5000, "\0", "../../etc"])
    def test_a_zone_that_is_none(self, bens, ben, to):
        assert bens.get(PAGE, {"to": to}).status_code == 422
        assert bens.post(PAGE, {"to": to, "keep": "wall"}).status_code == 422
        assert User.objects.get(pk=ben.pk).zone_name == "Europe/Berlin"

    def test_students_have_their_profile_for_it(self, client, sam):
        client.force_login(sam)
        assert (
            client.get(PAGE).status_code == client.post(PAGE, {"to": "Asia/Tokyo", "keep": "wall"}).status_code == 404
        )
