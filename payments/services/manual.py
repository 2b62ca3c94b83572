"""Orders that no buyer places: money that came to us elsewhere, and what an admin gives for nothing."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import transaction

from mentorship.kernel import idempotency, money
from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.models import MentorProfile, User
from offerings.models import Offering
from offerings.terms import Terms
from payments.models import Order, Payment
from payments.providers.base import PaymentFacts, PaymentStatus
from payments.providers.free import Free
from payments.providers.manual import Manual
from payments.services.buyable import intro_taken
from payments.services.confirm import confirm_payment
from payments.services.fulfil import fulfil_order
from seats.services import hold_seat

log = structlog.get_logger(__name__)
MAX_MINOR = 10**12


def record_payment(
    *,
    student: User,
    offering_id: int,
    amount_minor: int | None = None,
    currency: str = "",
    note: str,
    by: Any,
    site_url: str,
    idempotency_key: str | None = None,
    now: datetime,
) -> Order:
    """An admin has received this money elsewhere: record it and grant the offering. 0 gives it for nothing.

    Without an amount it is the offering's price. The note says where the money is found (for 0: why). Nothing is
    recorded when it cannot be granted. Same key and body: the same order. Raises NotFound (offering), Malformed (note,
    amount, currency, `key_reused`), Refusal `own_offering`, `not_for_sale`, `intro_used`, `mentor_full`.
    """
    note = _note(note)
    offering = Offering.objects.visible_to(student).select_related("mentor__mentor_profile").filter(pk=offering_id)
    found = offering.first()
    if found is None:
        raise NotFound("There is no such offering for this student.")
    currency = currency or found.currency
    amount = found.price_minor if amount_minor is None else amount_minor
    _check_sum(amount, currency)

    @transaction.atomic
    def place() -> str:
        lock_people([student.pk, found.mentor_id])
        _check(student, found)
        order = place_paid(
            student=student,
            mentor=found.mentor,
            terms=replace(Terms.of(found), amount_minor=amount, currency=currency),
            offering=found,
            provider=Manual.name if amount else Free.name,
            note=note,
            by=by,
            site_url=site_url,
            now=now,
        )
        return str(order.pk)

    body = {"student": student.pk, "offering": offering_id, "amount": amount, "currency": currency, "note": note}
    order_id = idempotency.once(user=by, scope="record_payment", key=idempotency_key, body=body, do=place)
    return fulfil_order(UUID(order_id), now)


def _note(text: str) -> str:
    text = " ".join(text.replace("\0", "").split())
    if not text or len(text) > 300:
        raise Malformed("A note is needed, of at most 300 characters: where the money is found, or why it is free.")
    return text


def _check_sum(amount: int, currency: str) -> None:
    try:
        money.exponent(currency)
    except ValueError:
        raise Malformed("This is not a currency we know. Use a code like EUR.") from None
    if not 0 <= amount <= MAX_MINOR:
        raise Malformed("This amount cannot be recorded.")


def _check(student: User, offering: Offering) -> None:
    """What an admin cannot decide otherwise. The caller holds the people's locks."""
    if offering.mentor_id == student.pk:
        raise Refusal("own_offering", "That is the student's own offering.")
    if offering.is_intro and intro_taken(student.pk, offering.mentor_id):
        raise Refusal("intro_used", "There is one intro for each student, and there was one already.")


@transaction.atomic
def place_paid(
    *,
    student: User,
    mentor: User,
    terms: Terms,
    offering: Offering | None,
    provider: str,
    note: str,
    by: Any,
    site_url: str,
    now: datetime,
) -> Order:
    """Write an order that is paid already, with its payment and ledger entries; `fulfil_order` grants it afterwards.

    The seat is held first, so that what is recorded can be granted, too. An open checkout of the student stands: what is
    paid there comes on top. Raises Refusal `mentor_full`.
    """
    lock_people([student.pk, mentor.pk])
    until = now + timedelta(minutes=settings.MENTORSHIP.checkout_hold_minutes)
    if terms.takes_seat:
        hold_seat(student_id=student.pk, mentor_id=mentor.pk, until=until, by=by, now=now)
    order = Order(
        id=uuid4(),
        student=student,
        mentor=mentor,
        offering=offering,
        **asdict(terms),
        mentor_share_percent=MentorProfile.objects.get(user=mentor).share_percent,
        # Paid as soon as it exists: it never waits beside an open order of the pair.
        status=Order.Status.PAID,
        provider=provider,
        site_url=site_url,
        created_at=now,
        paid_at=now,
        expires_at=until,
    )
    order.provider_reference = str(order.pk)
    order.save(force_insert=True)
    confirm_payment(order.pk, _received(order), now=now)
    Payment.objects.filter(order=order).update(by=by, note=note)
    log.info("order_placed_by_hand", order=str(order.pk), provider=provider, by=by.pk)
    return order


def _received(order: Order) -> PaymentFacts:
    """What a provider would say: exactly what the order asks for has come."""
    return PaymentFacts(
        status=PaymentStatus.PAID,
        reference=order.provider_reference,
        order_id=order.pk,
        payment_id=order.provider_reference,
        amount=order.amount_minor,
        currency=order.currency,
        live=True,
    )
