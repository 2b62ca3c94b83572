"""What is put right by hand: the end of a grace, a seat offered past the line, a seat given up, a line that ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.models import User
from notifications.services import Notice, notify_many, withdraw
from seats.models import Seat, SeatEvent, WaitingPlace
from seats.services.capacity import availability, lowest_number, mentor_full
from seats.services.lapsing import clear_lapsed, release_lapsed
from seats.services.transitions import change_seat
from seats.services.waiting import tell_of_offers

Status, Reason = Seat.Status, Seat.Reason


def _event(seat: Seat, before: str, *, by: Any, reason: str, now: datetime) -> None:
    SeatEvent.objects.create(seat=seat, before=before, after=seat.status, by=by, reason=reason[:300], at=now)


def _lock(seat_id: int) -> Seat:
    people = Seat.objects.filter(pk=seat_id).values_list("mentor_id", "student_id").first()
    if people is None:
        raise NotFound("There is no such seat.")
    lock_people(people)
    return lock(Seat.objects.filter(pk=seat_id).select_related("student", "mentor__mentor_profile"))[0]


@transaction.atomic
def move_grace(*, seat_id: int, ends_at: datetime, by: Any, reason: str, now: datetime) -> Seat:
    """An admin moves the end of a grace that still runs. Warnings of the old end that nobody has read are taken back.

    Raises NotFound, Malformed (in the past), Refusal `wrong_state` (no grace, or it is over).
    """
    seat = _lock(seat_id)
    if not seat.in_grace(now):
        raise Refusal("wrong_state", "This seat is not in grace.")
    if ends_at <= now:
        raise Malformed("The new end has to lie ahead.")
    if seat.grace_ends_at == ends_at:
        return seat
    withdraw(f"seat:{seat.pk}", now=now, kinds=["grace_started", "grace_final_warning"])
    seat.grace_ends_at = ends_at
    seat.save(update_fields=["grace_ends_at"])
    _event(seat, seat.status, by=by, reason=f"grace moved: {reason}", now=now)
    return seat


@transaction.atomic
def offer_seat(*, student: User, mentor_id: int, by: Any, reason: str, now: datetime) -> Seat:
    """An admin offers a free seat to this person now, past the line: theirs for 48 h, like any other offer.

    Raises NotFound (no such mentor), Refusal `own_offering`, `wrong_state` (seated already), `mentor_full`.
    """
    lock_people([student.pk, mentor_id])
    mentor = User.objects.select_related("mentor_profile").filter(pk=mentor_id, mentor_profile__isnull=False).first()
    if mentor is None:
        raise NotFound("There is no such mentor.")
    if student.pk == mentor_id:
        raise Refusal("own_offering", "Nobody has a seat with themselves.")
    if not mentor.mentor_profile.is_visible:
        raise Refusal("not_for_sale", "This mentor is not verified: the offer could not be taken.")
    clear_lapsed([mentor_id], now=now)
    if Seat.objects.standing().filter(student=student, mentor=mentor_id).exists():
        raise Refusal("wrong_state", f"{student.first_name} has a seat with {mentor.first_name} already.")
    if not availability(mentor_id, now).free:
        raise mentor_full()
    taken = set(Seat.objects.standing().filter(mentor=mentor_id).values_list("number", flat=True))
    until = now + timedelta(hours=settings.MENTORSHIP.waiting_offer_hours)
    with polite(seats_number_taken_once=mentor_full(), seats_one_per_pair=mentor_full()):
        seat = Seat.objects.create(
            mentor=mentor,
            student=student,
            number=lowest_number(taken),
            status=Status.OFFERED,
            held_until=until,
            created_at=now,
        )
    _event(seat, "", by=by, reason=reason, now=now)
    place, _ = WaitingPlace.objects.get_or_create(
        student=student,
        mentor=mentor,
        status=WaitingPlace.Status.WAITING,
        defaults={"joined_at": now},
    )
    place.status, place.seat, place.offered_until = WaitingPlace.Status.OFFERED, seat, until
    place.save(update_fields=["status", "seat", "offered_until"])
    tell_of_offers([place], until, now)
    return seat


@transaction.atomic
def give_up_seat(*, student_id: int, mentor_id: int, by: Any, reason: str, now: datetime) -> Seat | None:
    """The mentorship ends: the seat is free at once, without grace, unless a pack still keeps it. Returns it if so.

    The caller holds the people's locks.
    """
    seat = next(iter(lock(Seat.objects.standing().filter(student=student_id, mentor=mentor_id))), None)
    if seat is None or Seat.objects.with_life(now).get(pk=seat.pk).has_live_pack:
        return None
    fields = {"released_at": now, "release_reason": Reason.GIVEN_UP}
    change_seat(seat, Status.RELEASED, by=by, reason=reason[:300], at=now, **fields)
    withdraw(f"seat:{seat.pk}", now=now, kinds=["grace_started", "grace_final_warning", "waiting_list_offer"])
    places = WaitingPlace.objects.filter(seat=seat, status=WaitingPlace.Status.OFFERED)
    places.update(status=WaitingPlace.Status.DECLINED, ended_at=now)
    release_lapsed([mentor_id], now=now)
    return seat


@transaction.atomic
def end_line(*, mentor: User, reason: str, now: datetime) -> int:
    """The mentor's waiting list ends: everybody in it is told. Returns how many. The caller holds the mentor's lock."""
    places = lock(WaitingPlace.objects.filter(mentor=mentor, status__in=WaitingPlace.OPEN).select_related("student"))
    if not places:
        return 0
    ids = [place.pk for place in places]
    WaitingPlace.objects.filter(pk__in=ids).update(status=WaitingPlace.Status.LEFT, ended_at=now)
    for seat in lock(Seat.objects.filter(offers__in=ids, status=Status.OFFERED)):
        fields = {"released_at": now, "release_reason": Reason.BY_ADMIN}
        change_seat(seat, Status.RELEASED, by=None, reason=reason[:300], at=now, **fields)
        withdraw(f"seat:{seat.pk}", now=now, kinds=["waiting_list_offer"])
    context = {"role": "student", "mentor_name": mentor.display_name, "reason": reason, "url": "/mentorship"}
    told = [
        Notice(place.student, f"pair:{place.student_id}:{mentor.pk}", f"waiting_list_closed:{place.pk}", now, context)
        for place in places
    ]
    notify_many("waiting_list_closed", told)
    return len(places)
