"""Claims: for 72 h after a session either side may say that something was wrong. Until it is decided the pack stands still."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock
from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from packs.models import CreditEntry, SessionPack
from packs.services import freeze, thaw
from seats.services import freeze_seat, thaw_seat
from sessions_app.models import Claim, Session
from sessions_app.services.common import Locked, lock_session, tell, wrong_state
from sessions_app.services.consequences import Consequence
from sessions_app.services.overruling import counts_as, judge, what_if_judged

Status, Credit = Claim.Status, Session.Credit


def claimable_until(session: Session) -> datetime:
    """Until when either side may say that something was wrong, inclusive."""
    return session.ends_at + timedelta(hours=settings.MENTORSHIP.claim_hours)


def check_may_claim(session: Session, *, by: Any, now: datetime) -> None:
    """Whether this one of the two can say something about this session at `now`. Raises Refusal as `open_claim` does."""
    if session.pack_id is None or session.status in (Session.Status.AWAITING_PAYMENT, Session.Status.EXPIRED):
        raise wrong_state(session)
    if now < session.ends_at:
        raise Refusal("not_ended", "This session has not ended yet.")
    if now > claimable_until(session):
        hours = settings.MENTORSHIP.claim_hours
        raise Refusal("too_late", f"This could be said until {hours} hours after the session.")
    if was_off(session):
        raise Refusal("wrong_state", "This session was cancelled before it began, and it came back to the pack.")
    said = [claim for claim in session.claims.all() if claim.status != Status.WITHDRAWN]
    if any(claim.status in Claim.OPEN for claim in said):
        raise Refusal("wrong_state", "Something has been said about this session already.")
    if said:
        raise Refusal("wrong_state", "What was said about this session has been decided.")
    if any(claim.by_id == by.pk for claim in session.claims.all()):
        # Each one freezes the pack and calls the other side: once for each of the two.
        raise Refusal("wrong_state", "You have taken back what you said about this session, and can say it only once.")


def was_off(session: Session) -> bool:
    """It was cancelled before it began and cost nothing: there is nothing to put right."""
    cancelled = session.status == Session.Status.CANCELLED and session.credit == Session.Credit.RETURNED
    return cancelled and session.settled_at is not None and session.settled_at < session.starts_at


def what_if_claimed(session: Session, *, by: Any, now: datetime) -> Consequence:
    """What saying that something was wrong does at `now`, before anything is decided. Raises as `open_claim` does."""
    check_may_claim(session, by=by, now=now)
    other = session.mentor if by.pk == session.student_id else session.student
    stands = "its expiry and the seat\N{RIGHT SINGLE QUOTATION MARK}s grace stand still"
    if session.pack is not None and not session.pack.takes_seat:
        stands = "its expiry stands still"
    hours = settings.MENTORSHIP.claim_answer_hours
    words = (
        f"{other.first_name} has {hours} hours to agree or answer; without an agreement an admin decides. Until then "
        f"nothing can be booked from this pack, {stands}, and the mentor\N{RIGHT SINGLE QUOTATION MARK}s share waits."
    )
    return Consequence("claim", words, False)


@transaction.atomic
def open_claim(*, session_id: UUID, by: Any, wanted: str, reason: str, now: datetime) -> Claim:
    """Say what was wrong and what the session should count as; the other side has 48 h to agree or answer.

    The pack is frozen: nothing can be booked from it, its share waits, its seat stays. Raises NotFound, Refusal
    `not_ended`, `too_late` (more than 72 h after the end), `wrong_state` (a claim is open or was decided, this person has
    withdrawn one, it was off before it began, or it counts as that already).
    """
    locked = lock_session(session_id, by, now=now)
    session, pack = locked.session, locked.pack
    check_may_claim(session, by=by, now=now)
    assert pack is not None, "a session that can be claimed has its pack"
    if counts_as(session) == wanted:
        raise Refusal("wrong_state", "It counts as this already.")
    with polite(sessions_one_open_claim=Refusal("wrong_state", "Something has been said about this session already.")):
        claim = Claim.objects.create(
            session=session,
            by=by,
            wanted=wanted,
            reason=reason,
            created_at=now,
            answer_by=now + timedelta(hours=settings.MENTORSHIP.claim_answer_hours),
        )
    for held in _packs_of(session, pack):
        freeze(held, cause=claim.cause, now=now)
    if pack.takes_seat:
        freeze_seat(student_id=pack.student_id, mentor_id=pack.mentor_id, now=now)
    other = session.mentor if by.pk == session.student_id else session.student
    tell(session, "claim_opened", other, key=str(claim.pk), now=now, reason=reason, answer_by=claim.answer_by)
    return claim


def _packs_of(session: Session, pack: SessionPack) -> list[SessionPack]:
    """The session's pack, and the make-up pack its credit has gone to: what is argued about is not spent meanwhile."""
    moved = CreditEntry.objects.filter(kind=CreditEntry.Kind.MOVED_IN, session_id=session.pk).values("pack")
    return [pack, *SessionPack.objects.filter(pk__in=moved).exclude(pk=pack.pk).order_by("pk")]


def _locked(claim_id: int, by: Any, now: datetime) -> tuple[Claim, Locked]:
    """The claim of a session of this person's (None: any), everything locked. Raises NotFound."""
    session_id = Claim.objects.filter(pk=claim_id).values_list("session_id", flat=True).first()
    if session_id is None:
        raise NotFound
    locked = lock_session(session_id, by, now=now)
    claim = lock(Claim.objects.filter(pk=claim_id).select_related("by"))[0]
    claim.session = locked.session
    return claim, locked


def _must_be(claim: Claim, *statuses: str) -> None:
    if claim.status not in statuses:
        raise Refusal("wrong_state", f"This claim is {claim.get_status_display()}.")


def _the_other(claim: Claim, by: Any) -> None:
    if by.pk == claim.by_id:
        raise NotYours("This is for the other side to say.")


def what_if_agreed(claim: Claim, *, by: Any, now: datetime) -> Consequence:
    """What agreeing with this open claim does at `now`, to its session (loaded). Raises as `agree` does."""
    _the_other(claim, by)
    _must_be(claim, *Claim.OPEN)
    return what_if_judged(claim.session, claim.wanted, by=by, now=now).of(f"agree {claim.pk}")


@transaction.atomic
def agree(*, claim_id: int, by: Any, now: datetime, expect: str | None = None) -> Claim:
    """The other side agrees: the session counts as the claim wants. `expect`: what they were shown.

    Raises NotFound, NotYours, Refusal `wrong_state`, `answer_changed`, `no_remaining_sessions` (the credit that came
    back has been spent meanwhile).
    """
    claim, locked = _locked(claim_id, by, now)
    if by.pk != claim.by_id and claim.status == Status.AGREED:
        return claim
    what_if_agreed(claim, by=by, now=now).must_be(expect)
    _close(claim, locked, Status.AGREED, by=by, decision="The other side agreed.", now=now)
    return claim


@transaction.atomic
def answer(*, claim_id: int, by: Any, text: str, now: datetime) -> Claim:
    """The other side sees it differently; an admin decides. Raises NotFound, NotYours, Refusal `wrong_state`."""
    claim, _ = _locked(claim_id, by, now)
    _the_other(claim, by)
    _must_be(claim, Status.OPENED)
    claim.status, claim.answer, claim.answered_at = Status.ANSWERED, text, now
    claim.save(update_fields=["status", "answer", "answered_at"])
    return claim


@transaction.atomic
def withdraw_claim(*, claim_id: int, by: Any, now: datetime) -> Claim:
    """Whoever made it takes it back. Twice changes nothing. Raises NotFound, NotYours, Refusal `wrong_state`."""
    claim, locked = _locked(claim_id, by, now)
    if by.pk != claim.by_id:
        raise NotYours("Only who made a claim can withdraw it.")
    if claim.status == Status.WITHDRAWN:
        return claim
    _must_be(claim, *Claim.OPEN)
    _close(claim, locked, Status.WITHDRAWN, by=by, decision="", now=now)
    return claim


@transaction.atomic
def decide(*, claim_id: int, uphold: bool, by: Any, reason: str, now: datetime, outcome: str = "") -> Claim:
    """An admin decides for or against the claim (`outcome` may differ from what was wanted).

    Raises NotFound, Refusal `wrong_state` (decided, or the other side still has time to answer).
    """
    claim, locked = _locked(claim_id, None, now)
    _must_be(claim, *Claim.OPEN)
    if not claim.is_for_an_admin(now):
        raise Refusal("wrong_state", "The other side still has time to answer.")
    status = Status.UPHELD if uphold else Status.DISMISSED
    _close(claim, locked, status, by=by, decision=reason, now=now, outcome=outcome)
    return claim


def _close(
    claim: Claim, locked: Locked, status: str, *, by: Any, decision: str, now: datetime, outcome: str = ""
) -> None:
    session, pack = locked.session, locked.pack
    assert pack is not None, "a claimed session has its pack"
    claim.status, claim.decision, claim.decided_by, claim.closed_at = status, decision, by, now
    claim.save(update_fields=["status", "decision", "decided_by", "closed_at"])
    # Thawed first: what the verdict does to the credit is judged with the clocks running.
    # All it froze, and whatever inherited that freeze: a make-up pack that came of the frozen one meanwhile.
    frozen = SessionPack.objects.filter(freezes__cause=claim.cause, freezes__until=None).exclude(pk=pack.pk)
    for held in (pack, *frozen.order_by("pk")):
        thaw(held, cause=claim.cause, now=now)
    thaw_seat(student_id=pack.student_id, mentor_id=pack.mentor_id, now=now)
    became = {}
    if status in (Status.AGREED, Status.UPHELD):
        why = "both agree" if status == Status.AGREED else "an admin decided"
        verdict = outcome or claim.wanted
        # Asked before it is done, of either side: each reads it in its own words.
        people = (session.student, session.mentor)
        became = {person.pk: what_if_judged(session, verdict, by=person, now=now) for person in people}
        judge(locked, verdict, by=by, reason=why, now=now)
    _tell_decided(claim, session, outcome or claim.wanted, became, now=now)


def _tell_decided(
    claim: Claim, session: Session, outcome: str, became: dict[Any, Consequence], *, now: datetime
) -> None:
    """Both are told what was decided and what became of the credit. `became`: by person; empty where it stays."""
    words = Claim.Outcome(outcome).label
    said = {
        Status.AGREED: f"Both agree: {words}.",
        Status.UPHELD: f"It counts as: {words}.",
        Status.DISMISSED: "It stays as it was.",
        Status.WITHDRAWN: "What was said has been taken back; it stays as it was.",
    }[Status(claim.status)]
    stays: dict[str, str] = {
        Credit.USED: "The session counts as used.",
        Credit.RETURNED: "The session stays where it came back to.",
    }
    for person in (session.student, session.mentor):
        consequence = became.get(person.pk)
        tell(
            session,
            "claim_decided",
            person,
            key=str(claim.pk),
            now=now,
            outcome=said,
            # That the other side agreed is no reason anybody gave.
            reason="" if claim.status == Status.AGREED else claim.decision,
            consequence=consequence.sentence if consequence else stays.get(session.credit),
            made_up_until=_made_up_until(session) if consequence and consequence.makes_up else None,
        )


def _made_up_until(session: Session) -> datetime:
    """Until when the make-up session is valid that this session's credit has become."""
    moved = CreditEntry.objects.filter(kind=CreditEntry.Kind.MOVED_IN, session_id=session.pk)
    return moved.select_related("pack").latest("pk").pack.expires_at
