from __future__ import annotations

from datetime import timedelta

import pytest

from mentorship.kernel import clock
from sessions_app.models import CalendarBlock, Session, WeeklyRule
from tests.cast import user
from tests.slots.scene import MON, TUE, hours, mentor, taken

pytestmark = pytest.mark.django_db
PAGE = "/tutor/availability"


@pytest.fixture
def mia(client):
    mia = mentor("mia", "Europe/Berlin")
    client.force_login(mia.user)
    return mia


def rules(mentor):
    found = WeeklyRule.objects.filter(mentor=mentor.user)
    return [(r.weekday, r.start_minute / 60, r.end_minute / 60) for r in found]


def test_who_is_no_mentor_finds_nothing(client):
    assert client.get(PAGE).status_code == 302
    client.force_login(user("sam"))
    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, {"0-0-from": "09:00", "0-0-until": "10:00"}).status_code == 404
    assert not WeeklyRule.objects.exists()


def test_the_first_window(client, mia):
    page = client.get(PAGE).content.decode()
    assert "Nobody can book you yet" in page
    assert "Berlin" in page
    assert client.post(PAGE, {"0-0-from": "18:00", "0-0-until": "20:00"}).status_code == 302
    assert rules(mia) == [(0, 18, 20)]
    page = client.get(PAGE).content.decode()
    assert "Students can book from" in page
    assert ", 18:00</time>" in page


def test_a_week_replaces_the_week(client, mia):
    hours(mia, MON, 9, 12)
    hours(mia, TUE, 9, 12)
    client.post(PAGE, {"0-0-from": "10:00", "0-0-until": "12:00", "0-1-from": "14:00", "0-1-until": "16:30"})
    assert rules(mia) == [(0, 10, 12), (0, 14, 16.5)]


def test_windows_that_overlap_or_touch_are_joined(client, mia):
    client.post(PAGE, {
        "0-0-from": "14:00", "0-0-until": "16:00", "0-1-from": "12:00", "0-1-until": "14:00", "0-2-from": "15:00", "0-2-until": "17:00",
    })  # fmt: skip
    assert rules(mia) == [(0, 12, 17)]


def test_an_evening_past_midnight_and_a_whole_day(client, mia):
    client.post(PAGE, {"6-0-from": "22:00", "6-0-until": "02:00", "2-0-from": "00:00", "2-0-until": "00:00"})
    assert rules(mia) == [(2, 0, 24), (6, 22, 26)]
    page = client.get(PAGE).content.decode()
    assert "ends on the next day" in page
    assert 'value="02:00"' in page


def test_midnight_may_be_written_as_24(client, mia):
    client.post(PAGE, {"0-0-from": "22:00", "0-0-until": "24:00"})
    assert rules(mia) == [(0, 22, 24)]


def test_remove_one_window(client, mia):
    client.post(PAGE, {
        "0-0-from": "09:00", "0-0-until": "10:00", "0-1-from": "11:00", "0-1-until": "12:00", "remove": "0-0",
    })  # fmt: skip
    assert rules(mia) == [(0, 11, 12)]


def test_copy_a_day_to_others(client, mia):
    hours(mia, TUE, 6, 7)
    client.post(PAGE, {
        "0-0-from": "09:00", "0-0-until": "10:00", "1-0-from": "06:00", "1-0-until": "07:00",
        "4-0-from": "05:00", "4-0-until": "06:00", "copy": "0", "copy-0": ["1", "6"], "copy-1": ["2"],
    })  # fmt: skip
    assert rules(mia) == [(0, 9, 10), (1, 9, 10), (4, 5, 6), (6, 9, 10)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"0-0-from": "09:00"}, "Say when this ends"),
        ({"0-0-until": "09:00"}, "Say when this starts"),
        ({"0-0-from": "09:00", "0-0-until": "09:00"}, "This ends when it starts."),
        ({"0-0-from": "25:00", "0-0-until": "26:00"}, "Enter a valid time."),
        ({"0-0-from": "x" * 10_000, "0-0-until": "10:00"}, "Enter a valid time."),
        ({"0-0-from": "\x00", "0-0-until": "10:00"}, "Enter a valid time."),
        (
            {"0-0-from": "08:00", "0-0-until": "07:00", "0-1-from": "06:00", "0-1-until": "09:00", "0-2-from": "23:00", "0-2-until": "22:00"},
            "Monday: these hours run into each other for more than a day.",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_and_changes_nothing(client, mia, data, sentence):
    hours(mia, TUE, 9, 12)
    response = client.post(PAGE, data)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert rules(mia) == [(1, 9, 12)]


def test_what_was_typed_is_kept(client, mia):
    page = client.post(PAGE, {"3-0-from": "09:15", "3-0-until": ""}).content.decode()
    assert 'name="3-0-from" value="09:15"' in page


@pytest.mark.parametrize(
    "data", [{"copy": "9", "copy-9": ["1"]}, {"copy": "0", "copy-0": ["x", "99"]}, {"remove": "x" * 10_000}]
)
def test_forged_buttons_do_nothing_more_than_save(client, mia, data):
    assert client.post(PAGE, {"0-0-from": "09:00", "0-0-until": "10:00", **data}).status_code == 302
    assert rules(mia) == [(0, 9, 10)]


def test_nobody_elses_week_can_be_named(client, mia):
    max_ = mentor("max")
    hours(max_, MON, 9, 12)
    client.post(PAGE, {"mentor": max_.user_id, "mentor_id": max_.user_id, "0-0-from": "18:00", "0-0-until": "20:00"})
    assert rules(max_) == [(0, 9, 12)]
    assert rules(mia) == [(0, 18, 20)]


def test_booked_sessions_stay_and_are_named(client, mia):
    hours(mia, MON, 9, 12)
    session = taken(mia, user("sam"), clock.now() + timedelta(days=3))
    before = list(CalendarBlock.objects.values_list("span", flat=True))
    client.post(PAGE, {})
    assert rules(mia) == []
    assert Session.objects.get(pk=session.pk).status == Session.Status.SCHEDULED
    assert list(CalendarBlock.objects.values_list("span", flat=True)) == before
    page = client.get(PAGE).content.decode()
    assert "Booked outside these hours" in page
    assert session.get_absolute_url() in page


def test_no_csrf_no_change(mia):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(mia.user)
    assert strict.post(PAGE, {"0-0-from": "18:00", "0-0-until": "20:00"}).status_code == 403
    assert rules(mia) == []


def test_queries_do_not_grow_with_the_week(client, mia, django_assert_max_num_queries):
    for weekday in range(7):
        for n in range(5):
            hours(mia, weekday, 8 + 2 * n, 9 + 2 * n)
    for day in range(3, 8):
        taken(mia, user(f"sam{day}"), clock.now() + timedelta(days=day))
    with django_assert_max_num_queries(10):
        assert client.get(PAGE).status_code == 200
