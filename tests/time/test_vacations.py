from __future__ import annotations

from datetime import date

import pytest

from mentorship.kernel.refusals import Refusal
from sessions_app.services import book
from sessions_app.services.vacations import add_vacation, remove_vacation, touched_by
from tests.cast import DAY, NOW, at, bought, counters

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 6, 8), date(2026, 6, 14)  # a week from Monday in a week


def booked(sam, mia, *days):
    return [book(student=sam, mentor_id=mia.pk, starts_at=at(d), by=sam, now=NOW) for d in days]


def test_each_touched_session_gets_its_decision(mia, sam):
    pack = bought(sam, mia)
    before, keep, cancelled = booked(sam, mia, 6, 7, 13)
    assert touched_by(mia, FIRST, LAST, now=NOW) == [keep, cancelled]
    add_vacation(
        mentor=mia, first_day=FIRST, last_day=LAST, decisions={keep.pk: "keep", cancelled.pk: "cancel"}, now=NOW
    )
    for session in (before, keep, cancelled):
        session.refresh_from_db()
    assert [s.status for s in (before, keep, cancelled)] == ["SCHEDULED", "SCHEDULED", "CANCELLED"]
    assert counters(pack) == (4, 2, 0)
    with pytest.raises(Refusal) as refused:
        booked(sam, mia, 13)
    assert refused.value.code == "slot_unavailable"


def test_what_was_booked_meanwhile_must_be_decided_too(mia, sam):
    bought(sam, mia)
    booked(sam, mia, 7)
    with pytest.raises(Refusal) as refused:
        add_vacation(mentor=mia, first_day=FIRST, last_day=LAST, decisions={}, now=NOW)
    assert refused.value.code == "answer_changed"


@pytest.mark.parametrize(("last", "moved"), [(date(2026, 6, 13), 0), (date(2026, 6, 14), 7)])
def test_from_seven_days_on_it_moves_the_expiry_and_its_removal_takes_that_back(mia, sam, last, moved):
    pack = bought(sam, mia)
    before = pack.expires_at
    vacation = add_vacation(mentor=mia, first_day=FIRST, last_day=last, decisions={}, now=NOW)
    pack.refresh_from_db()
    assert pack.expires_at == before + moved * DAY
    remove_vacation(vacation_id=vacation.pk, mentor=mia, now=NOW + DAY)
    pack.refresh_from_db()
    assert pack.expires_at == before


def test_one_that_has_begun_keeps_what_it_moved(mia, sam):
    pack = bought(sam, mia)
    before = pack.expires_at
    vacation = add_vacation(mentor=mia, first_day=FIRST, last_day=LAST, decisions={}, now=NOW)
    remove_vacation(vacation_id=vacation.pk, mentor=mia, now=at(8))
    pack.refresh_from_db()
    assert pack.expires_at == before + 7 * DAY
