from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_app.models import DateException, Session
from sessions_app.services import book, hours as service
from sessions_app.slots import free_slots
from tests.cast import DAY, NOW, at, bought

pytestmark = pytest.mark.django_db
PAGE = "/tutor/availability/exceptions"
EXTRA = {"day": "2026-06-09", "differs": "extra", "start": "21:00", "end": "22:00"}


def starts(mia, day):
    found = free_slots(mentor=mia.mentor_profile, start=at(day, 0), end=at(day + 1, 0), duration_minutes=60, now=NOW)
    return [slot.starts_at.hour for slot in found if slot.starts_at.minute == 0]


def rows():
    return list(DateException.objects.values_list("day", "kind", "start_minute", "end_minute"))


def test_extra_hours(mias, mia):
    assert mias.post(PAGE, EXTRA).url == PAGE
    assert rows() == [(date(2026, 6, 9), "EXTRA", 1260, 1320)]
    assert starts(mia, 8)[-1] == 21
    assert "extra hours 21:00-22:00" in mias.get(PAGE).content.decode()


def test_hours_over_midnight_and_a_whole_day_off(mias, mia):
    mias.post(PAGE, EXTRA | {"end": "02:00"})
    mias.post(PAGE, {"day": "2026-06-12", "differs": "off", "start": "", "end": ""})
    assert rows() == [(date(2026, 6, 9), "EXTRA", 1260, 1560), (date(2026, 6, 12), "CLOSED", None, None)]
    assert starts(mia, 11) == []


def test_closed_hours_cut_the_day(mias, mia):
    mias.post(PAGE, EXTRA | {"differs": "closed", "start": "10:00", "end": "18:00"})
    assert starts(mia, 8) == [8, 9, 18, 19]


def test_the_same_twice_is_once(mias):
    for _ in range(2):
        mias.post(PAGE, EXTRA)
    assert len(rows()) == 1


def test_booked_sessions_stay_and_are_named_with_a_way_to_settle_them(mias, mia, sam):
    bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(8), by=sam, now=NOW)
    mias.post(PAGE, {"day": "2026-06-09", "differs": "off"})
    assert Session.objects.get().status == "SCHEDULED"
    page = mias.get(PAGE).content.decode()
    assert session.get_absolute_url() in page
    assert "/vacations/new?first_day=2026-06-09&amp;last_day=2026-06-09" in page


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"day": ""}, "This field is required."),
        ({"day": "tomorrow"}, "Enter a valid date."),
        ({"day": "2026-05-31"}, "from today on"),
        ({"day": "2030-01-01"}, "within two years"),
        ({"day": "9999-12-31"}, "within two years"),
        ({"differs": "nothing"}, "Select a valid choice"),
        ({"start": ""}, "Say when these hours begin."),
        ({"end": ""}, "Say when these hours end."),
        ({"end": "21:00"}, "This ends when it begins."),
        ({"end": "25:00"}, "Enter a valid time."),
        ({"start": "\0"}, "Enter a valid time."),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(mias, bad, sentence):
    answer = mias.post(PAGE, EXTRA | bad)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert rows() == []


def test_remove_one(mias):
    mias.post(PAGE, EXTRA)
    one = DateException.objects.get()
    assert mias.get(f"{PAGE}/{one.pk}/removal").status_code == 405
    assert mias.post(f"{PAGE}/{one.pk}/removal").url == PAGE
    assert rows() == []
    assert mias.post(f"{PAGE}/{one.pk}/removal").status_code == 404


def test_nobody_removes_another_s(client, mias, max_, sam):
    mias.post(PAGE, EXTRA)
    one = DateException.objects.get()
    for stranger in (max_, sam):
        client.force_login(stranger)
        assert client.post(f"{PAGE}/{one.pk}/removal").status_code == 404
    assert client.get(PAGE).status_code == 404
    client.logout()
    assert client.post(PAGE, EXTRA).status_code == 302
    assert len(rows()) == 1


def test_what_is_over_is_not_listed(mias, mia):
    DateException.objects.create(mentor=mia, day=(NOW - DAY).date(), kind="CLOSED")
    assert "No day differs from your week." in mias.get(PAGE).content.decode()


def test_there_is_an_end_to_it(mias, monkeypatch):
    monkeypatch.setattr(service, "MOST_EXCEPTIONS", 1)
    mias.post(PAGE, EXTRA)
    answer = mias.post(PAGE, EXTRA | {"day": "2026-06-10"})
    assert (answer.status_code, len(rows())) == (409, 1)


def test_the_same_queries_for_one_and_for_many(mias, mia, sam):
    counts = []
    for days in (range(2, 3), range(3, 20)):
        DateException.objects.bulk_create(DateException(mentor=mia, day=at(n).date(), kind="CLOSED") for n in days)
        with CaptureQueriesContext(connection) as statements:
            mias.get(PAGE)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 7
