"""When a full mentor's next seat is likely free: a range, from expiries, grace ends and the pace of those who are seated."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import DateTimeField, Max, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce

from packs.models import CreditEntry, Pause, SessionPack
from seats.models import Seat

USUAL_PACE = timedelta(days=7)  # a session a week, for those who have used fewer than two
HASTE = timedelta(days=1)  # nobody uses up a pack faster than that for long
PAID_SOON = (
    Seat.Status.OFFERED,
    Seat.Status.HELD,
)  # most likely taken in a moment: they say nothing about the next one


class Why(StrEnum):
    """What ends a seat."""

    GRACE = "grace"  # its pack is used up, the grace runs
    PACE = "pace"  # its pack will be used up, at the pace of its student so far
    EXPIRY = "expiry"  # its pack expires before it is used up


@dataclass(frozen=True)
class Forecast:
    """Between when and when the next seat is likely free, if nobody renews before (`earliest`) or some do (`latest`).

    `why` counts what ends within the range, and `first` is what ends first.
    """

    earliest: datetime
    latest: datetime
    first: Why
    why: dict[Why, int]


@dataclass(frozen=True, order=True)
class _End:
    """When a seat likely ends. `at_latest`: if its student goes on half as fast from now on."""

    at: datetime
    why: Why
    at_latest: datetime


def seat_forecast(mentor_id: int, *, now: datetime, position: int = 1) -> Forecast | None:
    """A hint for a full mentor's page: when somebody at this place in the line gets a seat. Two queries.

    None when nothing can be said: fewer seats will end than people stand before.
    """
    seats = list(Seat.objects.occupying(now).filter(mentor=mentor_id).exclude(status__in=PAID_SOON))
    packs: dict[int, list[SessionPack]] = {}
    for pack in _packs(mentor_id, now):
        packs.setdefault(pack.student_id, []).append(pack)
    found = (_end_of_seat(seat, packs.get(seat.student_id, []), now) for seat in seats)
    ends = sorted(end for end in found if end is not None)
    if len(ends) < position:
        return None
    # The one that is due may be renewed; by the time a third of the seats have come to their end, one more likely was not.
    last = min(len(ends) - 1, position - 1 + max(len(ends) // 3, 1))
    within = ends[position - 1 : last + 1]
    # Where only one seat can be meant, how fast its student goes on is the range.
    latest = within[-1].at if len(within) > 1 else within[0].at_latest
    return Forecast(within[0].at, latest, within[0].why, dict(Counter(end.why for end in within)))


def _packs(mentor_id: int, now: datetime) -> list[SessionPack]:
    used = CreditEntry.objects.filter(pack=OuterRef("pk"), kind=CreditEntry.Kind.USED).order_by().values("pack")
    pauses = Pause.objects.filter(pack=OuterRef("pk"), status=Pause.Status.RUNNING).values("ends_at")
    return list(
        SessionPack.objects.open(now)
        .filter(mentor=mentor_id, takes_seat=True)
        .annotate(
            first_use=Subquery(used.annotate(at=Min("at")).values("at"), output_field=DateTimeField()),
            last_use=Subquery(used.annotate(at=Max("at")).values("at"), output_field=DateTimeField()),
            goes_on_at=Coalesce(Subquery(pauses), now, output_field=DateTimeField()),
        )
    )


def _end_of_seat(seat: Seat, packs: list[SessionPack], now: datetime) -> _End | None:
    """When this seat is free if its student does not renew; None while that cannot be known (something is in dispute)."""
    if seat.frozen_at is not None or any(pack.frozen_at is not None for pack in packs):
        return None
    if packs:
        ends = [_end_of_pack(pack, now) for pack in packs]
        return replace(max(ends), at_latest=max(end.at_latest for end in ends))
    return _End(seat.kept_until, Why.GRACE, seat.kept_until) if seat.kept_until is not None else None


def _end_of_pack(pack: SessionPack, now: datetime) -> _End:
    goes_on: datetime = max(pack.goes_on_at, now)  # type: ignore[attr-defined]
    expires_at = pack.expires_at + (goes_on - pack.paused_at if pack.paused_at is not None else timedelta())
    first, last = pack.first_use, pack.last_use  # type: ignore[attr-defined]
    pace = (last - first) / (pack.sessions_used - 1) if pack.sessions_used > 1 and first is not None else USUAL_PACE
    still = max(pace, HASTE) * pack.unsettled
    used_up = goes_on + still
    if used_up >= expires_at:
        kept = expires_at + timedelta(hours=settings.MENTORSHIP.expiry_grace_hours)
        return _End(kept, Why.EXPIRY, kept)
    grace = timedelta(hours=settings.MENTORSHIP.grace_hours)
    return _End(used_up + grace, Why.PACE, min(used_up + still, expires_at) + grace)
