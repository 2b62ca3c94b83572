"""Inside 24 h a session moves only if both want it: the mentor proposes, the student accepts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from sessions_app.models import MoveProposal, Session
from sessions_app.services.common import lock_session, tell, wrong_state
from sessions_app.services.moving import move_to
from sessions_app.slots import check_slot

Status = MoveProposal.Status


@transaction.atomic
def propose_move(*, session_id: UUID, starts_at: datetime, by: Any, note: str = "", now: datetime) -> MoveProposal:
    """The mentor proposes another time, at any time before the start. An older open proposal is replaced.

    Raises NotFound, NotYours (the student), Refusal `wrong_state`, `slot_unavailable`.
    """
    locked = lock_session(session_id, by)
    session, pack = locked.session, locked.pack
    if by.pk != session.mentor_id:
        raise NotYours("Only the mentor can propose another time.")
    if session.status != Session.Status.SCHEDULED or pack is None or now >= session.starts_at:
        raise wrong_state(session)
    try:
        check_slot(
            mentor=locked.profile,
            student=session.student,
            starts_at=starts_at,
            duration_minutes=pack.duration_minutes,
            now=now,
            latest=pack.expires_at,
            ignore_session=session,
        )
    except Refusal as refusal:
        if refusal.code != "notice_too_short":  # the notice is the mentor's own wish
            raise
    session.proposals.filter(status=Status.OPEN).update(status=Status.WITHDRAWN, answered_at=now)
    proposal = MoveProposal.objects.create(
        session=session, by=by, starts_at=starts_at, old_starts_at=session.starts_at, note=note, created_at=now
    )
    tell(session, "move_proposed", session.student, key=str(proposal.pk), now=now, new_starts_at=starts_at, reason=note)
    return proposal


@transaction.atomic
def answer_proposal(*, proposal_id: int, by: Any, accepted: bool, now: datetime) -> MoveProposal:
    """The student accepts (the session moves, whatever its notice) or keeps the old time. Twice changes nothing.

    Raises NotFound, NotYours (the mentor), Refusal `wrong_state` (too late, withdrawn, moved otherwise), `slot_unavailable`.
    """
    session_id = MoveProposal.objects.filter(pk=proposal_id).values_list("session_id", flat=True).first()
    if session_id is None:
        raise NotFound
    locked = lock_session(session_id, by)
    session = locked.session
    if by.pk != session.student_id:
        raise NotYours("The student answers a proposal.")
    proposal = lock(MoveProposal.objects.filter(pk=proposal_id))[0]
    if proposal.status == (Status.ACCEPTED if accepted else Status.DECLINED):
        return proposal
    if not proposal.is_open(now) or session.starts_at != proposal.old_starts_at:
        raise Refusal("wrong_state", "This proposal is no longer open.")
    if accepted:
        move_to(locked, proposal.starts_at, by=by, notice_counts=False, now=now)
    proposal.status, proposal.answered_at = (Status.ACCEPTED if accepted else Status.DECLINED), now
    proposal.save(update_fields=["status", "answered_at"])
    if not accepted:
        tell(session, "move_declined", session.mentor, key=str(proposal.pk), now=now)
    return proposal
