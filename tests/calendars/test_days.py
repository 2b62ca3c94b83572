"""Days, weeks and months in any zone: which instants they are, what lies on them, and what clocks do to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentorship.pages.calendar.clocks import changes, second_hours, sentences, zones_of
from mentorship.pages.calendar.days import days_of
from mentorship.pages.calendar.drawing import draw
from mentorship.pages.calendar.entries import Entry
from mentorship.pages.calendar.reading import Found
from mentorship.pages.calendar.span import Span

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU, CHATHAM, CAIRO = map(
    ZoneInfo,
    (
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Africa/Cairo",
    ),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def entry(start: str, minutes: int = 60, kind: str = "session", name: str = "Mia") -> Entry:
    return Entry(kind, at(start), at(start) + timedelta(minutes=minutes), name, BERLIN, "/")


def shown(span: Span, *entries: Entry) -> dict[str, list[str]]:
    """The pieces of each day that has some, as clock times, with the classes that place them."""
    days = days_of(span, entries, [], Found(), changes(span.start, span.end, span.zone), NOW)
    draw(days, span, Found(), NOW)
    return {
        day.day.isoformat(): [
            f"{p.starts_at.astimezone(span.zone):%H:%M}-{p.ends_at.astimezone(span.zone):%H:%M} {p.css}"
            for p in day.pieces
        ]
        for day in days
        if day.pieces
    }


@pytest.mark.parametrize(
    ("view", "first", "count", "earlier", "later"),
    [
        ("day", "2026-11-25", 1, "2026-11-24", "2026-11-26"),
        ("week", "2026-11-23", 7, "2026-11-16", "2026-11-30"),
        ("list", "2026-11-25", 28, "2026-10-28", "2026-12-23"),
        ("month", "2026-10-26", 42, "2026-10-01", "2026-12-01"),
    ],
)
def test_a_view_has_its_days_and_its_neighbours(view, first, count, earlier, later):
    span = Span.of(view, date(2026, 11, 25), BERLIN)
    assert (span.first.isoformat(), span.count) == (first, count)
    assert (span.earlier.isoformat(), span.later.isoformat()) == (earlier, later)


def test_titles_say_no_more_than_needed():
    def title(view: str, day: str) -> str:
        return Span.of(view, date.fromisoformat(day), BERLIN).title(NOW)

    assert title("day", "2026-11-24") == "Tuesday 24 November"
    assert title("week", "2026-11-24") == "23 to 29 November"
    assert title("week", "2026-12-01") == "30 November to 6 December"
    assert title("week", "2026-12-31") == "28 December 2026 to 3 January 2027"
    assert title("month", "2027-02-03") == "February 2027"


@pytest.mark.parametrize("asked", [None, "", "x", "2026-13-01", "0001-01-01", "9999-12-31", "2026-06-01T10:00"])
def test_an_absurd_day_is_today(asked):
    assert Span.read("month", asked, zone=BERLIN, now=NOW).anchor == date(2026, 6, 1)
    assert Span.read("year", asked, zone=BERLIN, now=NOW).view == "week"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (NEW_YORK, date(2026, 3, 8), 23),
        (CAIRO, date(2026, 4, 24), 23),
        (CAIRO, date(2026, 4, 23), 24),
        (CAIRO, date(2026, 10, 29), 25),
        (CAIRO, date(2026, 10, 30), 24),
        (KATHMANDU, date(2026, 3, 29), 24),
        (CHATHAM, date(2026, 9, 27), 23),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone, day, hours):
    span = Span.of("day", day, zone)
    (found,) = days_of(span, [], [], Found(), changes(span.start, span.end, zone), NOW)
    assert (found.hours, span.end - span.start) == (hours, timedelta(hours=hours))
    assert bool(found.changes) == (hours != 24)


def test_midnight_cuts_a_session_in_the_readers_zone_only():
    night = entry("2026-06-02T21:30:00+00:00")
    here = Span.of("week", date(2026, 6, 2), BERLIN)
    assert shown(here, night) == {
        "2026-06-02": ["23:30-00:00 t23 tm30 l0 lm30 lane0 of1"],
        "2026-06-03": ["00:00-00:30 t0 tm0 l0 lm30 lane0 of1"],
    }
    there = Span.of("week", date(2026, 6, 2), KATHMANDU)
    assert list(shown(there, night)) == ["2026-06-03"]
    assert "03:15-04:15" in shown(there, night)["2026-06-03"][0]


def test_a_piece_knows_that_it_goes_on_and_that_it_came_over():
    span = Span.of("week", date(2026, 6, 7), BERLIN)
    days = days_of(span, [entry("2026-06-07T21:30:00+00:00"), entry("2026-05-31T21:30:00+00:00")], [], Found(), [], NOW)
    (first,), (last,) = days[0].pieces, days[-1].pieces
    assert (first.came_over, first.goes_on) == (True, False)
    assert (last.came_over, last.goes_on) == (False, True)
    assert (days[0].count, days[-1].count) == (0, 1)


def test_the_repeated_hour_stands_side_by_side():
    span = Span.of("week", date(2026, 10, 25), BERLIN)
    first, second = entry("2026-10-25T00:30:00+00:00"), entry("2026-10-25T01:30:00+00:00")
    assert shown(span, first, second) == {
        "2026-10-25": ["02:30-02:30 t0 tm30 l1 lm0 lane0 of2", "02:30-03:30 t0 tm30 l1 lm0 lane1 of2"]
    }
    day = days_of(span, [first, second], [], Found(), changes(span.start, span.end, BERLIN), NOW)[-1]
    assert [piece.is_second for piece in day.pieces] == [False, True]
    assert [change.of_the_day for change in day.changes] == ["03:00: clocks go back an hour"]


def test_the_skipped_hour_is_reached_over_and_hatched():
    span = Span.of("week", date(2026, 3, 29), BERLIN)
    assert shown(span, entry("2026-03-29T00:30:00+00:00")) == {"2026-03-29": ["01:30-03:30 t0 tm30 l2 lm0 lane0 of1"]}
    days = days_of(span, [entry("2026-03-29T00:30:00+00:00")], [], Found(), changes(span.start, span.end, BERLIN), NOW)
    draw(days, span, Found(), NOW)
    assert [(bar.kind, bar.css) for bar in days[-1].ground] == [("skipped", "t1 tm0 l1 lm0")]


def test_half_an_hour_on_lord_howe():
    span = Span.of("day", date(2026, 10, 4), LORD_HOWE)
    (change,) = changes(span.start, span.end, LORD_HOWE)
    assert change.of_the_day == "02:00: clocks go forward 30 minutes"
    assert span.end - span.start == timedelta(hours=23, minutes=30)
    assert change.sentence.startswith("Clocks in Lord Howe go forward 30 minutes on Sunday 4 October at 02:00")


def test_four_lanes_at_most_and_no_overlap_in_one():
    span = Span.of("day", date(2026, 6, 2), BERLIN)
    many = [entry(f"2026-06-02T08:0{n}:00+00:00", kind="request", name=f"S{n}") for n in range(6)]
    found = shown(span, *many, entry("2026-06-02T10:00:00+00:00"))["2026-06-02"]
    assert [css.split()[-2:] for css in found[:4]] == [[f"lane{n}", "of4"] for n in range(4)]
    assert found[-1].endswith("lane0 of1")


@pytest.mark.parametrize(
    ("there", "hours"), [(KATHMANDU, ["11:45", "12:45"]), (NEW_YORK, ["02:00", "03:00"]), (CHATHAM, ["18:45", "19:45"])]
)
def test_the_other_clock_beside_ones_own(there, hours):
    start = at("2026-06-01T00:00:00+02:00")
    assert second_hours(8, 9, BERLIN, there, start, start + timedelta(days=7)) == hours


def test_no_second_clock_where_the_distance_changes_within_the_week():
    start = at("2026-10-19T00:00:00+02:00")
    assert second_hours(8, 9, BERLIN, NEW_YORK, start, start + timedelta(days=7, hours=1)) == []
    assert second_hours(8, 9, BERLIN, ZoneInfo("Europe/Paris"), start, start + timedelta(days=7, hours=1)) == []


def test_zones_that_read_the_same_are_one_choice():
    start, end = at("2026-06-01T00:00:00+02:00"), at("2026-06-08T00:00:00+02:00")
    met = [("Mia", ZoneInfo("Africa/Lagos")), ("Max", BERLIN), ("Ada", ZoneInfo("Europe/London")), ("Lea", NEW_YORK)]
    choices = zones_of(met, ZoneInfo("Europe/Paris"), start, end)
    assert [choice.label for choice in choices] == ["Paris (you)", "Lagos (Mia and Ada)", "New York (Lea)"]
    assert zones_of([("Max", BERLIN)], ZoneInfo("Europe/Paris"), start, end) == []


def test_clocks_that_change_together_are_one_sentence():
    start, end = at("2026-10-19T00:00:00+02:00"), at("2026-11-02T00:00:00+01:00")
    zones = (BERLIN, ZoneInfo("Europe/London"), NEW_YORK)
    one, other = sentences(change for zone in zones for change in changes(start, end, zone))
    assert one.startswith("Clocks in Berlin go back an hour on Sunday 25 October at 03:00; ")
    assert one.endswith(" Those in London change at the same moment.")
    assert other.startswith("Clocks in New York go back an hour on Sunday 1 November at 02:00; ")
