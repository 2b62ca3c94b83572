"""What the use-cases share: the locked row, the two blocks, the trace, the notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import MentorProfile
from notifications.services import notify, withdraw
from packs.models import SessionPack
from packs.services import resume_overdue
from sessions_app.ics import Method, build_ics, sequence_of, title_for
from sessions_app.models import CalendarBlock, MoveProposal, Session, SessionEvent
from sessions_app.slots import block_spans

CALENDAR_METHODS: dict[str, Method] = {
    "session_scheduled": "REQUEST",
    "session_moved": "REQUEST",
    "session_cancelled": "CANCEL",
}


@dataclass
class Locked:
    """A session with everything locked that its verbs touch, read fresh after the locks."""

    session: Session
    pack: SessionPack | None
    profile: MentorProfile


def lock_session(session_id: UUID, by: Any, *, now: datetime) -> Locked:
    """Lock people, pack and session, in that order. `by` must be one of the two (None: the system).

    A pause of the pack whose time is over at `now` is over, whether or not a job has said so. Raises NotFound for an
    unknown session or a stranger's. The caller is inside a transaction.
    """
    rows = Session.objects.all() if by is None else Session.objects.of(by)
    ids = rows.filter(pk=session_id).values_list("student_id", "mentor_id", "pack_id").first()
    if ids is None:
        raise NotFound
    student_id, mentor_id, pack_id = ids
    lock_people([student_id, mentor_id])
    pack = next(iter(lock(SessionPack.objects.filter(pk=pack_id))), None)
    if pack is not None and pack.paused_at is not None:
        resume_overdue([pack], now)
    session = lock(Session.objects.filter(pk=session_id).select_related("student", "mentor"))[0]
    profile = MentorProfile.objects.select_related("user").get(user=mentor_id)
    # What the session leads to is what was locked, so that a consequence is judged by it.
    session.pack, session.mentor.mentor_profile = pack, profile
    return Locked(session, pack, profile)


def slot_taken() -> Refusal:
    return Refusal("slot_unavailable", "This time has just been taken. Please choose another.")


def block_time(session: Session, profile: MentorProfile) -> None:
    """Both people's time is taken: the mentor's with today's buffers, which stay frozen in the row."""
    mentor_span, student_span = block_spans(profile, session.starts_at, session.ends_at)
    CalendarBlock.objects.bulk_create(
        [
            CalendarBlock(person_id=session.mentor_id, span=mentor_span, session=session),
            CalendarBlock(person_id=session.student_id, span=student_span, session=session),
        ]
    )


def free_time(session: Session) -> None:
    CalendarBlock.objects.filter(session=session).delete()


# What is told of a session to come; a claim is about one that was, and is told whatever becomes of it.
COMING_KINDS = (
    "session_scheduled",
    "session_moved",
    "session_cancelled",
    "session_starting",
    "move_proposed",
    "move_declined",
)


def take_back_plans(session: Session, *, now: datetime) -> None:
    """Its time or its state has changed: what was not told of the old one yet is not told, what was proposed is off."""
    withdraw(f"session:{session.pk}", now=now, kinds=COMING_KINDS)
    close_proposals(session, now=now)


def close_proposals(session: Session, *, now: datetime) -> None:
    session.proposals.filter(status=MoveProposal.Status.OPEN).update(
        status=MoveProposal.Status.WITHDRAWN, answered_at=now
    )


def trace(session: Session, kind: str, *, by: Any, at: datetime, reason: str = "") -> None:
    SessionEvent.objects.create(session=session, kind=kind, by=by, at=at, reason=reason, starts_at=session.starts_at)


def tell(session: Session, kind: str, *people: Any, key: str, by: Any = None, now: datetime, **context: Any) -> None:
    """Notify these participants about the session; each reads the other side's name. New times bring a calendar file.

    `by`: who did it, where the words name them. They themselves read that they did it (the turn `own`, unless the
    caller says `what`).
    """
    sequence = sequence_of(session) if kind in CALENDAR_METHODS else 0
    for person in people:
        own = by is not None and person.pk == by.pk
        if kind in CALENDAR_METHODS:
            context["ics"] = calendar_file(session, kind, person, sequence, now)
        notify(
            kind,
            recipient=person,
            about=f"session:{session.pk}",
            dedupe_key=f"{kind}:{session.pk}:{key}:{person.pk}",
            now=now,
            mentor_name=session.mentor.display_name,
            student_name=session.student.display_name,
            role="mentor" if person.pk == session.mentor_id else "student",
            title=session.title,
            starts_at=session.starts_at,
            duration_minutes=session.minutes,
            agenda=session.agenda,
            url=session.get_absolute_url(),
            by_name=by.display_name if by is not None else "",
            **{"what": "own" if own else "", **context},
        )


def calendar_file(session: Session, kind: str, person: Any, sequence: int, now: datetime) -> bytes:
    """The session for this person's calendar: it names the other side, and nobody's address but the reader's."""
    return build_ics(
        session,
        title=title_for(session, person.pk),
        method=CALENDAR_METHODS[kind],
        sequence=sequence,
        now=now,
        attendee=person.email,
    )


def wrong_state(session: Session) -> Refusal:
    absent = session.status == Session.Status.NO_SHOW
    state = "settled already: somebody did not come" if absent else session.get_status_display()
    return Refusal("wrong_state", f"This session is {state}.")
