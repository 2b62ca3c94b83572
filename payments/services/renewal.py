"""What buying another pack does for whoever has a seat already: the checkout says it before the click."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from offerings.models import Offering
from packs.models import SessionPack
from packs.services import Extension, what_if_extended
from seats.models import Seat


@dataclass(frozen=True)
class Renewal:
    """A purchase on a seat that one has. `extension`: what becomes of the pack there is; None: a pack of its own."""

    in_grace: bool
    sessions: int
    extension: Extension | None

    @property
    def together(self) -> int:
        """How many sessions there are then, booked ones included."""
        return self.sessions + (self.extension.left + self.extension.revived if self.extension else 0)

    @property
    def moves_expiry(self) -> bool:
        """Of sessions that are left, and are then valid for longer."""
        found = self.extension
        return found is not None and found.left > 0 and found.expires_at > found.pack.expires_at


def what_if_renewed(*, student: Any | None, offering: Offering, now: datetime) -> Renewal | None:
    """What this purchase would do, judged as the payment does. None: nobody's seat is renewed by it."""
    if student is None or not offering.takes_seat or getattr(offering, "is_seated", None) is False:
        return None
    seat = _seats_of(student, now).filter(mentor=offering.mentor_id).first()
    if seat is None:
        return None
    in_grace = seat.in_grace(now) or not _keeps_its_seat(student, offering.mentor_id, now)
    extension = what_if_extended(
        student_id=student.pk,
        mentor_id=offering.mentor_id,
        duration_minutes=offering.duration_minutes,
        validity_days=offering.effective_validity_days,
        seat_in_grace_since=seat.activated_at if in_grace else None,
        now=now,
    )
    return Renewal(in_grace, offering.session_count, extension)


def with_own_seat(offerings: QuerySet[Offering], student: Any, now: datetime) -> QuerySet[Offering]:
    """Annotate `is_seated`: whether the student has a seat with its mentor. Most have none, and then nothing more is asked."""
    return offerings.annotate(is_seated=Exists(_seats_of(student, now).filter(mentor=OuterRef("mentor"))))


def _seats_of(student: Any, now: datetime) -> QuerySet[Seat]:
    """Taken or in grace: those that another pack renews."""
    taken = [Seat.Status.ACTIVE, Seat.Status.GRACE]
    return Seat.objects.occupying(now).filter(student=student, status__in=taken)


def _keeps_its_seat(student: Any, mentor_id: int, now: datetime) -> bool:
    """A pack keeps the seat by itself. If none does, the checkout finds it in the grace of an expired one."""
    packs = SessionPack.objects.keeping_a_seat(now).filter(student=student, mentor=mentor_id)
    return packs.exclude(SessionPack.objects.in_expiry_grace(now), sessions_held=0).exists()
