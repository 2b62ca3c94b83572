"""What a calendar says about clocks: whose zones meet in it, when one of them changes, how long such a day is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format

from mentorship.kernel.local_time import city, clock_change

MOST_CHANGES = 8


@dataclass(frozen=True)
class Change:
    """A clock change: its instant, by how much, and where."""

    at: datetime
    by: timedelta
    zone: ZoneInfo

    @property
    def is_back(self) -> bool:
        return self.by < timedelta()

    @property
    def much(self) -> str:
        minutes = abs(int(self.by.total_seconds())) // 60
        return "an hour" if minutes == 60 else f"{minutes} minutes"

    @property
    def clock(self) -> datetime:
        """What the clock would have read: it says so no more."""
        return (self.at - timedelta(seconds=1)).astimezone(self.zone).replace(tzinfo=None) + timedelta(seconds=1)

    @property
    def sentence(self) -> str:
        way = "back" if self.is_back else "forward"
        return (
            f"Clocks in {city(self.zone)} go {way} {self.much} on {date_format(self.clock, 'l j F')} "
            f"at {self.clock:%H:%M}; all times here already count that in."
        )

    @property
    def of_the_day(self) -> str:
        """A few words at the day it happens on."""
        return f"{self.clock:%H:%M}: clocks go {'back' if self.is_back else 'forward'} {self.much}"


def changes(start: datetime, end: datetime, zone: ZoneInfo) -> list[Change]:
    """The changes of this zone's clocks in (start, end], ascending."""
    found: list[Change] = []
    while len(found) < MOST_CHANGES and (change := clock_change(start, end, zone)):
        found.append(Change(*change, zone))
        start = change[0]
    return found


@dataclass(frozen=True)
class ZoneChoice:
    """A zone the calendar can be shown in, and whose it is."""

    zone: ZoneInfo
    owners: str
    is_own: bool = False

    @property
    def label(self) -> str:
        return f"{city(self.zone)} ({self.owners})"


def zones_of(people: Iterable[tuple[str, ZoneInfo]], own: ZoneInfo, most: int = 4) -> list[ZoneChoice]:
    """The reader's zone and those of the people met most often, each with its owners; only the reader's: no choice."""
    named: dict[ZoneInfo, list[str]] = {}
    for name, zone in people:
        if zone.key != own.key:
            named.setdefault(zone, []).append(name)
    ranked = sorted(named.items(), key=lambda item: (-len(item[1]), item[0].key))[:most]
    others = [ZoneChoice(zone, _owners(list(dict.fromkeys(names)))) for zone, names in ranked]
    return [ZoneChoice(own, "you", is_own=True), *others] if others else []


def _owners(names: list[str]) -> str:
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} others"


def second_hours(first: int, last: int, here: ZoneInfo, there: ZoneInfo, start: datetime, end: datetime) -> list[str]:
    """What another clock reads at each full hour of ours, from `first` to `last`; empty where it agrees, or where the
    distance of the two changes within the range: one row of numbers would be wrong on some of its days."""
    distances = {_distance(moment, here, there) for moment in (start, *_changed(start, end, here, there))}
    if len(distances) != 1 or not (distance := distances.pop()):
        return []
    midnight = datetime(2000, 1, 1, tzinfo=UTC)
    return [f"{midnight + timedelta(hours=hour) + distance:%H:%M}" for hour in range(first, last + 1)]


def _changed(start: datetime, end: datetime, *zones: ZoneInfo) -> list[datetime]:
    return [change.at for zone in zones for change in changes(start, end, zone)]


def _distance(moment: datetime, here: ZoneInfo, there: ZoneInfo) -> timedelta:
    zero = timedelta()
    return (moment.astimezone(there).utcoffset() or zero) - (moment.astimezone(here).utcoffset() or zero)
