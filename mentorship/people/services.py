"""Use-cases of people: applying as a mentor, and changing what a mentor shows."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from mentorship.kernel import jobs
from mentorship.kernel.refusals import Refusal
from mentorship.kernel.tasks import run_job
from mentorship.people.models import MentorProfile, User


def apply_as_mentor(
    *, user: User, promise: str, bio: str, topics: list[Any], languages: list[str], now: datetime
) -> MentorProfile:
    """Create or renew this person's application. Nobody sees it before an admin has verified it.

    Raises Refusal `wrong_state` for somebody who is already verified.
    """
    said = {"promise": promise, "bio": bio, "languages": languages}
    with transaction.atomic():
        profile, _ = MentorProfile.objects.get_or_create(user=user, defaults={"slug": _free_slug(user), **said})
        profile = MentorProfile.objects.select_for_update(no_key=True).get(pk=profile.pk)
        if profile.verified_at:
            raise Refusal("wrong_state", "You are a mentor already. Change your page in the settings.")
        for field, value in said.items():
            setattr(profile, field, value)
        profile.applied_at = profile.applied_at or now
        profile.save(update_fields=[*said, "applied_at"])
        profile.topics.set(topics)
    return profile


def resume_sales(*, mentor: User) -> bool:
    """Sell again after a pause for requests without an answer; the row of those begins anew. False: nothing was paused."""
    with transaction.atomic():
        paused = MentorProfile.objects.filter(user=mentor, sales_paused_at__isnull=False)
        resumed = paused.update(sales_paused_at=None, ignored_requests=0) == 1
        if resumed:
            jobs.nudge(run_job, "pass_on_seats")  # whoever waits is asked at once
    return resumed


def find_person(email: str) -> User | None:
    """Who signs in with this address: it is verified, or an account's own. None for nobody."""
    known = EmailAddress.objects.filter(email__iexact=email, verified=True, user__is_active=True).select_related("user")
    if (found := known.first()) is not None:
        return found.user
    return User.objects.filter(email__iexact=email, is_active=True).first()


def _free_slug(user: User) -> str:
    wished = slugify(user.display_name)[:70] or "mentor"
    if MentorProfile.objects.filter(slug=wished).exists():
        return f"{wished}-{secrets.token_hex(3)}"
    return wished


def set_photo(*, profile: MentorProfile, photo: ContentFile | None) -> None:
    """Replace the photo (None: remove it). The old file goes after commit."""
    old = profile.photo.name
    with transaction.atomic():
        if photo is None:
            profile.photo = ""
            profile.save(update_fields=["photo"])
        else:
            profile.photo.save(photo.name or "photo.webp", photo, save=False)
            profile.save(update_fields=["photo"])
        if old:
            transaction.on_commit(lambda: default_storage.delete(old), robust=True)


def save_mentor(*, form: Any) -> MentorProfile:
    """Store a valid MentorForm. Raises Refusal `slug_taken` when somebody took the address a moment ago."""
    try:
        with transaction.atomic():
            # Only the form's own columns: an admin may be verifying this mentor at the same moment.
            profile = form.instance
            profile.save(update_fields=[name for name in form.Meta.fields if name != "topics"])
            profile.topics.set(form.cleaned_data["topics"])
            if photo := form.cleaned_data.get("photo"):
                set_photo(profile=profile, photo=photo)
            elif form.cleaned_data.get("remove_photo"):
                set_photo(profile=profile, photo=None)
            jobs.nudge(run_job, "pass_on_seats")  # with more seats, or open again, whoever waits is asked at once
    except IntegrityError as taken:
        raise Refusal("slug_taken", "Somebody else has this address now. Please choose another one.") from taken
    return profile
