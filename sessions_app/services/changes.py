"""A mentor may limit how often a student moves or cancels for free: moves and timely cancellations of a pack count together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q

from sessions_app.models import MoveProposal, Session, SessionEvent

Kind = SessionEvent.Kind


@dataclass(frozen=True)
class Changes:
    """How many free changes a pack has, and how many its student has made."""

    most: int
    made: int

    @property
    def left(self) -> int:
        return max(0, self.most - self.made)

    @property
    def sentence_spent(self) -> str:
        return (
            f"All {self.most} free changes of this pack are made."
            if self.most > 1
            else "The free change of this pack is made."
        )

    @property
    def sentence_after_one_more(self) -> str:
        left = max(0, self.left - 1)
        how_many = "none is" if left == 0 else "1 is" if left == 1 else f"{left} are"
        return f"This is one of {self.most} free changes of the pack; after it {how_many} left."


def changes_of(session: Session) -> Changes | None:
    """The free changes of this session's pack; None where its mentor sets no limit.

    What the student does counts: moves, and cancellations in time. Not an undone booking, a proposal of the mentor's that
    was accepted, or what the mentor does.
    """
    most = session.mentor.mentor_profile.most_changes_a_pack
    if most is None or session.pack_id is None:
        return None
    events = SessionEvent.objects.filter(session__pack=session.pack_id, by=session.student_id)
    undone_until = F("session__booked_at") + timedelta(minutes=settings.MENTORSHIP.undo_minutes)
    in_time = Q(
        kind=Kind.CANCELLED,
        session__credit=Session.Credit.RETURNED,
        at__lte=F("starts_at") - timedelta(hours=settings.MENTORSHIP.move_notice_hours),
        at__gt=undone_until,
    )
    agreed = MoveProposal.objects.filter(session__pack=session.pack_id, status=MoveProposal.Status.ACCEPTED)
    return Changes(most, events.filter(Q(kind=Kind.MOVED) | in_time).count() - agreed.count())
