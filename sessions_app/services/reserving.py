"""Times kept for someone who is paying: AWAITING_PAYMENT sessions. Payments call these; the order's id is a plain id."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from mentorship.kernel import clock
from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile
from packs.models import SessionPack
from packs.services import hold_credit
from sessions_app.models import BookingRequest, CalendarBlock, Session, SessionEvent
from sessions_app.services.common import block_time, slot_taken, trace
from sessions_app.services.scheduling import schedule
from sessions_app.slots import check_slot

Status = Session.Status


def reserve(
    *,
    student: Any,
    offering: Any,
    order_id: UUID | None,
    starts_at: datetime,
    until: datetime,
    minutes: int | None = None,
    notice_counts: bool = True,
    agenda: str = "",
    now: datetime,
) -> Session:
    """Keep this time for a payment until `until`. Raises Refusal `slot_unavailable`, `notice_too_short`."""
    starts_at = clock.utc(starts_at)
    with polite(sessions_nobody_twice=slot_taken()):
        lock_people([student.pk, offering.mentor_id])
        clear_lapsed([student.pk, offering.mentor_id], now=now)
        profile = MentorProfile.objects.select_related("user").get(user=offering.mentor_id)
        minutes = minutes or offering.duration_minutes
        try:
            check_slot(mentor=profile, student=student, starts_at=starts_at, duration_minutes=minutes, now=now)
        except Refusal as refusal:
            if refusal.code != "notice_too_short" or notice_counts:
                raise
        session = Session.objects.create(
            student=student,
            mentor_id=offering.mentor_id,
            offering=offering,
            course_id=offering.course_id,
            order_id=order_id,
            title=offering.title,
            agenda=agenda,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            status=Status.AWAITING_PAYMENT,
            payment_deadline=until,
            created_at=now,
        )
        block_time(session, profile)
        trace(session, SessionEvent.Kind.RESERVED, by=student, at=now)
    return session


@transaction.atomic
def confirm_reserved(*, order_id: UUID, pack: SessionPack, now: datetime) -> Session | None:
    """The payment came: the kept time becomes a booked session that holds a credit of `pack`.

    None when there is nothing left to confirm: it was cleared, cancelled, or lies in the past by now. The caller holds
    the people's locks.
    """
    found = lock(
        Session.objects.filter(order_id=order_id, status=Status.AWAITING_PAYMENT).select_related("student", "mentor")
    )
    if not found:
        return None
    session = found[0]
    if session.starts_at <= now:
        _expire([session], now)
        return None
    session.pack = pack
    session.purchase_id = hold_credit(pack=pack, session_id=session.pk, by=session.student, now=now)
    session.status, session.credit, session.booked_at = Status.SCHEDULED, Session.Credit.HELD, now
    session.save(update_fields=["pack", "purchase", "status", "credit", "booked_at"])
    trace(session, SessionEvent.Kind.BOOKED, by=session.student, at=now)
    return session


def book_paid(
    *, order_id: UUID, pack: SessionPack, student: Any, starts_at: datetime, agenda: str = "", now: datetime
) -> Session:
    """Late money: book the time that was lost once more, if it is still free. Notice does not count against the buyer.

    Raises Refusal `slot_unavailable`, `given_up` (one of the two cancelled it). The caller holds the people's locks.
    """
    if Session.objects.filter(order_id=order_id).exclude(status=Status.EXPIRED).exists():
        raise Refusal("given_up", "This session was cancelled before it was paid.")
    with polite(sessions_nobody_twice=slot_taken()):
        profile = MentorProfile.objects.select_related("user").get(user=pack.mentor_id)
        try:
            check_slot(
                mentor=profile,
                student=student,
                starts_at=starts_at,
                duration_minutes=pack.duration_minutes,
                now=now,
                latest=pack.expires_at,
            )
        except Refusal as refusal:
            if refusal.code != "notice_too_short":
                raise
        return schedule(pack, profile, starts_at=starts_at, agenda=agenda, order_id=order_id, by=student, now=now)


@transaction.atomic
def release_reserved(*, order_id: UUID, now: datetime) -> int:
    """Give back the time kept for this order. Harmless when it is gone already.

    A time that a mentor has approved stays kept until its own deadline: only this order lets go of it.
    """
    kept = lock(Session.objects.filter(order_id=order_id, status=Status.AWAITING_PAYMENT))
    approved = set(BookingRequest.objects.to_pay(now).filter(session__in=kept).values_list("session", flat=True))
    Session.objects.filter(pk__in=approved).update(order_id=None)
    return _expire([session for session in kept if session.pk not in approved], now)


def keep_for_payment(request: BookingRequest, *, order_id: UUID, until: datetime) -> None:
    """An order is placed for an approved request: its time stays kept for that order, until the page's time is over.

    The caller holds the people's locks. Raises Refusal `wrong_state` when one of the two has let go of the time.
    """
    if request.session_id is not None:
        kept = Session.objects.filter(pk=request.session_id, status=Status.AWAITING_PAYMENT)
        if not kept.update(order_id=order_id, payment_deadline=until):
            raise Refusal("wrong_state", "The time of this request is not kept any more.")
    BookingRequest.objects.filter(pk=request.pk).update(payment_deadline=until)


def adopt_reserved(*, request_id: UUID, order_id: UUID) -> None:
    """Money came for an approved request: the time that is still kept for it belongs to this order.

    The caller holds the people's locks.
    """
    kept = Session.objects.filter(request=request_id, status=Status.AWAITING_PAYMENT)
    kept.update(order_id=order_id)


def point_to_session(*, request_id: UUID, session: Session | None) -> None:
    """What was paid for a request is granted: from now on it leads to the time that was booked for it, or to none.

    Late money may have booked the time anew, or found it gone. The caller holds the people's locks.
    """
    BookingRequest.objects.filter(pk=request_id).update(session=session)


def clear_lapsed(person_ids: Iterable[int], *, now: datetime) -> int:
    """Clear these people's kept times whose payment did not come. The caller has locked the people."""
    ids = list(person_ids)
    return _expire(lock(Session.objects.lapsed(now).filter(Q(student__in=ids) | Q(mentor__in=ids))), now)


@transaction.atomic
def expire_unpaid(sessions: QuerySet[Session], *, now: datetime) -> int:
    """Clear a batch of lapsed kept times; rows that somebody works on are left for the next run."""
    return _expire(lock(sessions, skip_locked=True), now)


def _expire(sessions: list[Session], now: datetime) -> int:
    if not sessions:
        return 0
    ids = [s.pk for s in sessions]
    Session.objects.filter(pk__in=ids).update(status=Status.EXPIRED)
    CalendarBlock.objects.filter(session__in=ids).delete()
    SessionEvent.objects.bulk_create(
        SessionEvent(
            session=s, kind=SessionEvent.Kind.EXPIRED, starts_at=s.starts_at, at=min(now, s.payment_deadline or now)
        )
        for s in sessions
    )
    return len(ids)
