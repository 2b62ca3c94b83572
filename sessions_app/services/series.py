"""Book the rest of a pack at once: the same wall-clock time every week or fortnight, conflicts shown with what is near.

Whose wall clock: the zone of whoever plans, for that is the clock they think in ("Tuesdays at 18:00"). It stays over a
change of their clocks; where the mentor's change on another day, the mentor's time moves, and a row that no longer fits
the mentor's hours is a conflict like any other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from mentorship.kernel import clock
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.models import MentorProfile
from notifications.services import notify
from packs.models import SessionPack
from sessions_app.availability import instants
from sessions_app.models import Session
from sessions_app.services.booking import book
from sessions_app.services.common import calendar_file, tell
from sessions_app.slots import Slot, free_slots

RHYTHMS = (7, 14)  # days
NEAR = timedelta(days=3)
NEAREST, OTHER_DAYS = 3, 4  # how many alternatives a row has: the nearest ones, and the same time on days around
Why = Literal["", "skipped", "expired", "taken", "lost"]


@dataclass(frozen=True)
class Row:
    """One session of the series.

    `wanted` is None where the clock skips that time; `offered` is None without a way out. `nearby` are the times to choose
    from, `offered` among them. `why` says what became of the wanted time: "" it is free, "skipped" by the clock, "expired"
    the pack is over by then, "taken" or closed; "lost": what had been chosen is not free any more.
    """

    wanted: datetime | None
    offered: Slot | None
    nearby: tuple[Slot, ...] = ()
    why: Why = ""
    left_out: bool = False

    @property
    def fits(self) -> bool:
        return self.offered is not None and self.offered.starts_at == self.wanted


def propose_series(
    *,
    pack: SessionPack,
    student: Any,
    first: datetime,
    every_days: int,
    zone: ZoneInfo,
    now: datetime,
    kept: Sequence[datetime | None] = (),
) -> list[Row]:
    """Times for all remaining credits of an open pack, from `first` on, at the same wall-clock time in `zone`.

    A time that is not free comes with the nearest one that is, at most three days away and after none of the series'
    own. `kept`: what was chosen for each row before (None: left out); it stays where it is still free. Three queries,
    however many rows. Raises Malformed (an unknown rhythm).
    """
    if every_days not in RHYTHMS:
        raise Malformed("The rhythm is every 7 or every 14 days.")
    first, kept = clock.utc(first), [time and clock.utc(time) for time in kept]
    count = pack.remaining_at(now)
    walls = [first.astimezone(zone).replace(tzinfo=None) + timedelta(days=every_days * n) for n in range(count)]
    if not walls:
        return []
    # The first is the instant that was chosen; of a later time that happens twice it is the first one.
    wanted = [first, *(next(iter(instants(wall, zone)), None) for wall in walls[1:])]
    centres = [time or wall.replace(tzinfo=zone) for time, wall in zip(wanted, walls, strict=True)]
    slots = _slots(pack, student, [*centres, *(time for time in kept[:count] if time)], now)
    by_start = {slot.starts_at: slot for slot in slots}
    stays = {n: by_start[time] for n, time in enumerate(kept[:count]) if time in by_start}
    rows: list[Row] = []
    placed = list(stays.values())
    for n, (time, centre) in enumerate(zip(wanted, centres, strict=True)):
        asked = kept[n] if n < len(kept) else time
        left_out = n < len(kept) and asked is None
        around = asked or centre
        offered = stays.get(n) or _nearest(slots, around, placed)
        if offered is not None and not left_out:
            placed.append(offered)
        if time is not None and time >= pack.expires_at and offered is None:
            around = pack.expires_at  # not chosen by itself, but there to choose: better early than lost
        why = "lost" if n < len(kept) and not left_out and n not in stays else _why(time, by_start, pack)
        rows.append(Row(time, offered, _nearby(slots, around, offered, zone), why, left_out))
    return rows


def _slots(pack: SessionPack, student: Any, around: Sequence[datetime], now: datetime) -> list[Slot]:
    return free_slots(
        mentor=MentorProfile.objects.select_related("user").get(user=pack.mentor_id),
        start=max(min(around) - NEAR, now),
        end=min(max(around) + NEAR + timedelta(days=1), pack.expires_at),
        duration_minutes=pack.duration_minutes,
        now=now,
        viewer=student,
        horizon_ends=pack.expires_at,
    )


def _why(time: datetime | None, by_start: dict[datetime, Slot], pack: SessionPack) -> Why:
    if time is None:
        return "skipped"
    if time >= pack.expires_at:
        return "expired"
    return "" if time in by_start else "taken"


def _around(slots: Sequence[Slot], around: datetime) -> Sequence[Slot]:
    """The slots at most three days away."""
    low = bisect_left(slots, around - NEAR, key=lambda slot: slot.starts_at)
    return slots[low : bisect_right(slots, around + NEAR, key=lambda slot: slot.starts_at)]


def _nearest(slots: Sequence[Slot], around: datetime, taken: Sequence[Slot]) -> Slot | None:
    open_ones = [
        slot
        for slot in _around(slots, around)
        if all(slot.ends_at <= other.starts_at or slot.starts_at >= other.ends_at for other in taken)
    ]
    return min(open_ones, key=lambda slot: (abs(slot.starts_at - around), slot.starts_at), default=None)


def _nearby(slots: Sequence[Slot], around: datetime, offered: Slot | None, zone: ZoneInfo) -> tuple[Slot, ...]:
    """What a row lets one choose from, in order: the nearest times, and the same clock time on the days around."""
    near = sorted(_around(slots, around), key=lambda slot: abs(slot.starts_at - around))
    clock = around.astimezone(zone).time()
    same = [slot for slot in near if slot.starts_at.astimezone(zone).time() == clock]
    return tuple(sorted({*near[:NEAREST], *same[:OTHER_DAYS], *([offered] if offered else [])}))


@transaction.atomic
def book_series(*, pack_id: int, student: Any, times: Sequence[datetime], now: datetime) -> list[Session]:
    """Book all of these times out of the pack, or none; both people are told once, with a calendar file for each.

    Raises NotFound, Malformed (none, or one twice), and what `book` raises, with the time.
    """
    pack = SessionPack.objects.filter(pk=pack_id, student=student).first()
    if pack is None:
        raise NotFound("There is no such pack.")
    chosen = sorted({clock.utc(time) for time in times})
    if not chosen:
        raise Malformed("Choose at least one time.")
    if len(chosen) < len(times):
        raise Malformed("Two of the rows are the same time. Please choose another one for one of them.")
    booked = []
    for starts_at in chosen:
        try:
            booked.append(
                book(
                    student=student,
                    mentor_id=pack.mentor_id,
                    starts_at=starts_at,
                    pack_id=pack.pk,
                    tells=False,
                    by=student,
                    now=now,
                )
            )
        except Refusal as refusal:
            raise SeriesRefusal(refusal, starts_at) from refusal
    _tell(booked, now)
    return booked


def _tell(booked: Sequence[Session], now: datetime) -> None:
    """One notice for the whole series. A calendar file names one event (iTIP wants it so), hence a file for each.

    It says what was booked; a session moved before the mail has left has its own, later one, with a higher SEQUENCE.
    """
    first = booked[0]
    if len(booked) == 1:
        key = first.starts_at.isoformat()
        tell(first, "session_scheduled", first.student, first.mentor, key=key, now=now)
        return
    for person, role, room in (
        (first.student, "student", "/student/mentorship?tab=pending"),
        (first.mentor, "mentor", "/tutor/mentorship?tab=pending"),
    ):
        notify(
            "series_scheduled",
            recipient=person,
            about=f"pack:{first.pack_id}",
            dedupe_key=f"series_scheduled:{first.pk}:{person.pk}",
            now=now,
            role=role,
            mentor_name=first.mentor.display_name,
            student_name=first.student.display_name,
            sessions=len(booked),
            instants=[session.starts_at for session in booked],
            duration_minutes=first.minutes,
            notice_hours=settings.MENTORSHIP.move_notice_hours,
            url=room,
            ics=[calendar_file(session, "session_scheduled", person, 0, now) for session in booked],
        )


class SeriesRefusal(Refusal):
    """The refusal of one time of a series; none of them was booked."""

    def __init__(self, refusal: Refusal, starts_at: datetime) -> None:
        super().__init__(refusal.code, refusal.message)
        self.status, self.starts_at = refusal.status, starts_at
