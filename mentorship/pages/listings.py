"""The marketplace's projection: each mentor's next free time and free hours, so that a page of cards is cheap to order.

It is a hint. Who needs the truth asks `sessions_app.slots` and `seats.services`; what a card shows is repaired when read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Case, Count, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from mentorship.pages.models import MentorListing
from mentorship.people.models import MentorProfile
from offerings.models import Offering, OfferingQuerySet
from seats.models import Seat, WaitingPlace
from seats.services import availabilities
from sessions_app.slots import free_slots_of_many, next_free

LOOK_AHEAD_DAYS = 14
USUAL_MINUTES = 60
# Behind everybody with a time: first the mentors who are full, then those without any free time.
FULL_LATER = timedelta(days=365 * 100)
NO_TIME = datetime(9000, 1, 1, tzinfo=UTC)
PARTS_OF_DAY = {"mornings": range(6, 12), "afternoons": range(12, 17), "evenings": range(17, 22)}
WEEKEND = (5, 6)
CHAIRS = {
    Seat.Status.ACTIVE: "taken",
    Seat.Status.GRACE: "grace",
    Seat.Status.OFFERED: "offered",
    Seat.Status.HELD: "held",
}
MOST_CHAIRS = 16


def refresh_listing(mentor_ids: Iterable[int], now: datetime) -> int:
    """Write these mentors' listings (User ids) as of `now`; the number of statements does not grow with the mentors.

    Call it right after a change that should show at once (hours, verification); the job finds every other change.
    """
    profiles = list(MentorProfile.objects.filter(user__in=list(mentor_ids)).select_related("user"))
    if not profiles:
        return 0
    ids = [profile.user_id for profile in profiles]
    seats = availabilities(ids, now)
    times = free_slots_of_many(profiles, now, days=LOOK_AHEAD_DAYS, duration=shown_minutes(ids))
    rows = []
    for profile in profiles:
        slots = times.get(profile.user_id, [])
        first = slots[0].starts_at if slots else None
        turned_away = not profile.accepts_new or profile.sales_paused_at is not None
        closed = turned_away or seats[profile.user_id].available == 0
        hours = sorted({hour_of_week(slot.starts_at) for slot in slots})
        rows.append(
            MentorListing(
                mentor_id=profile.user_id,
                next_free_at=first,
                free_hours=hours,
                sorts_at=sorts_at(first, closed=closed),
                refreshed_at=now,
            )
        )
    MentorListing.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["mentor"],
        update_fields=["next_free_at", "free_hours", "sorts_at", "refreshed_at"],
    )
    return len(rows)


def sorts_at(first: datetime | None, *, closed: bool) -> datetime:
    if first is None:
        return NO_TIME
    return first + FULL_LATER if closed else first


def shop_window(offerings: OfferingQuerySet) -> QuerySet[Offering, Offering]:
    """One offering a mentor, the one on the card: the smallest pack, else the cheapest session, an intro last."""
    order = ("mentor_id", "is_intro", "-takes_a_seat", "session_count", "price_minor", "pk")
    seat = Case(When(kind=Offering.Kind.PACK, then=Value(True)), default=Value(False), output_field=BooleanField())
    return offerings.annotate(takes_a_seat=seat).order_by(*order).distinct("mentor_id")


def shown_minutes(mentor_ids: Sequence[int]) -> dict[int, int]:
    """The length that decides a mentor's next free time, by mentor id: that of the offering on the card."""
    shown = shop_window(Offering.objects.for_sale().filter(mentor__in=mentor_ids))
    return dict(shown.values_list("mentor_id", "duration_minutes"))


def next_times(profiles: Sequence[MentorProfile], now: datetime, minutes: dict[int, int]) -> dict[int, datetime]:
    """The next free time of each mentor, by mentor id, true at `now`.

    What the listing says holds until the mentor's notice overtakes it; only those are computed again. `profiles` carry
    `user` and `user.listing`.
    """
    times, stale = {}, []
    for profile in profiles:
        said = profile.user.listing.next_free_at if hasattr(profile.user, "listing") else None
        if said is not None and said >= now + timedelta(hours=profile.notice_hours):
            times[profile.user_id] = said
        else:
            stale.append(profile)
    found = next_free(
        stale, now, days=LOOK_AHEAD_DAYS, duration={p.user_id: minutes.get(p.user_id, USUAL_MINUTES) for p in stale}
    )
    return times | {mentor_id: slot.starts_at for mentor_id, slot in found.items()}


@dataclass(frozen=True)
class SeatCounts:
    """A mentor's seats as the row of chairs shows them."""

    capacity: int
    taken: int = 0
    grace: int = 0
    offered: int = 0
    held: int = 0
    waiting: int = 0

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.taken - self.grace - self.offered - self.held)

    @property
    def none_for_sale(self) -> bool:
        """Nobody new can take a seat: all are taken, or what is free goes to those who wait."""
        return self.free == 0 or self.waiting > 0

    @property
    def words(self) -> str:
        """ "2 of 10 free", "full, 3 waiting"."""
        if not self.none_for_sale:
            return f"{self.free} of {self.capacity} free"
        return f"full, {self.waiting} waiting" if self.waiting else "full"

    @property
    def can_be_drawn(self) -> bool:
        return self.capacity <= MOST_CHAIRS


def seat_counts(profiles: Sequence[MentorProfile], now: datetime) -> dict[int, SeatCounts]:
    """The seats of each mentor, by mentor id, judged at `now`: one query for any number.

    How many wait is what the profiles' own query has counted (`waiting_of`).
    """
    counts: dict[int, dict[str, int]] = {profile.user_id: {} for profile in profiles}
    rows = Seat.objects.occupying(now).filter(mentor__in=list(counts)).order_by().values("mentor_id", "status")
    for row in rows.annotate(n=Count("pk")):
        counts[row["mentor_id"]][CHAIRS[Seat.Status(row["status"])]] = row["n"]
    return {
        p.user_id: SeatCounts(p.max_active_students, **counts[p.user_id], waiting=getattr(p, "waiting", 0))
        for p in profiles
    }


def waiting_of(mentor: str) -> Coalesce:
    """An annotation: how many wait for a seat with the mentor that this field of the row names."""
    line = WaitingPlace.objects.waiting().filter(mentor=OuterRef(mentor)).order_by().values("mentor")
    return Coalesce(Subquery(line.annotate(n=Count("pk")).values("n")), 0)


def hour_of_week(at: datetime) -> int:
    """0 is Monday 00:00 UTC."""
    at = at.astimezone(UTC)
    return at.weekday() * 24 + at.hour


def hours_that_fit(parts: Iterable[str], zone: ZoneInfo, now: datetime) -> list[int]:
    """The UTC hours of the week that lie, at least partly, in these parts of the reader's week ("evenings", "weekends")."""
    parts = set(parts)
    wanted = {hour for part, hours in PARTS_OF_DAY.items() if part in parts for hour in hours}
    monday = (now.astimezone(UTC) - timedelta(days=now.astimezone(UTC).weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    found = []
    for hour in range(7 * 24):
        start = monday + timedelta(hours=hour)
        # Both ends: where a zone is half an hour off, one UTC hour lies in two of its own.
        ends = [start.astimezone(zone), (start + timedelta(minutes=59)).astimezone(zone)]
        if any(end.hour in wanted or ("weekends" in parts and end.weekday() in WEEKEND) for end in ends):
            found.append(hour)
    return found
