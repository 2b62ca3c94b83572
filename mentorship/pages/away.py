"""When a mentor is away next, as everybody reads it on the pages on which one buys."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils.dateformat import format as date_format

from mentorship.people.models import MentorProfile
from sessions_app.models import Vacation
from sessions_app.services.away import span_of

DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)


def vacations_of(mentor: str, now: datetime) -> ArraySubquery:
    """An annotation: the next vacations of the mentor that this field of the row names, for `away_words`."""
    rows = Vacation.objects.filter(mentor=OuterRef(mentor), last_day__gte=now.date() - DAY).order_by("first_day")
    # Zones lie up to 14 h from UTC: at most two of these are over already, where the mentor is.
    return ArraySubquery(rows.values(days=JSONObject(first="first_day", last="last_day"))[:3])


def away_words(profile: MentorProfile, found: list[dict[str, Any]], zone: ZoneInfo, now: datetime) -> str:
    """ "Away 3 to 10 December", in days of the reader's zone; "" when the mentor is there as far as one can buy."""
    for one in found:
        start, end = span_of(profile.user, date.fromisoformat(one["first"]), date.fromisoformat(one["last"]))
        if end > now:
            return _words(start, end, zone, now) if start < now + profile.horizon else ""
    return ""


def _words(start: datetime, end: datetime, zone: ZoneInfo, now: datetime) -> str:
    first, last, today = start.astimezone(zone), (end - MOMENT).astimezone(zone), now.astimezone(zone)
    until = date_format(last, "j F" if last.year == today.year else "j F Y")
    if start <= now:
        return "Away today" if last.date() == today.date() else f"Away until {until}"
    if first.date() == last.date():
        return f"Away on {until}"
    same_month = (first.year, first.month) == (last.year, last.month)
    since = date_format(first, "j" if same_month else "j F" if first.year in (today.year, last.year) else "j F Y")
    return f"Away {since} to {until}"
