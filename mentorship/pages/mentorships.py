"""Mentorships: a student and a mentor with a live seat, an open pack or a coming session; one for each pair.

Both rooms list them. Everything is judged by its deadline at `now`, in three queries whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject

from mentorship.kernel import local_time
from mentorship.people.models import User
from offerings.models import Offering
from packs.models import CreditEntry, Pause, Purchase, SessionPack
from seats.models import Seat, kept_until_later
from sessions_app.models import Session

Side = Literal["student", "mentor"]
LIVE = (Seat.Status.ACTIVE, Seat.Status.GRACE)


@dataclass
class Mentorship:
    """One pair as one of the two sees it: `person` is the other side."""

    person: User
    now: datetime
    seat: Seat | None = None
    packs: list[SessionPack] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    @property
    def next_session(self) -> Session | None:
        return self.sessions[0] if self.sessions else None

    @property
    def in_grace(self) -> bool:
        return self.seat is not None and self.seat.in_grace(self.now)

    @property
    def grace_ends_at(self) -> datetime | None:
        return self.seat.kept_until if self.seat and self.in_grace else None

    @property
    def grace_fraction(self) -> float:
        """What is left of the grace, 0..1."""
        return self.seat.grace_fraction(self.now) if self.seat and self.in_grace else 0.0

    @property
    def grace_left(self) -> str:
        """ "11 h"."""
        return local_time.span(self.grace_ends_at - self.now, short=True) if self.grace_ends_at else ""

    @property
    def renewal_url(self) -> str:
        """Where the student buys more: the offering bought last, else the mentor's page."""
        offer = next((row.renewal for row in self.pack_rows if row.renewal), None)
        return f"/checkout/{offer.pk}" if offer else self.person.mentor_profile.get_absolute_url()

    @property
    def pack_rows(self) -> list[PackRow]:
        return [PackRow(pack, self) for pack in self.packs] or [PackRow(None, self)]


@dataclass
class PackRow:
    """One line of a room: a pack of the mentorship with what can be done about it (None: a seat without one)."""

    pack: SessionPack | None
    of: Mentorship

    @property
    def seat(self) -> Seat | None:
        """The seat this pack is on; a single session takes none."""
        return self.of.seat if self.pack is None or self.pack.takes_seat else None

    @property
    def used(self) -> int:
        return self.pack.sessions_used if self.pack else 0

    @property
    def held(self) -> int:
        return self.pack.sessions_held if self.pack else 0

    @property
    def free(self) -> int:
        return self.pack.remaining_at(self.of.now) if self.pack else 0

    @property
    def progress(self) -> str:
        """ "3 of 4": how far the pack is."""
        return f"{self.used} of {self.pack.total_at(self.of.now)}" if self.pack else ""

    @property
    def blocked(self) -> str:
        """Why free credits cannot be booked, or nothing."""
        if self.pack is None or not self.free:
            return ""
        if self.pack.takes_seat and (self.of.seat is None or self.of.seat.status != Seat.Status.ACTIVE):
            return "no active seat"
        return "frozen" if self.pack.frozen_at else "paused" if self.pack.paused_at else ""

    @property
    def pause_to_answer(self) -> dict[str, Any] | None:
        """The pause that the other side asks for, while it can still begin."""
        asked = getattr(self.pack, "asked_pause", None)
        if not asked or asked["by"] != self.of.person.pk or self.pack is None or not self.pack.is_open(self.of.now):
            return None
        return dict(asked)

    @property
    def bookable(self) -> bool:
        return self.free > 0 and not self.blocked

    @property
    def expires_at(self) -> datetime | None:
        """While its clock stands nobody knows yet when it expires."""
        counts = self.pack is not None and self.pack.is_open(self.of.now) and not self.pack.clock_stands
        return self.pack.expires_at if self.pack and counts else None

    @property
    def comes_back(self) -> int:
        """Sessions that expired unused and live again when it is renewed in the grace of its seat."""
        if self.pack is None or not self.of.in_grace or self.pack.is_open(self.of.now):
            return 0
        if self.pack.has_lapsed(self.of.now):
            return self.pack.sessions_total - self.pack.total_at(self.of.now)
        return getattr(self.pack, "lapsed_credits", None) or 0

    @property
    def renewal(self) -> Offering | None:
        """What was bought last, if it is still for sale: buying it again extends the pack."""
        offer = getattr(self.pack, "renewal", None)
        return Offering(**offer) if offer else None


def living_packs(now: datetime) -> QuerySet[SessionPack]:
    """Open packs, packs with a session still booked, and those that renewing opens again while their seat is in grace.

    These are used up, or have expired where the operator gives that a grace, too.
    """
    pair = {"mentor": OuterRef("mentor"), "student": OuterRef("student")}
    in_grace = Seat.objects.filter(kept_until_later(now), status=Seat.Status.GRACE, **pair)
    since = in_grace.filter(activated_at__lte=OuterRef("depleted_at"))
    used_up = Q(status=SessionPack.Status.DEPLETED, takes_seat=True) & Exists(since)
    living = SessionPack.objects.unexpired(now) | Q(sessions_held__gt=0) | used_up
    if not settings.MENTORSHIP.expiry_grace_hours:
        return SessionPack.objects.filter(living)
    expired = SessionPack.objects.in_expiry_grace(now) & Q(takes_seat=True) & Exists(in_grace)
    return _with_lapsed_credits(SessionPack.objects.filter(living | expired))


def _with_lapsed_credits(packs: QuerySet[SessionPack]) -> QuerySet[SessionPack]:
    """Annotate `lapsed_credits`: how many have lapsed and not been revived since."""
    kinds = [CreditEntry.Kind.LAPSED, CreditEntry.Kind.REVIVED]
    gone = CreditEntry.objects.filter(pack=OuterRef("pk"), kind__in=kinds).order_by().values("pack")
    return packs.annotate(lapsed_credits=Subquery(gone.values(n=-Sum(F("total_delta")))))


def with_asked_pause(packs: QuerySet[SessionPack]) -> QuerySet[SessionPack]:
    """Annotate `asked_pause`: the pause that one of the two has asked for, as a dict, or None."""
    asked = Pause.objects.filter(pack=OuterRef("pk"), status=Pause.Status.ASKED)
    words = JSONObject(days="days", reason="reason", by="asked_by_id")
    return packs.annotate(asked_pause=Subquery(asked.values(o=words)[:1]))


def with_renewal(packs: QuerySet[SessionPack], viewer: User) -> QuerySet[SessionPack]:
    """Annotate `renewal`: the newest purchase's offering while this viewer can buy it, as a dict of its fields."""
    last = Purchase.objects.filter(
        pack=OuterRef("pk"), offering__in=Offering.objects.visible_to(viewer), offering__kind=Offering.Kind.PACK
    )
    fields = ("id", "title", "session_count", "duration_minutes", "price_minor", "currency")
    offer = JSONObject(**{name: f"offering__{name}" for name in fields})
    return packs.annotate(renewal=Subquery(last.order_by("-id").values(o=offer)[:1]))


def mentorships(
    viewer: User,
    side: Side,
    now: datetime,
    seats: Iterable[Seat] | None = None,
    sessions: Iterable[Session] | None = None,
) -> list[Mentorship]:
    """The viewer's mentorships as `side`, the next session first.

    `seats` are the occupied ones and `sessions` the coming ones in their order, where the caller has them already.
    """
    other: Any = "mentor" if side == "student" else "student"
    mine: dict[str, Any] = {side: viewer}
    packs = with_renewal(living_packs(now), viewer) if side == "student" else living_packs(now)
    packs = with_asked_pause(packs)
    person = ("mentor__mentor_profile",) if side == "student" else ("student",)
    found: dict[int, Mentorship] = {}

    def of(row: Any) -> Mentorship:
        someone = getattr(row, other)
        return found.setdefault(someone.pk, Mentorship(someone, now))

    if seats is None:
        seats = Seat.objects.occupying(now).filter(**mine).select_related(*person)
    for seat in seats:
        if seat.status in LIVE:  # whoever is only offered or paying is not there yet
            of(seat).seat = seat
    for pack in packs.filter(**mine).select_related(*person).order_by("expires_at", "pk"):
        of(pack).packs.append(pack)
    if sessions is None:
        sessions = coming_sessions(mine, now).select_related(*person)
    for session in sessions:
        of(session).sessions.append(session)
    return _in_order(found.values())


def coming_sessions(whose: dict[str, Any], now: datetime) -> QuerySet[Session]:
    """Booked sessions that are not over, earliest first, numbered, with their packs."""
    return Session.objects.coming(now).filter(**whose).select_related("pack").numbered().order_by("starts_at", "pk")


def _in_order(found: Iterable[Mentorship]) -> list[Mentorship]:
    def rank(one: Mentorship) -> tuple[bool, datetime, str]:
        first = one.next_session
        return (first is None, first.starts_at if first else one.now, one.person.display_name)

    return sorted(found, key=rank)
