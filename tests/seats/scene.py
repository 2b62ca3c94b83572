"""What tests of the waiting list begin with: a mentor of one seat, taken, and people who want it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from mentorship.kernel.locking import lock_people
from mentorship.people.models import User
from notifications.models import Notification
from packs.models import SessionPack
from seats.models import Seat, WaitingPlace
from seats.services import join, release_lapsed
from tests import cast
from tests.cast import DAY, NOW, bought

BEGAN = NOW + DAY  # when an offer did, where a test begins with one


def full_house(seats: int = 1, name: str = "tove") -> tuple[User, list[SessionPack]]:
    """A mentor all of whose seats are taken, and the packs that keep them (for 90 days)."""
    mentor = cast.mentor(name, seats=seats)
    return mentor, [bought(cast.user(f"{name}-student-{n}"), mentor) for n in range(seats)]


def waits(student: User, mentor: User, now: datetime = NOW, **how: Any) -> WaitingPlace:
    return join(student=student, mentor_id=mentor.pk, now=now, **how)


def lapse(pack: SessionPack, now: datetime) -> None:
    """This pack ends, and the hour comes by: its seat is free."""
    SessionPack.objects.filter(pk=pack.pk).update(expires_at=now)
    passes(pack.mentor, now)


def passes(mentor: User, now: datetime) -> None:
    """Somebody looks after this mentor's seats, as every transition and every sweep does."""
    with transaction.atomic():
        lock_people([mentor.pk])
        release_lapsed([mentor.pk], now=now)


def place(student: User, mentor: User) -> WaitingPlace:
    """The newest one."""
    return WaitingPlace.objects.filter(student=student, mentor=mentor).select_related("seat").latest("pk")


def statuses(mentor: User) -> dict[str, str]:
    """What each of the line has, by name."""
    places = WaitingPlace.objects.filter(mentor=mentor).order_by("pk").select_related("student")
    return {place.student.first_name: place.status for place in places}


def seat_of(student: User, mentor: User) -> Seat | None:
    return Seat.objects.standing().filter(student=student, mentor=mentor).first()


def told(person: User) -> list[str]:
    """The kinds of what this person was told, the oldest first."""
    return list(Notification.objects.shown().filter(recipient=person).order_by("pk").values_list("kind", flat=True))
