"""A settled session is judged anew: by an agreed claim, by an admin, or by a mentor who forgives. History only grows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentorship.kernel.refusals import NotYours, Refusal
from packs.models import SessionPack
from packs.services import take_returned, unuse_credit
from seats.services import take_seat
from sessions_app.models import Claim, Session, SessionEvent
from sessions_app.services.common import Locked, lock_session, tell, trace, wrong_state
from sessions_app.services.consequences import (
    Consequence,
    if_returned,
    if_taken,
    if_unused,
    if_used,
    seat_in_grace,
)
from sessions_app.services.settling import after_use, made_up_words, not_ended, settle_as

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


def what_if_judged(session: Session, outcome: str, *, by: Any, now: datetime) -> Consequence:
    """What it does to judge this session as `outcome` at `now`, in words for `by`. Raises as `overrule` does."""
    credit = VERDICTS[outcome][2]
    if session.pack is None or not session.credit:
        raise wrong_state(session)
    if counts_as(session) == outcome:
        return Consequence(f"{outcome}:same", "It counts as this already: nothing changes.", credit == Credit.RETURNED)
    if now < session.ends_at and (session.is_booked or outcome != Outcome.GIVEN_BACK):
        raise not_ended()  # also one that was cancelled: before its end nobody can say who came
    if session.is_booked:
        return (if_used if credit == Credit.USED else if_returned)(session, by=by, now=now).of(outcome)
    if session.credit == credit:
        stays = "stays used" if credit == Credit.USED else "stays where it came back to"
        return Consequence(f"{outcome}:stays", f"The session {stays}; only what is said of it changes.", False)
    return (if_taken if credit == Credit.USED else if_unused)(session, by=by, now=now).of(outcome)


def counts_as(session: Session) -> str:
    """The outcome this session counts as now; empty while it is not settled, or when it was cancelled late."""
    found = (session.status, session.absent_party, session.credit)
    return next((str(outcome) for outcome, verdict in VERDICTS.items() if verdict == found), "")


@transaction.atomic
def overrule(
    *, session_id: UUID, outcome: str, by: Any, reason: str, now: datetime, expect: str | None = None
) -> Session:
    """Judge a session that is over, settled or not, as `outcome`. Twice changes nothing.

    A credit that comes back: to its open pack; a pack used up with its seat in grace is open again; else a make-up pack.
    `expect`: the code of what they were shown. Raises NotFound, Refusal `not_ended`, `wrong_state` (never booked),
    `no_remaining_sessions` (the credit that came back has been spent meanwhile), `answer_changed`.
    """
    locked = lock_session(session_id, None, now=now)
    what_if_judged(locked.session, outcome, by=by, now=now).must_be(expect)
    return judge(locked, outcome, by=by, reason=reason, now=now)


def judge(locked: Locked, outcome: str, *, by: Any, reason: str, now: datetime) -> Session:
    """As `overrule`, of a session that is locked already."""
    session, pack = locked.session, locked.pack
    status, absent, credit = VERDICTS[outcome]
    if pack is None or not session.credit:
        raise wrong_state(session)
    if counts_as(session) == outcome:
        return session
    if session.is_booked:
        settle_as(locked, status, absent, credit, by=by, now=now)
        return session
    before = session.credit
    session.status, session.absent_party, session.credit = status, absent, credit
    session.settled_at = now
    session.given_back += before == Credit.USED and credit == Credit.RETURNED
    session.save(update_fields=["status", "absent_party", "credit", "settled_at", "given_back"])
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
    in_grace = seat_in_grace(pack, now)
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
        pair = {"student_id": pack.student_id, "mentor_id": pack.mentor_id}
        take_seat(**pair, by=by, reason=reason, now=now, still_held=True)


def what_if_forgiven(session: Session, *, by: Any, now: datetime) -> Consequence:
    """What forgiving does at `now`. Raises as `forgive` does."""
    if by.pk != session.mentor_id:
        raise NotYours("Only the mentor can forgive a late cancellation.")
    if session.status != Status.CANCELLED or session.credit != Credit.USED:
        raise Refusal("wrong_state", "This was not a late cancellation.")
    if SessionEvent.objects.filter(session__pack=session.pack_id, kind=SessionEvent.Kind.FORGIVEN).exists():
        raise Refusal("wrong_state", "One late cancellation of this pack has been forgiven already.")
    return if_unused(session, by=by, now=now).of("forgive")


@transaction.atomic
def forgive(*, session_id: UUID, by: Any, now: datetime, expect: str | None = None) -> Session:
    """The mentor lets a late cancellation pass: the credit comes back. Once for each pack; twice changes nothing.

    `expect`: what they were shown. Raises NotFound, NotYours (the student), Refusal `wrong_state` (no late cancellation,
    or one was forgiven already), `answer_changed`.
    """
    locked = lock_session(session_id, by, now=now)
    session = locked.session
    if by.pk == session.mentor_id and session.events.filter(kind=SessionEvent.Kind.FORGIVEN).exists():
        return session
    consequence = what_if_forgiven(session, by=by, now=now).must_be(expect)
    judge(locked, Outcome.GIVEN_BACK, by=by, reason="forgiven", now=now)
    trace(session, SessionEvent.Kind.FORGIVEN, by=by, at=now)
    tell(
        session,
        "session_completed",
        session.student,
        key="forgiven",
        now=now,
        outcome="Forgiven: the session comes back.",
        consequence=made_up_words(consequence),
    )
    return session
