from __future__ import annotations

import pytest

from mentorship.kernel import clock
from tests import cast
from tests.shop.scene import budget, shop

pytestmark = pytest.mark.django_db


def test_who_can_be_booked(client, sam):
    mia = shop("mia", topics=("Writing",), languages=["en"], seats=10, zone="Africa/Lagos")
    cast.bought(sam, mia, now=clock.now())
    shop("new", verified=False)
    body = client.get("/api/mentors").json()
    item = body["items"][0]
    assert body["nextCursor"] is None and len(body["items"]) == 1
    assert item["seats"] == {"maxActiveStudents": 10, "occupied": 1, "available": 9}
    assert (item["id"], item["name"], item["slug"], item["zone"]) == (mia.pk, "Mia", "mia", "Africa/Lagos")
    assert (item["topics"], item["languages"], item["acceptsNew"]) == (["Writing"], ["en"], True)
    assert item["fromPrice"] == {"amount": 28000, "currency": "EUR", "display": "€280"}
    assert item["nextFreeAt"].endswith("Z")


def test_a_mentor_without_listing_or_offerings_is_there_too(client, mia):
    item = client.get("/api/mentors").json()["items"][0]
    assert item["fromPrice"] is None and item["nextFreeAt"] is not None


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "\x00", "1.5"])
def test_a_cursor_that_is_none_is_malformed(client, db, cursor):
    answer = client.get("/api/mentors", {"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize("many", [1, 24, 100])
def test_pages_and_queries(client, db, many, django_assert_max_num_queries):
    made = [cast.mentor(f"m{n}").pk for n in range(many)]
    seen, cursor = [], None
    with django_assert_max_num_queries(budget(5) * (1 + many // 50)):
        while True:
            body = client.get("/api/mentors", {"cursor": cursor} if cursor else {}).json()
            seen += [item["id"] for item in body["items"]]
            cursor = body["nextCursor"]
            if cursor is None:
                break
    assert seen == made
