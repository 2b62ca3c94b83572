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

DAY, HALF_A_DAY = timedelta(days=1), timedelta(hours=12)


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
    """A day of the reader counts where its noon lies within: midnight in Paris makes nobody in London lose an evening."""
    today = now.astimezone(zone).date()
    first = (start.astimezone(zone) + HALF_A_DAY).date()
    last = max((end.astimezone(zone) - HALF_A_DAY).date(), first)
    if start <= now:
        last = max(last, today)
        return "Away today" if last == today else f"Away until {_day(last, today)}"
    if first == last:
        return f"Away on {_day(last, today)}"
    same_month = (first.year, first.month) == (last.year, last.month)
    return f"Away {first.day if same_month else _day(first, last, today)} to {_day(last, today)}"


def _day(day: date, *others: date) -> str:
    """With its year, unless another date says it."""
    return date_format(day, "j F" if day.year in {other.year for other in others} else "j F Y")
