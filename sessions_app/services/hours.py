"""The mentor's hours. Only what can be booked from now on changes: sessions keep their times.

The lock is the one a booking takes, so a booking sees the old hours or the new ones, and two saves do not add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction

from mentorship.kernel.jobs import nudge
from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.kernel.tasks import run_job
from mentorship.people.models import MentorProfile, User
from sessions_app.models import DateException, WeeklyRule

FARTHEST_DAYS = 730
MOST_EXCEPTIONS = 300
BOOKING_RULES = (
    "notice_hours",
    "horizon_days",
    "slot_step_minutes",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "most_sessions_a_day",
    "most_changes_a_pack",
)


@transaction.atomic
def set_hours(*, mentor: User, rules: Iterable[tuple[int, int, int]]) -> None:
    """Replace the mentor's weekly hours by these (weekday, start_minute, end_minute)."""
    lock_people([mentor.pk])
    WeeklyRule.objects.filter(mentor=mentor).delete()
    WeeklyRule.objects.bulk_create(
        WeeklyRule(mentor=mentor, weekday=day, start_minute=start, end_minute=end)
        for day, start, end in sorted(set(rules))
    )
    refresh_listings()


@transaction.atomic
def add_exception(
    *, mentor: User, day: date, kind: str, minutes: tuple[int, int] | None = None, now: datetime
) -> DateException:
    """One date differs from the week: extra hours, closed ones, or (without `minutes`) closed as a whole.

    Adding the same twice changes nothing. Raises Malformed (the day), Refusal `too_many`.
    """
    today = now.astimezone(mentor.zone).date()
    if not today <= day <= today + timedelta(days=FARTHEST_DAYS):
        raise Malformed("Choose a day from today on, within two years.")
    lock_people([mentor.pk])
    coming = DateException.objects.filter(mentor=mentor, day__gte=today)
    if coming.count() >= MOST_EXCEPTIONS:
        raise Refusal("too_many", f"There are {MOST_EXCEPTIONS} dates already. Please change your week instead.")
    start, end = minutes or (None, None)
    exception, _ = DateException.objects.get_or_create(
        mentor=mentor, day=day, kind=kind, start_minute=start, end_minute=end
    )
    refresh_listings()
    return exception


@transaction.atomic
def remove_exception(*, mentor: User, exception_id: int) -> None:
    """The date is as the week says again. Raises NotFound."""
    lock_people([mentor.pk])
    deleted, _ = DateException.objects.filter(pk=exception_id, mentor=mentor).delete()
    if not deleted:
        raise NotFound("There is no such date.")
    refresh_listings()


@transaction.atomic
def set_booking_rules(*, mentor: User, values: Mapping[str, int | None]) -> None:
    """Notice, horizon, step, breaks and limits: those of BOOKING_RULES that are named, validated by the caller."""
    lock_people([mentor.pk])
    MentorProfile.objects.filter(user=mentor).update(**{name: values[name] for name in BOOKING_RULES if name in values})
    refresh_listings()


def refresh_listings() -> None:
    """The marketplace's projection stands above this floor; its job is known here by name only."""
    nudge(run_job, "refresh_listings")
