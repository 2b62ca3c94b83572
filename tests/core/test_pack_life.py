"""One mentorship from the first credit to grace, renewal and release."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from notifications.models import Notification
from packs.models import SessionPack
from seats.jobs import sweep_seats, warn_grace_ending
from seats.models import Seat
from seats.services import availability
from sessions_app.models import CalendarBlock, Session
from sessions_app.services import book, cancel, complete, enter, no_show, reschedule
from tests.cast import DAY, HOUR, NOW, at, bought, counters

Status = SessionPack.Status


def told(person, kind):
    return Notification.objects.shown().filter(recipient=person, kind=kind).count()


def use_up(pack, mia, sam, count=4, first_day=1):
    """Book and complete `count` sessions on following days. Returns when the last was settled."""
    for day in range(first_day, first_day + count):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
        complete(session_id=session.pk, by=mia, now=session.ends_at)
    return at(first_day + count - 1) + HOUR


def code_of(call, **arguments):
    with pytest.raises(Refusal) as refused:
        call(**arguments)
    return refused.value.code


def test_buying_takes_a_seat_and_gives_credits(mia, sam):
    pack = bought(sam, mia)
    assert counters(pack) == (4, 0, 0)
    assert availability(mia.pk, NOW).available == 9
    assert Seat.objects.get().number == 1


def test_booking_holds_a_credit_and_both_calendars(mia, sam):
    pack = bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(2), agenda="My plot", by=sam, now=NOW)
    assert counters(pack) == (4, 1, 0)
    assert set(CalendarBlock.objects.values_list("person_id", flat=True)) == {sam.pk, mia.pk}
    assert (session.status, session.credit, session.purchase) == ("SCHEDULED", "HELD", pack.purchases.get())


def test_reminder_after_the_third_grace_after_the_fourth(mia, sam):
    pack = bought(sam, mia)
    use_up(pack, mia, sam, 2)
    assert told(sam, "renewal_reminder") == 0
    use_up(pack, mia, sam, 1, first_day=3)
    assert told(sam, "renewal_reminder") == 1
    last = use_up(pack, mia, sam, 1, first_day=4)
    pack.refresh_from_db()
    seat = Seat.objects.get()
    assert (pack.status, seat.status, seat.grace_ends_at) == (Status.DEPLETED, "GRACE", last + 72 * HOUR)
    assert told(sam, "grace_started") == 1


def test_renewal_in_grace_extends_the_same_pack(mia, sam):
    pack = bought(sam, mia)
    last = use_up(pack, mia, sam)
    again = bought(sam, mia, now=last + HOUR, seat_in_grace_since=Seat.objects.get().activated_at)
    assert again.pk == pack.pk
    assert counters(pack) == (8, 0, 4)
    assert (pack.status, Seat.objects.get().status) == (Status.ACTIVE, "ACTIVE")
    warn_grace_ending(last + 61 * HOUR)
    assert told(sam, "grace_final_warning") == 0


def test_final_warning_comes_once_twelve_hours_before(mia, sam):
    last = use_up(bought(sam, mia), mia, sam)
    warn_grace_ending(last + 60 * HOUR - timedelta(seconds=1))
    assert told(sam, "grace_final_warning") == 0
    warn_grace_ending(last + 60 * HOUR)
    warn_grace_ending(last + 61 * HOUR)
    assert told(sam, "grace_final_warning") == 1


def test_grace_ends_to_the_second_without_any_job(mia, sam):
    last = use_up(bought(sam, mia), mia, sam)
    assert availability(mia.pk, last + 72 * HOUR - timedelta(seconds=1)).occupied == 1
    assert availability(mia.pk, last + 72 * HOUR).occupied == 0


def test_sweep_releases_what_grace_has_left(mia, sam):
    last = use_up(bought(sam, mia), mia, sam)
    assert sweep_seats(last + 72 * HOUR - timedelta(seconds=1)) == 0
    assert sweep_seats(last + 80 * HOUR) == 1
    assert sweep_seats(last + 81 * HOUR) == 0
    seat = Seat.objects.get()
    assert (seat.status, seat.release_reason, seat.released_at) == ("RELEASED", "GRACE_ENDED", last + 72 * HOUR)
    assert (told(sam, "seat_released"), told(mia, "seat_released")) == (1, 1)


def test_expired_pack_keeps_its_seat_while_a_session_is_booked(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    session = book(student=sam, mentor_id=mia.pk, starts_at=NOW + 30 * DAY - 2 * HOUR, by=sam, now=NOW)
    late = NOW + 30 * DAY
    assert sweep_seats(late) == 0
    assert (counters(pack), pack.status) == ((1, 1, 0), Status.EXPIRED)
    assert availability(mia.pk, late).occupied == 1
    complete(session_id=session.pk, by=mia, now=late + HOUR)
    assert (counters(pack), pack.status) == ((1, 0, 1), Status.EXPIRED)
    assert availability(mia.pk, late + HOUR).occupied == 0
    assert sweep_seats(late + 2 * HOUR) == 1
    assert Seat.objects.get().release_reason == "PACK_EXPIRED"


def test_two_mentors_never_mix(mia, max_, sam):
    with_mia, with_max = bought(sam, mia), bought(sam, max_, sessions=8)
    last = use_up(with_mia, mia, sam)
    sweep_seats(last + 73 * HOUR)
    assert counters(with_max) == (8, 0, 0)
    assert Seat.objects.get(mentor=max_).status == "ACTIVE"
    assert Seat.objects.get(mentor=mia).status == "RELEASED"


def test_same_mentor_and_length_extends_and_expiry_only_moves_later(mia, sam):
    pack = bought(sam, mia, validity_days=200)
    expires_at = pack.expires_at
    assert bought(sam, mia, sessions=2, validity_days=30).pk == pack.pk
    assert (counters(pack), pack.expires_at) == ((6, 0, 0), expires_at)
    bought(sam, mia, sessions=2, validity_days=300)
    pack.refresh_from_db()
    assert pack.expires_at == NOW + 300 * DAY


def test_another_length_is_another_pack_on_the_same_seat(mia, sam):
    assert bought(sam, mia).pk != bought(sam, mia, minutes=30).pk
    assert Seat.objects.count() == 1


def test_grace_waits_for_the_last_pack_of_the_seat(mia, sam):
    hour_pack = bought(sam, mia)
    bought(sam, mia, minutes=30)
    for day in range(1, 5):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), pack_id=hour_pack.pk, by=sam, now=NOW)
        complete(session_id=session.pk, by=mia, now=session.ends_at)
    hour_pack.refresh_from_db()
    assert (hour_pack.status, Seat.objects.get().status) == (Status.DEPLETED, "ACTIVE")


def test_cancel_in_time_brings_the_credit_back(mia, sam):
    pack = bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
    cancel(session_id=session.pk, by=sam, now=session.starts_at - 24 * HOUR)
    assert counters(pack) == (4, 0, 0)
    assert not CalendarBlock.objects.exists()
    assert cancel(session_id=session.pk, by=sam, now=at(3)).credit == "RETURNED"


def test_cancel_too_late_uses_it_and_may_start_grace(mia, sam):
    pack = bought(sam, mia, sessions=2)
    use_up(pack, mia, sam, 1)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
    late = session.starts_at - 24 * HOUR + timedelta(seconds=1)
    cancel(session_id=session.pk, by=sam, now=late)
    assert (counters(pack), pack.status) == ((2, 0, 2), Status.DEPLETED)
    assert Seat.objects.get().grace_ends_at == late + 72 * HOUR


def test_undo_within_fifteen_minutes(mia, sam):
    pack = bought(sam, mia)
    soon = at(0, 12) + 13 * HOUR
    mia.mentor_profile.slot_step_minutes = 30
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(1, 8), by=sam, now=NOW)
    assert session.starts_at - NOW < 24 * HOUR
    cancel(session_id=session.pk, by=sam, now=NOW + timedelta(minutes=15))
    assert counters(pack) == (4, 0, 0)
    assert soon


def test_mentor_cancels_after_expiry_and_a_make_up_pack_appears(mia, sam):
    pack = bought(sam, mia, validity_days=30)
    session = book(student=sam, mentor_id=mia.pk, starts_at=NOW + 30 * DAY - 2 * HOUR, by=sam, now=NOW)
    sweep_seats(NOW + 30 * DAY)
    cancel(session_id=session.pk, by=mia, now=NOW + 30 * DAY + HOUR)
    assert counters(pack) == (0, 0, 0)
    make_up = SessionPack.objects.exclude(pk=pack.pk).get()
    assert (counters(make_up), make_up.takes_seat) == ((1, 0, 0), False)
    assert make_up.expires_at == NOW + 44 * DAY + HOUR
    again = book(student=sam, mentor_id=mia.pk, starts_at=NOW + 40 * DAY - 2 * HOUR, by=sam, now=NOW + 31 * DAY)
    assert again.purchase == pack.purchases.get()


def test_no_show_of_the_mentor_brings_it_back_of_the_student_uses_it(mia, sam):
    pack = bought(sam, mia)
    for day, absent in ((1, "mentor"), (2, "STUDENT")):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
        no_show(session_id=session.pk, absent=absent, by=mia, now=session.ends_at)
    assert counters(pack) == (4, 0, 1)


def test_before_the_end_only_the_other_can_be_absent_and_only_who_never_came(mia, sam):
    pack = bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(1), by=sam, now=NOW)
    waited = session.starts_at + timedelta(minutes=15)

    def says(by, absent, now=waited):
        return code_of(no_show, session_id=session.pk, absent=absent, by=by, now=now)

    enter(session_id=session.pk, by=mia, now=session.starts_at)
    assert [says(mia, absent) for absent in ("MENTOR", "BOTH")] == ["not_ended", "not_ended"]
    enter(session_id=session.pk, by=sam, now=waited)
    assert (says(mia, "STUDENT"), says(sam, "MENTOR")) == ("wrong_state", "wrong_state")
    assert says(sam, "MENTOR", now=session.ends_at) == "wrong_state"
    assert counters(pack) == (4, 1, 0)


def test_moving_exactly_24_hours_before_is_allowed_one_second_later_not(mia, sam):
    pack = bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
    edge = session.starts_at - 24 * HOUR
    moved = reschedule(session_id=session.pk, starts_at=at(4), by=sam, now=edge)
    assert (moved.starts_at, counters(pack)) == (at(4), (4, 1, 0))
    too_late = moved.starts_at - 24 * HOUR + timedelta(seconds=1)
    assert code_of(reschedule, session_id=session.pk, starts_at=at(6), by=sam, now=too_late) == "too_late"


def test_a_session_may_move_into_its_own_time(mia, sam):
    bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
    assert reschedule(session_id=session.pk, starts_at=at(3, 10, 30), by=sam, now=NOW).starts_at == at(3, 10, 30)


def test_refusals_come_in_their_order(mia, sam, otto):
    def ask(who=sam, starts_at=None, now=NOW, **more):
        return code_of(book, student=who, mentor_id=mia.pk, starts_at=starts_at or at(2), by=who, now=now, **more)

    assert ask(otto) == "no_active_pack"
    pack = bought(sam, mia, sessions=2)
    assert ask(starts_at=at(0, 20)) == "slot_unavailable"
    assert ask(starts_at=at(0, 19)) == "notice_too_short"
    assert ask(starts_at=at(-2)) == "slot_unavailable"
    assert ask(starts_at=pack.expires_at) == "pack_expired"
    assert ask(pack_id=999) == "not_found"
    for day in (2, 3):
        book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
    assert ask(starts_at=at(4)) == "no_remaining_sessions"
    assert ask(starts_at=at(95), now=NOW + 91 * DAY) == "pack_expired"
    Seat.objects.update(status="RELEASED", released_at=NOW)
    cancel(session_id=Session.objects.first().pk, by=sam, now=NOW)
    assert ask(starts_at=at(4)) == "seat_not_active"


def test_settling_is_the_mentors_and_only_after_the_end(mia, sam, otto):
    bought(sam, mia)
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(2), by=sam, now=NOW)
    before = session.ends_at - timedelta(seconds=1)
    assert code_of(complete, session_id=session.pk, by=mia, now=before) == "not_ended"
    with pytest.raises(NotYours):
        complete(session_id=session.pk, by=sam, now=session.ends_at)
    with pytest.raises(NotFound):
        complete(session_id=session.pk, by=otto, now=session.ends_at)
    complete(session_id=session.pk, by=mia, now=session.ends_at)
    complete(session_id=session.pk, by=mia, now=session.ends_at)
    assert counters(session.pack) == (4, 0, 1)
    assert code_of(cancel, session_id=session.pk, by=sam, now=session.ends_at) == "wrong_state"


def test_lowering_the_capacity_evicts_nobody(mia, sam, sue):
    bought(sam, mia)
    bought(sue, mia)
    mia.mentor_profile.max_active_students = 1
    mia.mentor_profile.save()
    free = availability(mia.pk, NOW)
    assert (free.occupied, free.available) == (2, 0)
    assert Seat.objects.standing().count() == 2
