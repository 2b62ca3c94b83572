from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound
from notifications.services import withdraw
from seats.models import Seat, SeatEvent
from seats.services.capacity import free_number, mentor_full
from seats.services.lapsing import release_lapsed
from seats.services.waiting import offer_ends, offers_lapsed, took_a_seat

Status = Seat.Status
_FULL = {"seats_number_taken_once": mentor_full(), "seats_one_per_pair": mentor_full()}


def change_seat(seat: Seat, after: str, *, by: Any, reason: str, at: datetime, **fields: Any) -> Seat:
    """Every transition of one seat, which the caller has locked: new status, its fields, and the event that tells who, when
    and why.
    """
    before, seat.status = seat.status, after
    for name, value in fields.items():
        setattr(seat, name, value)
    seat.save(update_fields=["status", *fields])
    SeatEvent.objects.create(seat=seat, before=before, after=after, by=by, reason=reason, at=at)
    return seat


def _standing_seat(student_id: int, mentor_id: int) -> Seat | None:
    return next(iter(lock(Seat.objects.standing().filter(student=student_id, mentor=mentor_id))), None)


def _new(student_id: int, mentor_id: int, status: str, *, by: Any, reason: str, now: datetime, **fields: Any) -> Seat:
    number = free_number(mentor_id, now)
    with polite(**_FULL):
        seat = Seat.objects.create(
            student_id=student_id, mentor_id=mentor_id, number=number, status=status, created_at=now, **fields
        )
    SeatEvent.objects.create(seat=seat, after=status, by=by, reason=reason, at=now)
    return seat


@transaction.atomic
def hold_seat(
    *, student_id: int, mentor_id: int, until: datetime, by: Any, now: datetime, approved: bool = False
) -> Seat:
    """Keep a seat for someone who is paying. Whoever is seated keeps theirs: only `held_until` rises.

    A grace seat whose 72 h are over, or an offer whose 48 h are (they stand only by an earlier hold), is not held any
    longer by a new checkout; but by what the mentor has `approved`, for as long as that is to be paid. Raises Refusal
    `mentor_full`.
    """
    lock_people([student_id, mentor_id])
    release_lapsed([mentor_id], now=now)
    seat = _standing_seat(student_id, mentor_id)
    checkout = None if approved else until
    if seat is None:
        why = "approved" if approved else "checkout"
        held = {"held_until": until, "checkout_until": checkout}
        return _new(student_id, mentor_id, Status.HELD, by=by, reason=why, now=now, **held)
    offer = offer_ends(seat)
    over = seat.grace_is_over(now) or (offer is not None and offer <= now)
    if approved or not over:
        seat.held_until = max(seat.held_until or until, until)
        seat.checkout_until = checkout or seat.checkout_until
        seat.save(update_fields=["held_until", "checkout_until"])
    return seat


@transaction.atomic
def keep_offer(*, student_id: int, mentor_id: int, until: datetime, asked_at: datetime) -> None:
    """Who is offered a seat, and asked for a pack in the offer's own time, keeps it until the answer.

    Any other seat stays as it is. The caller holds the people's locks.
    """
    seat = _standing_seat(student_id, mentor_id)
    offer = offer_ends(seat) if seat else None
    if seat is not None and offer is not None and offer > asked_at:
        seat.held_until = max(seat.held_until or until, until)
        seat.save(update_fields=["held_until"])


def checkout_ended(*, student_id: int, mentor_id: int) -> None:
    """The pair's open checkout has ended, or another takes its place. The caller holds the people's locks."""
    Seat.objects.standing().filter(student=student_id, mentor=mentor_id).update(checkout_until=None)


@transaction.atomic
def take_seat(
    *, student_id: int, mentor_id: int, by: Any, reason: str, now: datetime, still_held: bool = False
) -> Seat:
    """The seat becomes ACTIVE: the one held, offered, in grace or already taken, else the lowest free one.

    Its holds end with it; not when nothing was paid for it (`still_held`): what is approved or being paid goes on
    keeping it, should it end early. Raises Refusal `mentor_full`.
    """
    lock_people([student_id, mentor_id])
    release_lapsed([mentor_id], now=now)
    seat = _standing_seat(student_id, mentor_id)
    if seat is None:
        seat = _new(student_id, mentor_id, Status.ACTIVE, by=by, reason=reason, now=now, activated_at=now)
        took_a_seat(student_id=student_id, mentor_id=mentor_id, now=now)
        return seat
    took_a_seat(student_id=student_id, mentor_id=mentor_id, now=now)
    unheld = {} if still_held else {"held_until": None, "checkout_until": None}
    fields = {**unheld, "grace_ends_at": None, "activated_at": seat.activated_at or now}
    if seat.status in (Status.GRACE, Status.OFFERED):
        kinds = ["grace_started", "grace_final_warning", "waiting_list_offer"]
        withdraw(f"seat:{seat.pk}", now=now, kinds=kinds)
    if seat.status == Status.ACTIVE:
        for name, nothing in unheld.items():
            setattr(seat, name, nothing)
        seat.save(update_fields=[*unheld])
        return seat
    return change_seat(seat, Status.ACTIVE, by=by, reason=reason, at=now, **fields)


@transaction.atomic
def drop_hold(
    *,
    student_id: int,
    mentor_id: int,
    reason: str,
    by: Any,
    now: datetime,
    until: datetime | None = None,
    seated_too: bool = False,
) -> None:
    """A payment or a request has ended: the seat is kept only by what else keeps it.

    That is an open checkout, or what the caller knows, `until` then. A seat that was only HELD is free at once without
    either. An offered seat is offered until its own end again; if that has passed, it goes to the next one at once. The
    hold of a seated person stays, unless `seated_too`: then a seat that nothing but the hold kept is free as well.
    """
    lock_people([student_id, mentor_id])
    seat = _standing_seat(student_id, mentor_id)
    if seat is None or seat.held_until is None:
        return
    if seat.status not in (Status.HELD, Status.OFFERED) and not seated_too:
        return
    else_kept = max(filter(None, [until, seat.checkout_until, offer_ends(seat)]), default=now)
    if seat.status == Status.HELD and else_kept <= now:
        change_seat(
            seat,
            Status.RELEASED,
            by=by,
            reason=Seat.Reason(reason).label,
            at=now,
            released_at=now,
            release_reason=reason,
        )
    else:
        Seat.objects.filter(pk=seat.pk).update(held_until=min(seat.held_until, else_kept))
    release_lapsed([mentor_id], now=now)


@transaction.atomic
def start_grace(*, student_id: int, mentor_id: int, settled_at: datetime, now: datetime) -> Seat | None:
    """The last credit of the seat's packs was settled as used: keep the seat 72 h for a renewal.

    `settled_at` may lie in the past when a late job settles; then at least 24 h are left after the notice. Returns the
    seat, or None when another pack still keeps it (or there is none). The caller holds the people's locks.
    """
    numbers = settings.MENTORSHIP
    seat = _standing_seat(student_id, mentor_id)
    if seat is None or seat.status != Status.ACTIVE:
        return None
    if Seat.objects.with_life(now).get(pk=seat.pk).has_live_pack:
        return None
    ends_at = settled_at + timedelta(hours=numbers.grace_hours)
    if settled_at < now:
        ends_at = max(ends_at, now + timedelta(hours=numbers.grace_least_notice_hours))
    return change_seat(
        seat, Status.GRACE, by=None, reason="the last session was settled", at=settled_at, grace_ends_at=ends_at
    )


@transaction.atomic
def release_refunded(*, student_id: int, mentor_id: int, by: Any, now: datetime) -> Seat | None:
    """A refund has left no unsettled credit: the seat is free at once, without grace, unless another pack keeps it.

    While its student is paying for the next pack, it is only held for that. The caller holds the people's locks. Returns
    the seat when it was released.
    """
    seat = _standing_seat(student_id, mentor_id)
    if seat is None or seat.status != Status.ACTIVE:
        return None
    if Seat.objects.with_life(now).get(pk=seat.pk).has_live_pack:
        return None
    if seat.is_held(now):
        change_seat(seat, Status.HELD, by=by, reason=Seat.Reason.REFUNDED.label, at=now)
        return None
    fields = {"released_at": now, "release_reason": Seat.Reason.REFUNDED}
    change_seat(seat, Status.RELEASED, by=by, reason=Seat.Reason.REFUNDED.label, at=now, **fields)
    release_lapsed([mentor_id], now=now)
    return seat


@transaction.atomic
def release_seat(*, seat_id: int, by: Any, reason: str, now: datetime) -> Seat:
    """An admin frees a seat. Harmless when it is released already. Raises NotFound."""
    ids = Seat.objects.filter(pk=seat_id).values_list("mentor_id", "student_id").first()
    if ids is None:
        raise NotFound
    lock_people(ids)
    seat = lock(Seat.objects.filter(pk=seat_id))[0]
    if seat.status == Status.RELEASED:
        return seat
    change_seat(
        seat, Status.RELEASED, by=by, reason=reason, at=now, released_at=now, release_reason=Seat.Reason.BY_ADMIN
    )
    offers_lapsed([seat.pk], now=now)  # an offer that is taken away is over like one whose time has passed
    release_lapsed([seat.mentor_id], now=now)
    return seat
