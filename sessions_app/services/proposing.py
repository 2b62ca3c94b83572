"""Inside 24 h a session moves only if both want it: the mentor proposes, the student accepts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from mentorship.kernel import clock
from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from notifications.services import withdraw
from sessions_app.models import MoveProposal, Session
from sessions_app.services.common import close_proposals, lock_session, tell, wrong_state
from sessions_app.services.consequences import Consequence
from sessions_app.services.moving import check_new_time, move_to

Status = MoveProposal.Status


@transaction.atomic
def propose_move(*, session_id: UUID, starts_at: datetime, by: Any, note: str = "", now: datetime) -> MoveProposal:
    """The mentor proposes another time, at any time before the start. An older open proposal is replaced, the same one kept.

    Raises NotFound, NotYours (the student), Refusal `wrong_state`, and what `reschedule` raises for the new time.
    """
    starts_at = clock.utc(starts_at)
    locked = lock_session(session_id, by, now=now)
    session, pack = locked.session, locked.pack
    if by.pk != session.mentor_id:
        raise NotYours("Only the mentor can propose another time.")
    if session.status != Session.Status.SCHEDULED or pack is None or now >= session.starts_at:
        raise wrong_state(session)
    if starts_at == session.starts_at:
        raise Refusal("wrong_state", "The session is at this time already.")
    check_new_time(session, starts_at, notice_counts=False, now=now)  # the notice is the mentor's own wish
    known = session.proposals.filter(status=Status.OPEN, starts_at=starts_at, note=note).first()
    if known is not None:
        return known  # a second click: the student is asked once
    _take_back(session, now)
    proposal = MoveProposal.objects.create(
        session=session, by=by, starts_at=starts_at, old_starts_at=session.starts_at, note=note, created_at=now
    )
    tell(
        session,
        "move_proposed",
        session.student,
        key=str(proposal.pk),
        now=now,
        not_after=proposal.open_until,
        new_starts_at=starts_at,
        reason=note,
    )
    return proposal


def _take_back(session: Session, now: datetime) -> None:
    withdraw(f"session:{session.pk}", now=now, kinds=["move_proposed"])
    close_proposals(session, now=now)


@transaction.atomic
def withdraw_proposal(*, session_id: UUID, by: Any, now: datetime) -> Session:
    """The mentor takes back what they proposed; the session stays. Twice changes nothing. Raises NotFound, NotYours."""
    session = lock_session(session_id, by, now=now).session
    if by.pk != session.mentor_id:
        raise NotYours("Only the mentor can withdraw a proposal.")
    _take_back(session, now)
    return session


def what_if_accepted(proposal: MoveProposal, *, by: Any, now: datetime) -> Consequence:
    """What accepting this proposal does at `now`, to its session (loaded). Raises as `answer_proposal` does."""
    session = proposal.session
    if by.pk != session.student_id:
        raise NotYours("The student answers a proposal.")
    if not proposal.is_open(now) or session.status != Session.Status.SCHEDULED:
        raise Refusal("wrong_state", "This proposal is no longer open.")
    check_new_time(session, proposal.starts_at, notice_counts=False, now=now)
    words = "The session moves: nothing is paid or used, and it does not count as a change of yours."
    free_until = proposal.starts_at - timedelta(hours=settings.MENTORSHIP.move_notice_hours)
    if free_until < now:
        words = f"{words} The new time is near: from then on, cancelling uses this session."
    return Consequence(f"accept {proposal.pk}{':near' if free_until < now else ''}", words, False, free_until)


@transaction.atomic
def answer_proposal(
    *, proposal_id: int, by: Any, accepted: bool, now: datetime, expect: str | None = None
) -> MoveProposal:
    """The student accepts (the session moves, whatever its notice) or keeps the old time. Twice changes nothing.

    `expect`: what accepting was shown to do. Raises NotFound, NotYours (the mentor), Refusal `wrong_state` (too late,
    withdrawn, moved otherwise), `answer_changed`, and what `reschedule` raises for the new time.
    """
    session_id = MoveProposal.objects.filter(pk=proposal_id).values_list("session_id", flat=True).first()
    if session_id is None:
        raise NotFound
    locked = lock_session(session_id, by, now=now)
    session = locked.session
    if by.pk != session.student_id:
        raise NotYours("The student answers a proposal.")
    proposal = lock(MoveProposal.objects.filter(pk=proposal_id))[0]
    proposal.session = session
    if proposal.status == (Status.ACCEPTED if accepted else Status.DECLINED):
        return proposal
    if accepted:
        what_if_accepted(proposal, by=by, now=now).must_be(expect)
        move_to(locked, proposal.starts_at, by=by, notice_counts=False, proposed=True, now=now)
    elif not proposal.is_open(now):
        raise Refusal("wrong_state", "This proposal is no longer open.")
    proposal.status, proposal.answered_at = (Status.ACCEPTED if accepted else Status.DECLINED), now
    proposal.save(update_fields=["status", "answered_at"])
    if not accepted:
        tell(session, "move_declined", session.mentor, key=str(proposal.pk), now=now)
    return proposal
