"""Paying for what is kept already: an approved request, or a time whose checkout was left."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from mentorship.kernel import idempotency
from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import Malformed, NotFound, NotYours, Refusal
from mentorship.people.models import MentorProfile
from offerings.terms import Terms
from payments import providers
from payments.models import Order
from payments.services.buyable import check_limit, check_not_frozen, intro_taken
from payments.services.keeping import keep_no_longer
from payments.services.ordering import Wish, checkout, replayed, snapshot
from payments.services.pair import open_page, place, replace
from seats.services import checkout_ended, hold_seat
from sessions_app.models import BookingRequest, Session
from sessions_app.services import keep_for_payment, pay_by

PAID = (Order.Status.PAID, Order.Status.FULFILLED)


def proceed_payment(
    *,
    student: Any,
    provider: str,
    request_id: UUID | None = None,
    session_id: UUID | None = None,
    idempotency_key: str | None = None,
    site_url: str,
    now: datetime,
) -> Order:
    """Open the page on which an approved request, or an unpaid session, is paid. Paid already: that order.

    The price is the one that was asked for. Seat and time stay kept while the page is open, at most one checkout longer
    than the request's own deadline. Raises NotFound, NotYours (the mentor), Malformed (not exactly one of the two,
    `key_reused`), Refusal `wrong_state` (not approved, too late, given up), `not_for_sale` (the mentor is not verified
    any more), `pack_frozen`, `intro_used`, `pack_limit`, ProviderAway.
    """
    if (request_id is None) == (session_id is None):
        raise Malformed("Either requestId or sessionId says what is to be paid.")
    providers.by_name(provider)
    if session_id is not None:
        session = _session(student, session_id)
        request_id = BookingRequest.objects.filter(session=session).values_list("pk", flat=True).first()
        if request_id is None:
            return _pay_session(session, student, provider, idempotency_key, site_url, now)
    assert request_id is not None, "one of the two was given"
    asked, mentor_id = request_id, _mentor_of(student, request_id)
    body = idempotency.body_hash({"request": str(asked), "provider": provider})
    wish = Wish(student, provider, None, "", idempotency_key, body, site_url, now)
    order = replayed(wish) or place(
        student.pk, mentor_id, lambda open_orders: replayed(wish) or _write(wish, asked, open_orders)
    )
    return open_page(order, now)


def _mentor_of(student: Any, request_id: UUID) -> int:
    """Raises NotFound for a stranger's request, NotYours for the mentor of it."""
    found = BookingRequest.objects.of(student).filter(pk=request_id).values_list("student_id", "mentor_id").first()
    if found is None:
        raise NotFound("There is no such request.")
    if found[0] != student.pk:
        raise NotYours("The student pays.")
    return found[1]


def _session(student: Any, session_id: UUID) -> Session:
    session = Session.objects.of(student).filter(pk=session_id).first()
    if session is None:
        raise NotFound("There is no such session.")
    if session.student_id != student.pk:
        raise NotYours("The student pays.")
    return session


def _pay_session(session: Session, student: Any, provider: str, key: str | None, site_url: str, now: datetime) -> Order:
    """The open order of this time, on its page; with another provider, a new order in its place."""
    order = Order.objects.filter(pk=session.order_id, student=student).first() if session.order_id else None
    if order is not None and order.status in PAID:
        return order
    if session.status_at(now) != Session.Status.AWAITING_PAYMENT or order is None or order.offering_id is None:
        raise Refusal("wrong_state", "There is nothing to pay for this session any more.")
    if order.status == Order.Status.PENDING and order.provider in (provider, "free"):
        return open_page(order, now)
    return checkout(
        student=student,
        offering_id=order.offering_id,
        provider=provider,
        starts_at=order.starts_at,
        agenda=order.agenda,
        idempotency_key=key,
        site_url=site_url,
        now=now,
    )


def _write(wish: Wish, request_id: UUID, open_orders: list[Order]) -> Order:
    """The pair is locked: judge the request, then place the order for it."""
    now = wish.now
    request = lock(BookingRequest.objects.filter(pk=request_id).select_related("mentor", "session", "offering"))[0]
    if paid := request.orders.filter(status__in=PAID).first():
        return paid
    provider = providers.to_pay(request.currency, request.amount_minor, wish.provider).name
    for order in open_orders:
        if order.request_id == request.pk and order.provider == provider and order.expires_at > now:
            return order
    if not request.is_payable(now) or pay_by(request) <= now:
        label = BookingRequest.Status(request.status_at(now)).label
        raise Refusal("wrong_state", f"This request cannot be paid: it is {label}.")
    profile = MentorProfile.objects.select_related("user").get(user=request.mentor_id)
    if not profile.is_visible:
        raise Refusal("not_for_sale", f"{profile.user.first_name} takes no payments at the moment.")
    check_not_frozen(wish.student, request.mentor)
    if request.offering.is_intro and intro_taken(wish.student.pk, request.mentor_id):
        raise Refusal("intro_used", f"You have already had your intro with {request.mentor.first_name}.")
    if request.takes_seat:
        check_limit(wish.student, request.mentor_id, request.duration_minutes, now)
    order = snapshot(
        wish,
        Terms.kept_by(request),
        profile,
        request=request,
        offering=request.offering,
        starts_at=request.session.starts_at if request.session else None,
        agenda=request.message,
    )
    until = max(order.expires_at, pay_by(request))
    for replaced in open_orders:
        replace(replaced, now)
    pair = {"student_id": order.student_id, "mentor_id": order.mentor_id}
    if order.takes_seat:
        checkout_ended(**pair)
        hold_seat(**pair, until=until, by=wish.student, now=now, approved=True)
    else:
        keep_no_longer(order.student_id, order.mentor_id, now=now)
    order.save(force_insert=True)
    keep_for_payment(request, order_id=order.pk, until=until)
    return order
