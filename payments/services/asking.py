"""Asking for a REQUEST offering: judged like a purchase, answered by the mentor, and paid only once it is approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from mentorship.kernel import clock
from mentorship.kernel.idempotency import is_known, once
from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from payments import providers
from payments.models import Order
from payments.services.buyable import asks_first, check_buyable, check_not_frozen
from payments.services.ordering import checkout
from sessions_app.models import BookingRequest
from sessions_app.services import submit_request

SCOPE = "ask"  # of the idempotency keys


def ask(
    *,
    student: Any,
    offering_id: int,
    times: Sequence[datetime] = (),
    message: str = "",
    idempotency_key: str | None = None,
    now: datetime,
) -> BookingRequest:
    """Ask the mentor for this offering. The same key and body give the same request again.

    Raises NotFound, Malformed (times, `key_reused`), Refusal `wrong_state` (it can be bought at once), and what
    `check_buyable`, `check_not_frozen` and `submit_request` raise.
    """
    body = {"offering": offering_id, "times": [clock.iso(time) for time in sorted(times)], "message": message}

    def do() -> str:
        return str(_ask(student, offering_id, times, message, now).pk)

    request_id = once(user=student, scope=SCOPE, key=idempotency_key, body=body, do=do)
    return BookingRequest.objects.select_related("student", "mentor", "offering").get(pk=request_id)


@transaction.atomic
def _ask(student: Any, offering_id: int, times: Sequence[datetime], message: str, now: datetime) -> BookingRequest:
    offering = visible(student, offering_id)
    lock_people([student.pk, offering.mentor_id])
    profile = MentorProfile.objects.select_related("user").get(user=offering.mentor_id)
    check_buyable(student=student, offering=offering, profile=profile, now=now)
    check_not_frozen(student, offering.mentor)
    if not asks_first(student, offering, now):
        raise Refusal("wrong_state", "This can be bought at once, without asking.")
    return submit_request(student=student, offering=offering, times=times, message=message, now=now)


def visible(student: Any, offering_id: int) -> Offering:
    """Raises NotFound for what this person cannot buy."""
    offering = Offering.objects.visible_to(student).select_related("mentor").filter(pk=offering_id).first()
    if offering is None:
        raise NotFound("There is no such offering.")
    return offering


def ask_or_checkout(
    *,
    student: Any,
    offering_id: int,
    provider: str,
    starts_at: datetime | None = None,
    times: Sequence[datetime] = (),
    message: str = "",
    idempotency_key: str | None = None,
    site_url: str,
    now: datetime,
) -> Order | BookingRequest:
    """What one press means: a request where this buyer has to ask, else a checkout. Raises what the two raise.

    A key that has placed an order or asked before gives that again, whatever has become of the pair since.
    """
    providers.by_name(provider)
    replays = idempotency_key is not None and (
        Order.objects.filter(student=student, idempotency_key=idempotency_key).exists()
    )
    if not replays and (
        is_known(user=student, scope=SCOPE, key=idempotency_key)
        or asks_first(student, visible(student, offering_id), now)
    ):
        wished = [*times, *([starts_at] if starts_at else [])]
        return ask(
            student=student,
            offering_id=offering_id,
            times=wished,
            message=message,
            idempotency_key=idempotency_key,
            now=now,
        )
    return checkout(
        student=student,
        offering_id=offering_id,
        provider=provider,
        starts_at=starts_at or next(iter(times), None),
        agenda=message,
        idempotency_key=idempotency_key,
        site_url=site_url,
        now=now,
    )
