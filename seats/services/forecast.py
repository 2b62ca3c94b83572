"""When a full mentor's next seat is likely free: a range, from expiries, grace ends and the pace of those who are seated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Max, Min, OuterRef, Subquery

from packs.models import CreditEntry, SessionPack
from seats.models import Seat

USUAL_PACE = timedelta(days=7)  # a session a week, for those who have used fewer than two


@dataclass(frozen=True)
class Forecast:
    """Between when and when the next seat is likely free, if nobody renews before (`earliest`) or most do (`latest`)."""

    earliest: datetime
    latest: datetime


def seat_forecast(mentor_id: int, *, now: datetime) -> Forecast | None:
    """A hint for a full mentor's page; None when nothing can be said. Two queries."""
    seats = list(Seat.objects.occupying(now).filter(mentor=mentor_id).exclude(status=Seat.Status.OFFERED))
    paces = {pack.student_id: pack for pack in _packs(mentor_id, now)}
    ends = sorted(end for seat in seats if (end := _ends(seat, paces.get(seat.student_id), now)) is not None)
    if not ends:
        return None
    # The first that is due may be renewed; by the time a third of the seats have come to their end, one likely was not.
    return Forecast(ends[0], ends[min(len(ends) - 1, max(len(ends) // 3, 1))])


def _packs(mentor_id: int, now: datetime) -> list[SessionPack]:
    used = CreditEntry.objects.filter(pack=OuterRef("pk"), kind=CreditEntry.Kind.USED).order_by().values("pack")
    return list(
        SessionPack.objects.open(now)
        .filter(mentor=mentor_id, takes_seat=True)
        .annotate(
            first_use=Subquery(used.annotate(at=Min("at")).values("at")),
            last_use=Subquery(used.annotate(at=Max("at")).values("at")),
            left=F("sessions_total") - F("sessions_used"),
        )
        .order_by("expires_at")
    )


def _ends(seat: Seat, pack: SessionPack | None, now: datetime) -> datetime | None:
    """When this seat is free if its student does not renew."""
    if pack is None:
        return seat.kept_until
    first, last = pack.first_use, pack.last_use  # type: ignore[attr-defined]
    pace = (last - first) / (pack.sessions_used - 1) if pack.sessions_used > 1 else USUAL_PACE
    used_up = now + max(pace, timedelta(days=1)) * pack.left  # type: ignore[attr-defined]
    return min(used_up + timedelta(hours=settings.MENTORSHIP.grace_hours), pack.expires_at)
