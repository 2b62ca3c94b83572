"""`GET mentors`: who can be booked, with free seats, the next free time and the price to start with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from ninja import Query, Router
from pydantic import Field

from mentorship.kernel.api import CamelSchema, Instant, Link, page_by_id
from mentorship.kernel.http import PageRequest
from mentorship.pages import listings
from mentorship.people.models import MentorProfile, Topic
from offerings.api import PriceOut
from offerings.models import Offering

router = Router(tags=["mentors"])


class SeatsOut(CamelSchema):
    max_active_students: int
    occupied: int
    available: int


class MentorOut(CamelSchema):
    id: int = Field(description="the mentor's user id")
    name: str
    slug: str
    url: Link
    promise: str
    topics: list[str]
    languages: list[str]
    zone: str
    accepts_new: bool
    seats: SeatsOut
    next_free_at: Instant | None
    from_price: PriceOut | None = Field(description="of the smallest pack, else of a single session")


class MentorPage(CamelSchema):
    items: list[MentorOut]
    next_cursor: str | None


@router.get("mentors", response=MentorPage, auth=None)
def list_mentors(request: PageRequest, cursor: str | None = Query(None)) -> dict[str, Any]:
    """All mentors buyers can see, by id."""
    names = Topic.objects.filter(mentors=OuterRef("pk")).values("name")
    rows = MentorProfile.objects.visible().select_related("user__listing").annotate(topic_names=ArraySubquery(names))
    profiles, next_cursor = page_by_id(rows, cursor, "user_id")
    return {"items": _items(profiles, request.now), "next_cursor": next_cursor}


def _items(profiles: Sequence[MentorProfile], now: datetime) -> list[dict[str, Any]]:
    ids = [profile.user_id for profile in profiles]
    window = listings.shop_window(Offering.objects.for_sale().filter(mentor__in=ids))
    offerings = {offering.mentor_id: offering for offering in window}
    seats = listings.seat_counts(profiles, now)
    times = listings.next_times(profiles, now, {mentor: o.duration_minutes for mentor, o in offerings.items()})
    return [
        {
            "id": profile.user_id,
            "name": profile.user.display_name,
            "slug": profile.slug,
            "url": profile.get_absolute_url(),
            "promise": profile.promise,
            "topics": profile.topic_names,  # type: ignore[attr-defined]
            "languages": profile.languages,
            "zone": profile.user.zone_name,
            "accepts_new": profile.accepts_new and profile.sales_paused_at is None,
            "seats": _seats(seats[profile.user_id]),
            "next_free_at": times.get(profile.user_id),
            "from_price": _price(offerings.get(profile.user_id)),
        }
        for profile in profiles
    ]


def _seats(seats: listings.SeatCounts) -> dict[str, int]:
    occupied = seats.taken + seats.grace + seats.offered + seats.held
    return {"max_active_students": seats.capacity, "occupied": occupied, "available": seats.free}


def _price(offering: Offering | None) -> dict[str, Any] | None:
    if offering is None:
        return None
    return {"amount": offering.price_minor, "currency": offering.currency, "display": offering.price_display}
