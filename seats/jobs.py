from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from mentorship.kernel.jobs import job
from mentorship.kernel.locking import lock_people
from notifications.services import Notice, notify_many
from packs.models import SessionPack
from seats.models import Seat, WaitingPlace
from seats.services import availabilities, release_lapsed
from seats.services.waiting import SELLS

log = structlog.get_logger(__name__)
BATCH = 200


@job
def sweep_seats(now: datetime) -> int:
    """Release every seat whose time is over and expire every pack past its date.

    Restartable: what is done is done, batch by batch. A mentor whom somebody else has locked is tried again at the end
    of the run, and one bad row keeps back only its own mentor.
    """
    released, busy = 0, []
    for batch in _batches(_mentors_with_lapsed(now)):
        count, left = _sweep(batch, now)
        released += count
        busy += left
    return released + sum(_sweep([mentor], now, wait=True)[0] for mentor in busy)


@job
def pass_on_seats(now: datetime) -> int:
    """Offer what is free to whoever waits. Returns how many seats were offered.

    Every release does so itself; this finds the rest within the minute: an offer that has just lapsed, a mentor with more
    seats than before, one who takes new students again.
    """
    line = WaitingPlace.objects.waiting().filter(SELLS, mentor__mentor_profile__accepts_new=True)
    mentors = line.order_by().values_list("mentor_id", flat=True).distinct()
    free = sorted(pk for pk, seats in availabilities(mentors, now).items() if seats.free)
    before = WaitingPlace.objects.filter(mentor__in=free, status=WaitingPlace.Status.OFFERED)
    known = set(before.values_list("seat_id", flat=True))
    for batch in _batches(free):
        _sweep(batch, now, wait=True)
    return before.exclude(seat__in=known).count()


def _mentors_with_lapsed(now: datetime) -> list[int]:
    seats: QuerySet[Seat] = Seat.objects.lapsed(now)
    packs = SessionPack.objects.lapsed(now)
    if settings.MENTORSHIP.expiry_grace_hours:
        packs |= SessionPack.objects.filter(SessionPack.objects.in_expiry_grace(now))
    return sorted({*seats.values_list("mentor_id", flat=True), *packs.values_list("mentor_id", flat=True)})


def _batches(mentors: Sequence[int]) -> list[Sequence[int]]:
    return [mentors[i : i + BATCH] for i in range(0, len(mentors), BATCH)]


def _sweep(mentors: Sequence[int], now: datetime, *, wait: bool = False) -> tuple[int, list[int]]:
    """Sweep these mentors in one transaction. Returns the count and the mentors who were busy."""
    try:
        with transaction.atomic():
            mine = lock_people(mentors, skip_locked=not wait)
            return release_lapsed(mine, now=now), [m for m in mentors if m not in set(mine)]
    except DatabaseError:
        if len(mentors) == 1:
            log.exception("sweep_failed", mentor=mentors[0])
            return 0, []
        counts = [_sweep([mentor], now) for mentor in mentors]
        return sum(n for n, _ in counts), [m for _, left in counts for m in left]


@job
def warn_grace_ending(now: datetime) -> int:
    """One final warning 12 h before grace ends; never after a renewal, for then the seat is not in grace any more."""
    hours = settings.MENTORSHIP.final_warning_hours
    of_pair = SessionPack.objects.filter(student=OuterRef("student"), mentor=OuterRef("mentor"))
    seats = (
        Seat.objects.filter(
            status=Seat.Status.GRACE,
            frozen_at=None,
            grace_ends_at__gt=now,
            grace_ends_at__lte=now + timedelta(hours=hours),
        )
        .annotate(must_ask=Exists(of_pair.filter(no_renewal_at__isnull=False)))
        .select_related("student", "mentor__mentor_profile")
    )
    return notify_many(
        "grace_final_warning",
        [
            Notice(
                recipient=seat.student,
                about=f"seat:{seat.pk}",
                dedupe_key=f"grace_final_warning:{seat.pk}:{seat.grace_ends_at.isoformat()}",
                now=now,
                not_after=seat.grace_ends_at,
                context={
                    "what": "ask_first" if seat.must_ask else "",  # type: ignore[attr-defined]
                    "mentor_name": seat.mentor.display_name,
                    "grace_ends_at": seat.grace_ends_at,
                    "url": seat.mentor.mentor_profile.get_absolute_url(),
                },
            )
            for seat in seats.iterator(chunk_size=1000)
            if seat.grace_ends_at is not None
        ],
    )
