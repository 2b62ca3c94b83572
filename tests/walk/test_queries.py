"""How many statements a page or a list costs does not depend on how much there is: 1, 10 or 40."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mentorship.kernel import clock
from mentorship.pages.listings import refresh_listing
from mentorship.people.models import User
from sessions_app.services import book, complete
from tests import cast
from tests.cast import DAY, HOUR, NOW, at

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SIZES = (1, 10, 40)


@pytest.fixture(autouse=True)
def monday_noon(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


def taught(student: User, mentor: User, n: int) -> None:
    """A pack with a past and a coming session, at times that nobody else has."""
    cast.bought(student, mentor, now=NOW - 30 * DAY)
    hour = n % 12
    met = book(student=student, mentor_id=mentor.pk, starts_at=at(n // 12 - 20, 8 + hour), by=student, now=NOW - 29 * DAY)  # fmt: skip
    complete(session_id=met.pk, by=mentor, now=met.starts_at + HOUR)
    book(student=student, mentor_id=mentor.pk, starts_at=at(n // 12 + 3, 8 + hour), by=student, now=NOW)


def shelves(sam: User, mia: User, first: int, last: int) -> None:
    """More mentors with something on sale, one more pack and more sessions of Sam's, more students of Mia's."""
    for n in range(first, last):
        mentor = cast.mentor(f"m{n}")
        cast.offering(mentor)
        cast.offering(mia, title=f"Offer {n}")
        taught(sam, mentor, n)
        taught(cast.user(f"s{n}"), mia, n)
        refresh_listing([mentor.pk], NOW)


PLACES = [
    ("nobody", "/mentorship"),
    ("sam", "/mentorship"),
    ("sam", "/student/mentorship"),
    ("sam", "/student/mentorship?tab=pending"),
    ("sam", "/student/mentorship?tab=history"),
    ("sam", "/student/calendar"),
    ("sam", "/notifications"),
    ("mia", "/tutor/mentorship"),
    ("mia", "/tutor/mentorship?tab=pending"),
    ("mia", "/tutor/mentorship?tab=completed"),
    ("mia", "/tutor/mentorship/schedule"),
    ("mia", "/tutor/seats"),
    ("mia", "/tutor/calendar"),
    ("mia", "/tutor/wallet"),
    ("nobody", "/mentorship/mentors/mia"),
    ("nobody", "/api/mentors"),
    ("nobody", "/api/offerings"),
    ("nobody", "/api/mentors/{mia}/slots?from={from}&to={to}&duration=60"),
    ("sam", "/api/session-packs/me"),
    ("sam", "/api/session-packs/me/active"),
    ("sam", "/api/sessions/me"),
    ("mia", "/api/sessions/me"),
]


def cost(client: Client, path: str) -> int:
    client.get(path)  # what is cached for everybody is cached now
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return len(asked)


def test_statements_are_constant(sam, mia):
    mia.mentor_profile.max_active_students = 100
    mia.mentor_profile.save()
    browsers = {"nobody": Client(), "sam": Client(), "mia": Client()}
    browsers["sam"].force_login(sam)
    browsers["mia"].force_login(mia)
    words = {"mia": mia.pk, "from": clock.iso(NOW), "to": clock.iso(NOW + 7 * DAY)}
    costs: dict[tuple[str, str], list[int]] = {place: [] for place in PLACES}
    there = 0
    for size in SIZES:
        shelves(sam, mia, there, size)
        there = size
        for who, path in PLACES:
            costs[who, path].append(cost(browsers[who], path.format(**words)))
    # One row may spare a statement that a second one needs (the next page); ten and forty cost the same.
    grown = {place: counts for place, counts in costs.items() if counts[1] != counts[2] or counts[1] > counts[0] + 1}
    assert not grown
