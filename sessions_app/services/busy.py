"""What outside calendars say is taken: the door for whoever reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from mentorship.kernel.jobs import nudge
from mentorship.kernel.locking import lock_people
from mentorship.kernel.tasks import run_job
from mentorship.people.models import User
from sessions_app.availability import join
from sessions_app.models import BusyTime

FARTHEST = timedelta(days=400)


@transaction.atomic
def replace_busy(*, person: User, source: str, spans: Iterable[tuple[datetime, datetime]], now: datetime) -> int:
    """What this outside calendar now says is taken, [start, end) each, in the place of all it said before.

    `source` names the calendar ("google:<calendar id>", at most 60 characters); others' spans stay. Spans may overlap, be
    empty, or lie in the past: they are joined, and what is over or more than 400 days away is left out. Booked sessions
    stay; what is taken is no slot from now on. Calling it again with the same spans writes nothing. Returns how many are
    kept. Raises ValueError for a naive time.

    The lock is the one a booking takes, so a booking sees the old spans or the new ones.
    """
    wanted = _ahead(spans, now)
    lock_people([person.pk])
    said = BusyTime.objects.filter(person=person, source=source)
    if sorted((span.lower, span.upper) for span in said.values_list("span", flat=True)) != wanted:
        said.delete()
        BusyTime.objects.bulk_create(
            BusyTime(person=person, source=source, span=DateTimeTZRange(start, end, "[)")) for start, end in wanted
        )
        # The marketplace's projection stands above this floor; its job is known here by name only.
        nudge(run_job, "refresh_listings")
    return len(wanted)


def forget_busy(*, person: User, source: str, now: datetime) -> None:
    """The calendar is not connected any more: what it said is free again."""
    replace_busy(person=person, source=source, spans=(), now=now)


def _ahead(spans: Iterable[tuple[datetime, datetime]], now: datetime) -> list[tuple[datetime, datetime]]:
    last = now + FARTHEST
    kept = []
    for start, end in spans:
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("a span of an outside calendar needs the offsets of its times")
        if start < end and end > now and start < last:
            kept.append((start, min(end, last)))
    return join(kept)
