"""Offers to the waiting list: every free seat goes to the head of the line for 48 h. Who joins and leaves: `line.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from notifications.services import Notice, notify_many
from seats.models import Seat, SeatEvent, WaitingPlace
from seats.services.capacity import availabilities, lowest_number

Status = WaitingPlace.Status
# Somebody can buy a pack of this mentor: an offer made while it is not so could not be taken.
SELLS = Q(
    mentor__is_active=True,
    mentor__mentor_profile__verified_at__isnull=False,
    mentor__mentor_profile__sales_paused_at=None,
)


@transaction.atomic
def offer_free_seats(mentor_ids: Collection[int], *, now: datetime) -> int:
    """Offer every free seat of these mentors to the heads of their lines, for 48 h. Returns how many were offered.

    The caller has locked the mentors and cleared what has lapsed. Set-based: the number of statements does not depend on
    the number of seats or mentors. A mentor who takes nobody new, or is not verified any more, offers nothing.
    """
    line = list(
        WaitingPlace.objects.in_line()
        .filter(SELLS, mentor__in=mentor_ids, mentor__mentor_profile__accepts_new=True)
        .filter(~Exists(Seat.objects.standing().filter(mentor=OuterRef("mentor"), student=OuterRef("student"))))
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
        number = lowest_number(taken[place.mentor_id])
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
        place.status, place.seat, place.offered_until = Status.OFFERED, seat, until
    WaitingPlace.objects.bulk_update(offered, ["status", "seat", "offered_until"])
    tell_of_offers(offered, until, now)
    return len(offered)


def tell_of_offers(offered: list[WaitingPlace], until: datetime, now: datetime) -> None:
    """To each of them: a seat is theirs until then."""
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
    """These offers were not taken in time: their people have left the line, and are told.

    Who could not have taken it, because nothing was sold meanwhile, keeps the place.
    """
    offers = WaitingPlace.objects.filter(seat__in=list(seat_ids), status=Status.OFFERED)
    lapsed = list(offers.filter(SELLS).select_related("student", "mentor__mentor_profile"))
    WaitingPlace.objects.filter(pk__in=[place.pk for place in lapsed]).update(status=Status.LAPSED, ended_at=now)
    offers.update(status=Status.WAITING, seat=None, offered_until=None)
    _tell_of_lapse(lapsed, now)


def _tell_of_lapse(lapsed: list[WaitingPlace], now: datetime) -> None:
    notices = [
        Notice(
            place.student,
            f"seat:{place.seat_id}",
            f"waiting_list_lapsed:{place.seat_id}",
            now,
            {
                "role": "student",
                "mentor_name": place.mentor.display_name,
                "expires_at": place.offered_until,
                "url": place.mentor.mentor_profile.get_absolute_url(),
            },
        )
        for place in lapsed
    ]
    notify_many("waiting_list_lapsed", notices)


def offer_ends(seat: Seat) -> datetime | None:
    """The own end of the offer that this seat is, whatever a checkout has added to it. None when it is none."""
    if seat.status != Seat.Status.OFFERED:
        return None
    return WaitingPlace.objects.filter(seat=seat, status=Status.OFFERED).values_list("offered_until", flat=True).first()


def took_a_seat(*, student_id: int, mentor_id: int, now: datetime) -> None:
    """Whoever has a seat waits no longer."""
    places = WaitingPlace.objects.filter(student=student_id, mentor=mentor_id, status__in=WaitingPlace.OPEN)
    places.update(status=Status.TAKEN, ended_at=now)
