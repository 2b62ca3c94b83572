"""Use-cases of a mentor's shop. What was sold stays as sold (orders keep snapshots); an edit applies to new purchases."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from mentorship.people.models import User
from notifications.services import notify
from offerings.models import Course, Offering


@dataclass(frozen=True)
class Draft:
    """What a mentor says about an offering, checked by `forms.OfferingForm`. Money in minor units of `currency`."""

    title: str
    kind: str
    duration_minutes: int
    price_minor: int
    currency: str
    session_count: int = 1
    is_intro: bool = False
    booking_mode: str = Offering.BookingMode.INSTANT
    description: str = ""
    validity_days: int | None = None
    course_id: int | None = None

    @classmethod
    def of(cls, offering: Offering) -> Draft:
        """The offering as it stands."""
        return cls(**{field.name: getattr(offering, field.name) for field in fields(cls)})

    def write_to(self, offering: Offering) -> Offering:
        for field in fields(self):
            setattr(offering, field.name, getattr(self, field.name))
        return offering


def create_offering(*, mentor: User, draft: Draft) -> Offering:
    """A new offering of this mentor; an unverified mentor's is invisible to buyers until they are verified.

    Raises NotYours for somebody who is no mentor, NotFound `course_not_found` for a course that is not theirs.
    """
    if not mentor.is_mentor:
        raise NotYours("Only mentors can sell. Apply to become one in your settings.")
    _check_course(mentor, draft.course_id)
    offering = draft.write_to(Offering(mentor=mentor))
    offering.save()
    return offering


@transaction.atomic
def offer_to(*, mentor: User, student: User, draft: Draft, message: str = "", now: datetime) -> Offering:
    """A custom offer: only this student can see and buy it, and is told.

    Raises what `create_offering` raises, Refusal `own_offering`, `wrong_state` (buyers cannot see this mentor yet).
    """
    if student == mentor:
        raise Refusal("own_offering", "You cannot make an offer to yourself.")
    if mentor.is_mentor and not mentor.mentor_profile.is_visible:
        raise Refusal("wrong_state", "You can make offers as soon as you are verified.")
    offering = create_offering(mentor=mentor, draft=draft)
    offering.private_for = student
    offering.save(update_fields=["private_for"])
    count = f"{offering.session_count} x " if offering.session_count > 1 else ""
    notify(
        "custom_offer",
        recipient=student,
        about=f"offering:{offering.pk}",
        dedupe_key=f"custom_offer:{offering.pk}",
        now=now,
        role="student",
        mentor_name=mentor.display_name,
        title=offering.title,
        terms=f"{count}{offering.duration_minutes} minutes",
        amount_display=offering.price_display if offering.price_minor else "free",
        message=message,
        url=offering.get_absolute_url(),
    )
    return offering


@transaction.atomic
def edit_offering(*, offering_id: int, mentor: User, draft: Draft) -> Offering:
    """Change what is sold from now on. Raises NotFound, also `course_not_found`."""
    offering = _own(offering_id, mentor)
    if draft.course_id != offering.course_id:
        _check_course(mentor, draft.course_id)
    draft.write_to(offering).save()
    return offering


def copy_offering(*, offering_id: int, mentor: User) -> Offering:
    """A second one like it, on sale, to be changed. A private one's copy is public. Raises NotFound."""
    original = Offering.objects.filter(mentor=mentor, pk=offering_id).first()
    if original is None:
        raise NotFound
    copy = Draft.of(original).write_to(Offering(mentor=mentor))
    copy.title = f"Copy of {original.title}"[: Offering._meta.get_field("title").max_length]
    copy.save()
    return copy


def archive_offering(*, offering_id: int, mentor: User, now: datetime) -> None:
    """Take it off the shelf; whoever bought it keeps what they bought. Harmless when done twice. Raises NotFound."""
    own = Offering.objects.filter(mentor=mentor, pk=offering_id)
    if not own.filter(archived_at=None).update(archived_at=now) and not own.exists():
        raise NotFound


def unarchive_offering(*, offering_id: int, mentor: User) -> None:
    """Put it back on sale. Harmless when done twice. Raises NotFound."""
    if not Offering.objects.filter(mentor=mentor, pk=offering_id).update(archived_at=None):
        raise NotFound


def delete_offering(*, offering_id: int, mentor: User) -> None:
    """Remove it for good. Raises NotFound, and Refusal `has_bookings` when something was booked or bought with it.

    The foreign keys of the floors above (sessions, purchases) refuse; this only says it politely.
    """
    refusal = Refusal(
        "has_bookings", "Somebody has booked or bought this, so it cannot be deleted. Archive it instead."
    )
    try:
        with transaction.atomic():
            _own(offering_id, mentor).delete()
    except (ProtectedError, IntegrityError) as kept:  # the second: booked between Django's look and the delete
        raise refusal from kept


def _own(offering_id: int, mentor: User) -> Offering:
    found = lock(Offering.objects.filter(mentor=mentor, pk=offering_id))
    if not found:
        raise NotFound
    return found[0]


def _check_course(mentor: User, course_id: int | None) -> None:
    if course_id is not None and not Course.objects.filter(pk=course_id, owner=mentor).exists():
        raise NotFound("You have no such course.", code="course_not_found")
