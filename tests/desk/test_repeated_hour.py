"""Where the clocks go back, a time of the repeated hour can be typed, chosen and shown: both of the two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from packs.models import SessionPack
from seats.models import Seat
from sessions_app.models import Session, WeeklyRule
from tests.cast import bought
from tests.desk.scene import do, hidden, look
from tests.rooms.scene import booked, words

pytestmark = pytest.mark.django_db

NIGHT = datetime.fromisoformat("2026-10-24T12:00Z")
FIRST, SECOND = datetime.fromisoformat("2026-10-25T00:30Z"), datetime.fromisoformat("2026-10-25T01:30Z")
BOTH = [("CEST", FIRST), ("CET", SECOND)]


@pytest.fixture
def pack(boss, client, mia, sam, time_machine) -> SessionPack:
    """Mia can be booked at night, and the desk is in Berlin the day before the clocks go back."""
    time_machine.move_to(NIGHT, tick=False)
    client.force_login(boss)
    type(boss).objects.filter(pk=boss.pk).update(zone_name="Europe/Berlin")
    WeeklyRule.objects.filter(mentor=mia).update(start_minute=0, end_minute=1440)
    mia.mentor_profile.notice_hours = 1
    mia.mentor_profile.save()
    return bought(sam, mia, now=NIGHT)


def html(page: Any) -> str:
    return page.content.decode()


def test_a_time_that_comes_twice_is_asked_which_one(client, pack):
    page = look(client, "book", pack.pk, starts_at="2026-10-25T02:30", side="student")
    assert page.status_code == 422
    assert "02:30 comes twice. Write “2026-10-25 02:30 CEST” or “2026-10-25 02:30 CET”." in words(page)
    # The browser's picker has no place for the word.
    assert '<input type="text" name="starts_at" value="2026-10-25T02:30"' in html(page)


@pytest.mark.parametrize(("which", "instant"), BOTH)
def test_both_can_be_booked(client, pack, which, instant):
    assert do(client, "book", pack.pk, starts_at=f"2026-10-25 02:30 {which.lower()}", side="student", agenda="")
    assert Session.objects.get().starts_at == instant


@pytest.mark.parametrize(("which", "instant"), BOTH)
def test_and_moved_to(client, pack, sam, mia, which, instant):
    session = booked(sam, mia, datetime.fromisoformat("2026-10-28T10:00Z"), now=NIGHT)
    do(client, "move", session.pk, starts_at=f"2026-10-25T02:30 {which}", side="student")
    session.refresh_from_db()
    assert session.starts_at == instant


def test_each_free_time_that_is_offered_can_be_chosen(client, pack, mia):
    WeeklyRule.objects.filter(mentor=mia).update(start_minute=30, end_minute=150)  # 02:30 CEST to 03:30 CET
    times = look(client, "book", pack.pk).context["times"]
    assert FIRST in [time["starts_at"] for time in times] and SECOND in [time["starts_at"] for time in times]
    for time in times:
        page = client.get(f"/admin/support/book/{pack.pk}?{time['query']}")
        assert page.context["outcome"] and page.context["form"].cleaned_data["starts_at"] == time["starts_at"]
        assert hidden(page)["starts_at"] == page.context["form"].data["starts_at"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2027-03-28T02:30", "The clocks skip 02:30 that day."),
        ("2026-10-25 18:00 CET", "18:00 comes once that day. Leave “CET” out."),
        ("2026-10-25 02:30 EST", "comes twice"),
        ("2026-10-25 24:30", "Enter a valid date/time."),
        ("0001-01-01T00:00", "A day between 2000 and 2100"),
    ],
)
def test_what_the_clock_does_not_show_is_said(client, pack, typed, said):
    page = look(client, "book", pack.pk, starts_at=typed, side="student")
    assert (page.status_code, said in words(page)) == (422, True), words(page)


def test_what_stands_there_already_can_be_sent_again(client, pack):
    SessionPack.objects.filter(pk=pack.pk).update(expires_at=SECOND)
    assert 'type="text" name="expires_at" value="2026-10-25 02:30 CET"' in html(look(client, "expiry", pack.pk))
    assert "Nothing would change." in words(look(client, "expiry", pack.pk, expires_at="2026-10-25 02:30 CET"))
    SessionPack.objects.filter(pk=pack.pk).update(expires_at=NIGHT)
    assert 'type="datetime-local" name="expires_at" value="2026-10-24T14:00"' in html(look(client, "expiry", pack.pk))
    Seat.objects.update(status=Seat.Status.GRACE, grace_ends_at=FIRST)
    assert 'value="2026-10-25 02:30 CEST"' in html(look(client, "grace", Seat.objects.get().pk))
