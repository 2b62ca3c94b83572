"""Standing in a mentor's line: join, leave, decline what is offered; and what one is told about one's place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import MentorProfile
from notifications.services import withdraw
from seats.models import Seat, WaitingPlace
from seats.services.capacity import availability
from seats.services.lapsing import release_lapsed
from seats.services.transitions import change_seat

Status = WaitingPlace.Status


@transaction.atomic
def join(*, student: Any, mentor_id: int, now: datetime, paid_too_late: bool = False) -> WaitingPlace:
    """Stand in the mentor's line; who stands in it already keeps the place, and a late payer comes to its head.

    Raises NotFound (no such mentor), Refusal `own_offering`, `wrong_state` (a seat is theirs, or being paid),
    `not_for_sale` (takes nobody new), `seat_free` (nobody waits and a seat can simply be bought).
    """
    lock_people([student.pk, mentor_id])
    # With the lock: whoever is closed, or takes nobody new, at this moment has no line to stand in.
    profile = MentorProfile.objects.visible().filter(user=mentor_id).select_related("user").first()
    if profile is None:
        raise NotFound("There is no such mentor.")
    if student.pk == mentor_id:
        raise Refusal("own_offering", "This is your own line.")
    release_lapsed([mentor_id], now=now)
    place = WaitingPlace.objects.filter(student=student, mentor=mentor_id, status__in=WaitingPlace.OPEN).first()
    if place is not None and (place.paid_too_late or not paid_too_late):
        return place
    _check_may_wait(student, profile, now, paid_too_late)
    if place is None:
        with polite(seats_wait_once=Refusal("wrong_state", "You are on the list already.")):
            place = WaitingPlace.objects.create(
                student=student, mentor_id=mentor_id, joined_at=now, paid_too_late=paid_too_late
            )
    else:
        place.paid_too_late = True
        place.save(update_fields=["paid_too_late"])
    # Somebody who paid too late may have come at the moment in which a seat is free.
    release_lapsed([mentor_id], now=now)
    place.refresh_from_db()
    return place


def _check_may_wait(student: Any, profile: MentorProfile, now: datetime, paid_too_late: bool) -> None:
    name = profile.user.first_name
    seat = Seat.objects.standing().filter(student=student, mentor=profile.user_id).first()
    if seat is not None and seat.status == Seat.Status.HELD:
        raise Refusal("wrong_state", f"You are paying for a seat with {name} already.")
    if seat is not None and seat.status != Seat.Status.OFFERED:
        raise Refusal("wrong_state", f"You have a seat with {name} already.")
    if paid_too_late:
        return
    if not profile.accepts_new or profile.sales_paused_at is not None:
        raise Refusal("not_for_sale", f"{name} takes no new students at the moment.")
    if availability(profile.user_id, now).available:
        # An offer would keep a seat for 48 h that others could buy, for somebody who need not wait for it.
        raise Refusal("seat_free", f"You need not wait: {name} has a free seat, which you can take now.")


@transaction.atomic
def leave(*, student: Any, mentor_id: int, now: datetime, expect: str = "") -> None:
    """Leave the line, or decline the seat that is offered: it goes to the next one at once. Harmless when not in it.

    `expect` is what the person saw, "waiting" or "offered". Raises Refusal `answer_changed` when a seat has been offered
    to somebody who only meant to leave the line.
    """
    lock_people([student.pk, mentor_id])
    places = WaitingPlace.objects.filter(student=student, mentor=mentor_id, status__in=WaitingPlace.OPEN)
    for place in lock(places.select_related("seat")):
        offered = place.status == Status.OFFERED
        if offered and expect == "waiting":
            raise Refusal("answer_changed", "Meanwhile a seat is yours. Please look again before you leave.")
        place.status, place.ended_at = (Status.DECLINED if offered else Status.LEFT), now
        place.save(update_fields=["status", "ended_at"])
        if offered and place.seat is not None and place.seat.status == Seat.Status.OFFERED:
            _decline(place.seat, by=student, now=now)
    release_lapsed([mentor_id], now=now)


def _decline(seat: Seat, *, by: Any, now: datetime) -> None:
    declined = Seat.Reason.OFFER_DECLINED
    fields = {"released_at": now, "release_reason": declined}
    change_seat(seat, Seat.Status.RELEASED, by=by, reason=declined.label, at=now, **fields)
    withdraw(f"seat:{seat.pk}", now=now, kinds=["waiting_list_offer"])


def places_of(student: Any, now: datetime, mentor_id: int | None = None) -> list[WaitingPlace]:
    """Where this person waits (or has an offer), with `position`, mentor and seat: one query. Offers come first."""
    rows = WaitingPlace.objects.standing(now).placed().filter(student=student)
    if mentor_id is not None:
        rows = rows.filter(mentor=mentor_id)
    return list(rows.select_related("mentor__mentor_profile", "seat").order_by("status", "joined_at", "pk"))


def place_with(student: Any, mentor_id: int, now: datetime) -> WaitingPlace | None:
    """This person's place in one mentor's line, or None."""
    return next(iter(places_of(student, now, mentor_id)), None)


def line_of(mentor: Any, now: datetime, most: int = 200) -> list[WaitingPlace]:
    """The mentor's line as offers go out: first who has one, then those who wait, late payers first. One query."""
    rows = WaitingPlace.objects.standing(now).filter(mentor=mentor, student__is_active=True)
    return list(
        rows.select_related("student", "seat").order_by("status", "-paid_too_late", "joined_at", "pk")[:most]
    )  # "OFFERED" comes before "WAITING"
