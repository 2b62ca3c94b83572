"""Otto knows nobody: every address and verb of somebody else's mentorship answers 404, without a login the door."""

from __future__ import annotations

import pytest

from sessions_app.models import Session
from tests.cast import at, bought, counters
from tests.rooms.scene import booked

VERBS = ("", "/move", "/cancellation", "/no-show")
POSTS = ("/entry", "/move", "/cancellation", "/completion", "/no-show", "/presence")


@pytest.fixture
def session(sam, mia):
    bought(sam, mia)
    return booked(sam, mia, at(2, 18))


def sent(path):
    return {"scheduledAt": "2026-06-04T10:00:00Z", "absent": "STUDENT", "reason": "x", "expect": "free"}


@pytest.mark.parametrize("who", ["otto", "max_"])
@pytest.mark.parametrize("hour", [0, 18, 20])
def test_a_stranger_gets_404_everywhere(as_, at_, request, session, who, hour):
    stranger = as_(request.getfixturevalue(who))
    at_(at(2, hour))
    url = session.get_absolute_url()
    assert {stranger.get(url + verb).status_code for verb in VERBS} == {404}
    assert {stranger.post(url + verb, sent(verb)).status_code for verb in POSTS} == {404}
    session.refresh_from_db()
    assert (session.status, session.starts_at) == (Session.Status.SCHEDULED, at(2, 18))
    assert counters(session.pack) == (4, 1, 0)


def test_visitors_are_sent_to_the_door(client, session):
    url = session.get_absolute_url()
    for path in [url + verb for verb in VERBS] + [
        "/student/mentorship",
        "/student/mentorship/book",
        "/student/calendar",
    ]:
        answer = client.get(path)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/login/")
    for verb in POSTS:
        assert client.post(url + verb, sent(verb)).status_code == 302
    session.refresh_from_db()
    assert session.status == Session.Status.SCHEDULED


def test_a_session_nobody_knows(as_, sam):
    for path in ("00000000-0000-4000-8000-000000000000", "x", "1"):
        assert as_(sam).get(f"/mentorship/session/{path}").status_code == 404
