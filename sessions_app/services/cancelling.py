from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from mentorship.kernel.refusals import Refusal
from notifications.services import withdraw
from packs.models import SessionPack
from packs.services import come_back, expire_lapsed, lapse_credit, release_credit
from seats.models import Seat
from seats.services import drop_hold
from sessions_app.models import BookingRequest, Session, SessionEvent
from sessions_app.services.common import Locked, free_time, lock_session, tell, trace, wrong_state
from sessions_app.services.settling import use_session_credit

Status, Credit = Session.Status, Session.Credit


@dataclass(frozen=True)
class Consequence:
    """What cancelling would do right now. The page prints it; the commit computes it again and refuses if it changed."""

    code: str
    sentence: str
    credit_returns: bool
    free_until: datetime | None = None


def what_if_cancelled(session: Session, *, by: Any, now: datetime) -> Consequence:
    """The consequence of cancelling at `now`, by this person. Raises Refusal `wrong_state` when it cannot be cancelled."""
    if session.status_at(now) == Session.Status.AWAITING_PAYMENT:
        return Consequence("unpaid", "Nothing was paid yet. A payment that still comes is refunded.", True)
    if not session.is_booked:
        raise wrong_state(session)
    if by is None or by.pk == session.mentor_id:
        return Consequence("by_mentor", "The session goes back to your student.", True)
    if now >= session.ends_at:
        raise wrong_state(session)
    return _by_student(session, now)


def _by_student(session: Session, now: datetime) -> Consequence:
    free_until = session.free_until
    if session.moves_freely(now) or session.can_be_undone(now):
        if session.pack is not None and not session.pack.is_open(now):
            sentence = "The pack has expired, so this session would be lost."
            return Consequence("lapses", sentence, False, free_until)
        code = "free" if session.moves_freely(now) else "undo"
        return Consequence(code, "1 session comes back to your pack.", True, free_until)
    return Consequence("late", "It is too late to cancel for free: this session would be used.", False, free_until)


@transaction.atomic
def cancel(*, session_id: UUID, by: Any, now: datetime, reason: str = "", expect: str | None = None) -> Session:
    """Cancel. Student in time: the credit comes back; later: used. Mentor, any time before it is settled: comes back.

    `expect` is the consequence the person was shown. Repeating it changes nothing. Raises NotFound, Refusal
    `wrong_state`, `answer_changed`.
    """
    locked = lock_session(session_id, by)
    session = locked.session
    if session.status == Session.Status.CANCELLED:
        return session
    consequence = what_if_cancelled(session, by=by, now=now)
    if expect is not None and expect != consequence.code:
        raise Refusal("answer_changed", f"Meanwhile this has changed. {consequence.sentence}")
    withdraw(f"session:{session.pk}", now=now)
    free_time(session)
    session.status = Session.Status.CANCELLED
    _settle_credit(locked, consequence, by=by, reason=reason, now=now)
    session.save(update_fields=["status", "credit", "settled_at", "pack", "purchase"])
    trace(session, SessionEvent.Kind.CANCELLED, by=by, at=now, reason=reason)
    if consequence.code == "unpaid":
        _end_request(session, by=by, reason=reason, now=now)
    if consequence.code == "late" and locked.pack is not None:
        # After the session is written: its rank and the pack's end are judged with it.
        use_session_credit(session, locked.pack, reason="cancelled too late", by=by, settled_at=now, now=now)
    tell(
        session,
        "session_cancelled",
        session.student,
        session.mentor,
        key="",
        now=now,
        reason=reason,
        by_name=by.display_name if by else "",
        consequence=_told(consequence),
    )
    return session


def _end_request(session: Session, *, by: Any, reason: str, now: datetime) -> None:
    """Whoever cancels an approved time that is not paid yet takes back the request, or the approval."""
    Request = BookingRequest
    request = Request.objects.filter(session=session, status=Request.Status.APPROVED, paid_at=None).first()
    if request is None:
        return
    request.ended_at = now
    if by is not None and by.pk == session.student_id:
        request.status = Request.Status.WITHDRAWN
    else:
        request.status, request.rejected_at, request.rejection_reason = Request.Status.REJECTED, now, reason
    request.save(update_fields=["status", "ended_at", "rejected_at", "rejection_reason"])
    if request.takes_seat:
        drop_hold(
            student_id=session.student_id,
            mentor_id=session.mentor_id,
            reason=Seat.Reason.HOLD_LAPSED,
            by=by,
            now=now,
        )


def cancel_refunded(sessions: list[Session], *, by: Any, reason: str, now: datetime) -> None:
    """Their money goes back: cancel them and free both people's time; their credits wait in the pack to be taken.

    The caller has locked people, packs and these sessions, and takes the credits out of the packs.
    """
    for session in sessions:
        assert session.pack is not None, "a booked session holds a credit"
        withdraw(f"session:{session.pk}", now=now)
        free_time(session)
        session.status, session.credit, session.settled_at = Status.CANCELLED, Credit.RETURNED, now
        session.save(update_fields=["status", "credit", "settled_at"])
        trace(session, SessionEvent.Kind.CANCELLED, by=by, at=now, reason=reason)
        release_credit(
            pack=session.pack, purchase_id=session.purchase_id, session_id=session.pk, by=by, reason=reason, now=now
        )
        tell(
            session,
            "session_cancelled",
            session.student,
            session.mentor,
            key="",
            now=now,
            reason=reason,
            by_name=by.display_name if by else "",
            consequence="Its money goes back.",
        )


def _told(consequence: Consequence) -> str:
    """What it did to the credit, in the words both sides read."""
    if consequence.code == "unpaid":
        return "Nothing was paid."
    return "The session goes back to the pack." if consequence.credit_returns else "The session counts as used."


def _settle_credit(locked: Locked, consequence: Consequence, *, by: Any, reason: str, now: datetime) -> None:
    session, pack = locked.session, locked.pack
    if pack is None:
        return
    session.settled_at = now
    session.credit = Credit.USED if consequence.code == "late" else Credit.RETURNED
    if consequence.code == "late":
        return
    expire_lapsed(SessionPack.objects.filter(pk=pack.pk), now=now)
    pack.refresh_from_db()
    give_back = come_back if consequence.code == "by_mentor" else lapse_credit
    why = f"cancelled by {by.display_name}" if by else "cancelled"
    give_back(pack=pack, purchase_id=session.purchase_id, session_id=session.pk, by=by, reason=reason or why, now=now)
