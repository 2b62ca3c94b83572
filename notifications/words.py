"""A kind and its values become the title and the text one person reads: their zone, their role, nothing missing."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.text import Truncator

from mentorship.kernel import local_time
from mentorship.people.models import User
from notifications.kinds import KINDS, Kind, maybe

TITLE_MAX = 200


class Told:
    """What one person is told: title, text, the label of the one action and where it leads."""

    __slots__ = ("action", "text", "title", "url")

    def __init__(self, title: str, text: str, action: str, url: str) -> None:
        self.title, self.text, self.action, self.url = title, text, action, url


class _Moment:
    """An instant in a sentence: `{starts_at}` is long with the zone named, `{starts_at:day}` another style."""

    def __init__(self, moment: datetime, zone: ZoneInfo, now: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("an instant needs its offset")
        self.moment, self.zone, self.now = moment, zone, now

    def __format__(self, style: str) -> str:
        text = local_time.words(self.moment, self.zone, now=self.now, style=style or "long")
        # A clock time without its place could be anybody's.
        return f"{text} ({local_time.city(self.zone)})" if style == "default" else text


class _Count(int):
    """A number in a sentence: `{sessions:session}` is "1 session" or "4 sessions"."""

    def __format__(self, thing: str) -> str:
        return f"{int(self)} {thing}{'' if self == 1 else 's'}" if thing else str(int(self))


def tell(kind_name: str, recipient: User, context: dict[str, Any], now: datetime) -> Told:
    """The words of this kind for this person.

    Raises KeyError for an unknown kind or a value that a sentence needs and the caller did not pass, LookupError for a
    role this kind has no words for.
    """
    kind = KINDS[kind_name]
    role = role_of(kind, recipient, context)
    words = kind.words_for(role, str(context.get("what") or ""))
    values = _values(role, recipient, context, now)
    sentences = [_fill(s, values, kind_name) for s in words.text if not isinstance(s, maybe) or _complete(s, values)]
    title = _one_line(_fill(words.title, values, kind_name))
    return Told(
        title if len(title) <= TITLE_MAX else Truncator(title).chars(TITLE_MAX),
        "\n".join(s for s in sentences if s),
        words.action,
        str(context.get("url") or ""),
    )


def role_of(kind: Kind, recipient: User, context: dict[str, Any]) -> str:
    """Which copy this person gets: what the caller says (`role`), else the only one there is, else who is not named."""
    if role := context.get("role"):
        return str(role)
    if len(kind.roles) == 1:
        return kind.roles[0]
    mentor, student = context.get("mentor_name"), context.get("student_name")
    if mentor and not student:
        return "student"
    if student and not mentor:
        return "mentor"
    return "mentor" if mentor in (recipient.display_name, recipient.first_name) and mentor != student else "student"


def _values(role: str, recipient: User, context: dict[str, Any], now: datetime) -> dict[str, Any]:
    values = {name: _spoken(value, recipient.zone, now) for name, value in context.items() if value not in (None, "")}
    other = values.get("mentor_name" if role == "student" else "student_name")
    if other:
        values.setdefault("other", other)
    values.setdefault("grace_hours", _Count(settings.MENTORSHIP.grace_hours))
    values.setdefault("grace_reason", "You have used all your sessions.")
    if isinstance(starts_at := context.get("starts_at"), datetime):
        values["student_may_change"] = _may_change(starts_at, recipient.zone, now)
    return values


def _spoken(value: Any, zone: ZoneInfo, now: datetime) -> Any:
    if isinstance(value, datetime):
        return _Moment(value, zone, now)
    if isinstance(value, list):
        return "\n".join(f"{_Moment(moment, zone, now)}." for moment in value)  # instants, a line for each
    if isinstance(value, int) and not isinstance(value, bool):
        return _Count(value)
    return _one_line(str(value)) if isinstance(value, str) else value


def _may_change(starts_at: datetime, zone: ZoneInfo, now: datetime) -> str:
    hours = settings.MENTORSHIP.move_notice_hours
    until = starts_at - timedelta(hours=hours)
    if until < now:
        return f"It is less than {hours} hours away: it can no longer be moved, and cancelling it now would use the session up."
    return f"Until {local_time.words(until, zone, now=now, style='long')} you may move it, or cancel it and get the session back."


def _complete(sentence: str, values: dict[str, Any]) -> bool:
    return all(name in values for name in _names(sentence))


@cache
def _names(sentence: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in Formatter().parse(sentence) if name)


def _fill(sentence: str, values: dict[str, Any], kind: str) -> str:
    try:
        return sentence.format_map(values)
    except KeyError as missing:
        raise KeyError(f"{kind} needs {missing} to say: {sentence}") from missing


def _one_line(text: str) -> str:
    # A name with a line break must not become a second mail header; a NUL is more than PostgreSQL can store.
    return " ".join(text.replace("\0", "").split())
