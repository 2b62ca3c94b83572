from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from mentorship.kernel import clock, idempotency
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, Refusal, SlowDown
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from payments import providers
from payments.models import Order
from payments.providers.base import ProviderTrouble
from payments.providers.free import Free
from payments.services.buyable import check_buyable, check_not_frozen
from payments.services.settle import confirm_and_fulfil
from seats.services import hold_seat
from sessions_app.services import release_reserved, reserve

TRIES = 10  # for the locks of a pair; more than two are seen only while a payment arrives


class ProviderAway(Refusal):
    """The order stands, its page could not be opened: the same request again opens it."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "provider_away",
            "The payment page could not be opened. Nothing was charged; please try again.",
        )


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
    single session), Refusal `own_offering`, `not_for_sale`, `intro_used`, `pack_limit`, `pack_frozen`, `mentor_full`,
    `slot_unavailable`, `notice_too_short`, and ProviderAway.
    """
    providers.by_name(provider)
    when = clock.iso(starts_at) if starts_at else None
    body = idempotency.body_hash({"offering": offering_id, "provider": provider, "starts_at": when, "agenda": agenda})
    wish = Wish(student, provider, starts_at, agenda, idempotency_key, body, site_url, now)
    order = _replay(wish)
    if order is None:
        offering = Offering.objects.visible_to(student).select_related("mentor").filter(pk=offering_id).first()
        if offering is None:
            raise NotFound("There is no such offering.")
        order = _place(wish, offering)
    return _open_page(order, now)


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


def _replay(wish: Wish) -> Order | None:
    """The order that this key has placed before. Raises Malformed `key_reused` for another body."""
    if wish.key is None:
        return None
    order = Order.objects.filter(student=wish.student, idempotency_key=wish.key).first()
    if order is not None and order.body_hash != wish.body_hash:
        raise idempotency.reused()
    return order


class _Busy(Exception):
    """A twin has placed an order in between, and somebody works on it: begin again, this time with its lock first."""


def _place(wish: Wish, offering: Offering) -> Order:
    for _ in range(TRIES):
        try:
            with transaction.atomic(), _pair_locked(wish.student.pk, offering.mentor_id) as open_orders:
                # A twin with the same key may have been first while this one waited.
                return _replay(wish) or _write(wish, offering, open_orders)
        except _Busy:
            continue
    raise SlowDown(1)


@contextmanager
def _pair_locked(student_id: int, mentor_id: int) -> Iterator[list[Order]]:
    """Lock the pair's open order, then both people; give the open orders.

    An order placed between the two locks is taken only if nobody holds it: waiting for it now, with the people locked,
    would be the wrong order, and a deadlock with the payment that is being granted.
    """
    pending = Order.objects.of_pair(student_id, mentor_id).pending()
    lock(pending)
    lock_people([student_id, mentor_id])
    found = set(pending.values_list("pk", flat=True))
    locked = lock(pending, skip_locked=True)
    if {order.pk for order in locked} != found:
        raise _Busy
    yield locked


def _write(wish: Wish, offering: Offering, open_orders: list[Order]) -> Order:
    now, profile = wish.now, MentorProfile.objects.select_related("user").get(user=offering.mentor_id)
    # What cannot be understood or does not exist is said before what a rule refuses.
    order = _snapshot(wish, offering, profile)
    _check_time(order, offering)
    check_buyable(student=wish.student, offering=offering, profile=profile, now=now)
    check_not_frozen(wish.student, offering.mentor)
    if order.takes_seat:
        # A seat already held for the order that is replaced is carried over: its hold only rises.
        hold_seat(
            student_id=order.student_id, mentor_id=order.mentor_id, until=order.expires_at, by=wish.student, now=now
        )
    for replaced in open_orders:
        _replace(replaced, now)
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


def _snapshot(wish: Wish, offering: Offering, profile: MentorProfile) -> Order:
    """The order as the offering stands now: what the buyer saw is what the buyer gets, whatever the mentor edits."""
    return Order(
        id=uuid4(),
        student=wish.student,
        mentor=offering.mentor,
        offering=offering,
        title=offering.title,
        takes_seat=offering.takes_seat,
        session_count=offering.session_count,
        duration_minutes=offering.duration_minutes,
        validity_days=offering.effective_validity_days,
        amount_minor=offering.price_minor,
        currency=offering.currency,
        mentor_share_percent=profile.share_percent,
        starts_at=wish.starts_at,
        agenda=wish.agenda,
        provider=providers.to_pay(offering.currency, offering.price_minor, wish.provider).name,
        site_url=wish.site_url,
        idempotency_key=wish.key,
        body_hash=wish.body_hash,
        created_at=wish.now,
        expires_at=wish.now + timedelta(minutes=settings.MENTORSHIP.checkout_hold_minutes),
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


def _replace(order: Order, now: datetime) -> None:
    """Its page is asked to close after commit (job `close_provider_pages`); money that still comes is late money.

    One whose hold is over anyway has just expired, as the job would have found: its page stays.
    """
    order.status = Order.Status.EXPIRED
    order.replaced_at = now if order.expires_at > now else None
    order.save(update_fields=["status", "replaced_at"])
    release_reserved(order_id=order.pk, now=now)


def _open_page(order: Order, now: datetime) -> Order:
    """Ask the provider for the page, with no transaction open. Again for the same order, it is the same page."""
    if order.status == Order.Status.PENDING and not order.checkout_url:
        try:
            page = providers.by_name(order.provider).create_checkout(
                order,
                return_url=order.site_url + order.return_path,
                cancel_url=order.site_url + order.get_absolute_url(),
                webhook_url=f"{order.site_url}/api/webhooks/{order.provider}",
            )
        except ProviderTrouble as trouble:
            raise ProviderAway from trouble
        # A twin may have opened a page meanwhile: the first one counts, and both are sent there.
        unopened = Order.objects.filter(pk=order.pk, checkout_url="")
        unopened.update(provider_reference=page.reference, checkout_url=page.url)
        order.refresh_from_db()
    if order.provider == Free.name and order.status in (
        Order.Status.PENDING,
        Order.Status.PAID,
    ):
        return confirm_and_fulfil(order.pk, now)
    return order
