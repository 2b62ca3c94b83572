"""No renewal: a mentor may say, before the last session, that this student asks before buying another pack."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from notifications.models import Notification
from packs.services import renewal_is_off, turn_renewal_off, turn_renewal_on
from payments.services import asks_first
from seats.jobs import warn_grace_ending
from seats.models import Seat
from sessions_app.services import complete
from tests.cast import DAY, HOUR, NOW, at, bought, offering
from tests.rooms.scene import booked, used_up

pytestmark = pytest.mark.django_db


def told(person):
    return list(
        Notification.objects.shown().filter(recipient=person, kind="renewal_mode").values_list("title", flat=True)
    )


def test_it_stands_for_the_pair_until_it_is_taken_back(mia, max_, sam, sue):
    pack = bought(sam, mia)
    bought(sam, max_)
    bought(sue, mia)
    turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)
    turn_renewal_off(pack_id=pack.pk, by=mia, now=at(1))
    assert renewal_is_off(sam.pk, mia.pk, NOW)
    assert not renewal_is_off(sam.pk, max_.pk, NOW)
    assert not renewal_is_off(sue.pk, mia.pk, NOW)
    turn_renewal_on(pack_id=pack.pk, by=mia, now=at(2))
    assert not renewal_is_off(sam.pk, mia.pk, at(2))


def test_the_student_is_told_once_and_not_of_a_no_that_never_reached_them(mia, sam):
    pack = bought(sam, mia)
    turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)
    turn_renewal_off(pack_id=pack.pk, by=mia, now=at(1))
    assert told(sam) == ["Mia wants to be asked before you renew"]
    turn_renewal_on(pack_id=pack.pk, by=mia, now=at(1))
    assert told(sam) == []


def test_who_has_read_the_no_reads_that_it_is_taken_back(mia, sam):
    pack = bought(sam, mia)
    turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)
    Notification.objects.update(read_at=NOW)
    Notification.objects.get().deliveries.update(status="SENT")
    turn_renewal_on(pack_id=pack.pk, by=mia, now=at(1))
    assert told(sam)[0] == "You can renew with Mia without asking again"


def test_only_before_the_last_session_is_settled(mia, sam):
    pack = bought(sam, mia)
    used_up(sam, mia, 3)
    last = booked(sam, mia, at(5))
    complete(session_id=last.pk, by=mia, now=last.ends_at)
    with pytest.raises(Refusal) as refused:
        turn_renewal_off(pack_id=pack.pk, by=mia, now=last.ends_at)
    assert refused.value.code == "wrong_state"
    assert not renewal_is_off(sam.pk, mia.pk, last.ends_at)


def test_it_is_the_mentors_to_decide(mia, sam, otto):
    pack = bought(sam, mia)
    for verb in (turn_renewal_off, turn_renewal_on):
        with pytest.raises(NotYours):
            verb(pack_id=pack.pk, by=sam, now=NOW)
        with pytest.raises(NotFound):
            verb(pack_id=pack.pk, by=otto, now=NOW)


def test_what_takes_no_seat_has_no_renewal(mia, sam):
    pack = bought(sam, mia, sessions=1)
    with pytest.raises(Refusal):
        turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)


def test_the_renewal_reminder_says_that_one_has_to_ask(mia, sam):
    pack = bought(sam, mia)
    turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)
    used_up(sam, mia, 3)
    reminder = Notification.objects.get(kind="renewal_reminder")
    assert "Mia wants to be asked before you renew" in reminder.text
    assert reminder.action_label == "Ask for the next pack"


def test_the_grace_and_its_last_call_say_so_too(mia, sam):
    pack = bought(sam, mia)
    turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)
    used_up(sam, mia, 4)
    ends = Seat.objects.get().grace_ends_at
    assert warn_grace_ending(ends - 5 * HOUR) == 1
    for kind in ("grace_started", "grace_final_warning"):
        told = Notification.objects.get(recipient=sam, kind=kind)
        assert "Mia wants to be asked before you renew" in told.text
        assert told.action_label == "Ask for the next pack"
    assert "asked" not in Notification.objects.get(recipient=mia, kind="grace_started").text


def test_what_is_in_grace_is_no_longer_to_be_ended(mia, sam):
    pack = bought(sam, mia)
    used_up(sam, mia, 4)
    with pytest.raises(Refusal):
        turn_renewal_off(pack_id=pack.pk, by=mia, now=at(5))


class TestBuying:
    def test_a_pack_is_asked_for_whatever_its_mode(self, mia, sam, sue):
        pack, sold, single = bought(sam, mia), offering(mia), offering(mia, sessions=1)
        bought(sue, mia)
        assert not asks_first(sam, sold, NOW)
        turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)
        assert asks_first(sam, sold, NOW)
        assert not asks_first(sam, single, NOW), "a single session takes no seat: it is no renewal"
        assert not asks_first(sue, sold, NOW)
        turn_renewal_on(pack_id=pack.pk, by=mia, now=NOW)
        assert not asks_first(sam, sold, NOW)

    def test_nobody_gets_around_it_by_waiting_for_the_end(self, mia, sam):
        pack, sold = bought(sam, mia), offering(mia)
        turn_renewal_off(pack_id=pack.pk, by=mia, now=NOW)
        assert asks_first(sam, sold, NOW + 200 * DAY)
