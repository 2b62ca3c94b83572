from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from mentorship.kernel import clock
from tests.cast import user
from tests.slots.scene import always, mentor, pack, taken

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia():
    mia = mentor("mia", "Europe/Berlin")
    always(mia, 8, 20)
    return mia


def ask(client, mentor_id, **query):
    query = {{"start": "from", "end": "to"}.get(name, name): value for name, value in query.items()}
    return client.get(f"/api/mentors/{mentor_id}/slots", query)


def refusal(response):
    assert response["Content-Type"].startswith("application/problem+json"), response.content
    return response.status_code, response.json()["code"]


def noon(days):
    return clock.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=days)


def test_anybody_sees_two_weeks(client, mia):
    body = ask(client, mia.user_id).json()
    starts = [item["startsAt"] for item in body["items"]]
    assert list(body) == ["items"]
    assert set(body["items"][0]) == {"startsAt", "endsAt"}
    assert starts == sorted(starts) and all(at.endswith("Z") for at in starts)
    assert 12 <= len({at[:10] for at in starts}) <= 15


def test_a_range_and_a_length(client, mia):
    start, end = noon(3), noon(3) + timedelta(hours=2)
    items = ask(client, mia.user_id, start=clock.iso(start), end=clock.iso(end), duration=90).json()["items"]
    assert [item["startsAt"] for item in items] == [clock.iso(start + timedelta(minutes=30 * n)) for n in range(4)]
    assert items[0]["endsAt"] == clock.iso(start + timedelta(minutes=90))


def test_offsets_other_than_utc_are_read(client, mia):
    start, end = "2030-01-01T00:00:00+05:45", "2030-01-02T00:00:00+05:45"
    response = client.get(f"/api/mentors/{mia.user_id}/slots?from={quote(start)}&to={quote(end)}")
    assert (response.status_code, response.json()) == (200, {"items": []})


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2026-11-24T18:00:00"},  # naive
        {"start": "2026-11-24"},
        {"start": "1795543200"},
        {"start": "tomorrow"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"start": "9999-12-31T23:00:00Z"},  # two weeks later is no year
        {"start": "2026-11-24T18:00:00Z", "end": "2026-11-24T18:00:00Z"},
        {"start": "2026-11-24T18:00:00Z", "end": "2026-11-23T18:00:00Z"},
        {"start": "2026-11-01T00:00:00Z", "end": "2027-01-02T00:00:01Z"},  # over 62 days
        {"duration": "0"},
        {"duration": "-60"},
        {"duration": "14"},
        {"duration": "481"},
        {"duration": "99999999999999999999"},
        {"duration": "sixty"},
        {"start": "x" * 10_000},
    ],
)
def test_what_cannot_be_meant_is_malformed(client, mia, query):
    assert refusal(ask(client, mia.user_id, **query)) == (422, "malformed")


def test_sixty_two_days_are_fine(client, mia):
    assert ask(client, mia.user_id, start="2026-11-01T00:00:00Z", end="2027-01-02T00:00:00Z").status_code == 200


def test_mentors_nobody_may_see(client, mia):
    ghost = mentor("ghost", verified=False)
    assert refusal(ask(client, ghost.user_id)) == (404, "not_found")
    assert refusal(ask(client, user("sam").pk)) == (404, "not_found")
    assert refusal(ask(client, 999_999_999)) == (404, "not_found")
    assert refusal(ask(client, 10**30))[0] in (404, 422)
    mia.user.is_active = False
    mia.user.save()
    assert refusal(ask(client, mia.user_id)) == (404, "not_found")


def test_a_student_with_an_open_pack_still_sees_a_mentor_who_was_withdrawn(client, mia):
    sam = user("sam")
    mia.withdraw_verification()
    client.force_login(sam)
    assert refusal(ask(client, mia.user_id)) == (404, "not_found")
    pack(mia, sam, expires_at=noon(30))
    assert ask(client, mia.user_id).json()["items"]


def test_who_is_signed_in_does_not_see_their_own_busy_times(client, mia):
    sam, max_ = user("sam"), mentor("max")
    taken(max_, sam, noon(3))
    query = {"start": clock.iso(noon(3)), "end": clock.iso(noon(3) + timedelta(minutes=1))}
    assert len(ask(client, mia.user_id, **query).json()["items"]) == 1
    client.force_login(sam)
    assert ask(client, mia.user_id, **query).json()["items"] == []


def test_a_pack_that_lives_longer_is_seen_to_its_end(client, mia):
    sam = user("sam")
    pack(mia, sam, expires_at=noon(80))
    query = {"start": clock.iso(noon(70)), "end": clock.iso(noon(90))}
    assert ask(client, mia.user_id, **query).json()["items"] == []
    client.force_login(sam)
    last = ask(client, mia.user_id, **query).json()["items"][-1]["startsAt"]
    assert clock.iso(noon(79)) < last < clock.iso(noon(80))
    assert ask(client, mia.user_id, **query, duration=90).json()["items"] == []


def test_queries_do_not_grow_with_the_range(client, mia, django_assert_max_num_queries):
    sam = user("sam")
    for day in range(2, 9):
        taken(mia, sam, noon(day))
    client.force_login(sam)
    query = {"start": clock.iso(noon(1)), "end": clock.iso(noon(60))}
    with django_assert_max_num_queries(7):
        assert ask(client, mia.user_id, **query).status_code == 200
