"""Becoming somebody without a password: only the demo has this door."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from mentorship.kernel.refusals import Malformed, Refusal
from mentorship.people.models import User


def become(request: HttpRequest, email: str) -> User:
    """Sign this address in; an unknown one becomes a new student whose address counts as verified.

    Raises Malformed for what is no address, Refusal `wrong_state` for a closed account.
    """
    user = person(email)
    if not user.is_active:
        raise Refusal("wrong_state", "This account is closed.")
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    # One press is all a visitor of the demo has: pages that ask again who it is take it for a password.
    record_authentication(request, user, method="password", reauthenticated=True)
    return user


def person(email: str) -> User:
    """The user with this address, made when there is none."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise Malformed("This is not an email address.") from None
    if len(address) > 254:
        raise Malformed("An email address has at most 254 characters.")
    found = User.objects.filter(email=address).first()
    return found or _new_student(address)


def _new_student(address: str) -> User:
    name = address.partition("@")[0].replace(".", " ").replace("_", " ").title()[:120]
    try:
        with transaction.atomic():
            user = User.objects.create_user(address, name=name)
            EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
            return user
    except IntegrityError:  # a twin was quicker
        return User.objects.get(email=address)
