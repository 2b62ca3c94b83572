"""Free times: what a mentor's hours offer, less what is taken. Computed when asked, never stored.

`free_slots` lists, `check_slot` judges one (both from the same parts, so what is offered is accepted), `block_spans` says
what a booking takes from the two calendars. Two queries however long the range and however many the mentors: their
hours, and what is taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import (
    BigIntegerField,
    Case,
    DateField,
    DateTimeField,
    PositiveSmallIntegerField,
    Value,
    When,
    prefetch_related_objects,
)

from mentorship.kernel import clock
from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile, User
from sessions_app import availability
from sessions_app.availability import Hours, Wall
from sessions_app.models import BusyTime, CalendarBlock, DateException, Session, Vacation, WeeklyRule

ONE_DAY, TWO_DAYS, THREE_DAYS = timedelta(days=1), timedelta(days=2), timedelta(days=3)


class Slot(NamedTuple):
    """A time that can be booked. Instants in UTC."""

    starts_at: datetime
    ends_at: datetime


class Busy:
    """A person's taken time: sessions with their buffers, and what outside calendars say.

    `given` are the starts of the sessions they give as a mentor, for the limit of a day.
    """

    def __init__(self, spans: Iterable[tuple[datetime, datetime]] = (), given: Iterable[datetime] = ()) -> None:
        joined = availability.join(spans)  # sessions never overlap, outside calendars may
        self._starts = [start for start, _ in joined]
        self._ends = [end for _, end in joined]
        self._given = list(given)
        self._days: Counter[date] | None = None

    def is_full_day(self, at: datetime, mentor: MentorProfile) -> bool:
        """So many sessions lie on that day (in the mentor's zone) already as they want at most."""
        most = mentor.most_sessions_a_day
        if most is None:
            return False
        if self._days is None:
            self._days = Counter(start.astimezone(mentor.zone).date() for start in self._given)
        return self._days[at.astimezone(mentor.zone).date()] >= most

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Something lies within [start, end)."""
        n = bisect_right(self._ends, start)
        return n < len(self._starts) and self._starts[n] < end


@dataclass(frozen=True)
class Horizon:
    """How far ahead a start may lie: `days_end` itself is allowed, `credit_end` (when a pack expires) is not."""

    days_end: datetime
    credit_end: datetime | None = None

    @classmethod
    def of(cls, mentor: MentorProfile, now: datetime, credit_end: datetime | None = None) -> Horizon:
        return cls(now + mentor.horizon, credit_end)

    @property
    def end(self) -> datetime:
        return max(self.days_end, self.credit_end or self.days_end)

    def allows(self, starts_at: datetime) -> bool:
        return starts_at <= self.days_end or (self.credit_end is not None and starts_at < self.credit_end)


def free_slots(
    *,
    mentor: MentorProfile,
    start: datetime,
    end: datetime,
    duration_minutes: int,
    now: datetime,
    viewer: User | None = None,
    horizon_ends: datetime | None = None,
    ignore_session: Session | None = None,
    within_notice: bool = False,
) -> list[Slot]:
    """The mentor's bookable times with starts in [start, end), ascending.

    Obeys minimum notice and the mentor's horizon (or until `horizon_ends`, a pack's expiry, where that is later), the
    mentor's other sessions in either role with buffers, and the viewer's own. `ignore_session` is the one being moved;
    `within_notice` leaves out the mentor's notice.
    """
    horizon = Horizon.of(mentor, now, horizon_ends)
    notice = availability.MINUTE if within_notice else timedelta(hours=mentor.notice_hours)
    start = max(start, now + notice)
    end = min(end, horizon.end + availability.MINUTE)
    if start >= end:
        return []
    hours = hours_of([mentor.user_id], start, end)[mentor.user_id]
    busy = busy_of([mentor], _ids(viewer), start, end, duration_minutes, now, ignore_session) if hours else {}
    found = free_of(mentor, hours, busy, viewer.pk if viewer else None, start, end, duration_minutes)
    return sorted(slot for slot in found if horizon.allows(slot.starts_at))


def next_free(
    profiles: Sequence[MentorProfile],
    now: datetime,
    viewer: User | None = None,
    days: int = 14,
    duration: int | Mapping[int, int] = 60,
) -> dict[int, Slot]:
    """The first bookable time of each of many mentors within `days`, by mentor (user) id; who has none is left out.

    `duration` in minutes, for all or by mentor id. Two queries for any number of mentors (three if users are not loaded).
    """
    found = {}
    for mentor, slots in _each(profiles, now, viewer, days, duration):
        first = earliest(slots)
        if first is not None:
            found[mentor.user_id] = first
    return found


def free_slots_of_many(
    profiles: Sequence[MentorProfile],
    now: datetime,
    viewer: User | None = None,
    days: int = 14,
    duration: int | Mapping[int, int] = 60,
) -> dict[int, list[Slot]]:
    """All bookable times of many mentors within `days`, by mentor (user) id. Queries as for `next_free`."""
    return {mentor.user_id: sorted(slots) for mentor, slots in _each(profiles, now, viewer, days, duration)}


def check_slot(
    *,
    mentor: MentorProfile,
    student: User,
    starts_at: datetime,
    duration_minutes: int,
    now: datetime,
    ignore_session: Session | None = None,
    latest: datetime | None = None,
) -> None:
    """Raise the refusal that says why this time cannot be booked; return quietly when `free_slots` would offer it.

    `latest` is `free_slots`' `horizon_ends`. `notice_too_short` is said only of what is otherwise a slot and still to come.
    """
    starts_at = clock.utc(starts_at)
    gone = Refusal("slot_unavailable", "This time cannot be booked. Please choose one of the free times.")
    if starts_at <= now or not Horizon.of(mentor, now, latest).allows(starts_at):
        raise gone
    until = starts_at + availability.MINUTE
    hours = hours_of([mentor.user_id], starts_at, until)[mentor.user_id]
    if starts_at not in _starts(mentor, hours, starts_at, until, duration_minutes):
        raise gone
    busy = busy_of([mentor], [student.pk], starts_at, until, duration_minutes, now, ignore_session)
    mentor_span, plain_span = _spans(mentor, starts_at, starts_at + timedelta(minutes=duration_minutes))
    if busy[mentor.user_id].is_full_day(starts_at, mentor):
        raise Refusal("slot_unavailable", f"{mentor.user.first_name}'s day is full. Please choose another.")
    if busy[mentor.user_id].overlaps(*mentor_span):
        raise Refusal("slot_unavailable", "This time is not free any more. Please choose another.")
    if busy[student.pk].overlaps(*plain_span):
        raise Refusal(
            "slot_unavailable", f"{student.first_name} already has a session at this time. Please choose another."
        )
    if starts_at < now + timedelta(hours=mentor.notice_hours):
        raise Refusal("notice_too_short", _notice_sentence(mentor))


def block_spans(
    profile: MentorProfile, starts_at: datetime, ends_at: datetime
) -> tuple[DateTimeTZRange, DateTimeTZRange]:
    """What a session takes: the mentor's span with today's buffers (to be frozen in the block), and the student's."""
    mentor_span, student_span = _spans(profile, starts_at, ends_at)
    return DateTimeTZRange(*mentor_span, "[)"), DateTimeTZRange(*student_span, "[)")


def _notice_sentence(mentor: MentorProfile) -> str:
    hours = mentor.notice_hours
    return f"{mentor.user.first_name} asks for at least {hours} hour{'' if hours == 1 else 's'} of notice. Please choose a later time."


def _buffers(mentor: MentorProfile) -> tuple[timedelta, timedelta]:
    return timedelta(minutes=mentor.buffer_before_minutes), timedelta(minutes=mentor.buffer_after_minutes)


def _spans(
    mentor: MentorProfile, starts_at: datetime, ends_at: datetime
) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]]:
    before, after = _buffers(mentor)
    return (starts_at - before, ends_at + after), (starts_at, ends_at)


def hours_of(mentor_ids: Iterable[int], start: datetime, end: datetime) -> dict[int, Hours]:
    """When these mentors can be booked around [start, end): one query for any number of mentors and days."""
    ids = list(mentor_ids)
    week: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    extra: dict[int, list[Wall]] = defaultdict(list)
    closed: dict[int, list[Wall]] = defaultdict(list)
    for pk, weekday, first_day, last_day, first, last, is_extra in _rows_of_hours(ids, start.date(), end.date()):
        if weekday is not None:
            week[pk].append((weekday, first, last))
        else:
            (extra if is_extra else closed)[pk].append(_wall(first_day, last_day, first, last))
    return {pk: Hours(availability.merge(week[pk]), tuple(sorted(extra[pk])), tuple(sorted(closed[pk]))) for pk in ids}


def _rows_of_hours(ids: list[int], first: date, last: date) -> Iterable[tuple[Any, ...]]:
    """(mentor, weekday, first day, last day, start minute, end minute, is extra): rules, exceptions and vacations."""
    # Three days on either side: zones lie up to 14 h from UTC, a window may have begun up to two days before.
    days = (first - THREE_DAYS, last + THREE_DAYS)
    no_day, no_minute = Value(None, DateField()), Value(None, PositiveSmallIntegerField())
    rules = WeeklyRule.objects.filter(mentor__in=ids).order_by()
    exceptions = DateException.objects.filter(mentor__in=ids, day__range=days).order_by()
    away = Vacation.objects.filter(mentor__in=ids, first_day__lte=days[1], last_day__gte=days[0]).order_by()
    is_extra = Case(When(kind=DateException.Kind.EXTRA, then=True), default=False)
    return rules.values_list("mentor_id", "weekday", no_day, no_day, "start_minute", "end_minute", Value(False)).union(
        exceptions.values_list("mentor_id", no_minute, "day", "day", "start_minute", "end_minute", is_extra),
        away.values_list("mentor_id", no_minute, "first_day", "last_day", no_minute, no_minute, Value(False)),
        all=True,
    )


def _wall(first_day: date, last_day: date, first: int | None, last: int | None) -> Wall:
    """Whole days, or (with minutes) a part of the first one that may reach into the next."""
    midnight = datetime.combine(first_day, time())
    if first is None or last is None:
        return Wall(midnight, datetime.combine(last_day + ONE_DAY, time()))
    return Wall(midnight + timedelta(minutes=first), midnight + timedelta(minutes=last))


def _ids(viewer: User | None) -> list[int]:
    return [viewer.pk] if viewer and viewer.pk else []


def busy_of(
    mentors: Sequence[MentorProfile],
    others: Iterable[int],
    start: datetime,
    end: datetime,
    longest: int,
    now: datetime,
    ignore_session: Session | None = None,
) -> dict[int, Busy]:
    """Everybody's taken time around starts in [start, end), by person, in one query. Who waits too long for a payment takes none.

    A session that is over takes no time any more, but counts for the limit of its day.
    """
    before = max((m.buffer_before_minutes for m in mentors), default=0)
    after = max((m.buffer_after_minutes for m in mentors), default=0)
    first, last = start - timedelta(minutes=before), end + timedelta(minutes=longest + after)
    limited = [m.user_id for m in mentors if m.most_sessions_a_day is not None]
    if limited:
        first, last = first - TWO_DAYS, last + TWO_DAYS  # a day's limit counts the whole day, and a day may have 25 h
    around = DateTimeTZRange(first, last, "[)")
    people = {m.user_id for m in mentors} | set(others)
    rows = CalendarBlock.objects.filter(person__in=people, span__overlap=around).exclude(
        session__in=Session.objects.lapsed(now)
    )
    if ignore_session is not None:
        rows = rows.exclude(session=ignore_session)
    spans: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    given: dict[int, list[datetime]] = defaultdict(list)
    outside = BusyTime.objects.filter(person__in=people, span__overlap=around).order_by()
    nobody, never, none = (
        Value(None, BigIntegerField()),
        Value(None, DateTimeField()),
        Value(None, DateTimeRangeField()),
    )
    taken = rows.order_by().values_list("person_id", "span", "session__mentor_id", "session__starts_at")
    others_say = outside.values_list("person_id", "span", nobody, never)
    over = Session.objects.took_place().filter(mentor__in=limited, starts_at__range=(first, last)).order_by()
    counted = [over.values_list("mentor_id", none, "mentor_id", "starts_at")] if limited else []
    for person_id, span, mentor_id, starts_at in taken.union(others_say, *counted, all=True):
        if span is not None:
            spans[person_id].append((span.lower, span.upper))
        if person_id == mentor_id:
            given[person_id].append(starts_at)
    return defaultdict(Busy, {person_id: Busy(spans[person_id], given[person_id]) for person_id in {*spans, *given}})


def _starts(
    mentor: MentorProfile,
    hours: Hours,
    start: datetime,
    end: datetime,
    duration_minutes: int,
) -> Iterator[datetime]:
    """What the rules offer in [start, end), taken or not; ascending within each window."""
    zone = mentor.zone
    for window in availability.windows(hours, zone, start, end):
        for at in availability.starts(window, zone, mentor.slot_step_minutes, duration_minutes):
            if start <= at < end:
                yield at


def free_of(
    mentor: MentorProfile,
    hours: Hours,
    busy: Mapping[int, Busy],
    viewer_id: int | None,
    start: datetime,
    end: datetime,
    duration_minutes: int,
) -> Iterator[Slot]:
    """What the hours offer in [start, end) and neither of the two has taken."""
    nothing = Busy()
    mentor_busy = busy.get(mentor.user_id, nothing)
    viewer_busy = busy.get(viewer_id, nothing) if viewer_id else nothing
    duration = timedelta(minutes=duration_minutes)
    before, after = _buffers(mentor)
    for at in _starts(mentor, hours, start, end, duration_minutes):
        ends_at = at + duration
        if mentor_busy.is_full_day(at, mentor):
            continue
        if not mentor_busy.overlaps(at - before, ends_at + after) and not viewer_busy.overlaps(at, ends_at):
            yield Slot(at, ends_at)


def _each(
    profiles: Sequence[MentorProfile], now: datetime, viewer: User | None, days: int, duration: int | Mapping[int, int]
) -> Iterator[tuple[MentorProfile, Iterator[Slot]]]:
    if not profiles:
        return
    prefetch_related_objects(profiles, "user")
    minutes = {m.user_id: duration if isinstance(duration, int) else duration.get(m.user_id, 60) for m in profiles}
    ends = {m.user_id: min(now + timedelta(days=days), Horizon.of(m, now).end + availability.MINUTE) for m in profiles}
    last, viewer_id = max(ends.values()), viewer.pk if viewer else None
    hours = hours_of(minutes, now, last)
    busy = busy_of(profiles, _ids(viewer), now, last, max(minutes.values()), now)
    for mentor in profiles:
        pk, start = mentor.user_id, now + timedelta(hours=mentor.notice_hours)
        yield mentor, free_of(mentor, hours[pk], busy, viewer_id, start, ends[pk], minutes[pk])


def earliest(slots: Iterator[Slot]) -> Slot | None:
    """The first of slots that ascend by window. Two windows overlap only where a clock goes back, by at most three hours."""
    first = next(slots, None)
    if first is None:
        return None
    for slot in slots:
        if slot.starts_at - first.starts_at > timedelta(hours=3):
            break
        first = min(first, slot)
    return first
