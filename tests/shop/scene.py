"""Mentors with hours, offerings and a listing, as the marketplace finds them."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from mentorship.kernel import clock
from mentorship.pages.listings import refresh_listing
from mentorship.people.models import Topic, User
from tests import cast


def shop(name: str, *, topics: tuple[str, ...] = (), sells: bool = True, **fields: Any) -> User:
    """A verified mentor one finds: a pack for 280, a single session for 80, hours every day."""
    mentor = cast.mentor(name, fields.pop("zone", "UTC"), **fields)
    for topic in topics:
        mentor.mentor_profile.topics.add(
            Topic.objects.get_or_create(name=topic, slug=topic.lower().replace(" ", "-"))[0]
        )
    if sells:
        cast.offering(mentor, title="Pack of 4")
        cast.offering(mentor, title="One session", sessions=1, price=8000)
    refresh_listing([mentor.pk], clock.now())
    return mentor


def full(mentor: User) -> User:
    """All seats taken; the listing knows."""
    for number in range(mentor.mentor_profile.max_active_students):
        cast.bought(cast.user(f"{mentor.first_name}-student-{number}"), mentor, now=clock.now())
    refresh_listing([mentor.pk], clock.now())
    return mentor


def budget(queries: int) -> int:
    """So many queries, and one for the demo's clock where there is one."""
    return queries + settings.DEMO
