"""A settled session is judged anew: by an agreed claim, by an admin, or by a mentor who forgives. History only grows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentorship.kernel.refusals import NotYours, Refusal
from packs.models import SessionPack
from packs.services import take_returned, unuse_credit
from seats.models import Seat
from seats.services import take_seat
from sessions_app.models import Claim, Session, SessionEvent
from sessions_app.services.common import Locked, lock_session, tell, trace, wrong_state
from sessions_app.services.settling import after_use, settle_as

Status, Credit, Party = Session.Status, Session.Credit, Session.Party
Outcome = Claim.Outcome

# Status, who was absent, and what becomes of the credit.
VERDICTS: dict[str, tuple[str, str, str]] = {
    Outcome.COMPLETED: (Status.COMPLETED, "", Credit.USED),
    Outcome.STUDENT_ABSENT: (Status.NO_SHOW, Party.STUDENT, Credit.USED),
    Outcome.MENTOR_ABSENT: (Status.NO_SHOW, Party.MENTOR, Credit.RETURNED),
    Outcome.BOTH_ABSENT: (Status.NO_SHOW, Party.BOTH, Credit.RETURNED),
    Outcome.GIVEN_BACK: (Status.CANCELLED, "", Credit.RETURNED),
}


@transaction.atomic
def overrule(*, session_id: UUID, outcome: str, by: Any, reason: str, now: datetime) -> Session:
    """Judge a session that is over, settled or not, as `outcome`. Twice changes nothing.

    A credit that comes back: to its open pack; a pack used up with its seat in grace is open again; else a make-up pack.
    Raises NotFound, Refusal `not_ended`, `wrong_state` (never booked), `no_remaining_sessions` (the credit that came
    back has been spent meanwhile).
    """
    return judge(lock_session(session_id, None), outcome, by=by, reason=reason, now=now)


def judge(locked: Locked, outcome: str, *, by: Any, reason: str, now: datetime) -> Session:
    """As `overrule`, of a session that is locked already."""
    session, pack = locked.session, locked.pack
    status, absent, credit = VERDICTS[outcome]
    if pack is None or not session.credit:
        raise wrong_state(session)
    if (session.status, session.absent_party, session.credit) == (status, absent, credit):
        return session
    if session.is_booked:
        settle_as(locked, status, absent, credit, by=by, now=now)
        return session
    before = session.credit
    session.status, session.absent_party, session.credit = status, absent, credit
    session.settled_at = now
    session.save(update_fields=["status", "absent_party", "credit", "settled_at"])
    trace(session, SessionEvent.Kind.OVERRULED, by=by, at=now, reason=reason)
    if before == Credit.USED and credit == Credit.RETURNED:
        _give_back(session, pack, by=by, reason=reason, now=now)
    elif before == Credit.RETURNED and credit == Credit.USED:
        spent = take_returned(
            pack=pack, purchase_id=session.purchase_id, session_id=session.pk, by=by, reason=reason, now=now
        )
        after_use(session, spent, settled_at=now, now=now)
    return session


def _give_back(session: Session, pack: SessionPack, *, by: Any, reason: str, now: datetime) -> None:
    seat = Seat.objects.standing().filter(student=pack.student_id, mentor=pack.mentor_id).first()
    in_grace = pack.takes_seat and seat is not None and seat.in_grace(now)
    home = unuse_credit(
        pack=pack,
        purchase_id=session.purchase_id,
        session_id=session.pk,
        seat_in_grace=in_grace,
        by=by,
        reason=reason,
        now=now,
    )
    if in_grace and home.pk == pack.pk:
        # The pack is open again, and so is its seat: no more grace.
        take_seat(student_id=pack.student_id, mentor_id=pack.mentor_id, by=by, reason=reason, now=now)


@transaction.atomic
def forgive(*, session_id: UUID, by: Any, now: datetime) -> Session:
    """The mentor lets a late cancellation pass: the credit comes back. Once for each pack; twice changes nothing.

    Raises NotFound, NotYours (the student), Refusal `wrong_state` (no late cancellation, or one was forgiven already).
    """
    locked = lock_session(session_id, by)
    session = locked.session
    if by.pk != session.mentor_id:
        raise NotYours("Only the mentor can forgive a late cancellation.")
    forgiven = SessionEvent.objects.filter(session__pack=session.pack_id, kind=SessionEvent.Kind.FORGIVEN)
    if forgiven.filter(session=session).exists():
        return session
    if session.status != Status.CANCELLED or session.credit != Credit.USED:
        raise Refusal("wrong_state", "This was not a late cancellation.")
    if forgiven.exists():
        raise Refusal("wrong_state", "One late cancellation of this pack has been forgiven already.")
    judge(locked, Outcome.GIVEN_BACK, by=by, reason="forgiven", now=now)
    trace(session, SessionEvent.Kind.FORGIVEN, by=by, at=now)
    tell(
        session,
        "session_completed",
        session.student,
        key="forgiven",
        now=now,
        outcome="Forgiven: the session comes back.",
    )
    return session
