"""While a pack is paused its deadlines count as not reached, whoever asks; when it goes on they have moved with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mentorship.kernel import clock
from mentorship.pages import audit
from notifications.models import Notification
from packs import jobs
from packs.jobs import end_pauses, warn_pack_expiry
from packs.models import CreditEntry, Pause
from packs.services import answer_pause, ask_for_pause, freeze, resume, thaw
from payments.jobs import release_shares
from seats.jobs import sweep_seats
from seats.models import Seat
from seats.services import availability
from sessions_app.services import answer_proposal, book, complete, propose_move, reschedule
from sessions_app.services.pauses import agree_to_pause, ask_to_pause
from tests.cast import DAY, HOUR, NOW, at, bought, counters
from tests.rooms.scene import booked, used_up

pytestmark = pytest.mark.django_db


def paused(sam, mia, days=20, now=NOW, **terms):
    pack = bought(sam, mia, **terms)
    pause = ask_for_pause(pack_id=pack.pk, by=sam, days=days, now=now)
    answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=now)
    pack.refresh_from_db()
    return pack, pause


def warnings(person):
    return Notification.objects.shown().filter(recipient=person, kind="pack_expiring")


class TestWhilePaused:
    def test_no_warning_is_sent_and_an_unread_one_is_taken_back(self, mia, sam):
        pack = bought(sam, mia, validity_days=40)
        warn_pack_expiry(NOW + 11 * DAY)
        assert warnings(sam).count() == 1
        pause = ask_for_pause(pack_id=pack.pk, by=sam, days=28, now=NOW + 12 * DAY)
        answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW + 12 * DAY)
        assert warnings(sam).count() == 0
        for day in (33, 39, 40):
            warn_pack_expiry(NOW + day * DAY)
        assert warnings(sam).count() == 0

    def test_the_warnings_come_for_the_new_date(self, mia, sam):
        paused(sam, mia, days=20, validity_days=60)
        end_pauses(NOW + 20 * DAY)
        warn_pack_expiry(NOW + 53 * DAY)
        assert [told.text.count("before Wednesday 19 August") or told.title for told in warnings(sam)] != []
        assert Notification.objects.get(kind="pack_expiring").not_after == NOW + 80 * DAY

    def test_who_has_just_read_the_new_date_is_not_warned_of_it(self, mia, sam):
        _, pause = paused(sam, mia, days=20, validity_days=25)
        resume(pause_id=pause.pk, by=sam, now=NOW + 10 * DAY)
        warn_pack_expiry(NOW + 10 * DAY + HOUR)
        assert warnings(sam).count() == 0, "30 days before has passed while it stood; the pause's end said the date"
        warn_pack_expiry(NOW + 28 * DAY + HOUR)
        assert warnings(sam).count() == 1

    def test_no_credit_lapses_and_no_share_comes_of_it(self, mia, sam):
        pack, _ = paused(sam, mia, days=20, validity_days=10)
        for job in (sweep_seats, release_shares):
            job(NOW + 19 * DAY)
        assert counters(pack) == (4, 0, 0)
        assert not CreditEntry.objects.filter(kind="LAPSED").exists()

    def test_the_seat_is_taken_for_everybody(self, mia, sam):
        paused(sam, mia, days=20, validity_days=10)
        late = NOW + 19 * DAY
        assert availability(mia.pk, late).occupied == 1
        sweep_seats(late)
        assert Seat.objects.get().status == "ACTIVE"

    def test_it_reads_as_open_whatever_the_date_says(self, mia, sam):
        pack, _ = paused(sam, mia, days=20, validity_days=10)
        late = NOW + 19 * DAY
        assert (pack.status_at(late), pack.remaining_at(late), pack.total_at(late)) == ("ACTIVE", 4, 4)

    def test_a_renewal_goes_into_it_and_moves_with_it(self, mia, sam):
        pack, pause = paused(sam, mia, days=10)
        bought(sam, mia, now=NOW + 5 * DAY)
        pack.refresh_from_db()
        assert (pack.sessions_total, pack.expires_at) == (8, NOW + 95 * DAY)
        resume(pause_id=pause.pk, by=sam, now=NOW + 10 * DAY)
        pack.refresh_from_db()
        assert pack.expires_at == NOW + 105 * DAY

    def test_the_books_are_in_order(self, mia, sam):
        pack, _ = paused(sam, mia, days=20, validity_days=10)
        names = ("credits", "seat", "pause", "pack")
        assert [line for line in audit.run(NOW + 19 * DAY).lines() if any(name in line for name in names)] == []
        end_pauses(NOW + 20 * DAY)
        assert counters(pack) == (4, 0, 0)


class TestTheEnd:
    def test_a_late_job_keeps_nobody_from_booking(self, mia, sam):
        pack, _ = paused(sam, mia, days=5)
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(9), by=sam, now=NOW + 6 * DAY)
        pack.refresh_from_db()
        assert (pack.paused_at, pack.expires_at, session.status) == (None, NOW + 95 * DAY, "SCHEDULED")
        assert Pause.objects.get().ended_at == NOW + 5 * DAY, "stamped with the time it was due"

    def test_a_late_job_keeps_nobody_from_moving(self, mia, sam):
        bought(sam, mia)
        session = booked(sam, mia, at(20))
        pause = ask_for_pause(pack_id=session.pack_id, by=sam, days=5, now=NOW)
        answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW)
        over = NOW + 5 * DAY
        proposal = propose_move(session_id=session.pk, starts_at=at(22), by=mia, now=over)
        answer_proposal(proposal_id=proposal.pk, by=sam, accepted=True, now=over)
        assert reschedule(session_id=session.pk, starts_at=at(21), by=sam, now=over).starts_at == at(21)
        assert Pause.objects.get().ended_at == over

    def test_a_second_before_it_is_still_paused(self, mia, sam):
        paused(sam, mia, days=5)
        assert end_pauses(NOW + 5 * DAY - timedelta(seconds=1)) == 0
        assert end_pauses(NOW + 5 * DAY) == 1
        assert end_pauses(NOW + 5 * DAY) == 0

    def test_both_are_told_once(self, mia, sam):
        paused(sam, mia, days=5)
        for _ in range(2):
            end_pauses(NOW + 5 * DAY + HOUR)
        assert Notification.objects.filter(kind="pause_ended").count() == 2

    def test_one_bad_row_never_stops_the_rest(self, mia, max_, sam, monkeypatch):
        _, bad = paused(sam, mia, days=5)
        good, _ = paused(sam, max_, days=6)

        def breaks_for_one(*, pause_id, **more):
            if pause_id == bad.pk:
                raise jobs.Refusal("wrong_state", "A row that is not as it should be.")
            return resume(pause_id=pause_id, **more)

        monkeypatch.setattr(jobs, "resume", breaks_for_one)
        assert end_pauses(NOW + 7 * DAY) == 1
        good.refresh_from_db()
        assert good.paused_at is None

    def test_the_last_credit_used_ends_it_and_grace_begins_whole(self, mia, sam):
        pack = bought(sam, mia)
        used_up(sam, mia, 3)
        last = booked(sam, mia, at(5))
        now = last.ends_at + HOUR
        pause = ask_for_pause(pack_id=pack.pk, by=sam, days=20, now=now)
        answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=now)
        complete(session_id=last.pk, by=mia, now=now + HOUR)
        pack.refresh_from_db()
        pause.refresh_from_db()
        assert (pack.status, pack.paused_at, pause.status) == ("DEPLETED", None, "ENDED")
        assert Seat.objects.get().grace_ends_at == now + 73 * HOUR

    def test_a_question_about_a_pack_that_is_over_is_closed(self, mia, sam):
        pack = bought(sam, mia, validity_days=10)
        ask_for_pause(pack_id=pack.pk, by=sam, days=5, now=NOW)
        end_pauses(NOW + 9 * DAY)
        assert Pause.objects.get().status == "ASKED"
        end_pauses(NOW + 10 * DAY)
        assert Pause.objects.get().status == "LAPSED"


class TestWithAFreeze:
    def test_frozen_past_the_pauses_end_the_clock_stood_once(self, mia, sam):
        """The job is late: the freeze ends after the pause's own end, before the pause is resumed."""
        pack, pause = paused(sam, mia, days=5)
        freeze(pack, cause="dispute:1", now=NOW + 3 * DAY)
        thaw(pack, cause="dispute:1", now=NOW + 8 * DAY)
        resume(pause_id=pause.pk, by=None, now=NOW + 9 * DAY)
        pack.refresh_from_db()
        assert (pack.expires_at, pack.frozen_at, pack.paused_at) == (NOW + 98 * DAY, None, None)

    def test_frozen_after_the_pauses_end_the_days_between_count(self, mia, sam):
        pack, pause = paused(sam, mia, days=5)
        freeze(pack, cause="dispute:1", now=NOW + 6 * DAY)
        resume(pause_id=pause.pk, by=None, now=NOW + 7 * DAY)
        thaw(pack, cause="dispute:1", now=NOW + 8 * DAY)
        pack.refresh_from_db()
        assert pack.expires_at == NOW + (90 + 5 + 2) * DAY

    def test_thawed_after_a_late_pause_that_had_ended_before_the_freeze(self, mia, sam):
        pack, pause = paused(sam, mia, days=5)
        freeze(pack, cause="dispute:1", now=NOW + 6 * DAY)
        thaw(pack, cause="dispute:1", now=NOW + 8 * DAY)
        resume(pause_id=pause.pk, by=None, now=NOW + 9 * DAY)
        pack.refresh_from_db()
        assert pack.expires_at == NOW + (90 + 5 + 2) * DAY

    def test_what_is_frozen_can_be_paused_too(self, mia, sam):
        pack = bought(sam, mia)
        freeze(pack, cause="dispute:1", now=NOW)
        pause = ask_for_pause(pack_id=pack.pk, by=sam, days=5, now=NOW + DAY)
        answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW + DAY)
        thaw(pack, cause="dispute:1", now=NOW + 3 * DAY)
        resume(pause_id=pause.pk, by=None, now=NOW + 6 * DAY)
        pack.refresh_from_db()
        assert pack.expires_at == NOW + 96 * DAY


class TestNever:
    def test_in_grace(self, mia, sam):
        pack = bought(sam, mia)
        used_up(sam, mia, 4)
        with pytest.raises(jobs.Refusal) as refused:
            ask_to_pause(pack_id=pack.pk, by=sam, days=5, now=at(5))
        assert refused.value.code == "wrong_state"

    def test_where_no_session_is_left(self, mia, sam):
        pack = bought(sam, mia, sessions=1, minutes=30)
        booked(sam, mia, at(2))
        with pytest.raises(jobs.Refusal) as refused:
            ask_to_pause(pack_id=pack.pk, by=sam, days=5, now=at(3))
        assert refused.value.code == "wrong_state"

    def test_agreed_to_when_it_has_become_too_late(self, mia, sam):
        pack = bought(sam, mia, validity_days=10)
        pause = ask_to_pause(pack_id=pack.pk, by=sam, days=5, now=NOW)
        with pytest.raises(jobs.Refusal) as refused:
            agree_to_pause(pause_id=pause.pk, by=mia, now=NOW + 10 * DAY)
        assert refused.value.code == "wrong_state"

    def test_asked_twice_is_once(self, mia, sam):
        pack = bought(sam, mia)
        first = ask_to_pause(pack_id=pack.pk, by=sam, days=5, now=NOW)
        assert ask_to_pause(pack_id=pack.pk, by=sam, days=5, now=NOW + HOUR) == first
        for by, days in ((sam, 6), (mia, 5)):
            with pytest.raises(jobs.Refusal) as refused:
                ask_to_pause(pack_id=pack.pk, by=by, days=days, now=NOW + HOUR)
            assert refused.value.code == "wrong_state"
        assert clock.iso(first.asked_at) == clock.iso(NOW)
