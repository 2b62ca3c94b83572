"""How long free times take: 60 days, three windows a day, 100 booked sessions.

    DATABASE_URL=... python -m tests.benchmarks.slots

Writes its people into the database it is given and rolls everything back.
"""

from __future__ import annotations

import statistics
import time

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from mentorship.people.models import MentorProfile  # noqa: E402
from sessions_app.models import CalendarBlock, Session, WeeklyRule  # noqa: E402
from sessions_app.slots import block_spans, check_slot, free_slots, next_free  # noqa: E402
from tests import cast  # noqa: E402

ROUNDS = 30
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


def measure(what: str, do: object) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = do()
    took, worked = [], []
    for _ in range(ROUNDS):
        started, busy = time.perf_counter(), time.process_time()
        do()
        took.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    size = f"{len(found):5d} found" if found is not None else ""
    print(
        f"{what:40s} best {min(took):6.2f} ms, median {statistics.median(took):6.2f} ms, "
        f"of that Python {statistics.median(worked):6.2f} ms, {len(queries)} queries {size}"
    )


def main() -> None:
    with transaction.atomic():
        mia = scene("bench-mia", "Europe/Berlin", booked=100)
        others = [scene(f"bench-{n}", "America/New_York", booked=4) for n in range(23)]
        viewer = cast.user("bench-viewer")
        end = cast.NOW + cast.DAY * DAYS
        first = cast.NOW + cast.DAY * 30 + cast.HOUR * 5
        measure("60 days, 3 windows a day, 100 sessions", lambda: free_slots(
            mentor=mia, start=cast.NOW, end=end, duration_minutes=60, now=cast.NOW, viewer=viewer))  # fmt: skip
        measure("a week of it", lambda: free_slots(
            mentor=mia, start=cast.NOW, end=cast.NOW + cast.DAY * 7, duration_minutes=60, now=cast.NOW, viewer=viewer))  # fmt: skip
        measure("next free time of 24 mentors", lambda: next_free([mia, *others], cast.NOW, viewer=viewer))
        measure("check one slot", lambda: check_slot(
            mentor=mia, student=viewer, starts_at=first, duration_minutes=60, now=cast.NOW))  # fmt: skip
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
