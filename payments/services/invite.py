"""A mentor brings students of their own: sessions that were paid to the mentor directly, so no share is owed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from mentorship.kernel import idempotency
from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import Malformed, Refusal, SlowDown
from mentorship.people.models import User
from notifications.services import Notice, notify_many
from offerings.terms import Terms
from payments.models import Order
from payments.providers.direct import Direct
from payments.services.fulfil import fulfil_order
from payments.services.manual import place_paid

log = structlog.get_logger(__name__)
SESSIONS, MINUTES, DAYS = (1, 100), (15, 480), (30, 365)
DAY = timedelta(days=1)
CURRENCY = "EUR"  # of nothing: an order names one, and its amount is 0


class TooManyInvitations(SlowDown):
    def __init__(self, most: int, retry_after: int) -> None:
        super().__init__(retry_after)
        self.message = f"You can invite {most} students a day. Please go on tomorrow."


def invite_student(
    *,
    mentor: User,
    name: str,
    email: str,
    sessions: int,
    minutes: int,
    validity_days: int,
    site_url: str,
    idempotency_key: str | None = None,
    now: datetime,
) -> Order:
    """Give somebody a seat and sessions that they pay the mentor directly; who has no account gets one. Both are told.

    A student who is there already gets them on top. What the mentor is answered does not depend on whether the address
    has an account. Raises Malformed (name, address, numbers, `key_reused`), TooManyInvitations, Refusal `own_offering`,
    `wrong_state` (the mentor is not verified), `mentor_full`.
    """
    name, email = " ".join(name.replace("\0", "").split())[:120], email.strip().lower()
    _check_words(name, email)
    terms = _terms(sessions, minutes, validity_days)
    _check_may_invite(mentor, email)

    @transaction.atomic
    def place() -> str:
        student = _person(name, email)
        if student == mentor:
            raise Refusal("own_offering", "That is your own address.")
        lock_people([student.pk, mentor.pk])
        _check_limit(mentor, now)
        order = place_paid(
            student=student,
            mentor=mentor,
            terms=terms,
            offering=None,
            provider=Direct.name,
            note=f"Invited as {name}"[:300],
            by=mentor,
            site_url=site_url,
            now=now,
        )
        _tell(order, name, now)
        return str(order.pk)

    body = {"name": name, "email": email, "sessions": sessions, "minutes": minutes, "days": validity_days}
    order_id = idempotency.once(user=mentor, scope="invite_student", key=idempotency_key, body=body, do=place)
    return fulfil_order(UUID(order_id), now)


def _check_may_invite(mentor: User, email: str) -> None:
    if mentor.mentor_profile.verified_at is None:
        raise Refusal("wrong_state", "You can invite students as soon as you are verified.")
    if email in _addresses_of(mentor):
        raise Refusal("own_offering", "That is your own address.")


def _check_words(name: str, email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise Malformed("Please enter an email address, like sam@example.com.") from None
    if not name or len(email) > 254:
        raise Malformed("Please enter the name and the email address of your student.")


def _terms(sessions: int, minutes: int, days: int) -> Terms:
    """A seat and sessions for nothing. Raises Malformed for numbers that no pack has."""
    wanted = (("sessions", sessions, SESSIONS), ("minutes", minutes, MINUTES), ("days", days, DAYS))
    for what, number, (least, most) in wanted:
        if not least <= number <= most:
            raise Malformed(f"Between {least} and {most} {what}, please.")
    return Terms(
        title=f"{sessions} x {minutes} min",
        takes_seat=True,
        session_count=sessions,
        duration_minutes=minutes,
        validity_days=days,
        amount_minor=0,
        currency=CURRENCY,
    )


def _addresses_of(person: User) -> set[str]:
    also = EmailAddress.objects.filter(user=person).values_list("email", flat=True)
    return {address.lower() for address in (person.email, *also)}


def _person(name: str, email: str) -> User:
    """Whoever owns the address, else a new account without a password: a mailed code opens it, and confirms the address.

    The name that was typed is only a new account's, and signing up with the address may still change it.
    """
    owner = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    known = owner.user if owner else User.objects.filter(email__iexact=email).first()
    if known is not None:
        _forget_unproven_password(known)
        return known
    try:
        with transaction.atomic():
            person = User.objects.create_user(email, None, name=name)
            EmailAddress.objects.create(user=person, email=email, verified=False, primary=True)
            return person
    except IntegrityError:  # a twin was first
        return User.objects.get(email__iexact=email)


def _forget_unproven_password(person: User) -> None:
    """Somebody registered this address without proving it: their password must not open what is given to its owner."""
    addresses = EmailAddress.objects.filter(user=person)
    if addresses.exists() and not addresses.filter(verified=True).exists():
        person.set_unusable_password()
        person.save(update_fields=["password"])


def _check_limit(mentor: User, now: datetime) -> None:
    """So many a day, counted in the orders themselves: mails to strangers are not for sending in masses."""
    most = settings.MENTORSHIP.invitations_per_day
    recent = Order.objects.filter(mentor=mentor, provider=Direct.name, created_at__gt=now - DAY)
    if len(found := list(recent.order_by("-created_at").values_list("created_at", flat=True)[:most])) >= most:
        raise TooManyInvitations(most, int((found[-1] + DAY - now).total_seconds()))


def _tell(order: Order, name: str, now: datetime) -> None:
    context: dict[str, Any] = {
        "mentor_name": order.mentor.display_name,
        "student_name": name,  # as the mentor wrote it, whoever the address belongs to
        "email": order.student.email,
        "sessions": order.session_count,
        "duration_minutes": order.duration_minutes,
        "expires_at": now + timedelta(days=order.validity_days),
    }
    about, key = f"order:{order.pk}", f"student_invited:{order.pk}"
    # The door for both: with an account signed in it leads on, without one it mails the code.
    to_student = {**context, "role": "student", "url": "/accounts/login/code/?next=/student/mentorship"}
    to_mentor = {**context, "role": "mentor", "url": "/tutor/seats"}
    rows = [
        Notice(order.student, about, f"{key}:student", now, to_student),
        Notice(order.mentor, about, f"{key}:mentor", now, to_mentor),
    ]
    notify_many("student_invited", rows)
