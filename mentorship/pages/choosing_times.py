"""A week of free times to choose from, for booking and for moving, and the form that carries the choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms

from mentorship.people.http import SignedInRequest
from mentorship.people.models import MentorProfile, User
from packs.models import SessionPack
from sessions_app.models import Session
from sessions_app.slots import Horizon, free_slots
from sessions_app.week import DAYS, read_first_day, week_of_slots, week_range

AGENDA_MAX = 2000


class TimeField(forms.Field):
    """An ISO instant with its zone, as the week's radios carry it."""

    default_error_messages = {"required": "Please choose a time.", "invalid": "Please choose one of the times shown."}

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(str(value))
            if moment.tzinfo is None:
                raise ValueError
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as wrong:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from wrong


class MoveForm(forms.Form):
    scheduledAt = TimeField()


class BookForm(MoveForm):
    agenda = forms.CharField(
        label="What shall we talk about?",
        required=False,
        max_length=AGENDA_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(frozen=True)
class Week:
    """Seven days of free times with links to the weeks around it; addresses come from `link`."""

    days: list[dict[str, Any]]
    first_day: date
    earlier_url: str
    later_url: str

    @property
    def times(self) -> list[datetime]:
        return [slot["starts_at"] for day in self.days for slot in day["slots"]]

    @property
    def has_times(self) -> bool:
        return bool(self.times)

    @property
    def first_time(self) -> datetime | None:
        return min(self.times, default=None)

    @property
    def last_time(self) -> datetime | None:
        return max(self.times, default=None)


def week_of_pack(
    pack: SessionPack,
    profile: MentorProfile,
    viewer: User,
    *,
    asked: str | None,
    zone: Any,
    now: datetime,
    link: Callable[[date], str],
    selected: datetime | None = None,
    moving: Session | None = None,
    within_notice: bool = False,
    url: Callable[[datetime], str] | None = None,
) -> Week:
    """The week in which the reader looks for a time of this pack; its first one where none was asked for.

    Without `asked` it opens at the first free time, so that nobody has to search for it. With `url` each time is a link.
    """
    local = now.astimezone(zone).date()
    horizon = Horizon.of(profile, now, pack.expires_at).end.astimezone(zone).date()
    wanted = asked or (selected.astimezone(zone).date().isoformat() if selected else None)
    first_day = read_first_day(wanted, zone, now)
    span_days = DAYS if wanted else (horizon - local).days + 1
    start, end = week_range(first_day, zone)
    slots = free_slots(
        mentor=profile,
        start=start,
        end=max(end, start + timedelta(days=span_days)),
        duration_minutes=pack.duration_minutes,
        now=now,
        viewer=pack.student,
        horizon_ends=pack.expires_at,
        ignore_session=moving,
        within_notice=within_notice,
    )
    slots = [slot for slot in slots if slot.starts_at < pack.expires_at]
    if wanted is None and slots:
        first_day = max(local, slots[0].starts_at.astimezone(zone).date())
    days = week_of_slots(slots, zone, now, first_day, selected=selected, url=url)
    before, after = max(local, first_day - timedelta(days=DAYS)), first_day + timedelta(days=DAYS)
    return Week(
        days=days,
        first_day=first_day,
        earlier_url=link(before) if first_day > local else "",
        later_url=link(after) if after <= horizon else "",
    )


def week_to_move(request: SignedInRequest, session: Session, noun: str, **how: Any) -> Week:
    """The week in which the reader looks for another time of a session, on its page of this noun."""
    assert session.pack is not None, "a booked session has its pack"
    return week_of_pack(
        session.pack,
        session.mentor.mentor_profile,
        request.user,
        asked=request.GET.get("week") or request.POST.get("week"),
        zone=request.user.zone,
        now=request.now,
        link=lambda day: with_query(f"{session.get_absolute_url()}/{noun}", week=day.isoformat()),
        moving=session,
        **how,
    )


def with_query(path: str, **query: Any) -> str:
    return f"{path}?{urlencode({name: value for name, value in query.items() if value})}"
