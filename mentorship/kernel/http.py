"""The request as our middleware leaves it, for annotations, and what one asks it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class PageRequest(HttpRequest):
    """Any request. `now` is the instant it is judged at, `zone` the reader's (lazy: see `reader_zone`)."""

    now: datetime
    zone: ZoneInfo
    htmx: HtmxDetails


def reader_zone(request: PageRequest) -> ZoneInfo:
    """The reader's zone, found by its name: `astimezone` refuses the lazy object that the request carries."""
    return ZoneInfo(str(request.zone))


def wants(request: PageRequest, target: str) -> bool:
    """htmx asks for the part of the page with this id."""
    return bool(request.htmx) and request.htmx.target == target


def page_or_part(request: PageRequest, page: str, *parts: str) -> str:
    """The page's template; only that of a part of it where htmx asks for one of these."""
    return next((f"{page}#{part}" for part in parts if wants(request, part)), page)
