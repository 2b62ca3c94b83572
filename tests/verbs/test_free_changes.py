"""A mentor may limit free changes: what a student moves and cancels in time counts together, per pack."""

from __future__ import annotations

import json

import pytest

from mentorship.kernel.refusals import Refusal
from sessions_app.models import Session
from sessions_app.services import (
    answer_proposal,
    cancel,
    changes_of,
    forgive,
    propose_move,
    reschedule,
    what_if_cancelled,
)
from tests.cast import DAY, HOUR, NOW, at, bought, counters
from tests.rooms.scene import booked, words
from tests.verbs.scene import START, url


@pytest.fixture
def two(mia):
    mia.mentor_profile.most_changes_a_pack = 2
    mia.mentor_profile.save()


def fresh(session: Session) -> Session:
    return Session.objects.select_related("student", "mentor__mentor_profile", "pack").get(pk=session.pk)


def left(session):
    return changes_of(fresh(session)).left


def test_without_a_limit_nothing_is_counted(session):
    assert changes_of(fresh(session)) is None


def test_moves_and_timely_cancellations_count_together(two, session, sam, mia, pack):
    reschedule(session_id=session.pk, starts_at=at(4), by=sam, now=NOW + HOUR)
    assert left(session) == 1
    other = booked(sam, mia, at(5))
    cancel(session_id=other.pk, by=sam, now=NOW + HOUR)
    assert left(session) == 0
    with pytest.raises(Refusal) as refused:
        reschedule(session_id=session.pk, starts_at=at(6), by=sam, now=NOW + HOUR)
    assert refused.value.code == "no_moves_left"
    assert refused.value.message == "All 2 free changes of this pack are made. This session stays where it is."
    assert counters(pack) == (4, 1, 0)


def test_with_none_left_cancelling_uses_the_session_and_says_so(two, as_, at_, session, sam, pack):
    for day in (4, 5):
        reschedule(session_id=session.pk, starts_at=at(day), by=sam, now=NOW + HOUR)
    at_(NOW + HOUR)
    page = words(as_(sam).get(url(session)))
    assert "All 2 free changes of this pack are made. So it stays where it is" in page
    assert f'href="{url(session, "move")}"' not in as_(sam).get(url(session)).content.decode()
    assert "This session stays where it is." in words(as_(sam).get(url(session, "move")))
    preview = as_(sam).get(url(session, "cancellation"))
    assert "Cancelling now uses this session. 1 session is used, 3 are left." in words(preview)
    sent = {"expect": preview.context["cancelling"].code}
    assert as_(sam).post(url(session, "cancellation"), sent).status_code == 302
    assert counters(pack) == (4, 0, 1)


def test_the_page_says_how_many_are_left(two, as_, session, sam):
    assert "2 of 2 free changes of this pack are left." in words(as_(sam).get(url(session)))
    move = as_(sam).get(url(session, "move"))
    assert "This is one of 2 free changes of the pack; after it 1 is left." in words(move)
    reschedule(session_id=session.pk, starts_at=at(5), by=sam, now=NOW + HOUR)
    sent = {"scheduledAt": "2026-06-05T12:00:00Z", "expect": move.context["moving"].code}
    answer = as_(sam).post(url(session, "move"), sent)
    assert answer.status_code == 409
    assert "Meanwhile this has changed." in words(answer)
    assert "after it none is left." in words(answer)
    assert as_(sam).post(url(session, "move"), sent | {"expect": "move:0"}).status_code == 302


def test_what_does_not_count(two, session, sam, mia, sue):
    undone = booked(sam, mia, at(5))
    assert what_if_cancelled(fresh(undone), by=sam, now=NOW).kind == "undo"
    cancel(session_id=undone.pk, by=sam, now=NOW)  # taken back at once
    reschedule(session_id=session.pk, starts_at=at(4), by=mia, now=NOW + HOUR)  # the mentor's own move
    cancel(session_id=booked(sam, mia, at(6)).pk, by=mia, now=NOW + HOUR)  # the mentor's own cancelling
    proposal = propose_move(session_id=session.pk, starts_at=at(5), by=mia, now=NOW + HOUR)
    answer_proposal(proposal_id=proposal.pk, by=sam, accepted=True, now=NOW + HOUR)
    late = booked(sam, mia, at(1, 18))
    cancel(session_id=late.pk, by=sam, now=at(1, 17))
    forgive(session_id=late.pk, by=mia, now=at(1, 18))
    bought(sue, mia)
    reschedule(session_id=booked(sue, mia, at(9)).pk, starts_at=at(10), by=sue, now=NOW + HOUR)
    assert left(session) == 2


def test_the_mentor_is_not_bound_by_it(two, session, sam, mia):
    for day in (4, 5):
        reschedule(session_id=session.pk, starts_at=at(day), by=sam, now=NOW + HOUR)
    assert reschedule(session_id=session.pk, starts_at=at(6), by=mia, now=NOW + HOUR).starts_at == at(6)


def test_over_the_api(two, as_, session, sam, pack):
    def patch(verb, **body):
        path = f"/api/sessions/{session.pk}/{verb}"
        return as_(sam).patch(path, json.dumps(body), content_type="application/json")

    assert patch("reschedule", scheduledAt="2026-06-05T10:00:00Z").status_code == 200
    assert patch("reschedule", scheduledAt="2026-06-05T10:00:00Z").status_code == 200  # there already: no change
    assert patch("reschedule", scheduledAt="2026-06-06T10:00:00Z").status_code == 200
    refused = patch("reschedule", scheduledAt="2026-06-07T10:00:00Z")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_moves_left")
    assert patch("reschedule", scheduledAt="2026-06-06T10:00:00Z").status_code == 200
    assert counters(pack) == (4, 1, 0)


def test_a_move_inside_24_hours_is_too_late_whatever_is_left(two, session, sam):
    with pytest.raises(Refusal) as refused:
        reschedule(session_id=session.pk, starts_at=at(6), by=sam, now=START - DAY + HOUR)
    assert refused.value.code == "too_late"


def test_the_room_says_the_same(two, as_, at_, session, sam):
    room = words(as_(sam).get("/student/mentorship"))
    assert "2 of 2 free changes of this pack are left." in room
    for day in (4, 5):
        reschedule(session_id=session.pk, starts_at=at(day), by=sam, now=NOW + HOUR)
    at_(NOW + HOUR)
    page = as_(sam).get("/student/mentorship")
    assert "All 2 free changes of this pack are made. So it stays where it is" in words(page)
    assert f'href="{url(session, "move")}">Move<' not in page.content.decode()
