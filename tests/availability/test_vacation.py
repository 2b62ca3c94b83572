"""What a vacation settles: sessions, times kept for a payment, requests, and the packs of those who stay at home."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mentorship.kernel.refusals import Malformed, Refusal
from notifications.models import Delivery, Notification
from packs.models import SessionPack
from packs.services import freeze, grant_or_extend, resume, thaw, what_if_paused, what_if_resumed
from sessions_app.models import BookingRequest, MoveProposal, Session, Vacation
from sessions_app.services import approve, book, submit_request
from sessions_app.services.pauses import agree_to_pause, ask_to_pause
from sessions_app.services.vacations import add_vacation, remove_vacation, what_if_away, what_if_removed
from tests.cast import DAY, NOW, at, bought, counters, offering, order_id

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 6, 8), date(2026, 6, 14)  # a week from Monday in a week


def booked(sam, mia, *days):
    return [book(student=sam, mentor_id=mia.pk, starts_at=at(d), by=sam, now=NOW) for d in days]


def asked(sam, mia, *days):
    single = offering(mia, sessions=1, booking_mode="REQUEST")
    return submit_request(student=sam, offering=single, times=[at(d) for d in days], now=NOW)


def away(mia, decisions=None, first=FIRST, last=LAST, **more):
    return add_vacation(mentor=mia, first_day=first, last_day=last, decisions=decisions or {}, now=NOW, **more)


def kinds(person):
    return sorted(Notification.objects.shown().filter(recipient=person).values_list("kind", flat=True))


def told(person):
    return Notification.objects.filter(recipient=person, kind="mentor_away").latest("pk")


class TestSessions:
    def test_another_time_is_proposed_and_the_session_stays_until_it_is_accepted(self, mia, sam):
        bought(sam, mia)
        (session,) = booked(sam, mia, 8)
        away(mia, {session.pk: "propose"}, times={session.pk: at(16)}, note="Climbing")
        proposal = MoveProposal.objects.get()
        assert (proposal.session, proposal.starts_at, proposal.note) == (session, at(16), "Climbing")
        session.refresh_from_db()
        assert (session.status, session.starts_at) == ("SCHEDULED", at(8))
        assert "move_proposed" in kinds(sam)

    def test_a_time_in_the_vacation_is_none_to_propose_and_nothing_is_written(self, mia, sam):
        pack = bought(sam, mia)
        one, two = booked(sam, mia, 8, 9)
        with pytest.raises(Refusal) as refused:
            away(mia, {one.pk: "cancel", two.pk: "propose"}, times={two.pk: at(10)})
        assert refused.value.code == "slot_unavailable"
        assert not Vacation.objects.exists()
        assert counters(pack) == (4, 2, 0)

    @pytest.mark.parametrize("wrong", ["", "burn", "propose"])
    def test_each_needs_a_decision_and_a_proposal_its_time(self, mia, sam, wrong):
        bought(sam, mia)
        (session,) = booked(sam, mia, 8)
        with pytest.raises(Malformed):
            away(mia, {session.pk: wrong})
        assert not Vacation.objects.exists()

    def test_nobody_is_proposed_what_somebody_else_is(self, mia, sam, sue):
        for student in (sam, sue):
            bought(student, mia)
        (one,), (two,) = booked(sam, mia, 8), booked(sue, mia, 9)
        with pytest.raises(Malformed, match="somebody else"):
            away(mia, {one.pk: "propose", two.pk: "propose"}, times={one.pk: at(16), two.pk: at(16)})

    def test_what_runs_already_is_not_touched(self, mia, sam):
        bought(sam, mia)
        booked(sam, mia, 1)
        found = what_if_away(mentor=mia, first_day=date(2026, 6, 2), last_day=LAST, now=at(1, 10, 30))
        assert found.touched == ()

    def test_the_commit_does_what_was_shown(self, mia, sam):
        bought(sam, mia)
        (session,) = booked(sam, mia, 8)
        shown = what_if_away(mentor=mia, first_day=FIRST, last_day=LAST, now=NOW).expect
        Session.objects.filter(pk=session.pk).update(starts_at=at(9), ends_at=at(9, 11))
        with pytest.raises(Refusal) as refused:
            away(mia, {session.pk: "keep"}, expect=shown)
        assert refused.value.code == "answer_changed"
        away(mia, {session.pk: "keep"}, expect=what_if_away(mentor=mia, first_day=FIRST, last_day=LAST, now=NOW).expect)


class TestRequests:
    def test_one_waiting_can_be_declined_or_get_another_time_or_wait_on(self, mia, sam, sue, otto):
        no, other, later = asked(sam, mia, 8), asked(sue, mia, 9), asked(otto, mia, 7, 20)
        decisions = {no.pk: "cancel", other.pk: "propose", later.pk: "keep"}
        away(mia, decisions, times={other.pk: at(16)})
        for request in (no, other, later):
            request.refresh_from_db()
        assert (no.status, no.rejection_reason) == ("REJECTED", "I am away on that day.")
        assert (other.status, other.suggested_times) == ("PENDING_MENTOR_REVIEW", [at(16)])
        assert later.status == "PENDING_MENTOR_REVIEW"
        with pytest.raises(Refusal, match="cannot be booked"):
            approve(request_id=later.pk, by=mia, scheduled_at=at(7), now=NOW)
        approve(request_id=later.pk, by=mia, scheduled_at=at(20), now=NOW)

    def test_one_whose_times_lie_elsewhere_is_not_touched(self, mia, sam):
        asked(sam, mia, 5, 20)
        away(mia)

    def test_a_time_that_is_approved_and_not_paid_goes_with_its_approval(self, mia, sam):
        request = asked(sam, mia, 8)
        approve(request_id=request.pk, by=mia, now=NOW)
        request.refresh_from_db()
        found = what_if_away(mentor=mia, first_day=FIRST, last_day=LAST, now=NOW)
        assert [(one.what, set(one.choices)) for one in found.touched] == [("unpaid", {"keep", "cancel"})]
        away(mia, {request.session_id: "cancel"})
        request.refresh_from_db()
        assert (request.status, request.session.status) == (BookingRequest.Status.REJECTED, "CANCELLED")


class TestPacks:
    def test_one_that_is_over_before_is_not_moved(self, mia, sam, sue):
        over, reaching = bought(sam, mia, validity_days=5), bought(sue, mia)
        vacation = away(mia)
        assert vacation.moved_packs == [reaching.pk]
        before = over.expires_at
        over.refresh_from_db()
        assert over.expires_at == before

    def test_one_that_was_extended_meanwhile_keeps_what_was_paid_for(self, mia, sam):
        pack = bought(sam, mia)
        vacation = away(mia)
        grant_or_extend(
            student_id=sam.pk, mentor_id=mia.pk, offering_id=None, title="4 more", sessions=4, duration_minutes=60,
            validity_days=200, takes_seat=True, amount_minor=1, currency="EUR", order_id=order_id(), by=sam, now=NOW + DAY,
        )  # fmt: skip
        assert what_if_removed(vacation, now=NOW + 2 * DAY).packs == ()
        extended = SessionPack.objects.get(pk=pack.pk).expires_at
        remove_vacation(vacation_id=vacation.pk, mentor=mia, now=NOW + 2 * DAY)
        assert SessionPack.objects.get(pk=pack.pk).expires_at == extended

    def test_the_removal_does_what_was_shown(self, mia, sam):
        bought(sam, mia)
        vacation = away(mia)
        shown = what_if_removed(vacation, now=NOW).expect
        with pytest.raises(Refusal) as refused:
            remove_vacation(vacation_id=vacation.pk, mentor=mia, expect=shown, now=at(8))
        assert refused.value.code == "answer_changed"


class TestDays:
    @pytest.mark.parametrize(
        ("first", "last"),
        [
            (LAST, FIRST),
            (date(2026, 5, 31), LAST),
            (FIRST, FIRST + timedelta(days=366)),
            (date(2029, 1, 1), date(2029, 1, 2)),
            (FIRST, date.max),
            (date.max, date.max),
        ],
    )
    def test_days_that_make_no_vacation(self, mia, first, last):
        with pytest.raises(Malformed):
            away(mia, first=first, last=last)

    def test_two_do_not_lie_over_each_other_and_so_move_nothing_twice(self, mia):
        away(mia)
        with pytest.raises(Refusal) as refused:
            away(mia, first=LAST, last=LAST + 3 * DAY)
        assert refused.value.code == "vacation_overlaps"
        away(mia, first=LAST + DAY, last=LAST + 3 * DAY)


class TestTold:
    def test_students_read_the_days_and_how_long_their_packs_are_valid(self, mia, sam, sue):
        bought(sam, mia)
        away(mia, note="Climbing")
        assert told(sam).title == "Mia is away from 8 June 2026 to 14 June 2026"
        assert "“Climbing”" in told(sam).text
        assert "valid 7 days longer" in told(sam).text
        assert kinds(sue) == []

    def test_who_was_told_hears_of_its_end_and_who_was_not_hears_nothing(self, mia, sam, sue):
        for student in (sam, sue):
            bought(student, mia)
        vacation = away(mia)
        Delivery.objects.filter(notification__recipient=sam).update(status=Delivery.Status.SENT)
        remove_vacation(vacation_id=vacation.pk, mentor=mia, now=NOW + DAY)
        assert kinds(sam) == ["mentor_away", "mentor_away"]
        assert "after all" in told(sam).title
        assert kinds(sue) == []


# The week away is [at(7, 0), at(14, 0)). When a pause begins, its days, when it ends, how much longer the pack is valid.
BEFORE_IT = [
    (at(5, 0), 12, at(17, 0), 12),  # the week lies inside
    (at(4, 0), 6, at(10, 0), 10),  # the pause ends in the week
    (at(4, 0), 20, at(6, 0), 9),  # it would have covered the week, but was ended before
    (at(4, 0), 20, at(10, 0), 10),  # or in it
]
IN_IT = [
    (at(8, 0), 3, at(11, 0), 7),  # the pause lies inside the week
    (at(12, 0), 5, at(17, 0), 10),  # it goes on after the week
    (at(14, 0), 3, at(17, 0), 10),  # it begins when the week ends
]


class TestPauses:
    """A week away and a pause that shares some of its days, or all: each day counts once, whichever was first."""

    @pytest.mark.parametrize(("began", "days", "ended", "longer"), [*BEFORE_IT, *IN_IT])
    def test_a_pause_adds_what_the_vacation_has_not_given(self, mia, sam, began, days, ended, longer):
        pack = bought(sam, mia)
        away(mia)
        pause = paused(pack, sam, mia, days, began)
        shown = what_if_resumed(SessionPack.objects.get(pk=pack.pk), pause, ended)
        resume(pause_id=pause.pk, by=sam, now=ended)
        assert SessionPack.objects.get(pk=pack.pk).expires_at == shown == pack.expires_at + longer * DAY

    @pytest.mark.parametrize(("began", "days", "ended", "longer"), BEFORE_IT)
    def test_a_vacation_planned_while_it_is_paused(self, mia, sam, began, days, ended, longer):
        pack = bought(sam, mia)
        pause = paused(pack, sam, mia, days, began)
        add_vacation(mentor=mia, first_day=FIRST, last_day=LAST, decisions={}, now=began)
        resume(pause_id=pause.pk, by=sam, now=ended)
        assert SessionPack.objects.get(pk=pack.pk).expires_at == pack.expires_at + longer * DAY

    def test_without_a_pause_the_whole_week_counts(self, mia, sam):
        pack = bought(sam, mia)
        away(mia)
        assert SessionPack.objects.get(pk=pack.pk).expires_at == pack.expires_at + 7 * DAY

    def test_a_freeze_shares_its_days_as_well(self, mia, sam):
        pack = bought(sam, mia)
        before = pack.expires_at
        away(mia)
        freeze(pack, cause="dispute:1", now=at(6, 0))
        thaw(pack, cause="dispute:1", now=at(16, 0))
        assert pack.expires_at == before + 10 * DAY

    def test_a_vacation_that_is_taken_back_gives_nothing(self, mia, sam):
        pack = bought(sam, mia)
        vacation = away(mia)
        pause = paused(pack, sam, mia, 12, at(5, 0))
        remove_vacation(vacation_id=vacation.pk, mentor=mia, now=at(6, 0))
        resume(pause_id=pause.pk, by=sam, now=at(17, 0))
        assert SessionPack.objects.get(pk=pack.pk).expires_at == pack.expires_at + 12 * DAY

    @pytest.mark.parametrize(("validity", "longer"), [(30, 3), (120, 10)])
    def test_a_pack_that_ends_later_by_a_purchase_has_been_given_nothing(self, mia, sam, validity, longer):
        bought(sam, mia)
        away(mia)
        pack = bought(sam, mia, validity_days=validity)
        pause = paused(pack, sam, mia, 10, at(6, 0))
        resume(pause_id=pause.pk, by=None, now=at(16, 0))
        assert SessionPack.objects.get(pk=pack.pk).expires_at == pack.expires_at + longer * DAY

    def test_before_the_pause_one_reads_that_the_days_count_already(self, mia, sam, client, noon):
        pack = bought(sam, mia)
        away(mia)
        what_if = what_if_paused(SessionPack.objects.get(pk=pack.pk), 14, NOW)
        assert (what_if.counts_already, what_if.expires_after) == (True, pack.expires_at + 14 * DAY)
        client.force_login(sam)
        shared, before = (
            " ".join(client.get(f"/student/packs/{pack.pk}/pause?days={days}").content.decode().split())
            for days in (14, 6)
        )
        words = "Mia is away in some of these days, and the pack is valid longer for that already."
        assert words in shared and words not in before

    def test_a_pause_that_ends_in_a_vacation_can_be_thought_over(self, mia, sam):
        pack = bought(sam, mia)
        away(mia)
        pause = ask_to_pause(pack_id=pack.pk, by=sam, days=10, now=NOW)
        read = what_if_paused(SessionPack.objects.get(pk=pack.pk), 10, NOW)
        agreed = agree_to_pause(pause_id=pause.pk, by=mia, expect=read.key, now=NOW + timedelta(minutes=5))
        assert agreed.status == "RUNNING"


def paused(pack, sam, mia, days, began):
    pause = ask_to_pause(pack_id=pack.pk, by=sam, days=days, now=NOW)
    return agree_to_pause(pause_id=pause.pk, by=mia, now=began)
