"""The waiting list: join, leave, be offered a seat for 48 h, decline or let it lapse; then the next one is asked at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import MentorProfile
from notifications.services import Notice, notify_many, withdraw
from seats.models import Seat, SeatEvent, WaitingPlace
from seats.services.capacity import availabilities

Status = WaitingPlace.Status


@transaction.atomic
def join(*, student: Any, mentor_id: int, now: datetime, paid_too_late: bool = False) -> WaitingPlace:
    """Stand in the mentor's line; who stands in it already keeps the place. A free seat is offered at once.

    Raises NotFound (no such mentor), Refusal `own_offering`, `wrong_state` (a seat is theirs already), `not_for_sale`.
    """
    profile = MentorProfile.objects.visible().filter(user=mentor_id).select_related("user").first()
    if profile is None:
        raise NotFound("There is no such mentor.")
    if student.pk == mentor_id:
        raise Refusal("own_offering", "This is your own line.")
    if not profile.accepts_new and not paid_too_late:
        raise Refusal("not_for_sale", f"{profile.user.first_name} takes no new students at the moment.")
    lock_people([student.pk, mentor_id])
    standing = Seat.objects.occupying(now).filter(student=student, mentor=mentor_id).exclude(status=Seat.Status.OFFERED)
    if standing.exclude(status=Seat.Status.HELD).exists():
        raise Refusal("wrong_state", f"You have a seat with {profile.user.first_name} already.")
    place = WaitingPlace.objects.filter(student=student, mentor=mentor_id, status__in=WaitingPlace.OPEN).first()
    if place is None:
        with polite(seats_wait_once=Refusal("wrong_state", "You are on the list already.")):
            place = WaitingPlace.objects.create(
                student=student, mentor_id=mentor_id, joined_at=now, paid_too_late=paid_too_late
            )
    elif paid_too_late and not place.paid_too_late:
        place.paid_too_late = True
        place.save(update_fields=["paid_too_late"])
    offer_free_seats([mentor_id], now=now)
    place.refresh_from_db()
    return place


@transaction.atomic
def leave(*, student: Any, mentor_id: int, now: datetime) -> None:
    """Leave the line, or decline the seat that is offered: it goes to the next one at once. Harmless when not in it."""
    lock_people([student.pk, mentor_id])
    places = WaitingPlace.objects.filter(student=student, mentor=mentor_id, status__in=WaitingPlace.OPEN)
    for place in lock(places.select_related("seat")):
        offered = place.status == Status.OFFERED
        place.status, place.ended_at = (Status.DECLINED if offered else Status.LEFT), now
        place.save(update_fields=["status", "ended_at"])
        if offered and place.seat is not None and place.seat.status == Seat.Status.OFFERED:
            _release(place.seat, Seat.Reason.OFFER_DECLINED, by=student, now=now)
    offer_free_seats([mentor_id], now=now)


def _release(seat: Seat, reason: str, *, by: Any, now: datetime) -> None:
    before, seat.status, seat.released_at, seat.release_reason = seat.status, Seat.Status.RELEASED, now, reason
    seat.save(update_fields=["status", "released_at", "release_reason"])
    withdraw(f"seat:{seat.pk}", now=now, kinds=["waiting_list_offer"])
    SeatEvent.objects.create(
        seat=seat, before=before, after=seat.status, by=by, reason=seat.get_release_reason_display(), at=now
    )


@transaction.atomic
def offer_free_seats(mentor_ids: Collection[int], *, now: datetime) -> int:
    """Offer every free seat of these mentors to the heads of their lines, for 48 h. Returns how many were offered.

    The caller has locked the mentors and cleared what has lapsed. Set-based: the number of statements does not depend on
    the number of seats or mentors. A mentor who takes nobody new, or is not verified any more, offers nothing.
    """
    line = list(
        WaitingPlace.objects.in_line()
        .filter(mentor__in=mentor_ids, mentor__mentor_profile__accepts_new=True)
        .filter(~Exists(Seat.objects.standing().filter(mentor=OuterRef("mentor"), student=OuterRef("student"))))
        .filter(mentor__mentor_profile__verified_at__isnull=False, mentor__is_active=True, student__is_active=True)
        .select_related("student", "mentor__mentor_profile")
    )
    if not line:
        return 0
    free = {pk: seats.free for pk, seats in availabilities({place.mentor_id for place in line}, now).items()}
    taken: defaultdict[int, set[int]] = defaultdict(set)
    for mentor_id, number in Seat.objects.standing().filter(mentor__in=free).values_list("mentor_id", "number"):
        taken[mentor_id].add(number)
    until = now + timedelta(hours=settings.MENTORSHIP.waiting_offer_hours)
    offered: list[WaitingPlace] = []
    seats: list[Seat] = []
    for place in line:
        if free[place.mentor_id] <= 0:
            continue
        free[place.mentor_id] -= 1
        number = next(n for n in range(1, len(taken[place.mentor_id]) + 2) if n not in taken[place.mentor_id])
        taken[place.mentor_id].add(number)
        offered.append(place)
        seats.append(
            Seat(
                mentor_id=place.mentor_id,
                student_id=place.student_id,
                number=number,
                status=Seat.Status.OFFERED,
                held_until=until,
                created_at=now,
            )
        )
    if not offered:
        return 0
    Seat.objects.bulk_create(seats)
    SeatEvent.objects.bulk_create(
        SeatEvent(seat=seat, after=seat.status, reason="offered to the next in line", at=now) for seat in seats
    )
    for place, seat in zip(offered, seats, strict=True):
        place.status, place.seat = Status.OFFERED, seat
    WaitingPlace.objects.bulk_update(offered, ["status", "seat"])
    _tell(offered, until, now)
    return len(offered)


def _tell(offered: list[WaitingPlace], until: datetime, now: datetime) -> None:
    notify_many(
        "waiting_list_offer",
        [
            Notice(
                place.student,
                f"seat:{place.seat_id}",
                f"waiting_list_offer:{place.seat_id}",
                now,
                {
                    "role": "student",
                    "mentor_name": place.mentor.display_name,
                    "expires_at": until,
                    "url": place.mentor.mentor_profile.get_absolute_url(),
                },
                until,
            )
            for place in offered
        ],
    )


def offers_lapsed(seat_ids: Collection[int], *, now: datetime) -> None:
    """These offers were not taken in time: their people have left the line."""
    offers = WaitingPlace.objects.filter(seat__in=list(seat_ids), status=Status.OFFERED)
    offers.update(status=Status.LAPSED, ended_at=now)


def took_a_seat(*, student_id: int, mentor_id: int, now: datetime) -> None:
    """Whoever has a seat waits no longer."""
    places = WaitingPlace.objects.filter(student=student_id, mentor=mentor_id, status__in=WaitingPlace.OPEN)
    places.update(status=Status.TAKEN, ended_at=now)
