"""Instants in words: in a zone, with the zone's city, and how long until then. Pages, mails and messages share them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format

STYLES = ("default", "time", "date", "day", "long", "full-date", "relative", "short-day", "near")


def city(zone: tzinfo | str) -> str:
    """The reader's word for a zone: "Europe/Berlin" is Berlin, "America/Argentina/Buenos_Aires" is Buenos Aires."""
    key = zone if isinstance(zone, str) else (getattr(zone, "key", None) or str(zone))
    return key.rsplit("/", 1)[-1].replace("_", " ")


def words(moment: datetime, zone: tzinfo, *, now: datetime | None = None, style: str = "default") -> str:
    """`moment` as wall-clock words in `zone`. The year shows when it is not this year's, or when `now` is unknown.

    default "Tue 24 Nov, 18:00" · time "18:00" · date "24 Nov" · day "Tuesday" · short-day "Tue" · full-date
    "24 November 2026" · long "Tuesday 24 November, 18:00 (Berlin)" · relative "Today, 18:00", "Tomorrow, 18:00",
    "Tuesday, 18:00" within six days, then the default · near, inside a sentence, "today at 18:00", "tomorrow at",
    "yesterday at", else the default. Of a clock time that comes twice in a day the words say which one it is: "02:30
    CEST". Raises ValueError for another style.
    """
    local = moment.astimezone(zone)
    today = now.astimezone(zone).date() if now else None
    year = "" if today and today.year == local.year else " Y"
    if style == "relative":
        if today is None or not 0 <= (local.date() - today).days < 7:
            style = "default"
        else:
            days = (local.date() - today).days
            return f"{('Today', 'Tomorrow')[days] if days < 2 else date_format(local, 'l')}, {_clock_time(local)}"
    if style == "near":
        day = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((local.date() - today).days) if today else None
        if day:
            return f"{day} at {_clock_time(local)}"
        style = "default"
    patterns = {
        "default": f"D j M{year}, ",
        "time": "",
        "date": f"j M{year}",
        "day": "l",
        "short-day": "D",
        "full-date": "j F Y",
        "long": f"l j F{year}, ",
    }
    if style not in patterns:
        raise ValueError(f"unknown time style {style!r}, known are {', '.join(STYLES)}")
    text = str(date_format(local, patterns[style]))
    if style in ("default", "time", "long"):
        text += _clock_time(local)
    return f"{text} ({city(zone)})" if style == "long" else text


def _clock_time(local: datetime) -> str:
    """ "18:00", and where the clocks go back and show it twice "02:30 CEST", "02:30 CET", "01:45 UTC+10:30"."""
    time = str(date_format(local, "H:i"))
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return time
    name = local.tzname() or ""
    if not name.isalpha():  # zones without letters are called by their offset
        hours, _, minutes = local.isoformat()[-5:].partition(":")
        shift = f"{int(hours)}:{minutes}" if int(minutes) else f"{int(hours)}"
        name = "UTC" if shift == "0" else f"UTC{local.isoformat()[-6]}{shift}"
    return f"{time} {name}"


def span(left: timedelta, *, short: bool = False) -> str:
    """How long: "84 d", "3 d 4 h", "22 h 14 min", "14 min", "under a minute". Short keeps one number: "31 h", "84 d"."""
    minutes = int(left.total_seconds()) // 60
    if minutes < 1:
        return "under a minute" if left > timedelta() else "now"
    days, hours = minutes // 1440, minutes // 60
    if short:
        return f"{days} d" if days > 3 else f"{hours} h" if hours else f"{minutes} min"
    if days >= 14:
        return f"{days} d"
    if days > 3:
        return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"


def clock_change(after: datetime, until: datetime, zone: ZoneInfo) -> tuple[datetime, timedelta] | None:
    """The first clock change in `zone` after `after` and not later than `until`: its instant and by how much, or None."""
    low, step = after, timedelta(days=1)
    while low < until:
        high = min(low + step, until)
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            return _narrow(low, high, zone)
        low = high
    return None


def _narrow(low: datetime, high: datetime, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    before = low.astimezone(zone).utcoffset() or timedelta()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high, (high.astimezone(zone).utcoffset() or timedelta()) - before


def clock_change_sentence(now: datetime, moment: datetime, zone: ZoneInfo) -> str:
    """A warning when the clocks of `zone` change between `now` and `moment` and stay changed at `moment`, else ""."""
    change = clock_change(now, moment, zone)
    if change is None or now.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset():
        return ""
    at, by = change
    minutes = abs(int(by.total_seconds())) // 60
    how_much = "an hour" if minutes == 60 else f"{minutes} minutes"
    way = "forward" if by > timedelta() else "back"
    day = date_format(at.astimezone(zone), "l j F")
    return f"Clocks in {city(zone)} go {way} {how_much} on {day}; the time shown here already counts that in."


def elsewhere(moment: datetime, here: tzinfo, there: tzinfo) -> str | None:
    """The wall time of `moment` in `there`, with the weekday when the date differs; None when both clocks agree."""
    mine, theirs = moment.astimezone(here), moment.astimezone(there)
    if mine.utcoffset() == theirs.utcoffset():
        return None
    time = _clock_time(theirs)
    return time if mine.date() == theirs.date() else f"{time} on {date_format(theirs, 'l')}"
