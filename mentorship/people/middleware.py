from __future__ import annotations

from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from mentorship.kernel.http import PageRequest
from mentorship.people.zones import zone


class ZoneMiddleware:
    """`request.zone`: the reader's zone, from the account or, for visitors, from the cookie their browser set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: PageRequest) -> HttpResponse:
        def reader() -> object:
            if request.user.is_authenticated:
                return request.user.zone
            return zone(request.COOKIES.get("zone", "UTC"))

        request.zone = cast(ZoneInfo, SimpleLazyObject(reader))
        return self.get_response(request)
