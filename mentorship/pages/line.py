"""A mentor's waiting list as one reader sees it on the mentor's page: join it, one's place in it, or the seat on offer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format
from django.utils.text import get_text_list

from mentorship.kernel.http import PageRequest, reader_zone
from mentorship.kernel.ordinals import ordinal
from mentorship.people.models import MentorProfile
from seats.models import WaitingPlace
from seats.services import place_with
from seats.services.forecast import Forecast, Why, seat_forecast

WHY = {
    Why.GRACE: ("the grace of one seat ends", "the grace of {n} seats ends"),
    Why.PACE: ("one pack is used up at its pace so far", "{n} packs are used up at their pace so far"),
    Why.EXPIRY: ("one pack expires", "{n} packs expire"),
}


@dataclass
class Line:
    """`place` is the reader's, with its position; `waiting` counts those who have no offer yet."""

    profile: MentorProfile
    now: datetime
    zone: ZoneInfo
    waiting: int
    place: WaitingPlace | None = None
    buy_url: str = ""

    @property
    def url(self) -> str:
        return f"{self.profile.get_absolute_url()}/waiting-list"

    @property
    def state(self) -> str:
        """ "offered", "waiting" or, for whoever may join, "full"."""
        if self.place is None:
            return "full"
        return "offered" if self.place.is_offered(self.now) else "waiting"

    @property
    def sign(self) -> str:
        """What the page knows: an answer is due only when this has changed."""
        return f"waiting-{self.position}" if self.state == "waiting" else self.state

    @property
    def position(self) -> int:
        return self.place.position if self.place is not None else 0  # type: ignore[attr-defined]

    @property
    def position_words(self) -> str:
        """ "2nd"."""
        return ordinal(self.position)

    @property
    def stands_still(self) -> bool:
        """Nothing is offered at the moment, whoever waits; the place is kept."""
        return not self.profile.accepts_new or self.profile.sales_paused_at is not None

    @property
    def others(self) -> str:
        """How many wait, as somebody reads it who thinks of joining: "Nobody waits yet."."""
        if not self.waiting:
            return "Nobody waits yet: you would be the first in line."
        return f"{self.waiting} wait{'s' if self.waiting == 1 else ''} already: you would be {ordinal(self.waiting + 1)} in line."

    @cached_property
    def forecast(self) -> Forecast | None:
        """When a seat is likely free for this reader: the next one, or the one for the place in line."""
        return seat_forecast(self.profile.user_id, now=self.now, position=self.position or self.waiting + 1)

    @property
    def forecast_words(self) -> str:
        """ "between 3 and 17 December", "around 3 December"."""
        return range_words(self.forecast.earliest, self.forecast.latest, self.zone) if self.forecast else ""

    @property
    def forecast_why(self) -> str:
        """What ends by then: "the grace of one seat ends and 2 packs expire"."""
        counts = self.forecast.why if self.forecast else {}
        return get_text_list([WHY[why][counts[why] > 1].format(n=counts[why]) for why in Why if why in counts], "and")


def range_words(earliest: datetime, latest: datetime, zone: ZoneInfo) -> str:
    """Two dates of the reader's zone as one phrase: the month once where it is the same."""
    first, last = earliest.astimezone(zone), latest.astimezone(zone)
    if first.date() == last.date():
        return f"around {date_format(first, 'j F')}"
    same = (first.year, first.month) == (last.year, last.month)
    return f"between {date_format(first, 'j' if same else 'j F')} and {date_format(last, 'j F')}"


def line_of_reader(request: PageRequest, profile: MentorProfile, waiting: int, seat: str = "OFFERED") -> Line:
    """The line as this reader sees it. `seat`: what they have with this mentor; without one and nobody waiting no query."""
    place = None
    if request.user.is_authenticated and (waiting or seat == "OFFERED"):
        place = place_with(request.user, profile.user_id, request.now)
    return Line(profile, request.now, reader_zone(request), waiting, place)


def shown_line(request: PageRequest, choice: Any) -> Line | None:
    """The line for a page on which one chooses what to buy; None where there is nothing to wait for."""
    standing, seats = choice.standing, choice.seats
    sells_packs = any(offering.takes_seat for offering in choice.offerings)
    if not sells_packs or standing.is_self or standing.seat not in ("", "OFFERED"):
        return None
    line = line_of_reader(request, choice.profile, seats.waiting, standing.seat)
    chosen = choice.offering if choice.offering and choice.offering.takes_seat else None
    pack = chosen or next(offering for offering in choice.offerings if offering.takes_seat)
    line.buy_url = choice.checkout_url if pack == choice.offering else f"/checkout/{pack.pk}"
    may_join = seats.none_for_sale and not line.stands_still
    return line if line.place is not None or may_join else None
