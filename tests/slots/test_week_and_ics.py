from __future__ import annotations

from datetime import date, datetime, timedelta
from re import findall
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from icalendar import Calendar

from sessions_app.availability import Hours, Stretch, Wall
from sessions_app.hours.picture import Labelled, draw
from sessions_app.ics import build_ics, sequence_of
from sessions_app.models import SessionEvent
from sessions_app.slots import Slot
from sessions_app.week import read_first_day, week_of_slots, week_range
from tests.cast import user
from tests.slots.scene import at, mentor, taken

NOW = at("2026-10-20T09:00:00Z")
BERLIN = ZoneInfo("Europe/Berlin")


def slot(text):
    return Slot(at(text), at(text) + timedelta(hours=1))


def test_seven_columns_in_the_readers_zone():
    slots = [slot("2026-10-20T22:30:00Z"), slot("2026-10-20T18:00:00Z"), slot("2026-10-27T18:00:00Z")]
    week = week_of_slots(slots, BERLIN, NOW)
    assert [column["day"].isoformat()[-2:] for column in week] == ["20", "21", "22", "23", "24", "25", "26"]
    assert [s["value"] for s in week[0]["slots"]] == ["2026-10-20T18:00:00Z"]
    assert [s["value"] for s in week[1]["slots"]] == ["2026-10-20T22:30:00Z"]


def test_two_equal_clock_times_are_two_choices_that_can_be_told_apart():
    slots = [slot("2026-10-25T00:30:00Z"), slot("2026-10-25T01:30:00Z")]
    context = {"days": week_of_slots(slots, BERLIN, NOW, date(2026, 10, 25)), "viewer_zone": BERLIN}
    page = render_to_string("components/week_times.html", context)
    assert findall(r"02:30 \w+", page) == ["02:30 CEST", "02:30 CET"]


def test_a_choice_is_marked_and_may_be_a_link():
    slots = [slot("2026-10-20T18:00:00Z")]
    column = week_of_slots(
        slots, BERLIN, NOW, selected=at("2026-10-20T18:00:00Z"), url=lambda start: f"?at={start:%H}"
    )[0]
    assert (column["slots"][0]["checked"], column["slots"][0]["url"]) == (True, "?at=18")


def test_a_week_with_a_clock_change_is_an_hour_longer():
    start, end = week_range(date(2026, 10, 20), BERLIN)
    assert (start, end - start) == (at("2026-10-19T22:00:00Z"), timedelta(days=7, hours=1))


def test_a_day_without_a_midnight_starts_at_one():
    cairo = ZoneInfo("Africa/Cairo")
    assert week_range(date(2026, 4, 24), cairo)[0] == at("2026-04-23T22:00:00Z")


@pytest.mark.parametrize(
    "text", [None, "", "soon", "2026-10-19", "2026-13-01", "9999-12-31", "x" * 10_000, "2026-10-20T10:00"]
)
def test_an_absurd_week_is_this_one(text):
    assert read_first_day(text, BERLIN, NOW) == date(2026, 10, 20)


def test_a_later_week():
    assert read_first_day("2026-11-03", BERLIN, NOW) == date(2026, 11, 3)


def test_a_session_as_a_calendar_file(db):
    mia, sam = mentor("mia"), user("sam")
    session = taken(mia, sam, at("2026-11-24T18:00:00Z"))
    session.meeting_url, session.agenda = "https://meet.example.test/secret", "My, tests; and\nwhy"
    raw = build_ics(
        session, title="Mia Sato and Sam", method="REQUEST", sequence=2, now=NOW, attendee="sam@example.test"
    )
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["UID"], event["SEQUENCE"]) == ("REQUEST", f"session-{session.pk}@mentorship", 2)
    assert (event.start, event.end) == (session.starts_at, session.ends_at)
    assert event["DTSTAMP"].dt == NOW
    assert b"DTSTAMP:20261020T090000Z" in raw and b"DTSTART:20261124T180000Z" in raw
    assert "My, tests; and\nwhy" in event["DESCRIPTION"]
    assert b"secret" not in raw
    assert "mia@example.test" not in raw.decode()


def test_a_cancelled_one_keeps_its_uid_and_counts_on(db):
    session = taken(mentor("mia"), user("sam"), at("2026-11-24T18:00:00Z"))
    assert sequence_of(session) == 0
    for kind in (
        SessionEvent.Kind.BOOKED,
        SessionEvent.Kind.MOVED,
        SessionEvent.Kind.ENTERED,
        SessionEvent.Kind.CANCELLED,
    ):
        SessionEvent.objects.create(session=session, kind=kind, at=NOW)
    raw = build_ics(session, title="x", method="CANCEL", sequence=sequence_of(session), now=NOW)
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    assert (event["STATUS"], event["SEQUENCE"], event["UID"]) == ("CANCELLED", 2, f"session-{session.pk}@mentorship")


def test_nothing_can_be_written_into_the_file_from_outside(db):
    session = taken(mentor("mia"), user("sam"), at("2026-11-24T18:00:00Z"))
    session.agenda = "x\r\nEND:VEVENT\r\nBEGIN:VALARM"
    raw = build_ics(session, title="a\r\nATTACH:evil", method="REQUEST", sequence=0, now=NOW)
    assert len(Calendar.from_ical(raw).walk("VEVENT")) == 1
    assert not any(line.startswith((b"ATTACH", b"BEGIN:VALARM")) for line in raw.splitlines())


MONDAY = date(2026, 10, 19)


def test_the_picture_cuts_nights_at_midnight():
    week = Hours(week=(Stretch(22 * 60, 26 * 60), Stretch(6 * 1440 + 1380, 7 * 1440 + 60)))
    picture = draw(MONDAY, week, BERLIN)
    words = [[bar.words for bar in day.bars] for day in picture.days]
    assert words[0] == ["00:00-01:00", "22:00-24:00"]
    assert words[1] == ["00:00-02:00"]
    assert words[6] == ["23:00-24:00"]
    assert picture.labels[0] == "00:00" and picture.labels[-1] == "24:00"


def test_the_picture_of_nothing_is_a_working_day():
    picture = draw(MONDAY, Hours(), BERLIN)
    assert (picture.labels[0], picture.labels[-1], picture.words) == ("09:00", "21:00", "no hours yet")


def test_the_picture_shows_what_differs_and_what_is_taken():
    tuesday, friday = datetime(2026, 10, 20), datetime(2026, 10, 23)  # noqa: DTZ001
    hours = Hours(
        week=(Stretch(1440 + 540, 1440 + 720),),
        extra=(Wall(tuesday + timedelta(hours=11), tuesday + timedelta(hours=14)),),
        closed=(
            Wall(tuesday + timedelta(hours=9), tuesday + timedelta(hours=10)),
            Wall(friday, friday + timedelta(days=1)),
        ),
    )
    spans = [
        Labelled("booked", at("2026-10-20T08:00:00Z"), at("2026-10-20T09:00:00Z"), "with Sam"),
        Labelled("busy", at("2026-10-20T22:30:00Z"), at("2026-10-21T06:00:00Z")),
    ]
    picture = draw(MONDAY, hours, BERLIN, spans)
    assert picture.days[1].words == "10:00-12:00, extra 12:00-14:00, closed 09:00-10:00, booked 10:00-11:00 with Sam"
    assert picture.days[2].words == "busy 00:30-08:00"
    assert (picture.days[4].words, picture.days[4].is_away) == ("away", True)
    assert picture.kinds == ["open", "extra", "closed", "busy", "booked"]
