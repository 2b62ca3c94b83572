"""Free times for several people at once: what a mentor may propose instead, from two queries for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mentorship.people.models import MentorProfile
from sessions_app.availability import MINUTE
from sessions_app.slots import Horizon, Slot, busy_of, free_of, hours_of


@dataclass(frozen=True)
class Wish:
    """Somebody needs another time of this length, near `around`. `before`: it begins earlier than that (an expiry)."""

    id: UUID
    student_id: int
    minutes: int
    around: datetime
    earliest: datetime
    before: datetime | None = None


def openings(
    *,
    profile: MentorProfile,
    wishes: Sequence[Wish],
    without: tuple[datetime, datetime],
    start: datetime,
    end: datetime,
    now: datetime,
    most: int = 12,
) -> dict[UUID, list[Slot]]:
    """For each wish the mentor's free times in [start, end) outside the span `without`: one a day, the nearest in time of
    day to what was booked, of the nearest days. Ascending; two queries, however many wishes.
    """
    if not wishes or start >= end:
        return {wish.id: [] for wish in wishes}
    hours = hours_of([profile.user_id], start, end)[profile.user_id]
    longest = max(wish.minutes for wish in wishes)
    busy = busy_of([profile], {wish.student_id for wish in wishes}, start, end, longest, now)
    found = {}
    for wish in wishes:
        horizon = Horizon.of(profile, now, wish.before)
        last = min(end, horizon.end + MINUTE, wish.before or end)
        slots = free_of(profile, hours, busy, wish.student_id, max(start, wish.earliest), last, wish.minutes)
        found[wish.id] = _nearest(
            (slot for slot in slots if slot.ends_at <= without[0] or slot.starts_at >= without[1]), wish, profile, most
        )
    return found


def _nearest(slots: Iterable[Slot], wish: Wish, profile: MentorProfile, most: int) -> list[Slot]:
    """The best slot of each day, of the days nearest to the old one."""
    wanted = wish.around.astimezone(profile.zone)
    days: dict[int, tuple[timedelta, Slot]] = {}
    for slot in slots:
        local = slot.starts_at.astimezone(profile.zone)
        off = abs(timedelta(hours=local.hour - wanted.hour, minutes=local.minute - wanted.minute))
        day = (local.date() - wanted.date()).days
        if day not in days or (off, slot) < days[day]:
            days[day] = (off, slot)
    return sorted(days[day][1] for day in sorted(days, key=abs)[:most])
