"""The door of the mentor's pages: signed in, and a mentor. For everybody else these pages do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def mentors_only(view: View) -> View:
    @login_required
    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_mentor:  # type: ignore[union-attr]
            raise Http404
        return view(request, *args, **kwargs)

    return door
