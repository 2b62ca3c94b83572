from __future__ import annotations

from functools import cache
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from mentorship.demo.personas import PASSWORD
from mentorship.people.models import User


@cache
def _hash() -> str:
    # One hash for all: a good hasher is slow on purpose, and thirty accounts share one public password.
    return make_password(PASSWORD)


def new_person(email: str, name: str, zone: str = "Europe/Berlin", **fields: Any) -> User:
    """Somebody with a verified address and the demo's password."""
    user = User.objects.create_user(email, name=name, zone_name=zone, **fields)
    user.password = _hash()
    user.save(update_fields=["password"])
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user
