"""A mentor moves to another zone: do the hours keep what the clock says, or the moments they are?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.db import transaction

from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import Malformed, Refusal
from mentorship.people.models import User
from mentorship.people.zones import is_zone
from sessions_app.availability import DAY_MINUTES, MINUTE, WEEK_MINUTES, first_moment, last_moment
from sessions_app.models import DateException, WeeklyRule
from sessions_app.services.hours import refresh_listings, set_hours

WALL, INSTANTS = "wall", "instants"
Rule = tuple[int, int, int]


@dataclass(frozen=True)
class Dated:
    """The hours of one date, before and after."""

    id: int
    kind: str
    day: date
    minutes: tuple[int, int]
    moved_day: date
    moved_minutes: tuple[int, int]


@dataclass(frozen=True)
class ZoneChange:
    """What changing the zone does to the hours: `rules` stay on the clock, `moved` are the same moments in the new zone."""

    old: ZoneInfo
    new: ZoneInfo
    rules: tuple[Rule, ...]
    moved: tuple[Rule, ...]
    dates: tuple[Dated, ...]
    minutes: int
    differs_from: date | None

    @property
    def asks(self) -> bool:
        """There are hours, and the two answers differ."""
        return bool(self.minutes or self.differs_from) and bool(self.rules or self.dates)

    @property
    def expect(self) -> str:
        """Names the whole answer: what a page sends back."""
        said = repr((self.old.key, self.new.key, self.moved, self.dates))
        return sha256(said.encode()).hexdigest()[:16]


def what_if_zone(*, mentor: User, zone_name: str, now: datetime) -> ZoneChange:
    """Both answers to the question. Raises Malformed for a zone that is none."""
    if not is_zone(zone_name):
        raise Malformed("Choose a time zone from the list.")
    old, new = mentor.zone, ZoneInfo(zone_name)
    minutes = apart(old, new, now)
    rules = tuple(
        WeeklyRule.objects.filter(mentor=mentor)
        .order_by("weekday", "start_minute")
        .values_list("weekday", "start_minute", "end_minute")
    )
    today = now.astimezone(old).date()
    timed = DateException.objects.filter(mentor=mentor, day__gte=today, start_minute__isnull=False)
    dates = tuple(_moved_date(row, old, new) for row in timed.order_by("day", "start_minute", "pk"))
    return ZoneChange(old, new, rules, shifted(rules, minutes), dates, minutes, _changes_on(old, new, now, minutes))


def apart(old: ZoneInfo, new: ZoneInfo, at: datetime) -> int:
    """How many minutes the new zone's clock is ahead of the old one's at this instant."""
    ahead = (at.astimezone(new).utcoffset() or timedelta()) - (at.astimezone(old).utcoffset() or timedelta())
    return round(ahead / MINUTE)


def shifted(rules: Iterable[Rule], minutes: int) -> tuple[Rule, ...]:
    """Weekly hours moved by so many minutes, around the week."""
    moved = []
    for day, start, end in rules:
        at = (day * DAY_MINUTES + start + minutes) % WEEK_MINUTES
        moved.append((at // DAY_MINUTES, at % DAY_MINUTES, at % DAY_MINUTES + end - start))
    return tuple(sorted(moved))


def _changes_on(old: ZoneInfo, new: ZoneInfo, now: datetime, minutes: int) -> date | None:
    """The first day within a year on which the two clocks are apart by something else than today."""
    for days in range(1, 366):
        at = now + timedelta(days=days)
        if apart(old, new, at) != minutes:
            return at.astimezone(new).date()
    return None


def _moved_date(row: DateException, old: ZoneInfo, new: ZoneInfo) -> Dated:
    assert row.start_minute is not None and row.end_minute is not None, "only dates with hours move"
    midnight = datetime.combine(row.day, time())
    opens = first_moment(midnight + row.start_minute * MINUTE, old).astimezone(new)
    closes = last_moment(midnight + row.end_minute * MINUTE, old).astimezone(new)
    start = opens.hour * 60 + opens.minute
    # On the clock, and at most the day that a row can hold: an hour more or less where a clock changes in between.
    length = min(max((closes.replace(tzinfo=None) - opens.replace(tzinfo=None)) // MINUTE, 1), DAY_MINUTES)
    minutes = row.start_minute, row.end_minute
    return Dated(row.pk, row.kind, row.day, minutes, opens.date(), (start, start + length))


@transaction.atomic
def change_zone(*, mentor: User, zone_name: str, keep: str, expect: str | None = None, now: datetime) -> ZoneChange:
    """Change the mentor's zone. `keep` "wall": 18:00 stays 18:00, in the new zone. "instants": the hours are rewritten to
    what the new zone's clock says at the same moments (as of today; a clock that changes later changes them).

    Booked sessions never move; days off and vacations stay on their dates. `expect` is the `ZoneChange.expect` that was
    shown. Raises Malformed, Refusal `answer_changed`.
    """
    if keep not in (WALL, INSTANTS):
        raise Malformed("Say what your hours keep: the time on the clock, or the moments.")
    lock_people([mentor.pk])
    mentor.refresh_from_db(fields=["zone_name"])
    change = what_if_zone(mentor=mentor, zone_name=zone_name, now=now)
    if expect is not None and expect != change.expect:
        raise Refusal("answer_changed", "Meanwhile your hours have changed. Please look at them again.")
    if keep == INSTANTS:
        set_hours(mentor=mentor, rules=change.moved)
        _move_dates(change.dates)
    mentor.zone_name = zone_name
    mentor.save(update_fields=["zone_name"])
    refresh_listings()
    return change


def _move_dates(dates: Sequence[Dated]) -> None:
    rows = DateException.objects.in_bulk([dated.id for dated in dates])
    for dated in dates:
        row = rows[dated.id]
        row.day, (row.start_minute, row.end_minute) = dated.moved_day, dated.moved_minutes
    DateException.objects.bulk_update(rows.values(), ["day", "start_minute", "end_minute"])
