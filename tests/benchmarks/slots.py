"""How long free times take: 60 days, three windows a day, 100 booked sessions, with buffers and a viewer's own time.

    DATABASE_URL=... python -m tests.benchmarks.slots

Writes its people into the database it is given and rolls everything back.

Measured on two busy cores (load 8): 954 free times in 13.8 ms at best, median 27.6 ms, p95 33.8 ms; a week of them, which is
what a page shows, in 6.0, 12.7 and 24.1 ms; always 2 queries. There is no cache, and this is why: the list out of Redis with
the one query for the viewer's own time takes 1.4 ms at best for the week, so at most 4.6 ms are to be won. Out of these
goes the query that would have to say whether hours, exceptions, vacations, outside calendars, somebody's unpaid time or the
notice (which moves with the clock) have changed since, and the commit would check the time anew all the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django

django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from mentorship.people.models import MentorProfile, User  # noqa: E402
from sessions_app.models import CalendarBlock, Session, WeeklyRule  # noqa: E402
from sessions_app.slots import Busy, Slot, block_spans, check_slot, free_slots, next_free  # noqa: E402
from tests import cast  # noqa: E402

ROUNDS = 60
DAYS = 60


def scene(name: str, zone: str, booked: int) -> MentorProfile:
    mia = cast.mentor(name, zone, hours=None, buffer_after_minutes=15).mentor_profile
    WeeklyRule.objects.bulk_create(
        WeeklyRule(mentor=mia.user, weekday=day, start_minute=start * 60, end_minute=end * 60)
        for day in range(7)
        for start, end in ((8, 12), (13, 17), (18, 22))
    )
    starts = [cast.NOW + cast.DAY * (n % DAYS) + cast.HOUR * (2 + 5 * (n // DAYS)) for n in range(booked)]
    sam = cast.user(f"sam-of-{name}")
    sessions = Session.objects.bulk_create(
        Session(
            mentor=mia.user, student=sam, title="x", starts_at=at, ends_at=at + cast.HOUR, created_at=cast.NOW,
            status=Session.Status.AWAITING_PAYMENT, payment_deadline=at,
        )
        for at in starts
    )  # fmt: skip
    CalendarBlock.objects.bulk_create(
        CalendarBlock(person=person, session=session, span=span)
        for session in sessions
        for person, span in zip((mia.user, sam), block_spans(mia, session.starts_at, session.ends_at), strict=True)
    )
    return mia


def measure(what: str, do: Callable[[], Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = do()
    took, worked = [], []
    for _ in range(ROUNDS):
        started, busy = time.perf_counter(), time.process_time()
        do()
        took.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    took.sort()
    size = f", {len(found)} found" if found is not None else ""
    print(
        f"{what:42s} median {statistics.median(took):6.2f} ms, p95 {took[int(len(took) * 0.95)]:6.2f} ms, "
        f"best {took[0]:6.2f} ms, Python {statistics.median(worked):6.2f} ms, {len(queries)} queries{size}"
    )


def through_a_cache(mia: MentorProfile, viewer: User, days: int) -> Callable[[], list[Slot]]:
    """What a cache could save at best: the mentor's own list from Redis, and the viewer's time asked of the database.

    A real one would also have to find out whether hours, exceptions, vacations, blocks and the notice have moved on.
    """
    end = cast.NOW + cast.DAY * days
    everybody = free_slots(mentor=mia, start=cast.NOW, end=end, duration_minutes=60, now=cast.NOW)
    cache.set("bench:slots", everybody, 60)

    def read() -> list[Slot]:
        taken = CalendarBlock.objects.filter(person=viewer, span__overlap=DateTimeTZRange(cast.NOW, end))
        busy = Busy((span.lower, span.upper) for span in taken.values_list("span", flat=True))
        return [slot for slot in cache.get("bench:slots") if not busy.overlaps(*slot)]

    return read


def main() -> None:
    with transaction.atomic():
        mia = scene("bench-mia", "Europe/Berlin", booked=100)
        others = [scene(f"bench-{n}", "America/New_York", booked=4) for n in range(23)]
        viewer = cast.user("bench-viewer")
        first = cast.NOW + cast.DAY * 30 + cast.HOUR * 5

        def listed(days: int) -> list[Slot]:
            end = cast.NOW + cast.DAY * days
            return free_slots(mentor=mia, start=cast.NOW, end=end, duration_minutes=60, now=cast.NOW, viewer=viewer)

        for days, what in ((DAYS, "60 days, 3 windows a day, 100 sessions"), (7, "a week of it")):
            measure(what, partial(listed, days))
            measure("  the same out of a cache", through_a_cache(mia, viewer, days))
        measure("next free time of 24 mentors", lambda: next_free([mia, *others], cast.NOW, viewer=viewer))
        measure("check one slot", lambda: check_slot(
            mentor=mia, student=viewer, starts_at=first, duration_minutes=60, now=cast.NOW))  # fmt: skip
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
