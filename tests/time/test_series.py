from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentorship.kernel.refusals import Refusal
from sessions_app.models import Session
from sessions_app.services import book
from sessions_app.services.series import book_series, propose_series
from tests.cast import NOW, at, bought, counters, mentor, user

pytestmark = pytest.mark.django_db


def test_four_mondays_and_the_nearest_where_one_is_taken(mia, sam, sue):
    pack = bought(sam, mia)
    bought(sue, mia)
    book(student=sue, mentor_id=mia.pk, starts_at=at(21), by=sue, now=NOW)
    rows = propose_series(pack=pack, student=sam, first=at(7), every_days=7, zone=ZoneInfo("UTC"), now=NOW)
    assert [row.wanted for row in rows] == [at(7), at(14), at(21), at(28)]
    assert [row.fits for row in rows] == [True, True, False, True]
    assert rows[2].offered.starts_at in (at(21, 9), at(21, 11))
    booked = book_series(pack_id=pack.pk, student=sam, times=[r.offered.starts_at for r in rows], now=NOW)
    assert len(booked) == 4
    assert counters(pack) == (4, 4, 0)


def test_all_or_none(mia, sam, sue):
    pack = bought(sam, mia)
    bought(sue, mia)
    book(student=sue, mentor_id=mia.pk, starts_at=at(14), by=sue, now=NOW)
    with pytest.raises(Refusal) as refused:
        book_series(pack_id=pack.pk, student=sam, times=[at(7), at(14), at(21)], now=NOW)
    assert (refused.value.code, refused.value.starts_at) == ("slot_unavailable", at(14))
    assert counters(pack) == (4, 0, 0)
    assert Session.objects.filter(student=sam).count() == 0


def test_the_wall_clock_stays_over_daylight_saving(sam):
    berlin = ZoneInfo("Europe/Berlin")
    ben = mentor("ben", "Europe/Berlin")
    now = datetime(2026, 10, 10, 12, tzinfo=UTC)
    pack = bought(sam, ben, now=now)
    first = datetime(2026, 10, 13, 18, tzinfo=berlin)
    rows = propose_series(pack=pack, student=sam, first=first, every_days=7, zone=berlin, now=now)
    assert [row.offered.starts_at.astimezone(berlin).hour for row in rows] == [18, 18, 18, 18]
    assert rows[2].wanted - rows[1].wanted == timedelta(days=7, hours=1)


def test_an_extended_pack_proposes_all_that_is_left(mia):
    sam = user("sam2")
    pack = bought(sam, mia, sessions=6)
    book(student=sam, mentor_id=mia.pk, starts_at=at(3), by=sam, now=NOW)
    pack.refresh_from_db()
    rows = propose_series(pack=pack, student=sam, first=at(7), every_days=14, zone=ZoneInfo("UTC"), now=NOW)
    assert len(rows) == 5
