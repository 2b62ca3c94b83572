"""While a pack of the pair is frozen, the seat's grace stands still."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from mentorship.kernel.locking import lock
from packs.models import SessionPack
from seats.models import Seat


@transaction.atomic
def freeze_seat(*, student_id: int, mentor_id: int, now: datetime) -> None:
    """Whatever becomes of the seat, no grace of it ends before `thaw_seat`. The caller holds the people's locks."""
    for seat in lock(Seat.objects.standing().filter(student=student_id, mentor=mentor_id, frozen_at=None)):
        if seat.status == Seat.Status.ACTIVE or seat.in_grace(now):
            Seat.objects.filter(pk=seat.pk).update(frozen_at=now)


@transaction.atomic
def thaw_seat(*, student_id: int, mentor_id: int, now: datetime) -> None:
    """A freeze is over: unless another pack of the pair is frozen, the grace goes on where it stood."""
    frozen = SessionPack.objects.filter(student=student_id, mentor=mentor_id, takes_seat=True, frozen_at__isnull=False)
    if frozen.exists():
        return
    for seat in lock(Seat.objects.standing().filter(student=student_id, mentor=mentor_id, frozen_at__isnull=False)):
        assert seat.frozen_at is not None
        if seat.grace_ends_at is not None:
            # A grace that began while the clock stood has stood since then.
            since = max(seat.frozen_at, _grace_began(seat))
            seat.grace_ends_at += now - since
        seat.frozen_at = None
        seat.save(update_fields=["grace_ends_at", "frozen_at"])


def _grace_began(seat: Seat) -> datetime:
    entered = seat.events.filter(after=Seat.Status.GRACE).order_by("-id").values_list("at", flat=True).first()
    return entered or seat.created_at
