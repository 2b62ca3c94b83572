"""A week of free times as a reader sees it: seven days of their own zone, for `templates/components/week_times.html`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mentorship.kernel import clock
from sessions_app.availability import first_moment
from sessions_app.slots import Slot

DAYS = 7


def week_range(first_day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants of a week: from the first moment of `first_day` in `zone` to that of the day seven days later."""
    midnight = datetime.combine(first_day, datetime.min.time())
    return first_moment(midnight, zone), first_moment(midnight + timedelta(days=DAYS), zone)


def read_first_day(text: str | None, zone: ZoneInfo, now: datetime, days_ahead: int = 400) -> date:
    """The first day a reader asked for (`?week=2026-11-24`); today where that is missing, past, absurd or no date."""
    today = now.astimezone(zone).date()
    try:
        asked = date.fromisoformat(text or "")
    except ValueError:
        return today
    return asked if today <= asked <= today + timedelta(days=days_ahead) else today


def week_of_slots(
    slots: Iterable[Slot],
    zone: ZoneInfo,
    now: datetime,
    first_day: date | None = None,
    *,
    selected: datetime | None = None,
    url: Callable[[datetime], str] | None = None,
) -> list[dict[str, Any]]:
    """Seven columns {day, slots: [{starts_at, value, checked, url}]}, each slot on the day it starts in `zone`.

    Slots outside the week are left out. `selected` is the chosen start; with `url` each slot is a link, not a radio.
    """
    first_day = first_day or now.astimezone(zone).date()
    columns: dict[date, list[dict[str, Any]]] = {first_day + timedelta(days=n): [] for n in range(DAYS)}
    for slot in sorted(slots):
        local = slot.starts_at.astimezone(zone)
        if local.date() in columns:
            columns[local.date()].append(
                {
                    "starts_at": slot.starts_at,
                    "value": clock.iso(slot.starts_at),
                    "checked": slot.starts_at == selected,
                    "url": url(slot.starts_at) if url else "",
                }
            )
    return [{"day": day, "slots": found} for day, found in columns.items()]
