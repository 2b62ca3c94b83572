"""Who cancels or moves a session reads "You …"; the other side reads who it was; of the system nobody is named."""

from __future__ import annotations

import pytest

from notifications.models import Notification
from sessions_app.services import answer_proposal, cancel, propose_move, reschedule
from tests.cast import NOW, at

pytestmark = pytest.mark.django_db


def told(kind: str) -> dict[str, Notification]:
    return {one.recipient.name: one for one in Notification.objects.filter(kind=kind)}


@pytest.mark.parametrize("doer", ["Sam", "Mia"])
def test_a_cancelled_session(session, sam, mia, doer):
    cancel(session_id=session.pk, by={"Sam": sam, "Mia": mia}[doer], reason="I am ill", now=NOW)
    read, other = told("session_cancelled"), {"Sam": "Mia", "Mia": "Sam"}[doer]
    own, others = read[doer], read[other]
    assert own.title == f"You cancelled your session with {other}"
    assert f"{doer} cancelled" not in own.text
    assert others.title == f"Your session with {doer} is cancelled"
    assert f"{doer} cancelled it." in others.text
    assert all("“I am ill”" in one.text and "goes back to the pack" in one.text for one in (own, others))


def test_one_that_support_or_nobody_cancels_is_nobodys_own(session, otto, mia):
    cancel(session_id=session.pk, by=otto, on_behalf_of=mia, now=NOW)
    read = told("session_cancelled")
    assert {name: one.title for name, one in read.items()} == {
        "Sam": "Your session with Mia is cancelled",
        "Mia": "Your session with Sam is cancelled",
    }
    assert all("Otto cancelled it." in one.text for one in read.values())


def test_a_moved_session(session, sam):
    reschedule(session_id=session.pk, starts_at=at(3), by=sam, now=NOW)
    read = told("session_moved")
    assert read["Sam"].title == "You moved your session with Mia" and "Sam moved" not in read["Sam"].text
    assert read["Mia"].title == "Your session with Sam has a new time" and "Sam moved it." in read["Mia"].text


def test_a_time_that_was_proposed_and_accepted(session, sam, mia):
    proposal = propose_move(session_id=session.pk, starts_at=at(3), by=mia, now=NOW)
    answer_proposal(proposal_id=proposal.pk, by=sam, accepted=True, now=NOW)
    read = told("session_moved")
    assert "Mia proposed it, and you accepted." in read["Sam"].text
    assert read["Mia"].title == "Sam accepted the new time of your session"
    assert not any("moved" in one.title + one.text for one in read.values())
