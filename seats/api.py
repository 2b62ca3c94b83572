from __future__ import annotations

from ninja import Router

from mentorship.kernel.api import CamelSchema
from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import NotFound
from mentorship.people.models import MentorProfile
from seats.services import Availability, availability

router = Router(tags=["seats"])


class AvailabilityOut(CamelSchema):
    mentor_id: int
    max_active_students: int
    occupied: int
    available: int
    waiting: int


@router.get("seats/availability/{mentor_id}", response=AvailabilityOut)
def seats_availability(request: PageRequest, mentor_id: int) -> Availability:
    """A mentor's seats right now, judged by their deadlines."""
    if not MentorProfile.objects.visible().filter(user=mentor_id).exists():
        raise NotFound
    return availability(mentor_id, request.now)
