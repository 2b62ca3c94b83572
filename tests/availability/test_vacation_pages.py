from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions_app.models import BusyTime, MoveProposal, Session, Vacation
from sessions_app.services import book, submit_request
from tests.cast import NOW, at, bought, counters, offering, user

pytestmark = pytest.mark.django_db
PAGE = "/tutor/availability/vacations"
DAYS = {"first_day": "2026-06-08", "last_day": "2026-06-14", "note": "Climbing"}


def booked(sam, mia, *days):
    return [book(student=sam, mentor_id=mia.pk, starts_at=at(d), by=sam, now=NOW) for d in days]


def hidden(page):
    """What the form of the page sends back by itself."""
    return dict(re.findall(r'<input type="hidden" name="(first_day|last_day|note|expect)" value="([^"]*)"', page))


def ask(client, **days):
    return client.get(f"{PAGE}/new", DAYS | days)


def test_the_page_lists_all_it_touches_with_what_each_choice_does(mias, mia, sam, sue):
    bought(sam, mia)
    (session,) = booked(sam, mia, 8)
    request = submit_request(
        student=sue, offering=offering(mia, sessions=1, booking_mode="REQUEST"), times=[at(9), at(20)], now=NOW
    )
    page = ask(mias).content.decode()
    assert "1 session, 1 request" in page
    assert f"decision-{session.pk}" in page and f"decision-{request.pk}" in page
    assert "The session goes back to Sam." in page
    assert "1 pack that reaches into them is valid 7 days longer." in page
    assert "Climbing" in page
    assert not Vacation.objects.exists()


def test_keep_cancel_and_propose_at_once(mias, mia, sam):
    pack = bought(sam, mia)
    keep, gone, other = booked(sam, mia, 7, 8, 9)
    page = ask(mias).content.decode()
    time = re.search(rf'name="time-{other.pk}".*?value="([^"]+)" selected', page, re.DOTALL)[1]
    chosen = {f"decision-{keep.pk}": "keep", f"decision-{gone.pk}": "cancel", f"decision-{other.pk}": "propose"}
    answer = mias.post(f"{PAGE}/new", hidden(page) | chosen | {f"time-{other.pk}": time})
    assert (answer.status_code, answer.url) == (302, PAGE)
    assert [s.status for s in Session.objects.order_by("starts_at")] == ["SCHEDULED", "CANCELLED", "SCHEDULED"]
    assert MoveProposal.objects.get().session == other
    assert counters(pack) == (4, 2, 0)
    assert "1 pack is valid 7 days longer" in mias.get(PAGE).content.decode()


def test_the_nearest_time_of_the_same_hour_is_offered_first_and_none_twice(mias, mia, sam, sue):
    for student in (sam, sue):
        bought(student, mia)
        booked(student, mia, 13) if student == sam else book(
            student=sue, mentor_id=mia.pk, starts_at=at(13, 11), by=sue, now=NOW
        )
    page = ask(mias, all="propose").content.decode()
    assert page.count(' value="propose" required checked') == 2
    assert re.findall(r'value="([^"]+)" selected', page) == ["2026-06-15T10:00:00Z", "2026-06-15T11:00:00Z"]


def test_nothing_is_decided_for_the_mentor(mias, mia, sam):
    bought(sam, mia)
    booked(sam, mia, 8)
    page = ask(mias).content.decode()
    assert "checked" not in page.split("<main")[1]
    answer = mias.post(f"{PAGE}/new", hidden(page))
    assert answer.status_code == 422
    assert "Decide on each of them" in answer.content.decode()
    assert not Vacation.objects.exists()


def test_what_was_booked_meanwhile_is_shown_and_what_was_chosen_is_kept(mias, mia, sam):
    bought(sam, mia)
    (first,) = booked(sam, mia, 8)
    page = ask(mias).content.decode()
    (second,) = booked(sam, mia, 9)
    answer = mias.post(f"{PAGE}/new", hidden(page) | {f"decision-{first.pk}": "keep"})
    again = answer.content.decode()
    assert answer.status_code == 409
    assert "Meanwhile" in again and f"decision-{second.pk}" in again
    assert f'name="decision-{first.pk}" value="keep" required checked' in again
    assert not Vacation.objects.exists()


def test_without_anything_in_the_way_it_is_one_press(mias, mia):
    page = ask(mias, last_day="2026-06-09").content.decode()
    assert "Nothing is booked in these days." in page and "longer" not in page
    assert mias.post(f"{PAGE}/new", hidden(page)).status_code == 302
    assert Vacation.objects.get().days == 2


def test_pressed_twice_it_is_one_and_other_days_that_overlap_are_refused(mias, mia, sam):
    bought(sam, mia)
    (session,) = booked(sam, mia, 8)
    page = ask(mias).content.decode()
    sent = hidden(page) | {f"decision-{session.pk}": "cancel"}
    for _ in range(2):
        answer = mias.post(f"{PAGE}/new", sent)
        assert (answer.status_code, answer.url) == (302, PAGE)
    assert Vacation.objects.count() == 1
    answer = mias.post(f"{PAGE}/new", sent | {"last_day": "2026-06-13"})
    assert answer.status_code == 409
    assert "You are away from 8 June 2026 to 14 June 2026 already." in answer.content.decode()


@pytest.mark.parametrize("asked", ["", "?first_day=&last_day=", "?all=cancel&x=y"])
def test_without_any_days_the_form_begins_today(mias, asked):
    answer = mias.get(f"{PAGE}/new{asked}")
    page = answer.content.decode()
    assert answer.status_code == 200 and "field-error" not in page
    assert re.findall(r'type="date"[^>]*value="([^"]*)"', page) == ["2026-06-01", "2026-06-01"]


def test_a_day_that_is_none_is_replaced_where_the_error_stands(mias):
    answer = mias.get(f"{PAGE}/new", {"first_day": "2026-06-08", "last_day": "soon", "note": "Climbing"})
    page = answer.content.decode()
    assert answer.status_code == 422 and page.count('class="field-error"') == 1
    assert re.findall(r'type="date"[^>]*value="([^"]*)"', page) == ["2026-06-08", "2026-06-08"]
    assert 'value="Climbing"' in page


@pytest.mark.parametrize(
    "bad",
    [
        {"first_day": ""},
        {"first_day": "soon"},
        {"first_day": "2026-06-15"},
        {"first_day": "2026-05-31"},
        {"last_day": "9999-12-31"},
        {"first_day": "0001-01-01", "last_day": "0001-01-02"},
        {"note": "x" * 121},
        {"note": "a\0b"},
    ],
)
@pytest.mark.parametrize("verb", ["get", "post"])
def test_bad_days_are_said_and_kept(mias, bad, verb):
    answer = getattr(mias, verb)(f"{PAGE}/new", DAYS | bad)
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.content.decode() or 'role="alert"' in answer.content.decode()
    assert not Vacation.objects.exists()


def test_forged_decisions_change_nothing(mias, mia, sam):
    bought(sam, mia)
    (session,) = booked(sam, mia, 8)
    page = hidden(ask(mias).content.decode())
    for forged in (
        {"decision-nonsense": "cancel"},
        {f"decision-{session.pk}": "cancel", "decision-00000000-0000-0000-0000-000000000000": "cancel"},
        {f"decision-{session.pk}": "propose", f"time-{session.pk}": "2026-13-45T99:99Z"},
        {f"decision-{session.pk}": "propose", f"time-{session.pk}": "2026-06-16T10:00:00"},
        {f"decision-{session.pk}": "propose", f"time-{session.pk}": "2026-06-16T10:07:00Z"},
        {f"decision-{session.pk}": "cancel", "expect": "0" * 16},
        {f"decision-{session.pk}": "cancel", "expect": ""},
    ):
        assert mias.post(f"{PAGE}/new", page | forged).status_code in {409, 422}, forged
    assert not Vacation.objects.exists()
    assert Session.objects.get().status == "SCHEDULED"


def test_remove_it(mias, mia, sam):
    bought(sam, mia)
    mias.post(f"{PAGE}/new", hidden(ask(mias).content.decode()))
    vacation = Vacation.objects.get()
    page = mias.get(f"{PAGE}/{vacation.pk}/removal").content.decode()
    assert "1 pack is valid as long as before." in page
    assert Vacation.objects.exists()
    expect = re.search(r'name="expect" value="([^"]*)"', page)[1]
    assert mias.post(f"{PAGE}/{vacation.pk}/removal", {"expect": expect}).url == PAGE
    assert not Vacation.objects.exists()
    assert mias.post(f"{PAGE}/{vacation.pk}/removal").status_code == 404


def test_strangers_find_nothing(client, mias, mia, max_, sam):
    mias.post(f"{PAGE}/new", hidden(ask(mias).content.decode()))
    vacation = Vacation.objects.get()
    client.force_login(max_)
    for verb in (client.get, client.post):
        assert verb(f"{PAGE}/{vacation.pk}/removal").status_code == 404
    client.force_login(sam)
    for path in (PAGE, f"{PAGE}/new", f"{PAGE}/{vacation.pk}/removal"):
        assert client.get(path).status_code == 404
    client.logout()
    assert client.get(PAGE).status_code == 302
    assert Vacation.objects.exists()


def test_the_same_queries_for_one_and_for_many(mias, mia, sam):
    bought(sam, mia, sessions=12)
    counts = []
    for some in (["07"], ["08", "09", "10"]):
        for n in some:
            booked(sam, mia, int(n))
            student = user(f"student{n}")
            bought(student, mia)
            book(student=student, mentor_id=mia.pk, starts_at=at(int(n), 14), by=student, now=NOW)
        with CaptureQueriesContext(connection) as statements:
            assert ask(mias).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 11, counts
    assert not BusyTime.objects.exists()
