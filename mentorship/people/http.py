"""The request of somebody who is signed in, and the door to the pages of mentors."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponseBase

from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import NotFound
from mentorship.people.models import User

View = Callable[..., HttpResponseBase]


class SignedInRequest(PageRequest):
    """Behind `login_required`."""

    user: User


def mentors_only(view: View) -> View:
    """For whoever has a mentor profile, verified or not; for everybody else the page does not exist."""

    @wraps(view)
    def door(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_mentor:
            raise NotFound("This page is for mentors. You can become one under “Teach here”.")
        return view(request, *args, **kwargs)

    return login_required(door)
