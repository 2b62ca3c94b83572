"""Calendar feeds: a secret address a person's own calendar reads. Cancelled sessions stay in it, marked as cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q

from mentorship.people.models import User
from sessions_app.ics import build_feed, event_of
from sessions_app.models import CalendarFeed, Session, SessionEvent
from sessions_app.models.feed import new_secret

BACK = timedelta(days=90)
MOST = 2000
CHANGES = (SessionEvent.Kind.MOVED, SessionEvent.Kind.CANCELLED, SessionEvent.Kind.EXPIRED)


def feed_of(person: User, *, now: datetime) -> CalendarFeed:
    """The person's feed; its address is made when it is first asked for."""
    feed, _ = CalendarFeed.objects.get_or_create(person=person, defaults={"created_at": now})
    return feed


def renew_feed(person: User, *, now: datetime) -> CalendarFeed:
    """A new address; the old one answers 404 from now on."""
    feed = feed_of(person, now=now)
    feed.secret, feed.created_at = new_secret(), now
    feed.save(update_fields=["secret", "created_at"])
    return feed


def read_feed(secret: str, *, now: datetime) -> bytes | None:
    """The calendar at this secret address, or None. Two queries, however many sessions."""
    feed = CalendarFeed.objects.select_related("person").filter(secret=secret, person__is_active=True).first()
    if feed is None:
        return None
    person = feed.person
    sessions = (
        Session.objects.of(person)
        .filter(starts_at__gte=now - BACK)
        .exclude(status__in=[Session.Status.AWAITING_PAYMENT, Session.Status.EXPIRED])
        .select_related("mentor", "student")
        .annotate(changes=Count("events", filter=Q(events__kind__in=CHANGES)))
        .order_by("starts_at", "pk")[:MOST]
    )
    events = [
        event_of(
            session,
            title=f"{session.title} with {session.other_side(person.pk).display_name}",  # type: ignore[attr-defined]
            is_off=session.status == Session.Status.CANCELLED,
            sequence=session.changes,  # type: ignore[attr-defined]
            now=now,
        )
        for session in sessions
    ]
    return build_feed(events, name="Mentorship")
