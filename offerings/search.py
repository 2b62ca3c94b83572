"""Finding offerings: the filters of the marketplace and the API, each a word of the set."""

from __future__ import annotations

from django.db.models import Q

from offerings.models import OfferingQuerySet

MAX_WORDS = 5


def words_of(text: str) -> list[str]:
    """The words somebody looks for. NUL, which PostgreSQL refuses, is no part of one."""
    return text.replace("\x00", " ")[:200].split()[:MAX_WORDS]


def matching(
    rows: OfferingQuerySet,
    *,
    mentor_id: int | None = None,
    kind: str | None = None,
    course_id: int | None = None,
    max_price: int | None = None,
    currency: str | None = None,
    duration: int | None = None,
    text: str = "",
) -> OfferingQuerySet:
    """Those that fit everything that is given. `max_price` is in minor units of `currency`, which then must be given."""
    given = {
        "mentor_id": mentor_id,
        "kind": kind,
        "course_id": course_id,
        "price_minor__lte": max_price,
        "currency": currency,
        "duration_minutes": duration,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value is not None})
    for word in words_of(text):
        rows = rows.filter(Q(title__icontains=word) | Q(description__icontains=word) | Q(mentor__name__icontains=word))
    return rows
