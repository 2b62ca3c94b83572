"""Free times: what a mentor's weekly rules offer, less what is taken. Computed when asked, never stored.

`free_slots` lists, `check_slot` judges one (both from the same parts, so what is offered is accepted), `block_spans` says
what a booking takes from the two calendars. Two queries however long the range: the rules and the blocks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import prefetch_related_objects

from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile, User
from sessions_app import availability
from sessions_app.models import CalendarBlock, Session, WeeklyRule


class Slot(NamedTuple):
    """A time that can be booked. Instants in UTC."""

    starts_at: datetime
    ends_at: datetime


class Busy:
    """A person's taken time. Spans do not overlap: the database's exclusion constraint says so."""

    def __init__(self, spans: Iterable[tuple[datetime, datetime]] = ()) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._ends = [end for _, end in ordered]

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
    def at(cls, now: datetime, credit_end: datetime | None = None) -> Horizon:
        return cls(now + timedelta(days=settings.MENTORSHIP.horizon_days), credit_end)

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
) -> list[Slot]:
    """The mentor's bookable times with starts in [start, end), ascending.

    Obeys minimum notice and the horizon (60 days, or until `horizon_ends`, a pack's expiry, where that is later), the
    mentor's other sessions in either role with buffers, and the viewer's own. `ignore_session` is the one being moved.
    """
    horizon = Horizon.at(now, horizon_ends)
    start = max(start, now + timedelta(hours=mentor.notice_hours))
    end = min(end, horizon.end + availability.MINUTE)
    if start >= end:
        return []
    stretches = _stretches([mentor.user_id])[mentor.user_id]
    busy = _busy([mentor], viewer, start, end, duration_minutes, now, ignore_session) if stretches else {}
    found = _free(mentor, stretches, busy, viewer, start, end, duration_minutes)
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
        first = _earliest(slots)
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
    gone = Refusal("slot_unavailable", "This time cannot be booked. Please choose one of the free times.")
    if starts_at <= now or not Horizon.at(now, latest).allows(starts_at):
        raise gone
    until = starts_at + availability.MINUTE
    stretches = _stretches([mentor.user_id])[mentor.user_id]
    if starts_at not in _starts(mentor, stretches, starts_at, until, duration_minutes):
        raise gone
    busy = _busy([mentor], student, starts_at, until, duration_minutes, now, ignore_session)
    mentor_span, plain_span = _spans(mentor, starts_at, starts_at + timedelta(minutes=duration_minutes))
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


def _stretches(mentor_ids: Iterable[int]) -> dict[int, tuple[availability.Stretch, ...]]:
    rules: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    rows = WeeklyRule.objects.filter(mentor__in=mentor_ids).order_by()
    for mentor_id, weekday, start, end in rows.values_list("mentor_id", "weekday", "start_minute", "end_minute"):
        rules[mentor_id].append((weekday, start, end))
    return defaultdict(tuple, {mentor_id: availability.merge(found) for mentor_id, found in rules.items()})


def _busy(
    mentors: Sequence[MentorProfile],
    viewer: User | None,
    start: datetime,
    end: datetime,
    longest: int,
    now: datetime,
    ignore_session: Session | None = None,
) -> dict[int, Busy]:
    """Everybody's taken time around starts in [start, end), in one query. Who waits too long for a payment takes none."""
    before = max((m.buffer_before_minutes for m in mentors), default=0)
    after = max((m.buffer_after_minutes for m in mentors), default=0)
    around = DateTimeTZRange(start - timedelta(minutes=before), end + timedelta(minutes=longest + after), "[)")
    people = {m.user_id for m in mentors} | ({viewer.pk} if viewer and viewer.pk else set())
    rows = CalendarBlock.objects.filter(person__in=people, span__overlap=around).exclude(
        session__in=Session.objects.lapsed(now)
    )
    if ignore_session is not None:
        rows = rows.exclude(session=ignore_session)
    spans: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for person_id, span in rows.values_list("person_id", "span"):
        spans[person_id].append((span.lower, span.upper))
    return defaultdict(Busy, {person_id: Busy(found) for person_id, found in spans.items()})


def _starts(
    mentor: MentorProfile,
    stretches: tuple[availability.Stretch, ...],
    start: datetime,
    end: datetime,
    duration_minutes: int,
) -> Iterator[datetime]:
    """What the rules offer in [start, end), taken or not; ascending within each window."""
    zone = mentor.zone
    for window in availability.windows(stretches, zone, start, end):
        for at in availability.starts(window, zone, mentor.slot_step_minutes, duration_minutes):
            if start <= at < end:
                yield at


def _free(
    mentor: MentorProfile,
    stretches: tuple[availability.Stretch, ...],
    busy: Mapping[int, Busy],
    viewer: User | None,
    start: datetime,
    end: datetime,
    duration_minutes: int,
) -> Iterator[Slot]:
    nothing = Busy()
    mentor_busy = busy.get(mentor.user_id, nothing)
    viewer_busy = busy.get(viewer.pk, nothing) if viewer else nothing
    duration = timedelta(minutes=duration_minutes)
    before, after = _buffers(mentor)
    for at in _starts(mentor, stretches, start, end, duration_minutes):
        ends_at = at + duration
        if not mentor_busy.overlaps(at - before, ends_at + after) and not viewer_busy.overlaps(at, ends_at):
            yield Slot(at, ends_at)


def _each(
    profiles: Sequence[MentorProfile], now: datetime, viewer: User | None, days: int, duration: int | Mapping[int, int]
) -> Iterator[tuple[MentorProfile, Iterator[Slot]]]:
    if not profiles:
        return
    prefetch_related_objects(profiles, "user")
    minutes = {m.user_id: duration if isinstance(duration, int) else duration.get(m.user_id, 60) for m in profiles}
    end = min(now + timedelta(days=days), Horizon.at(now).end + availability.MINUTE)
    stretches = _stretches(minutes)
    busy = _busy(profiles, viewer, now, end, max(minutes.values()), now)
    for mentor in profiles:
        start = now + timedelta(hours=mentor.notice_hours)
        yield mentor, _free(mentor, stretches[mentor.user_id], busy, viewer, start, end, minutes[mentor.user_id])


def _earliest(slots: Iterator[Slot]) -> Slot | None:
    """The first of slots that ascend by window. Two windows overlap only where a clock goes back, by at most three hours."""
    first = next(slots, None)
    if first is None:
        return None
    for slot in slots:
        if slot.starts_at - first.starts_at > timedelta(hours=3):
            break
        first = min(first, slot)
    return first
