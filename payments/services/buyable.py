from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q

from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from packs.models import SessionPack
from packs.services import renewal_is_off
from payments.models import Order
from seats.models import Seat
from sessions_app.models import Session


def check_buyable(*, student: Any | None, offering: Offering, profile: MentorProfile, now: datetime) -> None:
    """Whether this student (None: a visitor) may buy this offering, which they can see. Raises Refusal with the reason.

    Seat and time are not judged here: the ones who take them do that. The caller holds the people's locks where the
    answer counts; a page may ask without.
    """
    if student is not None and offering.mentor_id == student.pk:
        raise Refusal("own_offering", "This is your own offering.")
    if not profile.is_visible:
        # Whoever looked at it before the mentor was closed may ask after: not even who is seated renews then.
        raise Refusal("not_for_sale", f"{profile.user.first_name} takes no payments at the moment.")
    if not profile.accepts_new or profile.sales_paused_at is not None:
        # Whoever has a place may renew, and what was promised from the waiting list stands: it is the new ones that
        # are turned away.
        known = student is not None and offering.takes_seat and is_seated(student, offering.mentor_id, now)
        promised = (
            profile.sales_paused_at is None and offering.takes_seat and has_offer(student, offering.mentor_id, now)
        )
        if not known and not promised:
            raise Refusal("not_for_sale", f"{profile.user.first_name} takes no new students at the moment.")
    if student is None:
        return
    if offering.is_intro and intro_taken(student.pk, offering.mentor_id):
        raise Refusal("intro_used", f"You have already had your intro with {profile.user.first_name}.")
    if offering.takes_seat:
        check_limit(student, offering.mentor_id, offering.duration_minutes, now)


def asks_first(student: Any | None, offering: Offering, now: datetime) -> bool:
    """Whether this buyer has to be approved by the mentor before paying.

    It is the offering's mode that says so. Whoever is seated renews without asking, unless the mentor has set "no
    renewal": then every pack has to be asked for.
    """
    if student is not None and offering.takes_seat and renewal_is_off(student.pk, offering.mentor_id, now):
        return True
    if offering.booking_mode != Offering.BookingMode.REQUEST:
        return False
    return student is None or not offering.takes_seat or not is_seated(student, offering.mentor_id, now)


def check_not_frozen(student: Any, mentor: Any) -> None:
    """Nothing is bought into a dispute: its sessions would stand still with the others. Raises Refusal `pack_frozen`."""
    if SessionPack.objects.filter(student=student, mentor=mentor, frozen_at__isnull=False).exists():
        name = mentor.first_name
        raise Refusal("pack_frozen", f"Something between you and {name} is being decided. Then you can buy again.")


def is_seated(student: Any, mentor_id: int, now: datetime) -> bool:
    """Has a place with this mentor: taken or in grace. A hold for a payment is none yet."""
    seats = Seat.objects.occupying(now).filter(student=student, mentor=mentor_id)
    return seats.filter(status__in=[Seat.Status.ACTIVE, Seat.Status.GRACE]).exists()


def has_offer(student: Any | None, mentor_id: int, now: datetime) -> bool:
    """A seat is kept for this person, offered from the waiting list."""
    if student is None:
        return False
    offered = Seat.objects.occupying(now).filter(status=Seat.Status.OFFERED)
    return offered.filter(student=student, mentor=mentor_id).exists()


def intro_taken(student_id: int, mentor_id: int, *, except_order: Any = None) -> bool:
    """An intro with this mentor was paid (and not given back), or one is booked or was held."""
    paid = Order.objects.of_pair(student_id, mentor_id).filter(
        offering__is_intro=True, status__in=[Order.Status.PAID, Order.Status.FULFILLED]
    )
    booked = Session.objects.filter(
        student=student_id,
        mentor=mentor_id,
        offering__is_intro=True,
        pack__isnull=False,
    )
    if except_order is not None:
        paid = paid.exclude(pk=except_order)
    given_back = Q(refunds__payment__status="CONFIRMED")
    return paid.exclude(given_back).exists() or booked.exclude(status=Session.Status.CANCELLED).exists()


def check_limit(student: Any, mentor_id: int, duration_minutes: int, now: datetime) -> None:
    """At most so many open packs, counting the ones being paid; one that would only be extended is no new one.

    Raises Refusal `pack_limit`.
    """
    limit = settings.MENTORSHIP.open_packs_per_student
    if not limit:
        return
    packs = SessionPack.objects.open(now).filter(student=student, takes_seat=True)
    if packs.filter(mentor=mentor_id, duration_minutes=duration_minutes).exists():
        return
    being_paid = Order.objects.open(now).filter(student=student, takes_seat=True).exclude(mentor=mentor_id)
    if packs.count() + being_paid.count() >= limit:
        raise Refusal(
            "pack_limit",
            f"You can have {limit} open packs at a time. Finish one first.",
        )
