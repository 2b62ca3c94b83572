"""What is being said about a session: a claim that something was wrong, a proposal to move it; for one of its two people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects

from mentorship.kernel import local_time
from mentorship.kernel.refusals import Refusal
from mentorship.pages.session_card import SessionCard
from sessions_app.models import Claim, MoveProposal, Session
from sessions_app.services import check_may_claim, claimable_until

Outcome, Status = Claim.Outcome, Claim.Status
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


def outcome_words(session: Session, outcome: str, viewer: Any) -> str:
    """What the session should count as, with names: "You did not come"."""
    student = "You" if viewer == session.student else session.student.first_name
    mentor = "You" if viewer == session.mentor else session.mentor.first_name
    return {
        Outcome.COMPLETED: "It took place",
        Outcome.STUDENT_ABSENT: f"{student} did not come",
        Outcome.MENTOR_ABSENT: f"{mentor} did not come",
        Outcome.BOTH_ABSENT: "Neither of you came",
        Outcome.GIVEN_BACK: "It should not count",
    }[Outcome(outcome)]


@dataclass(frozen=True)
class ClaimCard:
    """A claim as one of the two reads it."""

    claim: Claim
    viewer: Any
    now: datetime

    @property
    def is_open(self) -> bool:
        return self.claim.status in Claim.OPEN

    @property
    def is_own(self) -> bool:
        return self.claim.by_id == self.viewer.pk

    @property
    def other(self) -> Any:
        return self.claim.session.other_side(self.viewer.pk)

    @property
    def wanted(self) -> str:
        return outcome_words(self.claim.session, self.claim.wanted, self.viewer)

    @property
    def in_time(self) -> bool:
        """The other side can still agree or answer before an admin looks at it."""
        return self.claim.status == Status.OPENED and not self.claim.is_for_an_admin(self.now)

    @property
    def for_reader(self) -> bool:
        """The reader is asked to agree or to answer."""
        return self.claim.asks(self.viewer)

    @property
    def title(self) -> str:
        if self.is_own:
            return "You said that something was wrong" if self.is_open else "What you said was wrong"
        return f"{self.other.first_name} says that something was wrong"

    @property
    def status_words(self) -> str:
        """Where it stands, in a sentence without its deadline."""
        name = self.other.first_name
        if self.claim.status == Status.OPENED:
            if not self.in_time:
                return "The time to answer is over: an admin decides."
            return f"{name} can agree or answer." if self.is_own else "You can agree or answer."
        return {
            Status.ANSWERED: "Both sides have spoken: an admin decides.",
            Status.AGREED: f"{name} agreed." if self.is_own else "You agreed.",
            Status.UPHELD: "An admin decided for it.",
            Status.DISMISSED: "An admin decided against it: it stays as it was.",
            Status.WITHDRAWN: "It was taken back: all stays as it was.",
        }[Status(self.claim.status)]


@dataclass(frozen=True)
class Claiming:
    """What can be said about a session, or has been."""

    said: ClaimCard | None
    # Until when something can be said; None where it cannot.
    until: datetime | None


def claiming(card: SessionCard) -> Claiming:
    """The newest claim about this session, and whether a new one can be made."""
    session = card.session
    if not card.has_ended:
        return Claiming(None, None)
    prefetch_related_objects([session], "claims")
    said = max(session.claims.all(), key=lambda claim: claim.pk, default=None)
    try:
        check_may_claim(session, by=card.viewer, now=card.now)
        until: datetime | None = claimable_until(session)
    except Refusal:
        until = None
    return Claiming(ClaimCard(said, card.viewer, card.now) if said else None, until)


def open_proposal(card: SessionCard) -> MoveProposal | None:
    """The mentor's proposal that the student can still answer."""
    if card.stage != "before":
        return None
    found = card.session.proposals.filter(status=MoveProposal.Status.OPEN).first()
    if found is None or not found.is_open(card.now):
        return None
    found.session = card.session
    return found


def session_needs(viewer: Any, now: datetime, *, mentor: bool) -> list[dict[str, Any]]:
    """What is being said about the viewer's sessions, as items of "Needs you"; in one role, in at most two queries.

    What waits for the other side, or for an admin, is nothing to do: a claim of one's own, the mentor's own proposal.
    """
    mine = {"session__mentor" if mentor else "session__student": viewer}
    people = ("session__student", "session__mentor")
    claims = Claim.objects.asking(viewer).filter(**mine).select_related(*people).order_by("answer_by")
    items = [*_claim_items(claims, viewer, now)]
    if mentor:
        return items
    proposals = MoveProposal.objects.filter(
        **mine, status=MoveProposal.Status.OPEN, old_starts_at__gt=now, starts_at__gt=now
    ).select_related(*people)
    return [*items, *(_proposed(one, viewer, now) for one in proposals)]


def _claim_items(claims: Iterable[Claim], viewer: Any, now: datetime) -> Iterable[dict[str, Any]]:
    for claim in claims:
        card = ClaimCard(claim, viewer, now)
        when = local_time.words(claim.session.starts_at, viewer.zone, now=now)
        item = {
            "title": card.title,
            "text": f"{card.status_words} The session of {when}.",
            "url": f"{claim.session.get_absolute_url()}/claim",
        }
        yield item | ({"until": claim.answer_by} if card.in_time else {"left": "with an admin"})


def _proposed(proposal: MoveProposal, viewer: Any, now: datetime) -> dict[str, Any]:
    session = proposal.session
    old, new = (local_time.words(at, viewer.zone, now=now) for at in (proposal.old_starts_at, proposal.starts_at))
    return {
        "title": f"{session.mentor.first_name} asks to move your session",
        "text": f"from {old} to {new}",
        "until": proposal.open_until,
        "url": f"{session.get_absolute_url()}/proposal",
    }
