from __future__ import annotations

from datetime import datetime

from mentorship.kernel.jobs import job
from mentorship.pages.audit.keeping import audit_and_keep
from mentorship.pages.closing.service import closings_to_work_off, go_on
from mentorship.pages.listings import refresh_listing
from mentorship.pages.models import MentorClosing
from mentorship.people.models import MentorProfile

BATCH = 500


@job
def refresh_listings(now: datetime) -> int:
    """Refresh the marketplace's projection of every visible mentor, in batches."""
    ids = list(MentorProfile.objects.visible().order_by("user").values_list("user_id", flat=True))
    return sum(refresh_listing(ids[i : i + BATCH], now) for i in range(0, len(ids), BATCH))


@job
def audit_books(now: datetime) -> int:
    """Prove every sum against the others, and keep what was found. Returns how many rows are broken."""
    return audit_and_keep(now).broken


@job
def close_mentors(now: datetime) -> int:
    """Go on with every closing that has something left. Returns how many mentorships were ended."""
    return sum(go_on(closing, now=now).done - before for closing, before in _closings(now))


def _closings(now: datetime) -> list[tuple[MentorClosing, int]]:
    return [(closing, closing.done) for closing in closings_to_work_off(now)]
