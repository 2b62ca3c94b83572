from __future__ import annotations

import pytest

from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from packs.jobs import end_pauses
from packs.services import answer_pause, ask_for_pause, freeze, resume, thaw
from seats.jobs import sweep_seats
from seats.models import Seat
from sessions_app.services import book
from tests.cast import DAY, NOW, at, bought

pytestmark = pytest.mark.django_db


def paused(sam, mia, days=20, **terms):
    pack = bought(sam, mia, **terms)
    pause = ask_for_pause(pack_id=pack.pk, by=sam, days=days, now=NOW)
    return pack, answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW)


def test_no_deadline_is_reached_and_nothing_can_be_booked(mia, sam):
    pack, _ = paused(sam, mia, validity_days=30)
    with pytest.raises(Refusal) as refused:
        book(student=sam, mentor_id=mia.pk, starts_at=at(7), by=sam, now=NOW)
    assert refused.value.code == "pack_paused"
    sweep_seats(NOW + 31 * DAY)
    pack.refresh_from_db()
    assert (pack.status, Seat.objects.get().status) == ("ACTIVE", "ACTIVE")


def test_resuming_moves_the_expiry_by_what_elapsed(mia, sam):
    pack, pause = paused(sam, mia)
    before = pack.expires_at
    resume(pause_id=pause.pk, by=mia, now=NOW + 5 * DAY)
    resume(pause_id=pause.pk, by=sam, now=NOW + 6 * DAY)
    pack.refresh_from_db()
    assert (pack.paused_at, pack.expires_at) == (None, before + 5 * DAY)


def test_it_ends_by_itself_stamped_with_its_end(mia, sam):
    pack, _ = paused(sam, mia, days=20)
    before = pack.expires_at
    assert end_pauses(NOW + 25 * DAY) == 1
    pack.refresh_from_db()
    assert pack.expires_at == before + 20 * DAY


def test_thirty_days_in_all(mia, sam):
    pack, pause = paused(sam, mia, days=20)
    resume(pause_id=pause.pk, by=sam, now=NOW + 20 * DAY)
    with pytest.raises(Refusal) as refused:
        ask_for_pause(pack_id=pack.pk, by=sam, days=11, now=NOW + 21 * DAY)
    assert refused.value.code == "pause_used_up"
    assert ask_for_pause(pack_id=pack.pk, by=sam, days=10, now=NOW + 21 * DAY).days == 10


def test_both_must_want_it(mia, sam, otto):
    pack = bought(sam, mia)
    pause = ask_for_pause(pack_id=pack.pk, by=mia, days=5, now=NOW)
    with pytest.raises(NotYours):
        answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW)
    with pytest.raises(NotFound):
        answer_pause(pause_id=pause.pk, by=otto, agreed=True, now=NOW)
    assert answer_pause(pause_id=pause.pk, by=sam, agreed=False, now=NOW).status == "DECLINED"


@pytest.mark.parametrize("first", ["pause", "freeze"])
def test_paused_and_frozen_at_once_stands_for_the_whole_time_once(mia, sam, first):
    pack, pause = paused(sam, mia, days=10)
    before = pack.expires_at
    freeze(pack, cause="dispute:1", now=NOW + 5 * DAY)
    if first == "pause":
        resume(pause_id=pause.pk, by=sam, now=NOW + 8 * DAY)
        thaw(pack, cause="dispute:1", now=NOW + 12 * DAY)
        stood = 12
    else:
        thaw(pack, cause="dispute:1", now=NOW + 6 * DAY)
        resume(pause_id=pause.pk, by=sam, now=NOW + 9 * DAY)
        stood = 9
    pack.refresh_from_db()
    assert (pack.expires_at, pack.frozen_at, pack.paused_at) == (before + stood * DAY, None, None)
