from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings

from mentorship.kernel import clock, idempotency
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from offerings.terms import Terms
from payments import providers
from payments.models import Order
from payments.services.buyable import asks_first, check_buyable, check_not_frozen
from payments.services.keeping import keep_no_longer
from payments.services.pair import open_page, place, replace
from seats.services import hold_seat
from sessions_app.services import reserve


def checkout(
    *,
    student: Any,
    offering_id: int,
    provider: str,
    starts_at: datetime | None = None,
    agenda: str = "",
    idempotency_key: str | None = None,
    site_url: str,
    now: datetime,
) -> Order:
    """Place an order, keep seat and first time for it, and open the page it is paid on (`order.checkout_url`).

    A new checkout with the same mentor replaces the open one. The same key and body give the same order again. What
    is free is paid and granted at once. Raises NotFound (provider, offering), Malformed (`key_reused`, no time for a
    single session), Refusal `own_offering`, `not_for_sale`, `approval_needed`, `intro_used`, `pack_limit`, `pack_frozen`, `mentor_full`,
    `slot_unavailable`, `notice_too_short`, and ProviderAway.
    """
    providers.by_name(provider)
    when = clock.iso(starts_at) if starts_at else None
    body = idempotency.body_hash({"offering": offering_id, "provider": provider, "starts_at": when, "agenda": agenda})
    wish = Wish(student, provider, starts_at, agenda, idempotency_key, body, site_url, now)
    order = replayed(wish)
    if order is None:
        offering = Offering.objects.visible_to(student).select_related("mentor").filter(pk=offering_id).first()
        if offering is None:
            raise NotFound("There is no such offering.")
        # A twin with the same key may have been first while this one waited for the locks.
        order = place(
            student.pk, offering.mentor_id, lambda open_orders: replayed(wish) or _write(wish, offering, open_orders)
        )
    return open_page(order, now)


@dataclass(frozen=True)
class Wish:
    """What was asked for, by whom, and when. Its price is the offering's."""

    student: Any
    provider: str
    starts_at: datetime | None
    agenda: str
    key: str | None
    body_hash: str
    site_url: str
    now: datetime


def replayed(wish: Wish) -> Order | None:
    """The order that this key has placed before. Raises Malformed `key_reused` for another body."""
    if wish.key is None:
        return None
    order = Order.objects.filter(student=wish.student, idempotency_key=wish.key).first()
    if order is not None and order.body_hash != wish.body_hash:
        raise idempotency.reused()
    return order


def _write(wish: Wish, offering: Offering, open_orders: list[Order]) -> Order:
    now, profile = wish.now, MentorProfile.objects.select_related("user").get(user=offering.mentor_id)
    # What cannot be understood or does not exist is said before what a rule refuses.
    terms = Terms.of(offering)
    order = snapshot(wish, terms, profile, offering=offering, starts_at=wish.starts_at, agenda=wish.agenda)
    _check_time(order, offering)
    check_buyable(student=wish.student, offering=offering, profile=profile, now=now)
    if asks_first(wish.student, offering, now):
        raise Refusal("approval_needed", f"{profile.user.first_name} wants to be asked first.")
    check_not_frozen(wish.student, offering.mentor)
    for replaced in open_orders:
        replace(replaced, now)
    pair = {"student_id": order.student_id, "mentor_id": order.mentor_id}
    if order.takes_seat:
        # A seat already held for the order that is replaced is carried over: its hold only rises.
        hold_seat(**pair, until=order.expires_at, by=wish.student, now=now, approved=False)
    else:
        keep_no_longer(order.student_id, order.mentor_id, now=now)
    order.save(force_insert=True)
    if order.starts_at is not None:
        reserve(
            student=wish.student,
            offering=offering,
            order_id=order.pk,
            starts_at=order.starts_at,
            until=order.expires_at,
            agenda=order.agenda,
            now=now,
        )
    return order


def snapshot(wish: Wish, terms: Terms, profile: MentorProfile, **own: Any) -> Order:
    """The order on these terms: what the buyer saw is what the buyer gets, whatever the mentor edits."""
    return Order(
        id=uuid4(),
        student=wish.student,
        mentor=profile.user,
        **asdict(terms),
        mentor_share_percent=profile.share_percent,
        provider=providers.to_pay(terms.currency, terms.amount_minor, wish.provider).name,
        site_url=wish.site_url,
        idempotency_key=wish.key,
        body_hash=wish.body_hash,
        created_at=wish.now,
        expires_at=wish.now + timedelta(minutes=settings.MENTORSHIP.checkout_hold_minutes),
        **own,
    )


def _check_time(order: Order, offering: Offering) -> None:
    if order.starts_at is None:
        if offering.kind == Offering.Kind.SESSION:
            raise Malformed("A single session needs its time: scheduledAt is missing.")
    elif order.starts_at >= order.created_at + timedelta(days=order.validity_days):
        raise Refusal(
            "pack_expired",
            "The pack would have expired by then. Please choose an earlier time.",
        )
