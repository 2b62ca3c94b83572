"""Verification: an admin lets buyers see a mentor, or no longer. It stands on this floor because both sides are told."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from mentorship.kernel.locking import lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.listings import refresh_listing
from mentorship.pages.models import MentorClosing
from mentorship.people.models import MentorProfile, User
from notifications import services as notifications

log = structlog.get_logger(__name__)


def verify_mentor(*, mentor_id: int, by: User | None, now: datetime) -> MentorProfile:
    """Let buyers see this mentor (`mentor_id` is a User id) and tell them. Twice changes nothing.

    Raises NotFound, Refusal `wrong_state` while the mentor is being closed.
    """
    with transaction.atomic():
        profile = _locked(mentor_id)
        if MentorClosing.objects.filter(mentor=mentor_id, finished_at=None).exists():
            raise Refusal("wrong_state", "This mentor is being closed; that has to be over first.")
        if profile.verify(now=now):
            log.info("mentor_verified", mentor=mentor_id, by=by.pk if by else None)
            notifications.notify(
                "mentor_verified",
                recipient=profile.user,
                about=f"mentor:{mentor_id}",
                dedupe_key=f"mentor_verified:{mentor_id}:{now.isoformat()}",
                now=now,
                url="/tutor/availability",
            )
            refresh_listing([mentor_id], now)  # on the marketplace at once
    return profile


def withdraw_verification(*, mentor_id: int, by: User | None, now: datetime) -> MentorProfile:
    """Hide this mentor from buyers and stop sales; existing students keep their rooms. Twice changes nothing."""
    with transaction.atomic():
        profile = _locked(mentor_id)
        if profile.withdraw_verification():
            log.info("mentor_verification_withdrawn", mentor=mentor_id, by=by.pk if by else None)
            notifications.withdraw(f"mentor:{mentor_id}", now, kinds=["mentor_verified"])
    return profile


def _locked(mentor_id: int) -> MentorProfile:
    lock_people([mentor_id])
    profile = MentorProfile.objects.select_related("user").filter(user_id=mentor_id).first()
    if profile is None:
        raise NotFound("There is no such mentor.")
    return profile
