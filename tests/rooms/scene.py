"""What several tests of the rooms begin with."""

from __future__ import annotations

from datetime import datetime
from html import unescape
from re import findall, sub
from typing import Any

from mentorship.people.models import User
from sessions_app.models import Session
from sessions_app.services import book, complete
from tests.cast import NOW, at

LINK = "https://meet.example.test/mia"


def booked(student: User, mentor: User, starts_at: datetime, *, now: datetime = NOW, **more: Any) -> Session:
    return book(student=student, mentor_id=mentor.pk, starts_at=starts_at, by=student, now=now, **more)


def used_up(student: User, mentor: User, count: int = 4, first_day: int = 1) -> list[Session]:
    """`count` sessions on following days at ten, each completed at its end."""
    sessions = []
    for day in range(first_day, first_day + count):
        session = booked(student, mentor, at(day))
        sessions.append(complete(session_id=session.pk, by=mentor, now=session.ends_at))
    return sessions


def words(answer: Any) -> str:
    """The page as a reader sees it: no tags, one space between words, none before a full stop."""
    text = " ".join(unescape(sub(r"<[^>]+>", " ", answer.content.decode())).split())
    return sub(r" (?=[.,:;?”)])", "", text)


def shown(answer: Any) -> dict[str, str]:
    """What the page's forms send back of what it showed: `expect`, or one for each answer."""
    return dict(findall(r'name="(expect[^"]*)" value="([^"]*)"', answer.content.decode()))


def with_link(mentor: User) -> None:
    mentor.mentor_profile.meeting_url = LINK
    mentor.mentor_profile.save()
