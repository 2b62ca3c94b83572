"""Choosing what and when, as the mentor's page and the offering's page show it: prices, free times, and the one button."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.text import get_text_list

from mentorship.kernel import clock, local_time, money
from mentorship.kernel.http import PageRequest, reader_zone
from mentorship.pages import listings
from mentorship.pages.requests_times import request_notice
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from packs.models import Purchase, SessionPack
from seats.models import Seat
from sessions_app.slots import Slot, free_slots
from sessions_app.week import DAYS, read_first_day, week_of_slots, week_range

FIRST_LOOK = timedelta(days=14)
SEATED = (Seat.Status.ACTIVE, Seat.Status.GRACE)


class Credits(NamedTuple):
    """What can be booked out of one pack."""

    pack_id: int
    minutes: int
    left: int


@dataclass(frozen=True)
class Standing:
    """How a reader stands to a mentor."""

    is_self: bool = False
    seat: str = ""
    intro_used: bool = False
    bookable: tuple[Credits, ...] = ()  # soonest to expire first
    must_ask: bool = False  # the mentor has ended their renewals (`packs.services.renewal_is_off`)

    @property
    def is_seated(self) -> bool:
        return self.seat in SEATED


def standing_of(reader: Any, profile: MentorProfile, now: datetime) -> tuple[Standing, listings.SeatCounts]:
    """The reader's standing, and the mentor's seats. One query for a visitor, two for somebody signed in.

    How many wait is what the profile's own query has counted (`listings.waiting_of`).
    """
    seats = list(Seat.objects.occupying(now).filter(mentor=profile.user_id).values_list("student_id", "status"))
    counts = Counter(listings.CHAIRS[Seat.Status(status)] for _, status in seats)
    shown = listings.SeatCounts(profile.max_active_students, **counts, waiting=getattr(profile, "waiting", 0))
    if not reader.is_authenticated:
        return Standing(), shown
    if reader.pk == profile.user_id:
        return Standing(is_self=True), shown
    intro = Purchase.objects.filter(pack=OuterRef("pk"), offering__is_intro=True)
    packs = (
        SessionPack.objects.filter(student=reader, mentor=profile.user_id)
        .annotate(had_intro=Exists(intro))
        .order_by("expires_at")
    )
    bookable = [
        Credits(pack.pk, pack.duration_minutes, pack.remaining_at(now))
        for pack in packs
        if pack.frozen_at is None and pack.paused_at is None and pack.remaining_at(now)
    ]
    standing = Standing(
        seat=dict(seats).get(reader.pk, ""),
        intro_used=any(pack.had_intro for pack in packs),
        bookable=tuple(bookable),
        must_ask=any(pack.no_renewal_at is not None and pack.no_renewal_at <= now for pack in packs),
    )
    return standing, shown


class Choice:
    """One request's choice. Reads `?offering=`, `?at=` and `?week=`; whatever makes no sense there falls back quietly."""

    def __init__(self, request: PageRequest, profile: MentorProfile, offerings: list[Offering], base: str) -> None:
        self.request, self.profile, self.offerings, self.base = request, profile, offerings, base
        self.now, self.zone = request.now, reader_zone(request)
        self.mentor = profile.user
        self.standing, self.seats = standing_of(request.user, profile, self.now)
        self.offering = self._chosen_offering()
        self.first_day, self.slots = self._week()
        self.wanted_at = _instant(request.GET.get("at"))
        self.at = self._chosen_time()

    # what

    def why_not(self, offering: Offering) -> str:
        """Why this reader cannot buy it now, or nothing."""
        name, standing = self.mentor.first_name, self.standing
        if standing.is_self:
            return "This is yours."
        promised = standing.seat == Seat.Status.OFFERED and self.profile.sales_paused_at is None
        if not self._sells_to_new and not ((standing.is_seated or promised) and offering.takes_seat):
            return f"{name} takes no new students at the moment."
        if offering.takes_seat and not standing.seat and self.seats.none_for_sale:
            return "All seats are taken right now."
        if offering.is_intro and standing.intro_used:
            return "You have had your intro."
        return ""

    def _chosen_offering(self) -> Offering | None:
        asked = self.request.GET.get("offering", "")
        possible = [offering for offering in self.offerings if not self.why_not(offering)]
        packs = [offering for offering in possible if offering.takes_seat]
        named = [offering for offering in self.offerings if str(offering.pk) == asked]
        return next(iter([*named, *packs, *possible, *self.offerings]), None)

    @cached_property
    def options(self) -> list[dict[str, Any]]:
        """For `components/options.html`."""
        return [self._option(offering) for offering in self.offerings]

    def _option(self, offering: Offering) -> dict[str, Any]:
        reason = "" if self.standing.is_self else self.why_not(offering)
        return {
            "value": offering.pk,
            "title": offering.title,
            "note": reason or note_of(offering),
            "saves": savings(offering, self.offerings),
            "price": price_of(offering),
            "checked": offering == self.offering and not reason,
            "disabled": bool(reason),
            "url": "" if reason else self.url(offering=offering.pk, **self._time_for(offering)),
        }

    def _time_for(self, offering: Offering) -> dict[str, str]:
        """The time somebody chose goes with them to another offering of the same length."""
        same = self.offering is not None and offering.duration_minutes == self.offering.duration_minutes
        if self.at is None or self.at != self.wanted_at or not same:
            return {}
        return {"week": self.first_day.isoformat(), "at": clock.iso(self.at)}

    # when

    def _week(self) -> tuple[date, list[Slot]]:
        """The seven days shown and their free times; without being asked, the first seven days that have one."""
        asked = self.request.GET.get("week")
        at = _instant(self.request.GET.get("at"))
        if not asked and at is not None and at > self.now:
            asked = at.astimezone(self.zone).date().isoformat()
        today = read_first_day(asked, self.zone, self.now)
        if asked:
            return today, self._slots(*week_range(today, self.zone))
        found = self._slots(self.now, self.now + FIRST_LOOK) or self._slots(self.now, self.now + FIRST_LOOK * 5)
        first = found[0].starts_at.astimezone(self.zone).date() if found else today
        start, end = week_range(first, self.zone)
        if end > self.now + FIRST_LOOK:  # the look ended inside that week
            found = self._slots(start, end)
        return first, [slot for slot in found if start <= slot.starts_at < end]

    def _slots(self, start: datetime, end: datetime) -> list[Slot]:
        if self.offering is None:
            return []
        reader = self.request.user
        viewer = reader if reader.is_authenticated and not self.standing.is_self else None
        minutes = self.offering.duration_minutes
        if self.asks_first:  # what has to be asked for needs longer notice
            start = max(start, self.now + request_notice())
        return free_slots(
            mentor=self.profile, start=start, end=end, duration_minutes=minutes, now=self.now, viewer=viewer
        )

    def _chosen_time(self) -> datetime | None:
        starts = [slot.starts_at for slot in self.slots]
        if self.wanted_at in starts:
            return self.wanted_at
        # Whoever renews has credits to book with; a new student is offered the first time there is.
        return None if self.is_renewal or not starts else starts[0]

    @property
    def time_is_gone(self) -> bool:
        """The time in the address is not free (any more)."""
        return self.wanted_at is not None and self.wanted_at != self.at

    @cached_property
    def days(self) -> list[dict[str, Any]]:
        """For `components/week_times.html`."""
        return week_of_slots(
            self.slots, self.zone, self.now, self.first_day, selected=self.at,
            url=lambda at: self.url(week=self.first_day.isoformat(), at=clock.iso(at)),
        )  # fmt: skip

    @property
    def earlier_url(self) -> str:
        today = self.now.astimezone(self.zone).date()
        day = max(today, self.first_day - timedelta(days=DAYS))
        return self.url(week=day.isoformat()) if self.first_day > today else ""

    @property
    def later_url(self) -> str:
        _, end = week_range(self.first_day, self.zone)
        last = self.now + self.profile.horizon
        return self.url(week=(self.first_day + timedelta(days=DAYS)).isoformat()) if end <= last else ""

    @property
    def their_clock(self) -> str:
        """ "For Mia one hour earlier." for the times shown, or nothing when both clocks agree."""
        moments = [slot.starts_at for slot in self.slots] or [self.now]
        shifts = {_shift(at, self.zone, self.profile.zone) for at in moments}
        name = self.mentor.first_name
        if len(shifts) > 1:
            return f"The clocks change this week; {name} is in {local_time.city(self.profile.zone)}."
        shift = shifts.pop()
        return f"For {name} {_hours(abs(shift))} {'later' if shift > timedelta() else 'earlier'}." if shift else ""

    # the button

    @property
    def is_renewal(self) -> bool:
        return self.standing.is_seated and self.offering is not None and self.offering.takes_seat

    @property
    def asks_first(self) -> bool:
        """Whether this reader asks before paying: as `payments.services.asks_first`, from what is known here already."""
        if self.offering is not None and self.offering.takes_seat:
            if self.standing.must_ask:
                return True
            if self.standing.is_seated:
                return False
        return self.offering is not None and self.offering.booking_mode == Offering.BookingMode.REQUEST

    @property
    def _sells_to_new(self) -> bool:
        return self.profile.accepts_new and self.profile.sales_paused_at is None

    @property
    def reason(self) -> str:
        return self.why_not(self.offering) if self.offering else ""

    @property
    def needs_time(self) -> bool:
        return self.offering is not None and not self.offering.takes_seat

    @property
    def ask_url(self) -> str:
        """Where one asks for it, with the time that stands chosen."""
        if self.offering is None:
            return ""
        query = f"?{urlencode({'at': clock.iso(self.at)})}" if self.at else ""
        return f"/mentorship/offerings/{self.offering.pk}/request{query}"

    @property
    def checkout_url(self) -> str:
        return self._checkout(self.at)

    @property
    def checkout_url_without_time(self) -> str:
        return self._checkout(None)

    def _checkout(self, at: datetime | None) -> str:
        if self.offering is None:
            return ""
        query = f"?{urlencode({'at': clock.iso(at)})}" if at else ""
        return f"/checkout/{self.offering.pk}{query}"

    @property
    def sentence(self) -> str:
        """What the button says, before the time."""
        if self.offering is None:
            return ""
        if self.is_renewal:
            return f"Renew with {self.offering.session_count} more" + (", next on" if self.at else "")
        if self.offering.takes_seat:
            return "Take a seat, first on" if self.at else "Take a seat, choose times later"
        return "Book the intro on" if self.offering.is_intro else "Book"

    @property
    def at_words(self) -> str:
        return local_time.words(self.at, self.zone, now=self.now) if self.at else ""

    # words around it

    @property
    def seat_words(self) -> str:
        seats = self.seats
        return seats.words if seats.none_for_sale else f"{seats.free} of {seats.capacity} seats free"

    @property
    def credits(self) -> list[Credits]:
        """What the reader has of the length that is chosen; where that is nothing, of any other."""
        found = self.standing.bookable
        return [one for one in found if self.offering and one.minutes == self.offering.duration_minutes] or list(found)

    @property
    def credit_words(self) -> str:
        """ "You have 4 sessions left with Mia."; the length is named where it is not the one that is chosen."""
        left: Counter[int] = Counter()
        for one in self.credits:
            left[one.minutes] += one.left
        said = []
        for minutes, count in left.items():
            other = self.offering is None or minutes != self.offering.duration_minutes
            said.append(f"{count} session{'' if count == 1 else 's'}{f' of {minutes} min' if other else ''}")
        return f"You have {get_text_list(said, 'and')} left with {self.mentor.first_name}."

    @property
    def credit_url(self) -> str:
        return f"/student/mentorship/book?pack={self.credits[0].pack_id}"

    @property
    def approval_words(self) -> str:
        return f"{self.mentor.first_name} answers within {settings.MENTORSHIP.approval_hours} hours. You pay only after a yes."

    @property
    def reason_help(self) -> str:
        """What is still possible where this is not."""
        if not self._sells_to_new:
            return "Whoever has a seat can still renew."
        if self.offering is None or not self.offering.takes_seat:
            return ""  # an intro is once, whoever one is
        singles = any(not (o.takes_seat or self.why_not(o)) for o in self.offerings)
        return (
            "A single session is still possible."
            if singles
            else "You can join the waiting list: the next free seat is offered to whoever waits."
        )

    def url(self, **query: Any) -> str:
        """This page with another choice. The chosen offering stays unless another is named."""
        if self.offering is not None and len(self.offerings) > 1:
            query = {"offering": self.offering.pk, **query}
        return f"{self.base}?{urlencode(query)}" if query else self.base


def note_of(offering: Offering) -> str:
    """ "4 x 60 min, 90 days, takes a seat"."""
    asked = ", with approval" if offering.booking_mode == Offering.BookingMode.REQUEST else ""
    if offering.takes_seat:
        days = offering.effective_validity_days
        return f"{offering.session_count} × {offering.duration_minutes} min, {days} days, takes a seat{asked}"
    return f"{offering.duration_minutes} min{', once' if offering.is_intro else ''}{asked}"


def price_of(offering: Offering) -> str:
    return offering.price_display if offering.price_minor else "free"


def savings(offering: Offering, others: list[Offering]) -> str:
    """What a pack saves against the mentor's cheapest single session of the same length and currency, or nothing."""
    if not offering.takes_seat:
        return ""
    singles = [
        other.price_minor
        for other in others
        if not other.takes_seat and not other.is_intro
        and (other.duration_minutes, other.currency) == (offering.duration_minutes, offering.currency)
    ]  # fmt: skip
    saved = min(singles) * offering.session_count - offering.price_minor if singles else 0
    return money.display(saved, offering.currency) if saved > 0 else ""


def in_shop_order(offerings: Iterable[Offering]) -> list[Offering]:
    """Intro, single sessions, packs; within each the smaller first."""
    return sorted(
        offerings,
        key=lambda o: (not o.is_intro, o.takes_seat, o.session_count, o.duration_minutes, o.price_minor, o.pk),
    )


def _instant(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat((text or "").replace(" ", "+"))
        return at.astimezone(ZoneInfo("UTC")) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _shift(at: datetime, here: ZoneInfo, there: ZoneInfo) -> timedelta:
    zero = timedelta()
    return (at.astimezone(there).utcoffset() or zero) - (at.astimezone(here).utcoffset() or zero)


def _hours(shift: timedelta) -> str:
    hours, minutes = divmod(int(shift.total_seconds()) // 60, 60)
    if minutes:
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return "one hour" if hours == 1 else f"{hours} hours"
