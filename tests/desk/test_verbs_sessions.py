"""Move, cancel, judge, decide: on behalf of one side, by that side's rules, with the admin in the trace."""

from __future__ import annotations

import pytest
from django.urls import reverse

from notifications.models import Notification
from packs.models import SessionPack
from payments.models import Order
from payments.services.shares import release_due
from seats.models import Seat
from sessions_app.models import Claim, Session
from sessions_app.services import answer, complete, open_claim
from tests.cast import HOUR, NOW, at, counters, offering, user
from tests.desk.scene import do, hidden, look, url
from tests.payments.scene import accounts, pay, place
from tests.rooms.scene import booked, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]


@pytest.fixture
def order(sam, mia) -> Order:
    return pay(place(sam, offering(mia)))


@pytest.fixture
def session(sam, mia, order) -> Session:
    return booked(sam, mia, at(2))


def fresh(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


class TestMove:
    def test_for_the_student(self, boss, client, session, sam, mia):
        do(client, "move", session.pk, starts_at="2026-06-04T11:00", side="student")
        assert fresh(session).starts_at == at(3, 11)
        assert session.events.get(kind="MOVED").by == boss
        told = Notification.objects.filter(kind="session_moved")
        assert {one.recipient for one in told} == {sam, mia}
        assert session.pack.entries.filter(kind="NOTED", reason__contains="for Sam: goodwill").exists()

    def test_the_next_free_times_are_of_several_days(self, boss, client, session, django_assert_max_num_queries):
        with django_assert_max_num_queries(25):
            times = look(client, "move", session.pk).context["times"]
        days = [time["starts_at"].date() for time in times]
        assert len(set(days)) == 5 and len(days) == 15
        assert [time["starts_at"].hour for time in times[-3:]] == [8, 13, 19]
        assert times == sorted(times, key=lambda time: time["starts_at"])

    def test_late_only_when_it_is_said(self, boss, client, session, time_machine):
        time_machine.move_to(at(2, 8), tick=False)
        page = look(client, "move", session.pk, starts_at="2026-06-04T11:00", side="student")
        assert "until 24 hours before" in words(page)
        do(client, "move", session.pk, starts_at="2026-06-04T11:00", side="student", late="on")
        assert fresh(session).starts_at == at(3, 11)

    def test_only_to_a_time_that_is_free(self, boss, client, session):
        page = look(client, "move", session.pk, starts_at="2026-06-04T03:00", side="student")
        assert "expect" not in page.content.decode()
        assert fresh(session).starts_at == at(2)


class TestCancel:
    def test_for_the_mentor_it_comes_back_however_late(self, boss, client, session, time_machine):
        time_machine.move_to(at(2, 9), tick=False)
        page = look(client, "cancel", session.pk, side="mentor")
        assert "Its credit: came back" in words(page)
        do(client, "cancel", session.pk, side="mentor", reason="she is ill")
        assert counters(session.pack) == (4, 0, 0)
        event = session.events.get(kind="CANCELLED")
        assert (event.by, event.reason) == (boss, "she is ill")
        assert session.pack.entries.filter(kind="NOTED", reason="a session cancelled for Mia: she is ill").exists()
        told = Notification.objects.filter(kind="session_cancelled")
        assert all("Boss cancelled it." in one.text for one in told) and len(told) == 2

    def test_for_the_student_who_is_late_it_is_used(self, boss, client, session, time_machine):
        time_machine.move_to(at(2, 9), tick=False)
        assert "Its credit: used" in words(look(client, "cancel", session.pk, side="student"))
        do(client, "cancel", session.pk, side="student")
        assert counters(session.pack) == (4, 0, 1)

    def test_the_deadline_that_passed_meanwhile_changes_the_answer(self, boss, client, session, time_machine):
        time_machine.move_to(at(1, 9, 59), tick=False)
        said = hidden(look(client, "cancel", session.pk, side="student"))
        time_machine.move_to(at(1, 10, 1), tick=False)
        refused = client.post(url("cancel", session.pk), said | {"reason": "x"})
        assert refused.status_code == 409
        assert "Its credit: used" in words(refused)
        assert fresh(session).status == "SCHEDULED"


class TestVerdict:
    def test_a_used_session_comes_back(self, boss, client, session, mia, sam, time_machine):
        time_machine.move_to(at(2, 12), tick=False)
        complete(session_id=session.pk, by=mia, now=at(2, 12))
        page = look(client, "verdict", session.pk, outcome="MENTOR_ABSENT")
        assert "1 to 0 used" in words(page)
        do(client, "verdict", session.pk, outcome="MENTOR_ABSENT", reason="the log says so")
        assert counters(session.pack) == (4, 0, 0)
        assert {one.recipient for one in Notification.objects.filter(kind="support_change")} == {sam, mia}
        assert "Nothing would change" in words(look(client, "verdict", session.pk, outcome="MENTOR_ABSENT"))

    def test_the_share_that_was_released_is_taken_back_at_once(self, boss, client, session, mia, time_machine):
        time_machine.move_to(at(2, 12), tick=False)
        complete(session_id=session.pk, by=mia, now=at(2, 12))
        release_due(at(6))
        assert accounts()["MENTOR_AVAILABLE"] == -4900
        time_machine.move_to(at(6), tick=False)
        said = words(look(client, "verdict", session.pk, outcome="GIVEN_BACK"))
        assert "available money: \N{MINUS SIGN}€49" in said
        assert "pending money: +€49" in said
        assert accounts()["MENTOR_AVAILABLE"] == -4900
        do(client, "verdict", session.pk, outcome="GIVEN_BACK")
        assert "MENTOR_AVAILABLE" not in accounts()

    def test_grace_ends_with_it(self, boss, client, sam, mia, time_machine):
        pay(place(sam, offering(mia, sessions=2, minutes=30)))
        last = None
        for day in (1, 2):
            last = booked(sam, mia, at(day))
            time_machine.move_to(at(day, 12), tick=False)
            complete(session_id=last.pk, by=mia, now=at(day, 12))
        assert Seat.objects.get().status == "GRACE"
        assert "in grace to taken" in words(look(client, "verdict", last.pk, outcome="BOTH_ABSENT"))
        do(client, "verdict", last.pk, outcome="BOTH_ABSENT")
        assert (Seat.objects.get().status, SessionPack.objects.get().status) == ("ACTIVE", "ACTIVE")

    def test_not_before_it_is_over(self, boss, client, session):
        assert "has not ended yet" in words(look(client, "verdict", session.pk, outcome="COMPLETED"))


class TestClaim:
    @pytest.fixture
    def claim(self, session, sam, mia, time_machine) -> Claim:
        time_machine.move_to(at(2, 12), tick=False)
        complete(session_id=session.pk, by=mia, now=at(2, 12))
        claim = open_claim(session_id=session.pk, by=sam, wanted="MENTOR_ABSENT", reason="nobody came", now=at(2, 13))
        answer(claim_id=claim.pk, by=mia, text="I was there", now=at(2, 14))
        time_machine.move_to(at(2, 15), tick=False)
        return claim

    def test_it_waits_at_the_top_of_the_overview(self, boss, client, claim):
        page = client.get("/admin/")
        assert "1 claim to decide" in words(page)
        assert url("claim", claim.pk) in page.content.decode()
        listed = client.get("/admin/sessions_app/claim/?stands=decide")
        assert url("claim", claim.pk) in listed.content.decode()

    def test_without_an_answer_in_time_it_is_for_an_admin_to_the_second(
        self, boss, client, session, sam, mia, time_machine
    ):
        complete(session_id=session.pk, by=mia, now=at(2, 12))
        claim = open_claim(session_id=session.pk, by=sam, wanted="MENTOR_ABSENT", reason="nobody came", now=at(2, 13))
        pages = [f"/admin/sessions_app/{page}/change/" for page in (f"claim/{claim.pk}", f"session/{session.pk}")]
        pages += ["/admin/sessions_app/claim/", reverse("desk:person", args=[sam.pk])]
        time_machine.move_to(at(4, 13) - HOUR / 3600, tick=False)
        for page in pages:
            said = words(client.get(page))
            assert "waiting for the other side" in said and "no answer in time" not in said, page
        assert url("claim", claim.pk) not in client.get(pages[0]).content.decode()  # nobody may decide it yet
        time_machine.move_to(at(4, 13), tick=False)
        for page in pages:
            assert "no answer in time; an admin decides" in words(client.get(page)), page
        for stands, found in (("waiting", False), ("decide", True), ("OPENED", True)):
            listed = client.get(f"/admin/sessions_app/claim/?stands={stands}").content.decode()
            assert (url("claim", claim.pk) in listed) == found, stands

    def test_both_stories_stand_there(self, boss, client, claim):
        said = words(client.get(url("claim", claim.pk)))
        assert "nobody came" in said
        assert "I was there" in said
        assert "Nobody entered the room" in said

    @pytest.mark.parametrize(("uphold", "after", "status"), [("yes", 0, "UPHELD"), ("no", 1, "DISMISSED")])
    def test_it_is_decided(self, boss, client, claim, sam, mia, uphold, after, status):
        do(client, "claim", claim.pk, uphold=uphold, outcome="MENTOR_ABSENT", reason="because")
        claim.refresh_from_db()
        assert (claim.status, claim.decided_by, claim.decision) == (status, boss, "because")
        assert counters(claim.session.pack)[2] == after
        told = Notification.objects.filter(kind="claim_decided")
        assert {one.recipient for one in told} == {sam, mia}

    def test_only_who_may_decide(self, client, claim, db):
        client.force_login(user("clerk", is_staff=True))
        assert client.get(url("claim", claim.pk)).status_code == 403


def test_looking_books_moves_and_cancels_nothing(boss, client, session):
    before = (NOW, fresh(session).starts_at, session.events.count())
    look(client, "move", session.pk, starts_at="2026-06-04T11:00", side="mentor")
    look(client, "cancel", session.pk, side="mentor")
    look(client, "book", session.pack_id, starts_at="2026-06-05T11:00", side="mentor", agenda="")
    assert before == (NOW, fresh(session).starts_at, session.events.count())
    assert Session.objects.count() == 1
    assert fresh(session).starts_at - HOUR == at(2, 9)
