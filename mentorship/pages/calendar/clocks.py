"""What a calendar says about clocks: whose zones meet in it, when one of them changes, how long such a day is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format

from mentorship.kernel.local_time import city, clock_change

MOST_CHANGES = 8
SECOND = timedelta(seconds=1)


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
        return (self.at - SECOND).astimezone(self.zone).replace(tzinfo=None) + SECOND

    @property
    def day(self) -> date:
        """The day that it makes longer or shorter."""
        return self.at.astimezone(self.zone).date()

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
    """The changes of this zone's clocks in [start, end), ascending. A day may begin with one (Cairo's have no midnight)."""
    found: list[Change] = []
    after, last = start - SECOND, end - SECOND
    while len(found) < MOST_CHANGES and (change := clock_change(after, last, zone)):
        at, by = change
        at -= timedelta(seconds=at.second, microseconds=at.microsecond)  # it was found to the second
        found.append(Change(at, by, zone))
        after = at
    return found


def sentences(found: Iterable[Change]) -> list[str]:
    """One for each moment at which clocks change; those that change together are said in one."""
    together: dict[tuple[datetime, timedelta], list[Change]] = {}
    for change in found:
        together.setdefault((change.at, change.by), []).append(change)
    return [" ".join([first.sentence, *_and_in(others)]) for first, *others in together.values()]


def _and_in(others: list[Change]) -> list[str]:
    places = " and ".join(dict.fromkeys(city(change.zone) for change in others))
    return [f"Those in {places} change at the same moment."] if places else []


@dataclass(frozen=True)
class ZoneChoice:
    """A zone the calendar can be shown in, and whose it is."""

    zone: ZoneInfo
    owners: str
    is_own: bool = False

    @property
    def label(self) -> str:
        return f"{city(self.zone)} ({self.owners})"


def zones_of(
    people: Iterable[tuple[str, ZoneInfo]], own: ZoneInfo, start: datetime, end: datetime, most: int = 4
) -> list[ZoneChoice]:
    """The reader's zone and those of the people met most often, each with its owners; only the reader's: no choice.

    Zones whose clocks read the same at the start and at the end of the span are one: nothing would change on the page.
    """

    def reading(zone: ZoneInfo) -> tuple[timedelta | None, ...]:
        return tuple(moment.astimezone(zone).utcoffset() for moment in (start, end))

    named: dict[tuple[timedelta | None, ...], list[tuple[str, ZoneInfo]]] = {}
    for name, zone in people:
        if reading(zone) != reading(own):
            named.setdefault(reading(zone), []).append((name, zone))
    ranked = sorted(named.values(), key=lambda met: (-len(met), met[0][1].key))[:most]
    others = [ZoneChoice(met[0][1], _owners(list(dict.fromkeys(name for name, _ in met)))) for met in ranked]
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
