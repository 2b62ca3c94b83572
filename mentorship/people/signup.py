"""Signing up (or in) without leaving the page one came for: name and address, then six digits from a mail.

A known and an unknown address are answered alike; only the mailbox tells them apart. The code stays hashed in the
session, lives in machine time and dies after three wrong tries. allauth does the rest: its adapter mails the code
through the outbox, and its login stages ask for a second step where somebody has switched one on.
"""

from __future__ import annotations

import hmac
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import EmailAddress, Login
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from mentorship.kernel import clock, limits
from mentorship.kernel.refusals import Malformed, Refusal
from mentorship.people.models import User
from mentorship.people.zones import is_zone

KEY = "signup_by_code"
LIFE_SECONDS = 15 * 60
TRIES = 3
PER_MINUTE, PER_HOUR = 3, 30


def start_signup(request: HttpRequest, email: str, name: str, zone: str = "") -> None:
    """Mail a six-digit code to this address, whether it has an account or not.

    Raises Malformed for an address or a name that is none, SlowDown when the address got too many codes. A new start
    replaces the code before it.
    """
    email, name = email.strip().lower(), " ".join(name.replace("\0", "").split())[:120]
    try:
        validate_email(email)
    except ValidationError:
        raise Malformed("Please enter an email address, like sam@example.com.") from None
    if len(email) > 254 or not name:
        raise Malformed("Please enter your name and your email address.")
    limits.spend("signup_code", email, PER_MINUTE, None)
    limits.spend("signup_code_hour", email, PER_HOUR, None, seconds=3600)
    code = get_adapter().generate_login_code()
    request.session[KEY] = {
        "email": email,
        "name": name,
        "zone": zone if is_zone(zone) else "",
        "code": _hash(code, email),
        "until": clock.machine_now().timestamp() + LIFE_SECONDS,
        "tries": 0,
    }
    get_adapter().send_mail("account/email/login_code", email, {"request": request, "code": code})


def waiting_for(request: HttpRequest) -> str | None:
    """The address a code was mailed to and is still good for, or None: which of the two forms to show."""
    state = request.session.get(KEY)
    return state["email"] if state and clock.machine_now().timestamp() <= state["until"] else None


def forget(request: HttpRequest) -> None:
    """Start over with another address."""
    request.session.pop(KEY, None)


def finish_signup(request: HttpRequest, code: str, next_url: str) -> HttpResponse:
    """Sign in whoever owns the mailbox, creating the account if it is new. Returns the redirect to `next_url`.

    With a second step switched on the redirect leads there first. Raises Refusal `wrong_code` (try again) or
    `code_expired` (ask for a new one). The session's other contents survive.
    """
    state = request.session.get(KEY)
    if not state or clock.machine_now().timestamp() > state["until"]:
        forget(request)
        raise Refusal("code_expired", "This code is no longer valid. Please ask for a new one.")
    if not hmac.compare_digest(_hash("".join(code.split()).replace("-", ""), state["email"]), state["code"]):
        _count_wrong_try(request, state)
    forget(request)
    user = _person(state)
    record_authentication(request, user, method="code", email=state["email"])
    return perform_login(request, Login(user=user, email=state["email"], redirect_url=next_url))


def _count_wrong_try(request: HttpRequest, state: dict[str, Any]) -> None:
    state["tries"] += 1
    if state["tries"] >= TRIES:
        forget(request)
        # Without this the refusal's page could be lost before the session is saved, and with it the count.
        request.session.save()
        raise Refusal(
            "code_expired", "That was wrong three times, so this code no longer works. Please ask for a new one."
        )
    request.session[KEY] = state
    request.session.save()
    raise Refusal("wrong_code", "That is not the code we mailed you. Please look again.")


def _hash(code: str, email: str) -> str:
    return salted_hmac(KEY, f"{email}:{code}", algorithm="sha256").hexdigest()


def _person(state: dict[str, Any]) -> User:
    """The owner of the address: whoever has verified it, else a new person (also when two tabs finish at once)."""
    email = state["email"]
    known = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    if known:
        return known.user
    try:
        with transaction.atomic():
            user = User.objects.filter(email__iexact=email).first()
            if user is None:
                zone = {"zone_name": state["zone"]} if state["zone"] else {}
                user = User.objects.create_user(email, None, name=state["name"], **zone)
            _verify(user, state)
            return user
    except IntegrityError:
        return User.objects.get(email__iexact=email)


def _verify(user: User, state: dict[str, Any]) -> None:
    """The code has proved the mailbox. A password that somebody set before that proof must not open the account."""
    addresses = EmailAddress.objects.filter(user=user)
    if addresses.exists() and not addresses.filter(verified=True).exists():
        user.name = state["name"]
        user.set_unusable_password()
        user.save(update_fields=["name", "password"])
    addresses.filter(primary=True).exclude(email__iexact=state["email"]).update(primary=False)
    EmailAddress.objects.update_or_create(user=user, email=state["email"], defaults={"verified": True, "primary": True})
