"""allauth's mails in our words, through the outbox. It lives here because the floor below may not know notifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.core import context as allauth_context
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from mentorship.kernel import clock
from mentorship.people.adapter import PeopleAdapter
from notifications import services
from notifications.mail import absolute


@dataclass(frozen=True)
class AccountMail:
    """One of allauth's mails. `{code}` and the other values come from allauth's context."""

    kind: str
    subject: str
    text: tuple[str, ...]
    action: str = ""
    action_url: str = ""  # the name of a view
    security: bool = False  # says what changed and from where


MINUTES = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
IGNORE = "If this was not you, you can ignore this mail: without the code nothing happens."
NOT_YOU = "If this was not you, sign in, change your password and remove what you do not know."


def _change(kind: str, subject: str, sentence: str) -> AccountMail:
    return AccountMail(kind, subject, (sentence,), "Open your security settings", "settings_security", security=True)


# allauth's template name -> our mail. No subject carries a code: subjects are listed in the admin, codes are not for other eyes.
MAILS = {
    "login_code": AccountMail(
        "login_code",
        "Your code for mentorship",
        ("Your code is", "{code}", f"Type it where you asked for it. It works once, for {MINUTES} minutes.", IGNORE),
    ),
    "email_confirmation_signup": AccountMail(
        "email_verification",
        "Your code for mentorship",
        (
            "Welcome! Your code is",
            "{code}",
            f"Type it on the page where you signed up. It works for {MINUTES} minutes.",
            IGNORE,
        ),
    ),
    "email_confirmation": AccountMail(
        "email_verification",
        "Confirm your address",
        ("Your code is", "{code}", f"Type it where you added this address. It works for {MINUTES} minutes.", IGNORE),
    ),
    "password_reset_code": AccountMail(
        "password_reset",
        "Choose a new password",
        (
            "Your code is",
            "{code}",
            f"Type it where you asked for a new password. It works for {MINUTES} minutes.",
            IGNORE,
        ),
    ),
    "unknown_account": AccountMail(
        "unknown_account",
        "There is no account with this address",
        (
            "Somebody, probably you, tried to sign in to mentorship as {email}. There is no account with this address.",
            "Did you use another one? If you are new here, you can create an account in a minute.",
            "If this was not you, you can ignore this mail.",
        ),
        "Create an account",
        "account_signup",
    ),
    "account_already_exists": AccountMail(
        "account_already_exists",
        "You already have an account",
        (
            "Somebody, probably you, tried to create an account for {email}. There already is one; nothing was changed.",
            "You can sign in with a code we mail you; no password is needed.",
            "If this was not you, you can ignore this mail.",
        ),
        "Sign in with a code",
        "account_request_login_code",
    ),
    "email_changed": _change(
        "email_changed", "Your address was changed", "Your address was changed from {from_email} to {to_email}."
    ),
    "email_confirm": _change("email_changed", "An address was confirmed", "The address of your account was confirmed."),
    "email_deleted": _change(
        "email_changed", "An address was removed", "{deleted_email} was removed from your account."
    ),
    "password_changed": _change(
        "password_changed", "Your password was changed", "The password of your account was changed."
    ),
    "password_reset": _change(
        "password_changed", "Your password was reset", "The password of your account was reset with a mailed code."
    ),
    "password_set": _change(
        "password_changed", "Your account has a password now", "A password was set for your account."
    ),
    "recovery_codes_generated": _change(
        "security_changed",
        "New recovery codes",
        "New recovery codes were made for your account; the old ones no longer work.",
    ),
    "totp_activated": _change(
        "security_changed",
        "An authenticator app was added",
        "Signing in now asks for a code from your authenticator app.",
    ),
    "totp_deactivated": _change(
        "security_changed", "Your authenticator app was removed", "Signing in no longer asks for a code from your app."
    ),
    "webauthn_added": _change("security_changed", "A passkey was added", "A new passkey can sign in to your account."),
    "webauthn_removed": _change(
        "security_changed", "A passkey was removed", "A passkey was removed from your account."
    ),
    "account_connected": _change(
        "security_changed", "Another way to sign in was added", "An account elsewhere can now sign in to yours."
    ),
    "account_disconnected": _change(
        "security_changed", "A way to sign in was removed", "An account elsewhere can no longer sign in to yours."
    ),
}


class AccountAdapter(PeopleAdapter):
    """Everything allauth mails becomes a row of the outbox; the request never talks to the mail server."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        mail = MAILS[template_prefix.rpartition("/")[2]]
        request = allauth_context.request
        values = {**context, "email": email}
        page = {
            "paragraphs": [line.format_map(values) for line in mail.text],
            "code": context.get("code", ""),
            "title": mail.subject.format_map(values),
            "security": mail.security
            and {"ip": context.get("ip"), "browser": context.get("user_agent"), "advice": NOT_YOU},
            "action_label": mail.action,
            "action_url": absolute(reverse(mail.action_url)) if mail.action_url else "",
        }
        services.send_mail(
            mail.kind,
            email,
            page["title"],
            render_to_string("notifications/account_mail.txt", page).strip() + "\n",
            render_to_string("notifications/account_mail.html", page),
            now=getattr(request, "now", None) or clock.now(),
        )
