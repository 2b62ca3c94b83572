"""A request as one of its two sides sees it: its turn, its times with what stands against each, and its deadline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mentorship.kernel import clock
from mentorship.people.models import User
from seats.models import Seat
from sessions_app.models import BookingRequest
from sessions_app.models.request import BookingRequestQuerySet
from sessions_app.services.request_payment import payment_due
from sessions_app.slots import busy_of, free_of, hours_of

Status = BookingRequest.Status
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class TimeRow:
    """One time of a request: whether it can still be taken, and who else asks for it."""

    at: datetime
    is_free: bool
    rivals: tuple[str, ...]
    pay_by: datetime

    @property
    def value(self) -> str:
        return clock.iso(self.at)


@dataclass
class RequestCard:
    """`viewer` is one of the two; the request has its people, its offering and its session loaded. See `judged`."""

    request: BookingRequest
    viewer: User
    now: datetime
    free: set[datetime] = field(default_factory=set)
    rivals: dict[datetime, tuple[str, ...]] = field(default_factory=dict)
    seat: Seat | None = None  # the student's with this mentor, where a seat is asked for

    @property
    def has_seat(self) -> bool:
        """The student sits on it: neither a yes nor the end of the request changes that."""
        return self.seat is not None and self.seat.status == Seat.Status.ACTIVE

    @property
    def has_offer(self) -> bool:
        """The waiting list keeps a seat for the student, and goes on keeping it until the answer."""
        return self.seat is not None and self.seat.status == Seat.Status.OFFERED

    @property
    def is_mentor(self) -> bool:
        return self.viewer.pk == self.request.mentor_id

    @property
    def other(self) -> Any:
        return self.request.student if self.is_mentor else self.request.mentor

    @property
    def stage(self) -> str:
        """asked, suggested, to_pay, paid, rejected, withdrawn or expired."""
        if self.request.is_waiting(self.now):
            return "suggested" if self.request.suggested_at else "asked"
        if self.request.is_payable(self.now):
            return "to_pay"
        ended_as = self.request.status_at(self.now)
        return "paid" if ended_as == Status.APPROVED else ended_as.lower()

    @property
    def is_waiting(self) -> bool:
        return self.stage in ("asked", "suggested")

    @property
    def is_my_turn(self) -> bool:
        """Whether this viewer is the one it waits for."""
        return self.stage == "asked" if self.is_mentor else self.stage in ("suggested", "to_pay")

    @property
    def deadline(self) -> datetime | None:
        """Until when the next step is to be taken."""
        if self.is_waiting:
            return self.request.approval_deadline
        return self.request.payment_deadline if self.stage == "to_pay" else None

    @property
    def badge(self) -> str:
        student, mentor = self.request.student.first_name, self.request.mentor.first_name
        mine = self.is_mentor
        return {
            "asked": "Waits for you" if mine else f"Waits for {mentor}",
            "suggested": f"{student} chooses a time" if mine else f"{mentor} suggests another time",
            "to_pay": f"{student} pays" if mine else f"{mentor} said yes",
            "paid": "Paid",
            "rejected": "You said no" if mine else f"{mentor} said no",
            "withdrawn": f"Taken back by {student}" if mine else "You took it back",
            "expired": self._how_it_lapsed,
        }[self.stage]

    @property
    def _how_it_lapsed(self) -> str:
        if self.request.approved_at:
            return "Not paid in time"
        return "No time was chosen" if self.request.suggested_at else "Not answered in time"

    @property
    def ended_at(self) -> datetime | None:
        """When it ended: a late answer or payment ends it at its deadline, whether or not a job has run."""
        late = self.request.payment_deadline if self.request.approved_at else self.request.approval_deadline
        return self.request.ended_at or (late if self.stage == "expired" else None)

    @property
    def terms(self) -> str:
        """ "4 × 60 min, takes a seat"."""
        request = self.request
        count = f"{request.session_count} × " if request.session_count > 1 else ""
        return f"{count}{request.duration_minutes} min{', takes a seat' if request.takes_seat else ''}"

    @property
    def price(self) -> str:
        return self.request.price_display if self.request.amount_minor else "free"

    @property
    def kept(self) -> str:
        """What a yes keeps for the payment: "time", "seat", "seat and time", or nothing but the seat one has."""
        timed = bool(self.request.times or self.request.session_id)
        if self.has_seat or not self.request.takes_seat:
            return "time" if timed else ""
        return "seat and time" if timed else "seat"

    @property
    def times(self) -> list[TimeRow]:
        return [self._row(at) for at in self.request.times]

    @property
    def suggested(self) -> list[TimeRow]:
        return [self._row(at) for at in self.request.suggested_times]

    @property
    def any_free(self) -> bool:
        """One of the times it waits for an answer to can still be taken; a pack asked for without times needs none."""
        wanted = self.request.suggested_times if self.stage == "suggested" else self.request.times
        return not wanted or any(at in self.free for at in wanted)

    @property
    def can_say_yes(self) -> bool:
        """For the mentor: one of the times that were asked for is still free, or none was asked for."""
        return not self.request.times or any(at in self.free for at in self.request.times)

    @property
    def is_payable(self) -> bool:
        """What is agreed could be paid: the mentor is verified. Without that neither side can say yes."""
        return self.request.mentor.mentor_profile.is_visible

    @property
    def pay_by_without_time(self) -> datetime:
        return payment_due(self.now, None)

    def _row(self, at: datetime) -> TimeRow:
        return TimeRow(at, at in self.free, self.rivals.get(at, ()), payment_due(self.now, at))

    @property
    def offer_again_url(self) -> str:
        """Where the student may ask again, while it is on sale."""
        offering = self.request.offering
        return "" if offering.archived_at else offering.get_absolute_url()


def loaded(rows: BookingRequestQuerySet) -> BookingRequestQuerySet:
    """Everything a card reads, in one query."""
    return rows.select_related("student", "mentor__mentor_profile", "offering", "session")


def judged(rows: Iterable[BookingRequest], viewer: User, now: datetime) -> list[RequestCard]:
    """Cards of these requests; of those that wait, which times are still free: two queries for any number of them."""
    cards = [RequestCard(row, viewer, now) for row in rows]
    waiting = [card for card in cards if card.is_waiting]
    times = [at for card in waiting for at in (*card.request.times, *card.request.suggested_times) if at > now]
    if not times:
        return cards
    start, end = min(times), max(times) + MINUTE
    profiles = {card.request.mentor_id: card.request.mentor.mentor_profile for card in waiting}
    hours = hours_of(profiles, start, end)
    longest = max(card.request.duration_minutes for card in waiting)
    students = {card.request.student_id for card in waiting}
    busy = busy_of(list(profiles.values()), students, start, end, longest, now)
    for card in waiting:
        request = card.request
        profile, open_hours = profiles[request.mentor_id], hours[request.mentor_id]
        for at in {*request.times, *request.suggested_times}:
            slots = free_of(profile, open_hours, busy, request.student_id, at, at + MINUTE, request.duration_minutes)
            if at > now and any(slot.starts_at == at for slot in slots):
                card.free.add(at)
    return cards


def note_rivals(cards: Sequence[RequestCard], others: Iterable[BookingRequest]) -> None:
    """Who else asks for the same time: what a mentor wants to see before saying yes to one of them."""
    wished = [(other, at, at + other.duration) for other in others for at in other.times]
    for card in cards:
        for at in card.request.times:
            ends_at = at + card.request.duration
            names = {
                other.student.first_name
                for other, start, end in wished
                if other.pk != card.request.pk and start < ends_at and at < end
            }
            card.rivals[at] = tuple(sorted(names))
