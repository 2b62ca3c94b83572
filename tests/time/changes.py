"""The named nights on which clocks change, written down as instants by hand: what the code is held against.

A mentor in one zone opens a window around the change, the student lives in another zone. Kathmandu and the Marquesas
change nothing themselves; there it is the student's clock that changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mentorship.people.models import MentorProfile, User
from packs.models import SessionPack
from sessions_app.slots import Slot, free_slots
from tests import cast
from tests.slots.scene import SAT, SUN, THU, hours

__all__ = ["BERLIN", "CAIRO", "CASES", "HALF", "KATHMANDU", "NEW_YORK", "Case", "at", "each", "found", "people"]

HALF = timedelta(minutes=30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Case:
    """`weekday` and `window` (o'clock, in the mentor's zone) hold the change; `opens` and `closes` are its instants.

    `skipped` is a wall-clock time that the mentor's clock does not show, `twice` one that it shows twice, at `both`.
    """

    name: str
    zone: str
    weekday: int
    window: tuple[float, float]
    opens: str
    closes: str
    changes_at: str
    student_zone: str
    skipped: str = ""
    twice: str = ""
    both: tuple[str, str] = ("", "")

    @property
    def here(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def there(self) -> ZoneInfo:
        return ZoneInfo(self.student_zone)

    @property
    def change(self) -> datetime:
        return at(self.changes_at)

    @property
    def now(self) -> datetime:
        """Ten days before, at noon UTC."""
        return (self.change - timedelta(days=10)).replace(hour=12, minute=0)

    @property
    def day(self) -> date:
        """The mentor's date on which the window opens."""
        return at(self.opens).astimezone(self.here).date()

    @property
    def every_half_hour(self) -> list[Slot]:
        """Elapsed time knows no change: one start every thirty minutes from opening to closing."""
        count = (at(self.closes) - at(self.opens)) // HALF
        return [Slot(at(self.opens) + HALF * n, at(self.opens) + HALF * (n + 1)) for n in range(count)]


NEW_YORK, BERLIN, KATHMANDU = "America/New_York", "Europe/Berlin", "Asia/Kathmandu"
LORD_HOWE, CHATHAM, CAIRO, MARQUESAS = "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Cairo", "Pacific/Marquesas"

CASES = (
    Case("New York in spring", NEW_YORK, SUN, (0, 5), "2026-03-08T05:00Z", "2026-03-08T09:00Z",
         "2026-03-08T07:00Z", BERLIN, skipped="2026-03-08T02:30"),
    Case("New York in autumn", NEW_YORK, SUN, (0, 5), "2026-11-01T04:00Z", "2026-11-01T10:00Z",
         "2026-11-01T06:00Z", KATHMANDU, twice="2026-11-01T01:30", both=("2026-11-01T05:30Z", "2026-11-01T06:30Z")),
    Case("Berlin in spring", BERLIN, SUN, (0, 5), "2026-03-28T23:00Z", "2026-03-29T03:00Z",
         "2026-03-29T01:00Z", NEW_YORK, skipped="2026-03-29T02:30"),
    Case("Berlin in autumn", BERLIN, SUN, (0, 5), "2026-10-24T22:00Z", "2026-10-25T04:00Z",
         "2026-10-25T01:00Z", LORD_HOWE, twice="2026-10-25T02:30", both=("2026-10-25T00:30Z", "2026-10-25T01:30Z")),
    # Half an hour; and the student's clock in Chatham changes in the same night.
    Case("Lord Howe in autumn", LORD_HOWE, SUN, (0, 4), "2026-04-04T13:00Z", "2026-04-04T17:30Z",
         "2026-04-04T15:00Z", CHATHAM, twice="2026-04-05T01:30", both=("2026-04-04T14:30Z", "2026-04-04T15:00Z")),
    Case("Lord Howe in spring", LORD_HOWE, SUN, (0, 4), "2026-10-03T13:30Z", "2026-10-03T17:00Z",
         "2026-10-03T15:30Z", MARQUESAS, skipped="2026-10-04T02:00"),
    Case("Chatham in spring", CHATHAM, SUN, (0, 6), "2026-09-26T11:15Z", "2026-09-26T16:15Z",
         "2026-09-26T14:00Z", CAIRO, skipped="2026-09-27T03:00"),
    Case("Chatham in autumn", CHATHAM, SUN, (0, 6), "2026-04-04T10:15Z", "2026-04-04T17:15Z",
         "2026-04-04T14:00Z", BERLIN, twice="2026-04-05T03:00", both=("2026-04-04T13:15Z", "2026-04-04T14:15Z")),
    # At midnight, inside a window that goes past it.
    Case("Cairo in spring", CAIRO, THU, (21, 26), "2026-04-23T19:00Z", "2026-04-23T23:00Z",
         "2026-04-23T22:00Z", KATHMANDU, skipped="2026-04-24T00:30"),
    Case("Cairo in autumn", CAIRO, THU, (21, 26), "2026-10-29T18:00Z", "2026-10-30T00:00Z",
         "2026-10-29T21:00Z", NEW_YORK, twice="2026-10-29T23:30", both=("2026-10-29T20:30Z", "2026-10-29T21:30Z")),
    # These never change; the student's clock does.
    Case("Kathmandu, while Berlin changes", KATHMANDU, SUN, (4, 9), "2026-10-24T22:15Z", "2026-10-25T03:15Z",
         "2026-10-25T01:00Z", BERLIN),
    Case("Marquesas, while Berlin changes", MARQUESAS, SAT, (13, 18), "2026-10-24T22:30Z", "2026-10-25T03:30Z",
         "2026-10-25T01:00Z", BERLIN),
)  # fmt: skip

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def people(case: Case, *, sessions: int = 12) -> tuple[MentorProfile, User, SessionPack]:
    """The mentor with the window, the student in the other zone, and a pack of sessions of thirty minutes."""
    mia = cast.mentor("mia", case.zone, hours=None).mentor_profile
    hours(mia, case.weekday, *case.window)
    sam = cast.user("sam", case.student_zone)
    return mia, sam, cast.bought(sam, mia.user, sessions=sessions, minutes=30, now=case.now)


def found(case: Case, mia: MentorProfile, **options: Any) -> list[Slot]:
    """What is offered around the change, asked ten days before it."""
    around = timedelta(days=2)
    asked = {"start": at(case.opens) - around, "end": at(case.closes) + around, "now": case.now} | options
    return free_slots(mentor=mia, duration_minutes=30, **asked)
