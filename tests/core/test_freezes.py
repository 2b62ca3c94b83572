"""While something about a pack is in dispute its clocks stand: expiry, grace, warnings and shares wait, and go on after."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from packs.jobs import warn_pack_expiry
from packs.models import Freeze, SessionPack
from packs.services import freeze, thaw
from payments.jobs import release_shares
from seats.jobs import sweep_seats, warn_grace_ending
from seats.models import Seat
from seats.services import availability, freeze_seat, thaw_seat
from sessions_app.services import book, cancel, complete
from tests.cast import DAY, HOUR, NOW, at, bought, counters, offering
from tests.payments.scene import accounts, pay, place

pytestmark = pytest.mark.django_db

EXPIRES = NOW + 90 * DAY
FROZEN, THAWED = EXPIRES - 10 * DAY, EXPIRES + 10 * DAY


@pytest.fixture
def pack(mia, sam):
    pack = bought(sam, mia, validity_days=90)
    assert pack.expires_at == EXPIRES
    return pack


def stand_still(pack, now, cause="dispute:1"):
    freeze(pack, cause=cause, now=now)
    freeze_seat(student_id=pack.student_id, mentor_id=pack.mentor_id, now=now)


def go_on(pack, now, cause="dispute:1"):
    thaw(pack, cause=cause, now=now)
    thaw_seat(student_id=pack.student_id, mentor_id=pack.mentor_id, now=now)


def use_up(pack, mia, sam):
    """All four sessions are held; the last is settled at day 5, 11:00."""
    for day in (2, 3, 4, 5):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
        complete(session_id=session.pk, by=mia, now=at(day, 11))
    pack.refresh_from_db()
    assert (pack.status, Seat.objects.get().status) == ("DEPLETED", "GRACE")
    return at(5, 11) + 72 * HOUR


class TestExpiry:
    def test_ten_days_were_left_and_ten_are_left(self, pack):
        stand_still(pack, FROZEN)
        go_on(pack, THAWED)
        assert pack.expires_at == THAWED + 10 * DAY
        assert (pack.status, pack.frozen_at) == ("ACTIVE", None)
        assert counters(pack) == (4, 0, 0)

    @pytest.mark.parametrize("when", [EXPIRES - DAY, EXPIRES, EXPIRES + HOUR, THAWED - HOUR])
    def test_meanwhile_nothing_lapses_and_no_seat_is_released(self, pack, mia, when):
        stand_still(pack, FROZEN)
        assert sweep_seats(when) == 0
        pack.refresh_from_db()
        assert (pack.status, pack.status_at(when), pack.remaining_at(when)) == ("ACTIVE", "ACTIVE", 4)
        assert counters(pack) == (4, 0, 0)
        assert Seat.objects.get().status == "ACTIVE"
        assert availability(mia.pk, when).occupied == 1

    def test_afterwards_it_lapses_in_its_own_time(self, pack, mia):
        stand_still(pack, FROZEN)
        go_on(pack, THAWED)
        assert sweep_seats(THAWED + 10 * DAY - HOUR) == 0
        assert sweep_seats(THAWED + 10 * DAY) == 1
        pack.refresh_from_db()
        assert (pack.status, counters(pack)) == ("EXPIRED", (0, 0, 0))
        assert Seat.objects.get().released_at == THAWED + 10 * DAY

    def test_no_warning_meanwhile_and_each_one_afterwards(self, pack):
        assert warn_pack_expiry(EXPIRES - 30 * DAY) == 1
        stand_still(pack, FROZEN)
        assert [warn_pack_expiry(EXPIRES - days * DAY) for days in (7, 1, 0)] == [0, 0, 0]
        go_on(pack, THAWED)
        assert warn_pack_expiry(THAWED + 2 * DAY) == 1, "30 days before the new date, late"
        assert warn_pack_expiry(THAWED + 3 * DAY) == 1, "7 days before it"
        assert warn_pack_expiry(THAWED + 9 * DAY) == 1, "1 day before it"
        assert warn_pack_expiry(THAWED + 9 * DAY + HOUR) == 0

    def test_what_had_expired_has_expired(self, pack):
        stand_still(pack, EXPIRES + HOUR)
        assert (pack.status, counters(pack)) == ("EXPIRED", (0, 0, 0))
        go_on(pack, THAWED)
        assert (pack.status, pack.remaining_at(THAWED)) == ("EXPIRED", 0)
        sweep_seats(THAWED)
        assert Seat.objects.get().status == "RELEASED"


class TestCauses:
    def test_two_hold_it_until_the_last_has_gone(self, pack):
        freeze(pack, cause="dispute:1", now=NOW + 10 * DAY)
        freeze(pack, cause="claim:9", now=NOW + 15 * DAY)
        assert pack.frozen_at == NOW + 10 * DAY
        thaw(pack, cause="dispute:1", now=NOW + 20 * DAY)
        assert (pack.frozen_at, pack.expires_at) == (NOW + 10 * DAY, EXPIRES)
        thaw(pack, cause="claim:9", now=NOW + 30 * DAY)
        assert (pack.frozen_at, pack.expires_at) == (None, EXPIRES + 20 * DAY)

    def test_the_same_one_twice_counts_once(self, pack):
        freeze(pack, cause="dispute:1", now=NOW + 10 * DAY)
        freeze(pack, cause="dispute:1", now=NOW + 15 * DAY)
        assert Freeze.objects.get().since == NOW + 10 * DAY
        thaw(pack, cause="dispute:1", now=NOW + 20 * DAY)
        thaw(pack, cause="dispute:1", now=NOW + 40 * DAY)
        assert (pack.frozen_at, pack.expires_at) == (None, EXPIRES + 10 * DAY)

    def test_one_that_never_froze_thaws_nothing(self, pack):
        freeze(pack, cause="dispute:1", now=NOW + 10 * DAY)
        thaw(pack, cause="dispute:2", now=NOW + 20 * DAY)
        assert (pack.frozen_at, pack.expires_at) == (NOW + 10 * DAY, EXPIRES)

    def test_one_after_the_other_each_moves_it(self, pack):
        for cause, since, until in (("dispute:1", 10, 15), ("dispute:2", 20, 27)):
            freeze(pack, cause=cause, now=NOW + since * DAY)
            thaw(pack, cause=cause, now=NOW + until * DAY)
        assert pack.expires_at == EXPIRES + 12 * DAY

    def test_another_pack_of_the_pair_keeps_the_seat_frozen(self, pack, mia, sam):
        short = bought(sam, mia, minutes=30, validity_days=90)
        stand_still(pack, NOW + DAY)
        stand_still(short, NOW + 2 * DAY, cause="dispute:2")
        go_on(pack, NOW + 3 * DAY)
        assert Seat.objects.get().frozen_at == NOW + DAY
        go_on(short, NOW + 5 * DAY, cause="dispute:2")
        assert Seat.objects.get().frozen_at is None
        short.refresh_from_db()
        assert (pack.expires_at, short.expires_at) == (EXPIRES + 2 * DAY, EXPIRES + 3 * DAY)


class TestGrace:
    def test_stands_and_goes_on_with_what_was_left(self, pack, mia, sam):
        ends_at = use_up(pack, mia, sam)
        since = ends_at - 62 * HOUR
        stand_still(pack, since)
        for when in (ends_at - 12 * HOUR, ends_at, ends_at + 10 * DAY):
            assert warn_grace_ending(when) == 0
            assert sweep_seats(when) == 0
            assert availability(mia.pk, when).occupied == 1
        go_on(pack, since + 20 * DAY)
        seat = Seat.objects.get()
        assert (seat.status, seat.grace_ends_at) == ("GRACE", since + 20 * DAY + 62 * HOUR)
        assert warn_grace_ending(seat.grace_ends_at - 12 * HOUR) == 1
        assert sweep_seats(seat.grace_ends_at - HOUR) == 0
        assert sweep_seats(seat.grace_ends_at) == 1

    def test_that_begins_while_the_clock_stands_begins_whole(self, pack, mia, sam):
        for day in (2, 3, 4, 5):
            book(student=sam, mentor_id=mia.pk, starts_at=at(day), by=sam, now=NOW)
        stand_still(pack, at(1))
        for session in pack.sessions.order_by("starts_at"):
            complete(session_id=session.pk, by=mia, now=session.ends_at)
        seat = Seat.objects.get()
        assert (seat.status, seat.grace_ends_at) == ("GRACE", at(5, 11) + 72 * HOUR)
        assert sweep_seats(at(20)) == 0
        go_on(pack, at(25, 11))
        assert Seat.objects.get().grace_ends_at == at(25, 11) + 72 * HOUR

    def test_is_given_though_the_last_session_is_marked_after_the_expiry_that_stands_still(self, mia, sam):
        pack = bought(sam, mia, sessions=1, validity_days=90, takes_seat=True)
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(88), by=sam, now=EXPIRES - 10 * DAY)
        stand_still(pack, FROZEN)
        complete(session_id=session.pk, by=mia, now=EXPIRES + HOUR)
        pack.refresh_from_db()
        assert (pack.status, pack.depleted_at) == ("DEPLETED", EXPIRES + HOUR)
        go_on(pack, THAWED)
        seat = Seat.objects.get()
        assert (seat.status, seat.grace_ends_at) == ("GRACE", THAWED + 72 * HOUR)

    def test_one_that_was_over_is_not_brought_back(self, pack, mia, sam):
        ends_at = use_up(pack, mia, sam)
        stand_still(pack, ends_at + HOUR)
        assert Seat.objects.get().frozen_at is None
        assert sweep_seats(ends_at + 2 * HOUR) == 1


class TestBooking:
    def test_is_refused_meanwhile_and_free_again_afterwards(self, pack, mia, sam):
        stand_still(pack, NOW)
        with pytest.raises(Refusal) as refused:
            book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        assert refused.value.code == "pack_frozen"
        go_on(pack, at(1))
        assert book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=at(1)).status == "SCHEDULED"

    def test_what_was_booked_stays_and_can_be_cancelled(self, pack, mia, sam):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        stand_still(pack, NOW)
        assert counters(pack) == (4, 1, 0)
        cancel(session_id=session.pk, by=sam, now=at(1))
        assert counters(pack) == (4, 0, 0)

    def test_a_credit_that_comes_back_after_the_old_date_is_not_lost(self, pack, mia, sam):
        starts_at = EXPIRES.replace(hour=10)
        session = book(student=sam, mentor_id=mia.pk, starts_at=starts_at, by=sam, now=EXPIRES - 20 * DAY)
        stand_still(pack, FROZEN)
        cancel(session_id=session.pk, by=mia, now=EXPIRES + HOUR)
        pack.refresh_from_db()
        assert (SessionPack.objects.count(), counters(pack)) == (1, (4, 0, 0))


class TestShares:
    @pytest.fixture
    def order(self, mia, sam):
        return pay(place(sam, offering(mia)))

    def test_of_a_used_session_wait(self, order, mia, sam):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
        complete(session_id=session.pk, by=mia, now=at(3, 11))
        freeze(order.pack, cause="dispute:1", now=at(4))
        assert release_shares(at(30)) == 0
        assert "MENTOR_AVAILABLE" not in accounts()
        thaw(order.pack, cause="dispute:1", now=at(30))
        assert release_shares(at(30)) == 1
        assert accounts()["MENTOR_AVAILABLE"] == -4900

    def test_of_lapsed_credits_wait(self, order):
        expires_at = order.pack.expires_at
        sweep_seats(expires_at)
        freeze(order.pack, cause="dispute:1", now=expires_at + HOUR)
        assert release_shares(expires_at + 30 * DAY) == 0
        assert accounts() == {"PROVIDER": 28000, "MENTOR_PENDING": -19600, "PLATFORM_PENDING": -8400}
        thaw(order.pack, cause="dispute:1", now=expires_at + 30 * DAY)
        assert release_shares(expires_at + 30 * DAY) == 1
        assert accounts() == {"PROVIDER": 28000, "MENTOR_AVAILABLE": -19600, "PLATFORM_AVAILABLE": -8400}
