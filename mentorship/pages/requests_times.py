"""Up to three times out of a week of free ones, as checkboxes of one form: for asking, and for suggesting others.

What is chosen in one week survives the way to another: the form sends it, the address carries it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from mentorship.kernel import clock
from mentorship.kernel.http import PageRequest, reader_zone
from mentorship.kernel.refusals import Malformed
from mentorship.pages.choosing_times import TimeField
from mentorship.people.models import MentorProfile
from sessions_app.models.request import MOST_TIMES
from sessions_app.slots import Slot, free_slots
from sessions_app.week import DAYS, read_first_day, week_of_slots, week_range

FIRST_LOOK = timedelta(days=14)
MOST_READ = 20  # of an address: whatever it carries, no more is looked at


def request_notice() -> timedelta:
    """A time that is asked for or suggested lies at least so far ahead."""
    return timedelta(hours=settings.MENTORSHIP.request_notice_hours)


def read_times(values: Iterable[str]) -> list[datetime]:
    """The instants among what a form or an address carries, each once, ascending. Raises Malformed for what is none."""
    try:
        return sorted({at for value in list(values)[:MOST_READ] if (at := TimeField(required=False).clean(value))})
    except ValidationError:
        raise Malformed("A time could not be read. Please choose among the times shown.") from None


@dataclass
class WishedTimes:
    """One request's choice of times: `chosen` are those sent that are still free, `gone` the others."""

    request: PageRequest
    profile: MentorProfile
    minutes: int
    student: Any  # whose own sessions are left out; None for a visitor
    base: str

    @cached_property
    def sent(self) -> list[datetime]:
        values = self.request.POST if self.request.method == "POST" else self.request.GET
        try:
            return read_times(values.getlist("at"))
        except Malformed:  # the page shows with nothing chosen; what commits reads for itself
            return []

    @cached_property
    def zone(self) -> Any:
        return reader_zone(self.request)

    @cached_property
    def slots(self) -> list[Slot]:
        """All that can be wished for within the mentor's horizon, in two queries."""
        now = self.request.now
        return free_slots(
            mentor=self.profile,
            start=now + request_notice(),
            end=now + self.profile.horizon + timedelta(minutes=1),
            duration_minutes=self.minutes,
            now=now,
            viewer=self.student,
        )

    @cached_property
    def _free(self) -> set[datetime]:
        return {slot.starts_at for slot in self.slots}

    @property
    def chosen(self) -> list[datetime]:
        return [at for at in self.sent if at in self._free]

    @property
    def gone(self) -> list[datetime]:
        return [at for at in self.sent if at not in self._free]

    @cached_property
    def first_day(self) -> date:
        """The week asked for; else that of the first chosen time; else the first with a free one."""
        now = self.request.now
        if asked := self.request.GET.get("week") or self.request.POST.get("shown"):
            return read_first_day(asked, self.zone, now)
        first = next(iter(self.chosen), None) or (self.slots[0].starts_at if self.slots else now)
        return first.astimezone(self.zone).date()

    @property
    def _week(self) -> tuple[datetime, datetime]:
        return week_range(self.first_day, self.zone)

    @property
    def days(self) -> list[dict[str, Any]]:
        """For `requests/week.html`: each slot with `checked`."""
        days = week_of_slots(self.slots, self.zone, self.request.now, self.first_day)
        chosen = set(self.chosen)
        for day in days:
            for slot in day["slots"]:
                slot["checked"] = slot["starts_at"] in chosen
        return days

    @property
    def elsewhere(self) -> list[dict[str, Any]]:
        """What is chosen in other weeks: checkboxes of their own beside the week."""
        start, end = self._week
        return [{"starts_at": at, "value": clock.iso(at)} for at in self.chosen if not start <= at < end]

    @property
    def earlier(self) -> str:
        """The first day of the week before, or nothing."""
        first = (self.request.now + request_notice()).astimezone(self.zone).date()
        day = max(first, self.first_day - timedelta(days=DAYS))
        return day.isoformat() if self.first_day > first else ""

    @property
    def later(self) -> str:
        _, end = self._week
        last = self.request.now + self.profile.horizon
        return (self.first_day + timedelta(days=DAYS)).isoformat() if end <= last else ""

    @property
    def in_this_week(self) -> bool:
        return any(day["slots"] for day in self.days)

    @property
    def most(self) -> int:
        return MOST_TIMES

    def here(self, **more: str) -> str:
        """This page with that choice."""
        query = [("at", clock.iso(at)) for at in self.sent] + list(more.items())
        return f"{self.base}?{urlencode(query)}" if query else self.base


def asked_week(request: HttpRequest) -> str:
    """Another week was asked for with its button (`name="week"` sends the form, so that what was typed is kept)."""
    return request.POST.get("week", "")
