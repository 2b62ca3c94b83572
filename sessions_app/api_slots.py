from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from django.db.models import Max
from ninja import Query, Router

from mentorship.kernel.api import CamelSchema, Instant
from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import Malformed, NotFound
from mentorship.people.models import MentorProfile, User
from packs.models import SessionPack
from sessions_app.slots import Slot, free_slots

router = Router(tags=["sessions"])

DEFAULT_DAYS = 14
MOST_DAYS = 62
DURATIONS = range(15, 481)


class SlotOut(CamelSchema):
    starts_at: Instant
    ends_at: Instant


class SlotsOut(CamelSchema):
    items: list[SlotOut]


@router.get("mentors/{mentor_id}/slots", response=SlotsOut)
def mentor_slots(
    request: PageRequest,
    mentor_id: int,
    start: Annotated[Instant | None, Query(alias="from", description="now by default")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="14 days after `from` by default")] = None,
    duration: Annotated[int, Query(description="minutes")] = 60,
) -> dict[str, list[Slot]]:
    """A mentor's free times with starts in [from, to), at most 62 days at once.

    Who is signed in does not see times that collide with their own sessions, and sees as far as their open pack of this
    length lives. A mentor who is not verified is shown only to students with an open pack.
    """
    now = request.now
    start, end = _range(start, end, now)
    if duration not in DURATIONS:
        raise Malformed(f"A session takes {DURATIONS[0]} to {DURATIONS[-1]} minutes.")
    viewer = request.user if request.user.is_authenticated else None
    mentor = MentorProfile.objects.select_related("user").filter(user=mentor_id).first()
    packs = _open_packs(viewer, mentor, now)
    if mentor is None or not (mentor.is_visible or packs):
        raise NotFound("There is no such mentor.")
    found = free_slots(
        mentor=mentor,
        start=start,
        end=end,
        duration_minutes=duration,
        now=now,
        viewer=viewer,
        horizon_ends=packs.get(duration),
    )
    return {"items": found}


def _range(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    try:
        start = start or now
        end = end or start + timedelta(days=DEFAULT_DAYS)
    except OverflowError:
        raise Malformed("There are no such days.") from None
    if end <= start:
        raise Malformed("`to` must be later than `from`.")
    if end - start > timedelta(days=MOST_DAYS):
        raise Malformed(f"Ask for at most {MOST_DAYS} days at once.")
    return start, end


def _open_packs(viewer: User | None, mentor: MentorProfile | None, now: datetime) -> dict[int, datetime]:
    """The viewer's open packs with this mentor: length in minutes to the latest expiry."""
    if viewer is None or mentor is None:
        return {}
    packs = SessionPack.objects.open(now).filter(student=viewer, mentor=mentor.user_id)
    return dict(
        packs.values("duration_minutes").annotate(until=Max("expires_at")).values_list("duration_minutes", "until")
    )
