"""Calendar feeds: a secret address a person's own calendar reads. Cancelled sessions stay in it, marked as cancelled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import compare_digest

from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce

from mentorship.people.models import User
from sessions_app import ics
from sessions_app.models import CalendarFeed, Session
from sessions_app.models.feed import new_secret

BACK = timedelta(days=90)
MOST = 2000
# So much of a secret finds the row by its index (66 bits); the rest (192 bits) is compared in constant time.
FINDS = 11
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
ENTIRE_SECOND = timedelta(seconds=2)


@dataclass(frozen=True)
class FeedContent:
    """What a calendar gets: the file, a word that changes with it, and when it last changed (None: too fresh to say)."""

    body: bytes
    etag: str
    changed_at: datetime | None


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


def end_feed(person: User) -> bool:
    """Switch the feed off: its address answers 404 from now on. False when there was none."""
    gone, _ = CalendarFeed.objects.filter(person=person).delete()
    return gone > 0


def find_feed(secret: str) -> CalendarFeed | None:
    """The feed at this secret address, of a person who still has an account here; or None."""
    if not SECRET.fullmatch(secret):
        return None
    near = CalendarFeed.objects.select_related("person").filter(
        secret__startswith=secret[:FINDS], person__is_active=True
    )
    return next((feed for feed in near if compare_digest(feed.secret, secret)), None)


def read_feed(secret: str, *, now: datetime) -> bytes | None:
    """The calendar at this secret address, or None. Two queries, however many sessions."""
    feed = find_feed(secret)
    return feed_content(feed, now=now).body if feed else None


def feed_content(feed: CalendarFeed, *, now: datetime) -> FeedContent:
    """The person's sessions in both roles, from 90 days ago on. The same sessions make the same bytes."""
    person = feed.person
    unpaid = Q(status__in=[Session.Status.AWAITING_PAYMENT, Session.Status.EXPIRED])
    never_booked = Q(status=Session.Status.CANCELLED, credit="")
    sessions = (
        Session.objects.of(person)
        .filter(starts_at__gte=now - BACK)
        .exclude(unpaid | never_booked)
        .select_related("mentor", "student")
        .annotate(
            changes=Count("events", filter=Q(events__kind__in=ics.CHANGES)),
            changed_at=Coalesce(Max("events__at", filter=Q(events__kind__in=ics.SEEN)), "created_at"),
        )
        .order_by("-starts_at", "-pk")[:MOST]  # of too many the oldest stay out, never what is to come
    )
    rows = list(reversed(sessions))
    events = [
        ics.event_of(
            session,
            title=ics.title_for(session, person.pk),
            is_off=session.status == Session.Status.CANCELLED,
            sequence=session.changes,  # type: ignore[attr-defined]
            stamp=session.changed_at,  # type: ignore[attr-defined]
        )
        for session in rows
    ]
    body = ics.build_feed(events, name="Mentorship", uid=f"sessions-of-{person.pk}@mentorship")
    last = max((session.changed_at for session in rows), default=feed.created_at)  # type: ignore[attr-defined]
    # A date in a header counts whole seconds: a second change within the same one would go unseen.
    changed_at = last if now - last >= ENTIRE_SECOND else None
    return FeedContent(body, sha256(body).hexdigest()[:32], changed_at)
