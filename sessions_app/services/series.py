"""Book the rest of a pack at once: the same wall-clock time every week or fortnight, conflicts shown with what is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.models import MentorProfile
from packs.models import SessionPack
from sessions_app.availability import instants
from sessions_app.models import Session
from sessions_app.services.booking import book
from sessions_app.slots import Slot, free_slots

RHYTHMS = (7, 14)  # days
NEAR = timedelta(days=3)


@dataclass(frozen=True)
class Row:
    """One session of the series. `wanted` is None where the clock skips that time; `offered` is None without a way out."""

    wanted: datetime | None
    offered: Slot | None

    @property
    def fits(self) -> bool:
        return self.offered is not None and self.offered.starts_at == self.wanted


def propose_series(
    *, pack: SessionPack, student: Any, first: datetime, every_days: int, zone: ZoneInfo, now: datetime
) -> list[Row]:
    """Times for all remaining credits of an open pack, from `first` on, at the same wall-clock time in `zone`.

    A time that is not free comes with the nearest one that is, at most three days away and after none of the series'
    own. Two queries, however many rows. Raises Malformed (an unknown rhythm).
    """
    if every_days not in RHYTHMS:
        raise Malformed("The rhythm is every 7 or every 14 days.")
    count = pack.remaining_at(now)
    walls = [first.astimezone(zone).replace(tzinfo=None) + timedelta(days=every_days * n) for n in range(count)]
    if not walls:
        return []
    # The first is the instant that was chosen; of a later time that happens twice it is the first one.
    wanted = [first, *(next(iter(instants(wall, zone)), None) for wall in walls[1:])]
    last = walls[-1].replace(tzinfo=zone) + NEAR + timedelta(days=1)
    slots = free_slots(
        mentor=MentorProfile.objects.select_related("user").get(user=pack.mentor_id),
        start=max(first - NEAR, now),
        end=min(last, pack.expires_at),
        duration_minutes=pack.duration_minutes,
        now=now,
        viewer=student,
        horizon_ends=pack.expires_at,
    )
    rows: list[Row] = []
    for time, wall in zip(wanted, walls, strict=True):
        taken = [row.offered for row in rows if row.offered is not None]
        around = time or wall.replace(tzinfo=zone)
        rows.append(Row(time, _nearest(slots, around, taken)))
    return rows


def _nearest(slots: Sequence[Slot], around: datetime, taken: Sequence[Slot]) -> Slot | None:
    open_ones = [
        slot
        for slot in slots
        if abs(slot.starts_at - around) <= NEAR
        and all(slot.ends_at <= other.starts_at or slot.starts_at >= other.ends_at for other in taken)
    ]
    return min(open_ones, key=lambda slot: (abs(slot.starts_at - around), slot.starts_at), default=None)


@transaction.atomic
def book_series(*, pack_id: int, student: Any, times: Sequence[datetime], now: datetime) -> list[Session]:
    """Book all of these times out of the pack, or none. Raises NotFound, Malformed, and what `book` raises, with the time."""
    pack = SessionPack.objects.filter(pk=pack_id, student=student).first()
    if pack is None:
        raise NotFound("There is no such pack.")
    chosen = sorted(set(times))
    if not chosen:
        raise Malformed("Choose at least one time.")
    booked = []
    for starts_at in chosen:
        try:
            booked.append(
                book(
                    student=student,
                    mentor_id=pack.mentor_id,
                    starts_at=starts_at,
                    pack_id=pack.pk,
                    by=student,
                    now=now,
                )
            )
        except Refusal as refusal:
            raise SeriesRefusal(refusal, starts_at) from refusal
    return booked


class SeriesRefusal(Refusal):
    """The refusal of one time of a series; none of them was booked."""

    def __init__(self, refusal: Refusal, starts_at: datetime) -> None:
        super().__init__(refusal.code, refusal.message)
        self.status, self.starts_at = refusal.status, starts_at
