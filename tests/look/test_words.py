"""Times in words: the reader's zone, this year's or another, and what is left of a deadline."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentorship.kernel import local_time

BERLIN, LAGOS, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Africa/Lagos"), ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 20, 18, 46, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
SUMMER = datetime(2026, 7, 7, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("default", "Tue 24 Nov, 18:00"),
        ("time", "18:00"),
        ("date", "24 Nov"),
        ("day", "Tuesday"),
        ("full-date", "24 November 2026"),
        ("long", "Tuesday 24 November, 18:00 (Berlin)"),
        ("relative", "Tuesday, 18:00"),
    ],
)
def test_a_time_is_said_in_the_readers_zone(style, said):
    assert local_time.words(TUESDAY, BERLIN, now=NOW, style=style) == said


def test_another_year_is_named():
    assert local_time.words(TUESDAY.replace(year=2027), BERLIN, now=NOW) == "Wed 24 Nov 2027, 18:00"


def test_tomorrow_is_the_readers_tomorrow():
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    assert local_time.words(late, BERLIN, now=NOW, style="relative") == "Tomorrow, 00:30"
    assert local_time.words(late, UTC, now=NOW, style="relative") == "Today, 23:30"


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="unknown time style"):
        local_time.words(TUESDAY, BERLIN, now=NOW, style="roughly")


@pytest.mark.parametrize(
    ("left", "long", "short"),
    [
        (timedelta(days=84, hours=2), "84 d", "84 d"),
        (timedelta(hours=72), "72 h", "72 h"),
        (timedelta(days=5, hours=4), "5 d 4 h", "5 d"),
        (timedelta(hours=22, minutes=14, seconds=59), "22 h 14 min", "22 h"),
        (timedelta(minutes=14), "14 min", "14 min"),
        (timedelta(seconds=59), "under a minute", "under a minute"),
        (timedelta(0), "now", "now"),
        (timedelta(hours=-3), "now", "now"),
    ],
)
def test_what_is_left(left, long, short):
    assert (local_time.span(left), local_time.span(left, short=True)) == (long, short)


LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("zone", "first", "second", "said"),
    [
        (BERLIN, "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z", ("02:30 CEST", "02:30 CET")),
        (ZoneInfo("Atlantic/Azores"), "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z", ("00:30 UTC", "00:30 UTC-1")),
        (LORD_HOWE, "2027-04-03T14:45:00Z", "2027-04-03T15:15:00Z", ("01:45 UTC+11", "01:45 UTC+10:30")),
    ],
)
def test_a_clock_time_that_comes_twice_says_which_one_it_is(zone, first, second, said):
    first, second = datetime.fromisoformat(first), datetime.fromisoformat(second)
    assert tuple(local_time.words(at, zone, style="time") for at in (first, second)) == said
    assert [local_time.elsewhere(at, TOKYO, zone).split(" on ")[0] for at in (first, second)] == list(said)
    assert local_time.words(first, zone, now=first, style="near") == f"today at {said[0]}"
    assert local_time.words(first, zone, now=first, style="relative") == f"Today, {said[0]}"
    assert local_time.words(second, zone, now=first, style="long").endswith(f", {said[1]} ({local_time.city(zone)})")
    assert "UTC" not in local_time.words(second + timedelta(hours=1), zone, style="time")
    assert local_time.words(second, zone, now=NOW, style="day") == local_time.words(first, zone, now=NOW, style="day")


def test_the_other_side_is_told_only_where_clocks_differ():
    assert local_time.elsewhere(SUMMER, BERLIN, LAGOS) == "17:00"
    assert local_time.elsewhere(TUESDAY, BERLIN, LAGOS) is None  # in winter both are at UTC+1
    assert local_time.elsewhere(TUESDAY, BERLIN, TOKYO) == "02:00 on Wednesday"


def test_a_clock_change_in_between_is_warned_of():
    in_april = datetime(2027, 4, 6, 16, 0, tzinfo=UTC)
    warning = local_time.clock_change_sentence(NOW, in_april, BERLIN)
    assert warning.startswith("Clocks in Berlin go forward an hour on Sunday 28 March")


def test_no_warning_without_a_change_or_when_it_has_changed_back():
    assert local_time.clock_change_sentence(NOW, TUESDAY, BERLIN) == ""
    assert local_time.clock_change_sentence(NOW, NOW + timedelta(days=365), BERLIN) == ""
    assert local_time.clock_change_sentence(NOW, NOW + timedelta(days=200), LAGOS) == ""


def test_the_change_is_found_to_the_second():
    at, by = local_time.clock_change(NOW, NOW + timedelta(days=200), BERLIN)
    assert abs(at - datetime(2027, 3, 28, 1, 0, tzinfo=UTC)) <= timedelta(seconds=1)
    assert by == timedelta(hours=1)


@pytest.mark.parametrize(
    ("key", "said"), [("Europe/Berlin", "Berlin"), ("America/Argentina/Buenos_Aires", "Buenos Aires"), ("UTC", "UTC")]
)
def test_a_zone_is_called_by_its_city(key, said):
    assert local_time.city(key) == said
    assert local_time.city(ZoneInfo(key)) == said
