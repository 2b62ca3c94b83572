"""The caller's places in the lines of full mentors. Declining an offer ends an open payment too, so it stands up here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from ninja import Router, Status
from pydantic import Field

from mentorship.kernel.api import CamelSchema, Id, Instant, Link, signed_in
from mentorship.kernel.refusals import NotFound
from mentorship.pages.waiting import leave_line
from mentorship.people.http import SignedInRequest
from mentorship.people.models import MentorProfile
from seats.models import WaitingPlace
from seats.services import join, place_with, places_of

router = Router(tags=["waiting list"])


class JoinIn(CamelSchema):
    mentor_id: Id


class OfferOut(CamelSchema):
    expires_at: Instant


class PlaceOut(CamelSchema):
    mentor_id: int
    mentor_name: str
    position: int = Field(description="1 is next; who has an offer is not counted by those behind")
    offer: OfferOut | None = Field(description="a seat is kept until then: a checkout takes it")
    joined_at: Instant
    url: Link


class PlacesOut(CamelSchema):
    items: list[PlaceOut]
    next_cursor: str | None


@router.get("waitlist/me", response=PlacesOut, auth=signed_in)
def my_places(request: SignedInRequest) -> dict[str, Any]:
    """Where the caller waits, offers first."""
    places = places_of(request.user, request.now)
    return {"items": [_shown(place, request.now) for place in places], "next_cursor": None}


@router.post("waitlist", response={200: PlaceOut, 201: PlaceOut}, auth=signed_in)
def join_line(request: SignedInRequest, body: JoinIn) -> Status:
    """Join a full mentor's line. Who stands in it already keeps the place (200)."""
    with transaction.atomic():  # joining locks the two: nobody leaves the line before the place is read
        known = place_with(request.user, body.mentor_id, request.now) is not None
        join(student=request.user, mentor_id=body.mentor_id, now=request.now)
        place = place_with(request.user, body.mentor_id, request.now)
    assert place is not None, "whoever has joined has a place"
    return Status(200 if known else 201, _shown(place, request.now))


@router.delete("waitlist/{mentor_id}", response={204: None}, auth=signed_in)
def leave_the_line(request: SignedInRequest, mentor_id: int) -> Status:
    """Leave the line, or decline the offer: it goes to the next one at once. Harmless when not in it."""
    if not MentorProfile.objects.filter(user=mentor_id).exists():
        raise NotFound("There is no such mentor.")
    leave_line(student=request.user, mentor_id=mentor_id, now=request.now)
    return Status(204, None)


def _shown(place: WaitingPlace, now: datetime) -> dict[str, Any]:
    offered = place.is_offered(now)
    return {
        "mentor_id": place.mentor_id,
        "mentor_name": place.mentor.display_name,
        "position": 1 if offered else place.position,  # type: ignore[attr-defined]
        "offer": {"expires_at": place.kept_until} if offered else None,
        "joined_at": place.joined_at,
        "url": place.mentor.mentor_profile.get_absolute_url(),
    }
