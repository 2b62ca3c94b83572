"""A session as one of its two people sees it: what it is now, and which verbs fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from mentorship.kernel.refusals import Refusal
from mentorship.people.models import User
from packs.models import CreditEntry
from sessions_app.models import Session
from sessions_app.services import Changes, Consequence, changes_of, what_if_completed

Status, Credit, Party = Session.Status, Session.Credit, Session.Party


def _made_up_of(session: Any) -> QuerySet[CreditEntry]:
    return CreditEntry.objects.filter(kind=CreditEntry.Kind.MOVED_IN, session_id=session)


# For a list of sessions: `.annotate(made_up=MADE_UP)`.
MADE_UP = Exists(_made_up_of(OuterRef("pk")))


@dataclass
class SessionCard:
    """`viewer` is one of the two; the session has its people and, if it matters, `number` and its pack loaded."""

    session: Session
    viewer: User
    now: datetime
    # Another pack of the pair keeps the seat, so that the end of this one starts no grace. None: it is looked up.
    seat_kept_otherwise: bool | None = None

    @property
    def is_mentor(self) -> bool:
        return self.viewer.pk == self.session.mentor_id

    @property
    def other(self) -> Any:
        return self.session.other_side(self.viewer.pk)

    @property
    def stage(self) -> str:
        """unpaid, before, open (the room is), over (not settled yet) or settled."""
        session = self.session
        if (
            session.status == Status.AWAITING_PAYMENT
            and session.payment_deadline
            and session.payment_deadline > self.now
        ):
            return "unpaid"
        if not session.is_booked:
            return "settled"
        if session.is_joinable(self.now):
            return "open"
        return "before" if self.now < session.room_opens_at() else "over"

    @property
    def has_ended(self) -> bool:
        """Its time is over: from now on it can be settled. At the very end the room is still open, too."""
        return self.now >= self.session.ends_at

    @property
    def rank(self) -> str:
        """ "3 of 4", or nothing for a session that stands alone."""
        number, pack = getattr(self.session, "number", None), self.session.pack
        if number is None or pack is None or pack.total_at(self.now) < 2:
            return ""
        return f"{number} of {pack.total_at(self.now)}"

    @property
    def free_until(self) -> datetime:
        """Until when it can be moved, and cancelled by the student for nothing."""
        return self.session.free_until

    @property
    def can_move(self) -> bool:
        return self.session.status == Status.SCHEDULED and self.session.moves_freely(self.now)

    @cached_property
    def changes(self) -> Changes | None:
        """The student's free changes, where the mentor limits them. A query then: not for lists."""
        return None if self.is_mentor else changes_of(self.session)

    @property
    def may_move(self) -> bool:
        """In time, and with a free change left."""
        return self.can_move and (self.changes is None or self.changes.left > 0)

    @property
    def can_propose(self) -> bool:
        """The mentor may ask to move it at any time before the start."""
        return self.is_mentor and self.session.status == Status.SCHEDULED and self.now < self.session.starts_at

    @property
    def can_cancel(self) -> bool:
        if self.is_mentor:
            return self.stage in ("unpaid", "before", "open", "over")
        return self.stage in ("unpaid", "before", "open")

    @property
    def undo_until(self) -> datetime | None:
        """For the student's fresh booking: until when it can be taken back."""
        session = self.session
        if self.is_mentor or session.status != Status.SCHEDULED or session.booked_at is None:
            return None
        if not session.can_be_undone(self.now):
            return None
        return min(
            session.booked_at + timedelta(minutes=settings.MENTORSHIP.undo_minutes),
            session.starts_at - timedelta(hours=1),
        )

    @property
    def stay_until(self) -> datetime:
        """Whoever is inside at the end may stay this long."""
        return self.session.ends_at + timedelta(minutes=settings.MENTORSHIP.stay_late_minutes)

    @property
    def settles_at(self) -> datetime:
        """When a session that nobody marks settles by itself: sooner where somebody has entered the room."""
        return self.session.settled_by_itself_at(evidence=self.session.started_at is not None)

    @cached_property
    def completing(self) -> Consequence | None:
        """What marking it as completed does, for its mentor once it is over."""
        try:
            return what_if_completed(
                self.session, by=self.viewer, now=self.now, kept_otherwise=self.seat_kept_otherwise
            )
        except Refusal:
            return None

    @property
    def if_used(self) -> str:
        return self.completing.sentence if self.completing else ""

    @property
    def badge(self) -> str:
        """How it ended, in a word or two."""
        session = self.session
        if session.status == Status.NO_SHOW:
            who = {Party.STUDENT: session.student, Party.MENTOR: session.mentor}.get(session.absent_party)  # type: ignore[call-overload]
            return (
                "Nobody came"
                if who is None
                else "You did not come"
                if who == self.viewer
                else f"{who.first_name} did not come"
            )
        if session.status == Status.CANCELLED:
            return "Cancelled late" if session.credit == Credit.USED else "Cancelled"
        return {Status.COMPLETED: "Completed"}.get(session.status, "Not paid in time")  # type: ignore[call-overload]

    @cached_property
    def made_up(self) -> bool:
        """What came back is a make-up session. A query, unless the row brings it as `MADE_UP`."""
        found = getattr(self.session, "made_up", None)
        return _made_up_of(self.session.pk).exists() if found is None else found

    @property
    def credit_words(self) -> str:
        """What became of the credit."""
        if self.session.credit == Credit.USED:
            return "1 session of the pack was used."
        if self.session.credit == Credit.RETURNED:
            if self.made_up:
                return "Its pack was over, so a make-up session was made of it."
            return "The session went back to the pack."
        return "Nothing was paid for it."


def cards(sessions: Any, viewer: User, now: datetime) -> list[SessionCard]:
    return [SessionCard(session, viewer, now) for session in sessions]
