"""The doors of pages: signed in, or signed in and a mentor; and the request as it is behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from mentorship.people.models import User

View = Callable[..., HttpResponse]


class Signed(HttpRequest):
    """A request of somebody who is signed in, with what our middleware adds."""

    user: User
    now: datetime
    htmx: HtmxDetails


def wants(request: Signed, target: str) -> bool:
    """htmx asks for the part of the page with this id."""
    return bool(request.htmx) and request.htmx.target == target


def signed_in(view: View) -> View:
    """Visitors are sent to sign in, and back."""
    return login_required(view)


def mentors_only(view: View) -> View:
    """Signed in, and a mentor: for everybody else these pages do not exist."""

    @wraps(view)
    def door(request: Signed, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_mentor:
            raise Http404
        return view(request, *args, **kwargs)

    return signed_in(door)
