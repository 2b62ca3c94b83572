"""What a vacation would touch and do. The page prints it; the commit computes it again, under the locks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from mentorship.kernel.refusals import Malformed, Refusal
from mentorship.people.models import User
from packs.models import SessionPack
from sessions_app.availability import first_moment
from sessions_app.models import BookingRequest, Session, Vacation
from sessions_app.services.cancelling import what_if_cancelled

KEEP, CANCEL, PROPOSE = "keep", "cancel", "propose"
SESSION, UNPAID, REQUEST = "session", "unpaid", "request"
MOST_DAYS, FARTHEST_DAYS = 366, 730


@dataclass(frozen=True)
class Touched:
    """A session, a time kept for a payment, or a request that lies in the days: what can be done about it, and what
    each of that does.
    """

    id: UUID
    what: str
    student: User
    title: str
    minutes: int
    times: tuple[datetime, ...]
    url: str
    cancelling: str
    choices: dict[str, str]
    code: str = ""
    pack: SessionPack | None = None


@dataclass(frozen=True)
class Away:
    """A vacation that is not written yet. `packs` are those whose expiry it moves by `days`."""

    first_day: date
    last_day: date
    start: datetime
    end: datetime
    touched: tuple[Touched, ...]
    packs: tuple[SessionPack, ...]

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def moves_expiry_by(self) -> timedelta:
        return timedelta(days=self.days) if moves_expiry(self.days) else timedelta()

    @property
    def in_words(self) -> str:
        """What lies in the days: "2 sessions, 1 request"."""
        kinds = [one.what for one in self.touched]
        words = ((SESSION, "session"), (UNPAID, "time kept for a payment"), (REQUEST, "request"))
        counted = [(kinds.count(kind), word) for kind, word in words]
        return ", ".join(f"{n} {word if n == 1 else _plural(word)}" for n, word in counted if n)

    @property
    def expect(self) -> str:
        """Names the whole answer: what a page sends back, so that the commit does what was shown."""
        touched = [(str(one.id), one.what, one.code, *map(datetime.isoformat, one.times)) for one in self.touched]
        said = repr((self.first_day, self.last_day, touched, [pack.pk for pack in self.packs]))
        return sha256(said.encode()).hexdigest()[:16]


def _plural(word: str) -> str:
    return word.replace("time ", "times ") if word.startswith("time ") else f"{word}s"


def moves_expiry(days: int) -> bool:
    """From 7 days on, packs are valid as much longer."""
    return days >= settings.MENTORSHIP.vacation_moves_expiry_days


def span_of(mentor: User, first_day: date, last_day: date) -> tuple[datetime, datetime]:
    """The instants of a vacation, [start, end): whole days of the mentor's zone."""
    start = first_moment(datetime.combine(first_day, time()), mentor.zone)
    return start, first_moment(datetime.combine(last_day + timedelta(days=1), time()), mentor.zone)


def touched_by(mentor: User, first_day: date, last_day: date, *, now: datetime) -> list[Session]:
    """The mentor's sessions (as the mentor) that begin from now on and lie in these days, booked or kept for a payment."""
    start, end = span_of(mentor, first_day, last_day)
    rows = Session.objects.filter(mentor=mentor)
    ahead = rows.coming(now) | rows.unpaid(now)
    ahead = ahead.filter(starts_at__gt=now, starts_at__lt=end, ends_at__gt=start)
    return list(ahead.select_related("student", "mentor", "pack", "request").order_by("starts_at", "pk"))


def what_if_away(*, mentor: User, first_day: date, last_day: date, now: datetime) -> Away:
    """What closing these days touches, and whose packs become valid longer. Four queries, however much it is.

    Raises Malformed (the dates), Refusal `vacation_overlaps`.
    """
    _check_days(mentor, first_day, last_day, now)
    start, end = span_of(mentor, first_day, last_day)
    sessions = [_session(one, mentor, now) for one in touched_by(mentor, first_day, last_day, now=now)]
    waiting = BookingRequest.objects.filter(mentor=mentor).waiting(now)  # type: ignore[attr-defined]
    requests = [
        one
        for one in map(_request_in(start, end), waiting.select_related("student").order_by("created_at", "pk"))
        if one is not None
    ]
    packs: Iterable[SessionPack] = ()
    if moves_expiry((last_day - first_day).days + 1):
        packs = packs_to_move(mentor, start, now).order_by("pk")
    return Away(first_day, last_day, start, end, (*sessions, *requests), tuple(packs))


def packs_to_move(mentor: User, start: datetime, now: datetime) -> Any:
    """Open packs of this mentor's students that reach into the vacation. One that is over before loses nothing by it."""
    stands = Q(paused_at__isnull=False) | Q(frozen_at__isnull=False)
    return SessionPack.objects.open(now).filter(stands | Q(expires_at__gt=start), mentor=mentor)


def _check_days(mentor: User, first_day: date, last_day: date, now: datetime) -> None:
    today = now.astimezone(mentor.zone).date()
    if last_day < first_day:
        raise Malformed("A vacation ends on the day it begins, or later.")
    if first_day < today:
        raise Malformed("A vacation begins today or later.")
    if (last_day - first_day).days >= MOST_DAYS:
        raise Malformed("A vacation has at most a year.")
    if (first_day - today).days > FARTHEST_DAYS:
        raise Malformed("A vacation begins within two years.")
    other = Vacation.objects.filter(mentor=mentor, first_day__lte=last_day, last_day__gte=first_day).first()
    if other is not None:
        raise Refusal(
            "vacation_overlaps", f"You are away from {day(other.first_day)} to {day(other.last_day)} already."
        )


def day(on: date) -> str:
    """A day in words: "8 June 2026"."""
    return f"{on.day} {on:%B %Y}"


def _session(session: Session, mentor: User, now: datetime) -> Touched:
    cancelling = what_if_cancelled(session, by=mentor, now=now)
    name, unpaid = session.student.first_name, not session.is_booked
    choices = {KEEP: f"It stays booked: you meet {name} on that day.", CANCEL: cancelling.sentence}
    if unpaid:
        choices[KEEP] = "It stays kept, and is booked once it is paid."
    elif session.pack is not None:
        choices[PROPOSE] = f"It stays booked until {name} accepts the new time."
    return Touched(
        id=session.pk,
        what=UNPAID if unpaid else SESSION,
        student=session.student,
        title=session.title,
        minutes=session.minutes,
        times=(session.starts_at,),
        url=session.get_absolute_url(),
        cancelling="Cancel it",
        choices=choices,
        code=cancelling.code,
        pack=session.pack,
    )


def _request_in(start: datetime, end: datetime) -> Any:
    def touched(request: BookingRequest) -> Touched | None:
        times = sorted({*request.times, *request.suggested_times})
        inside = tuple(at for at in times if at < end and at + request.duration > start)
        if not inside:
            return None
        name = request.student.first_name
        return Touched(
            id=request.pk,
            what=REQUEST,
            student=request.student,
            title=request.title,
            minutes=request.duration_minutes,
            times=inside,
            url=request.get_absolute_url(),
            cancelling="Say no",
            choices={
                KEEP: "You answer it later. A time in these days cannot be approved any more.",
                CANCEL: f"{name} reads that you are away. Nothing was paid.",
                PROPOSE: f"{name} may take the time you suggest, or let it be.",
            },
        )

    return touched


def settled(away: Away, decisions: dict[UUID, str], times: dict[UUID, datetime]) -> Sequence[tuple[Touched, str]]:
    """Each touched thing with its decision. Raises Malformed where one cannot be decided so."""
    taken: list[tuple[datetime, datetime]] = []
    for one in away.touched:
        verb = decisions[one.id]
        if verb not in one.choices:
            raise Malformed("Decide on each of them: keep it, cancel it, or propose another time.")
        if verb != PROPOSE:
            continue
        at = times.get(one.id)
        if at is None:
            raise Malformed(f"Choose the time that you propose to {one.student.first_name}.")
        ends_at = at + timedelta(minutes=one.minutes)
        if any(at < other_end and ends_at > other for other, other_end in taken):
            raise Malformed(f"The time for {one.student.first_name} is proposed to somebody else already.")
        taken.append((at, ends_at))
    return [(one, decisions[one.id]) for one in away.touched]
