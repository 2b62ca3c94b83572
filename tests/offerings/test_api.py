from __future__ import annotations

import json

import pytest
from django.test import Client

from offerings.models import Course, Offering
from tests import cast

pytestmark = pytest.mark.django_db

PACK = {
    "title": "Four weeks", "kind": "PACK", "sessionCount": 4, "durationMinutes": 60, "price": {"amount": 28000, "currency": "EUR"},
}  # fmt: skip


@pytest.fixture
def as_mia(mia):
    client = Client()
    client.force_login(mia)
    return client


def send(client, method, path, body):
    return getattr(client, method)(f"/api/{path}", json.dumps(body), content_type="application/json")


def refusal(response):
    assert response["Content-Type"].startswith("application/problem+json"), response.content
    return response.status_code, response.json()["code"]


def test_anybody_reads_what_is_on_sale(client, mia):
    offering = cast.offering(mia, title="Four weeks")
    body = client.get("/api/offerings").json()
    item = body["items"][0]
    assert body["nextCursor"] is None and item["id"] == offering.pk
    assert item["price"] == {"amount": 28000, "currency": "EUR", "display": "€280"}
    assert (item["mentorId"], item["mentorName"], item["courseId"]) == (mia.pk, "Mia", None)
    assert (item["kind"], item["bookingMode"], item["sessionCount"], item["durationMinutes"]) == (
        "PACK",
        "INSTANT",
        4,
        60,
    )


def test_hidden_ones_stay_hidden(client, mia, sam, sue):
    cast.offering(mia, archived_at=cast.NOW)
    cast.offering(cast.mentor("new", verified=False))
    private = cast.offering(mia, private_for=sam)
    assert client.get("/api/offerings").json()["items"] == []
    client.force_login(sue)
    assert client.get("/api/offerings").json()["items"] == []
    client.force_login(sam)
    assert [item["id"] for item in client.get("/api/offerings").json()["items"]] == [private.pk]


@pytest.mark.parametrize(
    "query, found",
    [
        ({"kind": "PACK"}, {"pack"}),
        ({"duration": "30"}, {"short"}),
        ({"maxPrice": "8000", "currency": "EUR"}, {"single"}),
        ({"currency": "usd"}, {"short"}),
        ({"q": "sin"}, {"single"}),
        ({"q": "mia"}, {"pack", "single", "short"}),
        ({"q": "100%"}, set()),
        ({"mentorId": "999999999999"}, set()),
        ({"courseId": "1"}, set()),
    ],
)
def test_filters(client, mia, query, found):
    cast.offering(mia, title="pack")
    cast.offering(mia, title="single", sessions=1, price=8000)
    cast.offering(mia, title="short", sessions=1, minutes=30, price=100, currency="USD")
    response = client.get("/api/offerings", query)
    assert {item["title"] for item in response.json()["items"]} == found


@pytest.mark.parametrize(
    "query",
    [
        {"maxPrice": "100"}, {"maxPrice": "-1", "currency": "EUR"}, {"currency": "ZZZ"}, {"kind": "COURSE"}, {"cursor": "x"},
        {"mentorId": "mia"}, {"mentorId": "9" * 40}, {"q": "a\x00b"}, {"q": "x" * 10_000}, {"duration": "1e9"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_malformed(client, db, query):
    assert refusal(client.get("/api/offerings", query)) == (422, "malformed")


def test_pages_by_key_neither_lose_nor_double_when_rows_come_and_go(client, mia):
    made = [cast.offering(mia, title=f"no {n}") for n in range(120)]
    first = client.get("/api/offerings").json()
    made[10].delete()
    late = cast.offering(mia, title="late")
    seen, cursor = [item["id"] for item in first["items"]], first["nextCursor"]
    while cursor:
        body = client.get("/api/offerings", {"cursor": cursor}).json()
        seen += [item["id"] for item in body["items"]]
        cursor = body["nextCursor"]
    assert len(seen) == len(set(seen)) == 121 and seen[-1] == late.pk


def test_queries_do_not_grow(client, mia, django_assert_max_num_queries):
    for _ in range(24):
        cast.offering(mia)
    with django_assert_max_num_queries(2):
        assert len(client.get("/api/offerings").json()["items"]) == 24


def test_a_mentor_creates_changes_and_deletes(as_mia, mia):
    made = send(as_mia, "post", "offerings", PACK)
    assert made.status_code == 201
    path = f"offerings/{made.json()['id']}"
    changed = send(as_mia, "patch", path, {"price": {"amount": 30000, "currency": "EUR"}, "bookingMode": "REQUEST"})
    assert changed.status_code == 200
    row = Offering.objects.get()
    assert (row.price_minor, row.booking_mode, row.title, row.session_count) == (30000, "REQUEST", "Four weeks", 4)
    assert as_mia.delete(f"/api/{path}").status_code == 204
    assert not Offering.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""}, {"title": "x" * 10_000}, {"title": "a\x00b"}, {"title": None}, {"kind": "COURSE"}, {"sessionCount": 1},
        {"sessionCount": 101}, {"sessionCount": "4"}, {"durationMinutes": 10}, {"durationMinutes": 10**30}, {"price": 280},
        {"price": {"amount": -1, "currency": "EUR"}}, {"price": {"amount": 280.5, "currency": "EUR"}},
        {"price": {"amount": 10**13, "currency": "EUR"}}, {"price": {"amount": 1, "currency": "ZZZ"}}, {"price": None},
        {"kind": "SESSION", "sessionCount": 4}, {"isIntro": True}, {"validityDays": 10}, {"description": "x" * 10_000},
        {"bookingMode": "MAYBE"}, {"courseId": "abc"},
    ],
)  # fmt: skip
def test_malformed_bodies_create_nothing(as_mia, wrong):
    assert refusal(send(as_mia, "post", "offerings", {**PACK, **wrong})) == (422, "malformed")
    assert not Offering.objects.exists()


def test_patch_refuses_what_does_not_fit_together(as_mia, mia):
    offering = cast.offering(mia, sessions=1)
    assert refusal(send(as_mia, "patch", f"offerings/{offering.pk}", {"sessionCount": 3})) == (422, "malformed")
    assert refusal(send(as_mia, "patch", f"offerings/{offering.pk}", {"isIntro": True})) == (422, "malformed")
    offering.refresh_from_db()
    assert (offering.session_count, offering.is_intro) == (1, False)


def test_who_may_not(client, mia, max_, sam):
    offering = cast.offering(mia)
    path = f"offerings/{offering.pk}"
    assert refusal(send(client, "post", "offerings", PACK)) == (401, "login_required")
    assert refusal(client.delete(f"/api/{path}")) == (401, "login_required")
    client.force_login(sam)
    assert refusal(send(client, "post", "offerings", PACK)) == (403, "not_yours_to_do")
    assert refusal(client.delete(f"/api/{path}")) == (404, "not_found")
    client.force_login(max_)
    assert refusal(send(client, "patch", path, {"title": "mine"})) == (404, "not_found")
    assert refusal(client.delete(f"/api/{path}")) == (404, "not_found")
    assert refusal(client.delete(f"/api/offerings/{10**30}")) == (404, "not_found")
    assert Offering.objects.get().title == offering.title


def test_courses_and_bookings_are_refused_by_their_codes(as_mia, mia, max_, sam):
    course = Course.objects.create(owner=max_, title="Statistics", slug="statistics")
    assert refusal(send(as_mia, "post", "offerings", {**PACK, "courseId": course.pk})) == (404, "course_not_found")
    offering = cast.offering(mia)
    assert refusal(send(as_mia, "patch", f"offerings/{offering.pk}", {"courseId": course.pk})) == (
        404,
        "course_not_found",
    )
    cast.bought(sam, mia, offering_id=offering.pk)
    assert refusal(as_mia.delete(f"/api/offerings/{offering.pk}")) == (409, "has_bookings")
