"""The request as our middleware leaves it, for annotations."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from mentorship.people.models import User


class PageRequest(HttpRequest):
    """Any page's request. `now` is the instant it is judged at, `zone` the reader's."""

    now: datetime
    zone: ZoneInfo
    htmx: HtmxDetails


class SignedInRequest(PageRequest):
    """Behind `login_required`."""

    user: User
