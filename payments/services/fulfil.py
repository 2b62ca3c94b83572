"""Goods second: what was paid is granted, or the money goes back. Never both, never neither."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import Refusal
from notifications.services import notify
from packs.models import Purchase, SessionPack
from packs.services import grant_or_extend
from payments.models import Order, Payment
from payments.providers.direct import Direct
from payments.services.buyable import intro_taken
from payments.services.confirm import lock_order, retry_path, tell_student
from payments.services.keeping import hold_for_the_rest, keep_no_longer
from payments.services.refunds import request_refund
from seats.models import Seat
from seats.services import join, release_lapsed, take_seat
from sessions_app.models import Session
from sessions_app.services import (
    adopt_reserved,
    book_paid,
    confirm_reserved,
    mark_paid,
    point_to_session,
    release_reserved,
)
from sessions_app.services.common import tell

log = structlog.get_logger(__name__)


@transaction.atomic
def fulfil_order(order_id: UUID, now: datetime) -> Order:
    """Grant what a PAID order bought, once. What cannot be granted any more is refunded in full. Raises NotFound.

    A pack needs a seat; if its first time is gone it is granted without. A single session needs its time.
    """
    order = lock_order(order_id)
    if not Order.objects.to_fulfil().filter(pk=order.pk).exists():
        return order
    lock_people([order.student_id, order.mentor_id])
    try:
        # A savepoint: a refusal half-way takes back the half that was granted.
        with transaction.atomic():
            _grant(order, now)
    except Refusal as refusal:
        log.info("order_too_late", order=str(order.pk), code=refusal.code)
        _give_back(order, refusal, now)
    return order


def _grant(order: Order, now: datetime) -> None:
    paid = order.payments.filter(status=Payment.Status.CONFIRMED).select_related("by").first()
    by = paid.by if paid is not None and paid.by is not None else order.student  # recorded by hand, or bought
    in_grace_since = None
    if order.request_id is not None:
        mark_paid(order.request_id, now=now)
        adopt_reserved(request_id=order.request_id, order_id=order.pk)
    if order.takes_seat:
        # First what has lapsed: a seat may have entered a grace that no job has written yet.
        release_lapsed([order.mentor_id], now=now)
        seat = Seat.objects.standing().filter(student=order.student_id, mentor=order.mentor_id).first()
        in_grace_since = seat.activated_at if seat is not None and seat.in_grace(now) else None
        take_seat(
            student_id=order.student_id,
            mentor_id=order.mentor_id,
            by=by,
            reason="bought",
            now=now,
        )
    elif (
        order.offering
        and order.offering.is_intro
        and intro_taken(order.student_id, order.mentor_id, except_order=order.pk)
    ):
        raise Refusal("intro_used", "There was an intro already.")
    purchase = grant_or_extend(
        student_id=order.student_id,
        mentor_id=order.mentor_id,
        offering_id=order.offering_id,
        title=order.title,
        sessions=order.session_count,
        duration_minutes=order.duration_minutes,
        validity_days=order.validity_days,
        takes_seat=order.takes_seat,
        amount_minor=order.amount_minor,
        currency=order.currency,
        order_id=order.pk,
        seat_in_grace_since=in_grace_since,
        by=by,
        now=now,
    )
    order.pack, order.session = purchase.pack, _first_session(order, purchase.pack, now)
    if order.request_id is not None:
        point_to_session(request_id=order.request_id, session=order.session)
    order.status, order.fulfilled_at = Order.Status.FULFILLED, now
    order.save(update_fields=["pack", "session", "status", "fulfilled_at"])
    if order.takes_seat:
        hold_for_the_rest(order.student_id, order.mentor_id, by=order.student, now=now)
    _announce(order, purchase, now)


def _first_session(order: Order, pack: SessionPack, now: datetime) -> Session | None:
    """The time that was kept, or the same time anew if it is free. Raises Refusal for what cannot be without."""
    if order.starts_at is None:
        return None
    session = confirm_reserved(order_id=order.pk, pack=pack, now=now)
    if session is not None:
        return session
    try:
        return book_paid(
            order_id=order.pk,
            pack=pack,
            student=order.student,
            starts_at=order.starts_at,
            agenda=order.agenda,
            now=now,
        )
    except Refusal as refusal:
        # Whoever cancelled the unpaid session was told that a payment that still comes is refunded.
        if not order.takes_seat or refusal.code == "given_up":
            raise
        return None


def _give_back(order: Order, refusal: Refusal, now: datetime) -> None:
    reason = {
        "mentor_full": "The payment came after the hold had ended, and all seats are taken now.",
        "slot_unavailable": "The payment came after the hold had ended, and the time is no longer free.",
        "given_up": "It was cancelled or paid otherwise before this payment came.",
        "intro_used": "There is one intro for each student, and there was one already.",
    }.get(refusal.code, "What was bought cannot be granted any more.")
    if order.takes_seat:
        keep_no_longer(order.student_id, order.mentor_id, but=order.pk, now=now)
    release_reserved(order_id=order.pk, now=now)
    if refusal.code == "mentor_full" and _put_first_in_line(order, now):
        reason += " You are first on the waiting list: the next free seat is offered to you."
    payment = order.payments.filter(status=Payment.Status.CONFIRMED).first()
    if payment is None or not payment.amount_minor:
        # Nothing was paid, so nothing goes back: it only did not work.
        order.status = Order.Status.FAILED
        order.save(update_fields=["status"])
        tell_student(order, "payment_failed", now=now, reason=reason, url=retry_path(order))
        return
    request_refund(
        order,
        payment,
        cause=f"late:{order.pk}",
        reason=reason,
        now=now,
        sessions=order.session_count,
    )


def _put_first_in_line(order: Order, now: datetime) -> bool:
    """Whoever paid too late is the next to be offered a seat; not when the mentor is gone."""
    try:
        join(student=order.student, mentor_id=order.mentor_id, now=now, paid_too_late=True)
    except Refusal as refusal:
        log.info("not_put_in_line", order=str(order.pk), code=refusal.code)
        return False
    return True


def _book_url(pack: SessionPack, now: datetime) -> str:
    """Where its sessions are booked: all that are left in one screen, or the one."""
    if pack.remaining_at(now) > 1:
        return f"{pack.get_absolute_url()}/plan"
    return f"/student/mentorship/book?pack={pack.pk}"


def _announce(order: Order, purchase: Purchase, now: datetime) -> None:
    if order.provider == Direct.name:
        return  # both were told with the invitation, in other words
    pack, session = purchase.pack, order.session
    starts_at = session.starts_at if session else None
    if order.takes_seat or session is None:
        note = ""
        if order.starts_at and session is None:
            note = "The time you had chosen was taken meanwhile. Please choose another one."
        tell_student(
            order,
            "pack_purchased",
            now=now,
            url=_book_url(pack, now),
            mentor_name=order.mentor.display_name,
            sessions=purchase.sessions,
            total=pack.sessions_total,
            remaining=pack.remaining_at(now),
            expires_at=pack.expires_at,
            starts_at=starts_at,
            note=note,
        )
    if session is not None:
        tell(
            session,
            "session_scheduled",
            session.student,
            session.mentor,
            key=session.starts_at.isoformat(),
            now=now,
        )
    notify(
        "offering_booked",
        recipient=order.mentor,
        about=f"order:{order.pk}",
        dedupe_key=f"offering_booked:{order.pk}",
        now=now,
        role="mentor",
        student_name=order.student.display_name,
        mentor_name=order.mentor.display_name,
        title=order.title,
        sessions=purchase.sessions,
        starts_at=starts_at,
        amount_display=order.amount_display,
        order_number=order.number,
        url="/tutor/mentorship",
    )
