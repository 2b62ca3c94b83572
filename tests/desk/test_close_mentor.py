"""Close a mentor: previewed, begun once, ended student by student, restartable; every sum is right at every step."""

from __future__ import annotations

import re
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from mentorship.kernel import jobs
from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import Refusal
from mentorship.pages.closing.service import begin_closing, go_on, plan_closing, refund_states, students_left
from mentorship.pages.models import MentorClosing
from mentorship.pages.verification import verify_mentor
from mentorship.people.models import MentorProfile
from notifications.models import Notification
from payments.models import Order, Refund
from payments.services import confirm_and_fulfil, invite_student
from payments.services.refunds import send_due
from payments.services.reversals import look_for_reversals
from payments.services.sandbox import close_dispute_there, dispute_there
from seats.models import Seat, WaitingPlace
from seats.services import join
from sessions_app.models import BookingRequest, Session
from sessions_app.services import approve, no_show, submit_request
from tests.cast import HOUR, NOW, at, counters, offering, user
from tests.payments.scene import SITE, decide, pay, place
from tests.rooms.scene import booked, words
from tests.stories.scene import buy, pack_of
from tests.stories.tills import open_till

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]
WHY = "Mia has left us"


@pytest.fixture
def full_life(sam, sue, mia):
    """Mia with two payers, one who pays her directly, one who asks, one who is paying, and one who waits."""
    mia.mentor_profile.max_active_students = 4
    mia.mentor_profile.save()
    sams = pay(place(sam, offering(mia)))
    sues = pay(place(sue, offering(mia, sessions=2, price=10000, title="Two")))
    invite_student(mentor=mia, name="Pia", email="pia@example.test", sessions=3, minutes=60, validity_days=90,
                   site_url=SITE, now=NOW)  # fmt: skip
    booked(sam, mia, at(4))
    asking = user("ada")
    submit_request(
        student=asking, offering=offering(mia, sessions=1, booking_mode="REQUEST"), times=[at(6)], message="", now=NOW
    )
    paying = place(user("pat"), offering(mia, title="More"))
    join(student=user("wim"), mentor_id=mia.pk, now=NOW)
    return {"sam": sams, "sue": sues, "paying": paying}


def close(mia, boss=None):
    closing = begin_closing(mentor_id=mia.pk, by=boss, reason=WHY, now=NOW)
    return go_on(closing, now=NOW)


def test_the_plan_says_what_will_happen_and_changes_nothing(mia, full_life):
    plan = plan_closing(mia, now=NOW)
    assert (plan.mentorships, plan.orders, plan.credits, plan.taken) == (3, 2, 6, 3)
    assert plan.money == ["€380"]
    assert (plan.cancelled, plan.requests, plan.checkouts, plan.waiting, plan.left) == (1, 1, 1, 1, [])
    assert {"3 mentorships end.", "1 request rejected.", "1 open checkout given up."} <= set(plan.sentences)
    assert not Refund.objects.exists()
    assert Seat.objects.standing().count() == 4
    assert plan_closing(mia, now=NOW).digest == plan.digest


def test_everything_ends_and_everybody_is_told(mia, full_life):
    closing = close(mia)
    assert (closing.done, closing.waiting, closing.problems) == (5, 1, {})
    assert closing.finished_at == NOW
    assert sum(refund.amount_minor for refund in Refund.objects.all()) == 38000
    assert not Seat.objects.standing().exists()
    assert not Session.objects.filter(status__in=Session.BLOCKING).exists()
    assert BookingRequest.objects.get().status == "REJECTED"
    assert Order.objects.get(pk=full_life["paying"].pk).status == "EXPIRED"
    assert WaitingPlace.objects.get().status == "LEFT"
    profile = MentorProfile.objects.get(user=mia)
    assert (profile.verified_at, profile.accepts_new) == (None, False)
    told = Notification.objects.filter(kind="mentor_closed").values_list("recipient__name", flat=True)
    assert set(told) >= {"Mia", "Sam", "Sue", "Pia"}
    assert Notification.objects.get(kind="waiting_list_closed").recipient.name == "Wim"
    assert counters(full_life["sam"].pack) == (0, 0, 0)


def test_only_who_has_something_unused_reads_that_it_goes_back(mia, full_life):
    close(mia)
    told = Notification.objects.filter(kind="mentor_closed").exclude(recipient=mia)
    said = {one.recipient.name: "not used goes back" in one.text for one in told}
    assert said == {"Sam": True, "Sue": True, "Pia": False, "Ada": False, "Pat": False}


def test_whose_request_ends_with_it_is_not_told_to_ask_again(mia, full_life):
    close(mia)
    told = Notification.objects.get(kind="request_rejected")
    assert told.recipient.name == "Ada" and WHY in told.text
    assert "another time" not in told.text


@pytest.mark.parametrize("signed", [True, False])
def test_an_approved_time_is_cancelled_by_the_admin_or_by_nobody(mia, sam, sue, signed):
    """Mia did not: neither the time Sam has not paid for, nor Sue's session that costs no money back, is hers to cancel."""
    boss = user("boss") if signed else None
    asked = offering(mia, sessions=1, booking_mode="REQUEST")
    request = submit_request(student=sam, offering=asked, times=[at(6)], message="", now=NOW)
    approve(request_id=request.pk, by=mia, now=NOW)
    invite_student(mentor=mia, name="Sue", email=sue.email, sessions=3, minutes=60, validity_days=90,
                   site_url=SITE, now=NOW)  # fmt: skip
    booked(sue, mia, at(4))
    close(mia, boss)
    told = Notification.objects.filter(kind="session_cancelled")
    assert sorted(one.recipient.name for one in told) == ["Mia", "Mia", "Sam", "Sue"]
    for one in told:
        assert ("Boss cancelled it." in one.text) == signed
        assert "cancelled it" not in one.text.replace("Boss cancelled it.", "")


def test_again_changes_nothing(mia, full_life):
    first = close(mia)
    refunds, told = Refund.objects.count(), Notification.objects.count()
    again = go_on(begin_closing(mentor_id=mia.pk, by=None, reason="again", now=NOW), now=NOW)
    jobs.run("close_mentors", NOW)
    assert (Refund.objects.count(), again.done) == (refunds, 0 if again.pk != first.pk else first.done)
    assert Notification.objects.exclude(recipient=mia).count() <= told


def test_one_that_cannot_end_does_not_keep_the_others(mia, full_life):
    order = full_life["sam"]
    dispute = dispute_there(order.provider_reference, None)
    look_for_reversals(order.payments.get(), now=NOW)
    closing = close(mia)
    assert closing.finished_at is None
    assert "disputed at the bank" in closing.problems[str(order.student_id)]
    assert Refund.objects.get().order == full_life["sue"]
    assert students_left(mia, NOW) == [order.student_id]

    close_dispute_there(dispute, won=True)
    look_for_reversals(order.payments.get(), now=NOW + HOUR)
    assert jobs.run("close_mentors", NOW + HOUR) == 1
    closing.refresh_from_db()
    assert (closing.finished_at, closing.problems) == (NOW + HOUR, {})
    assert Refund.objects.count() == 2


def test_the_company_is_away_or_says_no_and_nothing_stops(mia, sam, sue, settings, time_machine):
    """One refund is refused for good (somebody was faster in the dashboard), the other waits until it is back."""
    with open_till("stripe", settings) as till:
        sams, sues = buy(till, sam, pack_of(mia)), buy(till, sue, pack_of(mia, title="Another"))
        till.goes_down()
        closing = close(mia)
        send_due(NOW)
        assert set(Refund.objects.values_list("status", flat=True)) == {"REQUESTED"}
        assert (closing.done, closing.finished_at) == (2, NOW)
        assert not Seat.objects.standing().exists()

        till.comes_back()
        till.refund(sams)
        time_machine.move_to(NOW + 3 * HOUR, tick=False)
        send_due(NOW + 3 * HOUR)
        assert dict(Refund.objects.values_list("order", "status")) == {sams.pk: "FAILED", sues.pk: "SUCCEEDED"}
        sams.refresh_from_db()
        assert "A refund failed" in sams.attention
        assert refund_states(closing) == {"failed": 1, "succeeded": 1}
        look_for_reversals(sams.payments.get(), now=NOW + 3 * HOUR)


def test_money_that_still_comes_goes_back(mia, full_life):
    close(mia)
    order = full_life["paying"]
    decide(order)
    confirm_and_fulfil(order.pk, NOW + HOUR)
    jobs.run("close_mentors", NOW + HOUR)
    assert Refund.objects.filter(order=order).get().amount_minor == order.amount_minor
    assert not Seat.objects.standing().exists()


def test_a_session_that_runs_is_waited_for(mia, full_life, sam, time_machine):
    time_machine.move_to(at(4, 10, 30), tick=False)
    closing = go_on(begin_closing(mentor_id=mia.pk, by=None, reason=WHY, now=at(4, 10, 30)), now=at(4, 10, 30))
    assert "has begun" in closing.problems[str(sam.pk)]
    session = Session.objects.get(student=sam, status="SCHEDULED")
    no_show(session_id=session.pk, absent="mentor", by=mia, now=at(4, 12))
    jobs.run("close_mentors", at(4, 12))
    closing.refresh_from_db()
    assert closing.finished_at == at(4, 12)
    assert sum(r.amount_minor for r in Refund.objects.filter(order=full_life["sam"])) == 28000


class TestThePage:
    def url(self, mia) -> str:
        return f"/admin/support/mentors/{mia.pk}/close"

    def test_shows_the_plan_then_how_far_it_is(self, boss, client, mia, full_life):
        page = client.get(self.url(mia))
        assert "€380 goes back: 6 sessions of 2 orders" in words(page)
        expect = re.search(r'name="expect" value="([^"]*)"', page.content.decode())[1]
        assert client.post(self.url(mia), {"expect": expect, "reason": ""}).status_code == 422
        assert client.post(self.url(mia), {"expect": expect, "reason": WHY}).status_code == 302
        assert "5 left" in words(client.get(self.url(mia)))
        jobs.run("close_mentors", NOW)
        assert "Ended with 5 people, 0 left" in words(client.get(self.url(mia)))
        assert MentorClosing.objects.get().by == boss

    def test_what_changed_meanwhile_is_refused(self, boss, client, mia, full_life):
        expect = plan_closing(mia, now=NOW).digest
        booked(full_life["sue"].student, mia, at(5))
        assert client.post(self.url(mia), {"expect": expect, "reason": WHY}).status_code == 409
        assert not MentorClosing.objects.exists()

    def test_only_with_both_rights(self, client, mia, db):
        client.force_login(user("clerk", is_staff=True))
        assert client.get(self.url(mia)).status_code == 403
        assert client.post(self.url(mia), {"reason": WHY}).status_code == 403

    def test_the_profile_leads_there(self, boss, client, mia):
        page = client.get(f"/admin/people/mentorprofile/{mia.mentor_profile.pk}/close/")
        assert page.url == self.url(mia)
        assert client.get("/admin/support/mentors/999999/close").status_code == 404

    def test_not_verified_again_while_it_runs(self, mia, full_life):
        begin_closing(mentor_id=mia.pk, by=None, reason=WHY, now=NOW)
        with pytest.raises(Refusal, match="being closed"):
            verify_mentor(mentor_id=mia.pk, by=None, now=NOW)


class TestTheCommand:
    def test_dry_run_then_the_real_thing(self, mia, full_life, capsys):
        call_command("close_mentor", "mia@example.test", dry_run=True)
        assert "€380 goes back" in capsys.readouterr().out
        assert not MentorClosing.objects.exists()
        call_command("close_mentor", "MIA@example.test")
        said = capsys.readouterr().out
        assert "Ended with 5 people; 1 person on the waiting list told." in said
        assert "Everything is ended." in said

    def test_nobody_by_that_address(self, db):
        with pytest.raises(CommandError, match="no mentor"):
            call_command("close_mentor", "otto@example.test")


@pytest.mark.django_db(transaction=True)
def test_it_goes_on_where_it_stopped(mia, full_life):
    """One student's rows are busy: theirs fails, the others end; run again, and the last one ends, too."""
    sam = full_life["sam"].student
    begin_closing(mentor_id=mia.pk, by=None, reason=WHY, now=NOW)
    closing = MentorClosing.objects.get()
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                lock(Order.objects.filter(student=sam))
                held.set()
                over.wait(20)
        finally:
            connection.close()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '300ms'")
        stopped = go_on(closing, now=NOW)
    finally:
        over.set()
        other.join()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
    assert list(stopped.problems) == [str(sam.pk)]
    assert (stopped.done, stopped.finished_at) == (4, None)
    assert not Refund.objects.filter(order=full_life["sam"]).exists()
    done = go_on(stopped, now=NOW)
    assert (done.done, done.problems, done.finished_at) == (5, {}, NOW)
    assert Refund.objects.count() == 2
