from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile
from seats.models import Seat, WaitingPlace


@dataclass(frozen=True)
class Availability:
    """A mentor's seats at one instant. Lowering the capacity evicts nobody, so `available` stops at 0."""

    mentor_id: int
    max_active_students: int
    occupied: int
    waiting: int = 0

    @property
    def free(self) -> int:
        """Seats nobody occupies, whoever they will be offered to."""
        return max(0, self.max_active_students - self.occupied)

    @property
    def available(self) -> int:
        """Seats that anybody can buy: none while somebody waits."""
        return 0 if self.waiting else self.free


def availabilities(mentor_ids: Iterable[int], now: datetime) -> dict[int, Availability]:
    """Availability of each of these mentors (User ids), in one query whatever their number."""
    profiles = MentorProfile.objects.filter(user__in=list(mentor_ids)).annotate(
        occupied=_count(Seat.objects.occupying(now)), waiting=_count(WaitingPlace.objects.waiting())
    )
    rows = profiles.values_list("user_id", "max_active_students", "occupied", "waiting")
    return {row[0]: Availability(*row) for row in rows}


def _count(rows: QuerySet) -> Coalesce:
    """How many of these rows a profile's mentor has, counted inside the outer query."""
    counted = rows.filter(mentor=OuterRef("user")).order_by().values("mentor").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def availability(mentor_id: int, now: datetime) -> Availability:
    """Raises KeyError for somebody who is no mentor."""
    return availabilities([mentor_id], now)[mentor_id]


def mentor_full() -> Refusal:
    return Refusal("mentor_full", "All seats of this mentor are taken right now. You can join the waiting list.")


def lowest_number(taken: Set[int]) -> int:
    """The lowest seat number that is not taken."""
    return next(n for n in range(1, len(taken) + 2) if n not in taken)


def free_number(mentor_id: int, now: datetime) -> int:
    """The lowest free seat number. The mentor is locked and cleared of what has lapsed. Raises `mentor_full`."""
    seats = availability(mentor_id, now)
    if seats.available == 0:
        raise mentor_full()
    taken = set(Seat.objects.standing().filter(mentor=mentor_id).values_list("number", flat=True))
    number = lowest_number(taken)
    if number > seats.max_active_students:
        # Between the two reads somebody took one: only possible without the lock, and then the numbers still hold.
        raise mentor_full()
    return number
