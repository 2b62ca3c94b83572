"""What lies in a span of time for one person: sessions in one query, everything beside them in another, and the hours of
the mentor the calendar is about in a third. The door to each row is the person it is shown to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    CharField,
    DateField,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast

from mentorship.people.models import User
from mentorship.people.zones import zone as zone_named
from packs.models import Pause, SessionPack
from seats.models import Seat
from sessions_app import availability
from sessions_app.models import BookingRequest, BusyTime, CalendarBlock, MoveProposal, Session, Vacation
from sessions_app.slots import hours_of

GONE = (Session.Status.CANCELLED, Session.Status.EXPIRED)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Question:
    """Whose calendar, in which role, about whom (None: everybody), and from when to when."""

    reader: User
    as_mentor: bool
    chosen: User | None
    start: datetime
    end: datetime
    now: datetime

    @property
    def pair(self) -> Q:
        """Rows of a student and a mentor in which the reader has this role, of the one they look at."""
        own = Q(mentor=self.reader) if self.as_mentor else Q(student=self.reader)
        return own & Q(mentor=self.chosen) if self.chosen else own

    @property
    def hours_owner(self) -> User | None:
        """The mentor whose hours are the ground of the calendar."""
        return self.reader if self.as_mentor else self.chosen


@dataclass(frozen=True)
class Beside:
    """What is no session: asked for, running out, away. `kind` is request, expiry, grace, pause, vacation or busy."""

    kind: str
    ref: str
    name: str
    zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    words: str


@dataclass
class Found:
    sessions: list[Session] = field(default_factory=list)
    beside: list[Beside] = field(default_factory=list)
    open: list[tuple[datetime, datetime]] = field(default_factory=list)
    closed: list[tuple[datetime, datetime]] = field(default_factory=list)


def read(asked: Question) -> Found:
    """Everything of the span, ascending: two queries, and one more where there is somebody whose hours are shown."""
    found = Found(list(_sessions(asked)), sorted(_beside(asked), key=lambda one: (one.starts_at, one.kind, one.ref)))
    if owner := asked.hours_owner:
        hours = hours_of([owner.pk], asked.start, asked.end)[owner.pk]
        spans = [(w.opens, w.closes) for w in availability.windows(hours, owner.zone, asked.start, asked.end)]
        found.open = [span for span in spans if span[0] < asked.end and span[1] > asked.start]
        if asked.as_mentor:
            found.closed = list(_closed(hours, owner.zone, asked))
    return found


def _sessions(asked: Question) -> QuerySet[Session]:
    """Without a choice also those of the reader's other role: their time is taken all the same."""
    rows = Session.objects.filter(asked.pair) if asked.chosen else Session.objects.of(asked.reader)
    blocks = CalendarBlock.objects.filter(session=OuterRef("pk"), person=asked.reader)
    return (
        rows.filter(Q(starts_at__lt=asked.end, ends_at__gt=asked.start) | Q(Exists(_proposals(asked))))
        .exclude(status__in=GONE)
        .exclude(status=Session.Status.AWAITING_PAYMENT, payment_deadline__lte=asked.now)
        .select_related("student", "mentor", "pack")
        .numbered()
        .annotate(
            proposed_at=Subquery(_proposals(asked).values("starts_at")[:1]), taken=Subquery(blocks.values("span")[:1])
        )
        .order_by("starts_at", "pk")
    )


def _proposals(asked: Question) -> QuerySet[MoveProposal]:
    """Of the session around it: those that can still be accepted, to a time in the span. The session may lie outside it."""
    return MoveProposal.objects.filter(
        session=OuterRef("pk"),
        old_starts_at=OuterRef("starts_at"),
        old_starts_at__gt=asked.now,
        status=MoveProposal.Status.OPEN,
        starts_at__lt=asked.end,
        starts_at__gte=max(asked.start, asked.now),
    )


def _closed(hours: availability.Hours, zone: ZoneInfo, asked: Question) -> Iterator[tuple[datetime, datetime]]:
    for wall in hours.closed:
        start, end = availability.first_moment(wall.start, zone), availability.first_moment(wall.end, zone)
        if start < asked.end and end > asked.start:
            yield start, end


def _beside(asked: Question) -> Iterator[Beside]:
    parts = [_requests(asked), _expiries(asked), _graces(asked), _pauses(asked), _vacations(asked), _busy(asked)]
    rows: Iterable[Any] = parts[0].union(*parts[1:], all=True)
    for kind, ref, name, email, zone_name, starts_at, ends_at, first_day, last_day, words in rows:
        zone = zone_named(zone_name)
        if first_day is not None:
            starts_at, ends_at = _midnight(first_day, zone), _midnight(last_day + ONE_DAY, zone)
        if kind == "request":
            ends_at = starts_at + timedelta(minutes=int(ref.partition(":")[0]))
            ref = ref.partition(":")[2]
        if starts_at < asked.end and ends_at >= asked.start:
            yield Beside(kind, ref, name or email.partition("@")[0], zone, starts_at, ends_at, words)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return availability.first_moment(datetime.combine(day, time()), zone)


def _row(rows: QuerySet[Any], kind: str, other: str, **columns: Any) -> Any:
    """One part of the union: the same columns, of the same types, in the same order."""
    no_time, no_day = Cast(Value(None), DateTimeField()), Cast(Value(None), DateField())
    shape = (
        Value(kind, CharField()),
        Cast(columns.get("ref", F("pk")), CharField()),
        F(f"{other}__name"),
        F(f"{other}__email"),
        F(f"{other}__zone_name"),
        columns.get("starts", no_time),
        columns.get("ends", no_time),
        columns.get("first", no_day),
        columns.get("last", no_day),
        Cast(columns.get("words", Value("")), CharField()),
    )
    return rows.order_by().values_list(*shape)


def _requests(asked: Question) -> Any:
    """Times that wait for a decision: those the mentor suggests, else those the student asked for."""
    waiting = BookingRequest.objects.waiting(asked.now).filter(asked.pair)
    times = Case(When(suggested_times__len__gt=0, then=F("suggested_times")), default=F("times"))
    return _row(
        waiting,
        "request",
        _other(asked),
        ref=_joined(F("duration_minutes"), F("id")),
        starts=Func(times, function="unnest", output_field=DateTimeField()),
        words=Case(When(suggested_times__len__gt=0, then=Value("suggested")), default=Value("asked")),
    )


def _joined(*parts: Any) -> Func:
    texts = [Cast(part, CharField()) for part in parts]
    return Func(Value(":"), *texts, function="concat_ws", output_field=CharField())


def _expiries(asked: Question) -> Any:
    """Open packs with credits that can still be booked, whose clock runs."""
    rows = SessionPack.objects.open(asked.now).filter(asked.pair, frozen_at=None, paused_at=None)
    due = rows.filter(sessions_remaining__gt=0, expires_at__gte=asked.start, expires_at__lt=asked.end)
    when = {"starts": F("expires_at"), "ends": F("expires_at")}
    return _row(due, "expiry", _other(asked), words=F("sessions_remaining"), **when)


def _graces(asked: Question) -> Any:
    rows = Seat.objects.filter(asked.pair, status=Seat.Status.GRACE, frozen_at=None, grace_ends_at__gt=asked.now)
    due = rows.filter(grace_ends_at__gte=asked.start, grace_ends_at__lt=asked.end)
    return _row(due, "grace", _other(asked), starts=F("grace_ends_at"), ends=F("grace_ends_at"), words=F("number"))


def _pauses(asked: Question) -> Any:
    own = Q(pack__mentor=asked.reader) if asked.as_mentor else Q(pack__student=asked.reader)
    if asked.chosen:
        own &= Q(pack__mentor=asked.chosen)
    rows = Pause.objects.filter(own, status=Pause.Status.RUNNING, began_at__lt=asked.end, ends_at__gt=asked.start)
    return _row(rows, "pause", f"pack__{_other(asked)}", ref=F("pack_id"), starts=F("began_at"), ends=F("ends_at"))


def _vacations(asked: Question) -> Any:
    """The mentor's own, or those of the mentors with whom the reader has an open pack."""
    if owner := asked.hours_owner:
        whose: Any = [owner.pk]
    else:
        whose = SessionPack.objects.open(asked.now).filter(student=asked.reader).values("mentor")
    rows = Vacation.objects.filter(
        mentor__in=whose, first_day__lte=asked.end.date() + ONE_DAY, last_day__gte=asked.start.date() - ONE_DAY
    )
    return _row(rows, "vacation", "mentor", first=F("first_day"), last=F("last_day"), words=F("note"))


def _busy(asked: Question) -> Any:
    """The reader's own time in outside calendars."""
    rows = BusyTime.objects.filter(person=asked.reader, span__overlap=(asked.start, asked.end))

    def edge(name: str) -> Func:
        return Func(F("span"), function=name, output_field=DateTimeField())

    return _row(rows, "busy", "person", starts=edge("lower"), ends=edge("upper"), words=F("source"))


def _other(asked: Question) -> str:
    return "student" if asked.as_mentor else "mentor"
