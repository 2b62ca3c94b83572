"""The mentor proposes another time at any time before the start; the student accepts or keeps. Whatever moves, ends it."""

from __future__ import annotations

import pytest

from notifications.models import Delivery, Notification
from sessions_app.models import MoveProposal
from sessions_app.services import cancel, complete, propose_move, reschedule
from tests.cast import DAY, HOUR, at, bought, counters
from tests.rooms.scene import booked, words
from tests.verbs.scene import END, SECOND, START, url

NEW = at(3)  # Thursday 10:00
PROPOSED = {"scheduledAt": "2026-06-04T10:00:00Z", "note": "My train is late."}


@pytest.fixture
def proposal(session, mia):
    return propose_move(session_id=session.pk, starts_at=NEW, by=mia, note="My train is late.", now=START - 3 * HOUR)


def answered(page, proposal):
    return {"proposal": proposal.pk, "expect": page.context["accepting"].code}


def test_the_mentor_asks_up_to_the_last_second(as_, at_, session, sam, mia):
    at_(START - SECOND)
    page = as_(mia).get(url(session, "proposal"))
    assert b"2026-06-04T10:00:00Z" in page.content
    assert b"2026-06-03T19:00:00Z" in page.content  # within the mentor's own notice
    assert as_(mia).post(url(session, "proposal"), PROPOSED).status_code == 302
    assert Notification.objects.filter(kind="move_proposed", recipient=sam).count() == 1
    at_(START)
    assert as_(mia).post(url(session, "proposal"), PROPOSED).status_code == 409
    assert "cannot be moved any more" in words(as_(mia).get(url(session, "proposal")))


def test_both_see_it_on_the_session_and_the_student_among_what_needs_an_answer(as_, at_, session, proposal, sam, mia):
    at_(START - 2 * HOUR)
    his = words(as_(sam).get(url(session)))
    assert "Mia asks to move this session to Thu 4 Jun, 10:00. “My train is late.”" in his
    assert "If you do nothing, it stays as it is." in his
    assert "You proposed Thu 4 Jun, 10:00 instead." in words(as_(mia).get(url(session)))
    (need,) = [one for one in as_(sam).get("/student/mentorship").context["needs"] if "proposal" in one["url"]]
    assert (need["title"], need["until"]) == ("Mia asks to move your session", proposal.open_until)
    assert not [one for one in as_(mia).get("/tutor/mentorship").context["needs"] if "proposal" in one["url"]]


def test_the_same_proposal_sent_twice_is_one_and_asks_once(as_, at_, session, sam, mia):
    """A double click was two mails that ask for the same."""
    at_(START - 2 * HOUR)
    for _ in range(2):
        assert as_(mia).post(url(session, "proposal"), PROPOSED).status_code == 302
    assert Notification.objects.filter(kind="move_proposed", recipient=sam).count() == 1
    assert as_(mia).post(url(session, "proposal"), {**PROPOSED, "note": "Now I know why."}).status_code == 302
    assert Notification.objects.filter(kind="move_proposed", recipient=sam).count() == 2
    assert MoveProposal.objects.get(status="OPEN").note == "Now I know why."


def test_accepting_moves_it_whatever_the_notice(as_, at_, session, pack, proposal, sam, mia):
    at_(START - 2 * HOUR)
    page = as_(sam).get(url(session, "proposal"))
    assert "nothing is paid or used, and it does not count as a change of yours" in words(page)
    assert "The new time is near: from then on, cancelling uses this session." in words(page)
    for _ in range(2):
        assert as_(sam).post(url(session, "proposal/acceptance"), answered(page, proposal)).status_code == 302
    session.refresh_from_db()
    proposal.refresh_from_db()
    assert (session.starts_at, proposal.status, counters(pack)) == (NEW, "ACCEPTED", (4, 1, 0))
    assert Notification.objects.filter(kind="session_moved").count() == 2


def test_the_file_in_its_mail_changes_the_same_event(session, proposal, sam):
    from icalendar import Calendar

    from sessions_app.services import answer_proposal

    answer_proposal(proposal_id=proposal.pk, by=sam, accepted=True, now=START - 2 * HOUR)
    reschedule(session_id=session.pk, starts_at=at(5), by=sam, now=NEW - DAY)
    cancel(session_id=session.pk, by=sam, now=at(5) - DAY)
    files = []
    for kind in ("session_scheduled", "session_moved", "session_cancelled"):
        for mail in Delivery.objects.filter(kind=kind, notification__recipient=sam).order_by("pk"):
            files.append(Calendar.from_ical(attached(mail)))
    events = [calendar.walk("VEVENT")[0] for calendar in files]
    assert [str(calendar["METHOD"]) for calendar in files] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    assert [int(event["SEQUENCE"]) for event in events] == [0, 1, 2, 3]
    assert len({str(event["UID"]) for event in events}) == 1
    assert [event.decoded("DTSTART") for event in events] == [START, NEW, at(5), at(5)]


def attached(mail):
    from base64 import b64decode

    ((_name, _media, content),) = mail.attachments
    return b64decode(content)


def test_keeping_tells_the_mentor_and_moves_nothing(as_, at_, session, proposal, sam, mia):
    at_(START - 2 * HOUR)
    for _ in range(2):
        assert as_(sam).post(url(session, "proposal/rejection"), {"proposal": proposal.pk}).status_code == 302
    session.refresh_from_db()
    assert session.starts_at == START
    assert Notification.objects.filter(kind="move_declined", recipient=mia).count() == 1
    assert "asks to move" not in words(as_(sam).get(url(session)))


def test_it_can_be_answered_until_the_start_to_the_second(as_, at_, session, proposal, sam):
    at_(START - SECOND)
    assert as_(sam).get(url(session, "proposal")).context["accepting"]
    at_(START)
    assert "Nothing is proposed" in words(as_(sam).get(url(session, "proposal")))
    answer = as_(sam).post(url(session, "proposal/acceptance"), {"proposal": proposal.pk})
    assert answer.status_code == 409
    assert "no longer open" in words(answer)
    session.refresh_from_db()
    assert session.starts_at == START


def test_a_time_that_was_taken_meanwhile_can_only_be_declined(as_, at_, session, proposal, sam, sue, mia):
    at_(START - 2 * HOUR)
    page = as_(sam).get(url(session, "proposal"))
    bought(sue, mia)
    booked(sue, mia, NEW, now=START - 3 * HOUR)
    answer = as_(sam).post(url(session, "proposal/acceptance"), answered(page, proposal))
    assert answer.status_code == 409
    assert "not free any more" in words(answer)
    assert "Accept the new time" not in words(answer)
    assert as_(sam).post(url(session, "proposal/rejection"), {"proposal": proposal.pk}).status_code == 302


def test_what_accepting_does_is_what_was_shown(as_, at_, session, mia, sam):
    proposal = propose_move(session_id=session.pk, starts_at=at(4), by=mia, now=START - 3 * HOUR)
    at_(START - 2 * HOUR)
    shown = answered(as_(sam).get(url(session, "proposal")), proposal)
    assert "cancel the new time for free until" in words(as_(sam).get(url(session, "proposal")))
    replaced = propose_move(session_id=session.pk, starts_at=at(5), by=mia, now=START - 2 * HOUR)
    assert as_(sam).post(url(session, "proposal/acceptance"), shown).status_code == 409
    answer = as_(sam).post(url(session, "proposal/acceptance"), shown | {"proposal": replaced.pk})
    assert answer.status_code == 409
    assert "Meanwhile this has changed." in words(answer)


def test_the_mentor_takes_it_back_and_its_unsent_mail_with_it(as_, at_, session, proposal, sam, mia):
    at_(START - 2 * HOUR)
    assert as_(sam).post(url(session, "proposal/withdrawal")).status_code == 403
    for _ in range(2):
        assert as_(mia).post(url(session, "proposal/withdrawal")).status_code == 302
    assert MoveProposal.objects.get().status == "WITHDRAWN"
    assert Delivery.objects.get(kind="move_proposed").status == "WITHDRAWN"
    assert as_(sam).post(url(session, "proposal/acceptance"), {"proposal": proposal.pk}).status_code == 409


@pytest.mark.parametrize("end", ["moved", "cancelled", "late", "settled", "refunded"])
def test_none_survives_what_happens_otherwise(session, mia, sam, end):
    early = START - 40 * HOUR
    propose_move(session_id=session.pk, starts_at=NEW, by=mia, now=early)
    if end == "moved":
        reschedule(session_id=session.pk, starts_at=at(6), by=sam, now=early)
    elif end == "cancelled":
        cancel(session_id=session.pk, by=mia, now=early)
    elif end == "late":
        cancel(session_id=session.pk, by=sam, now=START - HOUR)
    elif end == "settled":
        complete(session_id=session.pk, by=mia, now=END)
    else:
        refunded(session, early)
    assert MoveProposal.objects.get().status == "WITHDRAWN"


def refunded(session, now):
    from django.db import transaction

    from mentorship.kernel.locking import lock_people
    from sessions_app.services import cancel_refunded

    with transaction.atomic():
        lock_people([session.student_id, session.mentor_id])
        cancel_refunded([session], by=None, reason="refunded", now=now)


def test_only_the_mentor_proposes_and_only_the_student_answers(as_, at_, session, proposal, sam, mia):
    at_(START - 2 * HOUR)
    assert as_(sam).post(url(session, "proposal"), PROPOSED).status_code == 403
    for noun in ("acceptance", "rejection"):
        assert as_(mia).post(url(session, f"proposal/{noun}"), {"proposal": proposal.pk}).status_code == 403
        for wrong in ("", "x", "9" * 30, str(proposal.pk + 1)):
            assert as_(sam).post(url(session, f"proposal/{noun}"), {"proposal": wrong}).status_code == 404
    session.refresh_from_db()
    assert session.starts_at == START


@pytest.mark.parametrize("wrong", [{"scheduledAt": ""}, {"scheduledAt": "x"}, {"note": "x" * 301}])
def test_a_proposal_nobody_can_read_proposes_nothing(as_, at_, session, mia, wrong):
    at_(START - 2 * HOUR)
    assert as_(mia).post(url(session, "proposal"), PROPOSED | wrong).status_code == 422
    assert not MoveProposal.objects.exists()


def test_the_time_it_has_already_and_a_taken_one_are_refused(as_, at_, session, sue, mia):
    bought(sue, mia)
    booked(sue, mia, NEW)
    at_(START - 2 * HOUR)
    for moment in ("2026-06-03T18:00:00Z", PROPOSED["scheduledAt"], "2026-06-01T10:00:00Z"):
        assert as_(mia).post(url(session, "proposal"), {"scheduledAt": moment}).status_code == 409
    assert not MoveProposal.objects.exists()


def test_a_week_further(as_, at_, session, mia):
    at_(START - 2 * HOUR)
    page = as_(mia).get(url(session, "proposal"), {"week": "2026-06-10"})
    assert b"2026-06-10T10:00:00Z" in page.content
