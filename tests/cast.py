"""The cast: mia and max are mentors, sam and sue students, otto knows nobody. Plain functions that make real rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.text import slugify

from mentorship.kernel.locking import lock_people
from mentorship.people.models import MentorProfile, User
from offerings.models import Offering
from packs.models import CreditEntry, SessionPack
from packs.services import grant_or_extend
from seats.services import take_seat
from sessions_app.models import WeeklyRule

# A Monday noon, far from any clock change in the zones of the cast.
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASSWORD = "demo-password-1"


def at(days: int = 0, hour: int = 10, minute: int = 0) -> datetime:
    """An instant `days` after the Monday of NOW, on the hour, UTC."""
    return NOW.replace(hour=hour, minute=minute) + timedelta(days=days)


def user(name: str, zone: str = "UTC", **fields: Any) -> User:
    return User.objects.create_user(
        email=fields.pop("email", f"{name}@example.test"), name=name.title(), zone_name=zone, **fields
    )


def mentor(
    name: str, zone: str = "UTC", *, seats: int = 10, verified: bool = True, hours: Any = (8, 20), **fields: Any
) -> User:
    """A verified mentor with the same hours every day (None: no hours at all)."""
    person = user(name, zone)
    MentorProfile.objects.create(
        user=person,
        slug=fields.pop("slug", slugify(name)),
        promise="From notebook to production in four weeks.",
        max_active_students=seats,
        applied_at=NOW,
        verified_at=NOW if verified else None,
        **fields,
    )
    if hours:
        WeeklyRule.objects.bulk_create(
            WeeklyRule(mentor=person, weekday=day, start_minute=hours[0] * 60, end_minute=hours[1] * 60)
            for day in range(7)
        )
    return person


def offering(
    of: User, *, sessions: int = 4, minutes: int = 60, price: int = 28000, currency: str = "EUR", **fields: Any
) -> Offering:
    """A pack of `sessions`, or with 1 a single session."""
    kind = Offering.Kind.PACK if sessions > 1 else Offering.Kind.SESSION
    return Offering.objects.create(
        mentor=of,
        kind=fields.pop("kind", kind),
        title=fields.pop("title", f"{sessions} x {minutes} min"),
        session_count=sessions,
        duration_minutes=minutes,
        price_minor=price,
        currency=currency,
        **fields,
    )


def bought(
    student: User, of: User, *, sessions: int = 4, minutes: int = 60, now: datetime = NOW, **terms: Any
) -> SessionPack:
    """The pack (and its seat) as a purchase leaves it, without the payment."""
    with transaction.atomic():
        lock_people([student.pk, of.pk])
        takes_seat = terms.pop("takes_seat", sessions > 1)
        grace_since = terms.pop("seat_in_grace_since", None)
        if takes_seat:
            take_seat(student_id=student.pk, mentor_id=of.pk, by=student, reason="bought", now=now)
        return grant_or_extend(
            student_id=student.pk,
            mentor_id=of.pk,
            offering_id=terms.pop("offering_id", None),
            title=f"{sessions} x {minutes} min",
            sessions=sessions,
            duration_minutes=minutes,
            validity_days=terms.pop("validity_days", 90),
            takes_seat=takes_seat,
            amount_minor=28000,
            currency="EUR",
            order_id=terms.pop("order_id", None) or order_id(),
            seat_in_grace_since=grace_since,
            by=student,
            now=now,
        ).pack


def order_id() -> UUID:
    return uuid4()


def counters(pack: SessionPack) -> tuple[int, int, int]:
    """(total, held, used) as the row has them, checked against the entries that explain them."""
    pack.refresh_from_db()
    found = (pack.sessions_total, pack.sessions_held, pack.sessions_used)
    entries = CreditEntry.objects.filter(pack=pack)
    sums = tuple(sum(getattr(e, f"{name}_delta") for e in entries) for name in ("total", "held", "used"))
    assert sums == found, f"the entries say {sums}, the counters {found}"
    return found
