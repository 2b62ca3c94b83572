"""What both are told when something that was said about a session is decided: what became of its credit, and why."""

from __future__ import annotations

import pytest

from notifications.models import Notification
from sessions_app.services import agree, complete, decide, open_claim, withdraw_claim
from tests.cast import HOUR, at, bought
from tests.rooms.scene import booked, used_up, words
from tests.verbs.scene import END, START, url


def claimed(session, by, wanted, *, now=END + HOUR):
    return open_claim(session_id=session.pk, by=by, wanted=wanted, reason="I waited.", now=now)


def told(person):
    return Notification.objects.get(kind="claim_decided", recipient=person).text


@pytest.fixture
def done(session, mia):
    return complete(session_id=session.pk, by=mia, now=END)


def test_it_came_back_to_the_pack(done, sam, mia):
    agree(claim_id=claimed(done, sam, "MENTOR_ABSENT").pk, by=mia, now=END + 2 * HOUR)
    assert "Both agree: the mentor did not come.\n1 session comes back to your pack." in told(sam)
    assert "Both agree: the mentor did not come.\nThe session goes back to Sam." in told(mia)
    for person in (sam, mia):
        assert "reason given" not in told(person)
        assert "make-up" not in told(person)


@pytest.fixture
def made_up(sam, mia):
    """Used, its pack expired, and then both agree that the mentor did not come."""
    bought(sam, mia, validity_days=2)
    session = complete(session_id=booked(sam, mia, at(2, 11)).pk, by=mia, now=at(2, 12))
    agree(claim_id=claimed(session, sam, "MENTOR_ABSENT", now=at(2, 13)).pk, by=mia, now=at(2, 15))
    return session


def test_it_came_back_as_a_make_up_session_and_until_when_it_is_valid(made_up, sam, mia):
    valid = "The make-up session is valid until Wednesday 17 June, 15:00 (UTC); it has to start before then."
    assert f"Your pack is over, so you get a make-up session, to be held within 14 days.\n{valid}" in told(sam)
    assert f"Sam’s pack is over, so Sam gets a make-up session, to be held within 14 days.\n{valid}" in told(mia)


def test_its_page_and_the_list_say_that_a_make_up_session_was_made(as_, at_, made_up, sam, mia):
    at_(at(2, 16))
    for page in (url(made_up), "/student/mentorship?tab=history"):
        shown = words(as_(sam).get(page))
        assert "Its pack was over, so a make-up session was made of it." in shown
        assert "went back to the pack" not in shown
    assert "a make-up session was made of it." in words(as_(mia).get(url(made_up)))


def test_pack_and_seat_are_open_again(sam, mia):
    bought(sam, mia, sessions=2)
    used_up(sam, mia, 1)
    last = complete(session_id=booked(sam, mia, START).pk, by=mia, now=END)
    agree(claim_id=claimed(last, sam, "MENTOR_ABSENT").pk, by=mia, now=END + 2 * HOUR)
    assert "your pack is open again for at least 14 days, and your seat stays." in told(sam)
    assert "Sam’s pack is open again for at least 14 days, and Sam’s seat stays." in told(mia)


def test_it_counts_as_used(session, sam, mia):
    agree(claim_id=claimed(session, mia, "STUDENT_ABSENT").pk, by=sam, now=END + 2 * HOUR)
    assert "Both agree: the student did not come.\n1 session is used, 3 are left." in told(sam)


@pytest.mark.parametrize(
    ("uphold", "became"), [(True, "1 session comes back to your pack."), (False, "counts as used.")]
)
def test_an_admin_gives_the_reason_and_the_credit_is_named_either_way(done, sam, otto, uphold, became):
    claim = claimed(done, sam, "MENTOR_ABSENT")
    decide(claim_id=claim.pk, uphold=uphold, by=otto, reason="The room says so.", now=END + 50 * HOUR)
    assert "The reason given: “The room says so.”" in told(sam)
    assert became in told(sam)


def test_what_is_taken_back_leaves_it_used(done, sam, mia):
    withdraw_claim(claim_id=claimed(done, sam, "MENTOR_ABSENT").pk, by=sam, now=END + 2 * HOUR)
    for person in (sam, mia):
        assert "it stays as it was.\nThe session counts as used." in told(person)
