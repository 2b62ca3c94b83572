from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from packs.models import SessionPack
from packs.services import come_back, expire_lapsed, lapse_credit, release_credit
from sessions_app.models import BookingRequest, Session, SessionEvent
from sessions_app.services.changes import changes_of
from sessions_app.services.common import Locked, free_time, lock_session, take_back_plans, tell, trace, wrong_state
from sessions_app.services.consequences import Consequence, if_returned, if_used
from sessions_app.services.seat_kept import if_yes_ends, let_seat_go
from sessions_app.services.settling import made_up_words, use_session_credit

Status, Credit = Session.Status, Session.Credit
Asked = BookingRequest.Status
# What kind of cancelling uses the credit, and what its entry says.
USED = {"late": "cancelled too late", "spent": "cancelled with no free changes left"}


def what_if_cancelled(session: Session, *, by: Any, now: datetime) -> Consequence:
    """The consequence of cancelling at `now`, by this person. Raises Refusal `wrong_state` when it cannot be cancelled."""
    if session.status_at(now) == Session.Status.AWAITING_PAYMENT:
        return _unpaid(session, by, now)
    if not session.is_booked:
        raise wrong_state(session)
    if by is None or by.pk == session.mentor_id:
        back = if_returned(session, by=by, now=now)
        return replace(back, code="by_mentor:make_up" if back.makes_up else "by_mentor")
    if now >= session.ends_at:
        raise wrong_state(session)
    return _by_student(session, by, now)


def _unpaid(session: Session, by: Any, now: datetime) -> Consequence:
    """Nothing was bought yet. Where the mentor has approved it, the request ends with it, and what that keeps."""
    refunded = "A payment that still comes is refunded."
    request = _approved(session)
    if request is None:
        return Consequence("unpaid", f"Nothing was paid yet. {refunded}", True)
    if by is None or by.pk != session.student_id:
        ends = f"{session.student.first_name}\N{RIGHT SINGLE QUOTATION MARK}s request ends with it, and what it keeps."
        return Consequence("unpaid:request", f"Nothing was paid yet. {ends} {refunded}", True)
    ended = if_yes_ends(request, now=now)
    words = " ".join(filter(None, [ended.sentence, ended.also, refunded]))
    return Consequence(f"unpaid:{ended.code}", words, True)


def _approved(session: Session) -> BookingRequest | None:
    """The request that this time is kept for, while its payment is waited for."""
    request: BookingRequest | None = getattr(session, "request", None)
    if request is None or request.status != Asked.APPROVED or request.paid_at is not None:
        return None
    request.mentor = session.mentor
    return request


def _by_student(session: Session, by: Any, now: datetime) -> Consequence:
    """In time, or just booked: back to the pack. Too late, or all free changes spent: used."""
    free_until, allowance = session.free_until, None
    if session.moves_freely(now):
        allowance = changes_of(session)
        if allowance is None:
            return _free(session, "free", free_until, now)
    if session.can_be_undone(now):
        return _free(session, "undo", free_until, now)
    if allowance is not None and allowance.left:
        return _free(session, f"free:{allowance.left - 1}", free_until, now, allowance.sentence_after_one_more)
    used = if_used(session, by=by, now=now)
    if allowance is not None:
        words = f"{allowance.sentence_spent} Cancelling now uses this session. {used.sentence}"
        return Consequence(f"spent:{used.code}", words, False, free_until)
    return Consequence(f"late:{used.code}", used.sentence, False, free_until)


def _free(session: Session, code: str, free_until: datetime, now: datetime, more: str = "") -> Consequence:
    if session.pack is not None and not session.pack.is_open(now):
        return Consequence("lapses", "The pack has expired, so this session would be lost.", False, free_until)
    return Consequence(code, "1 session comes back to your pack.", True, free_until, more)


@transaction.atomic
def cancel(
    *,
    session_id: UUID,
    by: Any,
    on_behalf_of: Any = None,
    now: datetime,
    reason: str = "",
    expect: str | None = None,
) -> Session:
    """Cancel. Student in time: the credit comes back; later: used. Mentor, any time before it is settled: comes back.

    `expect` is the consequence the person was shown. `on_behalf_of`: whose rules count when `by` is an admin or nobody;
    the mails name `by`. Repeating it changes nothing. Raises NotFound, Refusal `wrong_state`, `answer_changed`.
    """
    side = on_behalf_of or by
    locked = lock_session(session_id, side, now=now)
    session = locked.session
    if session.status == Session.Status.CANCELLED:
        return session
    consequence = what_if_cancelled(session, by=side, now=now).must_be(expect)
    take_back_plans(session, now=now)
    free_time(session)
    session.status = Session.Status.CANCELLED
    _settle_credit(locked, consequence, by=by, reason=reason, now=now)
    session.save(update_fields=["status", "credit", "settled_at", "pack", "purchase"])
    trace(session, SessionEvent.Kind.CANCELLED, by=by, at=now, reason=reason)
    if consequence.kind == "unpaid":
        _end_request(session, by=side, reason=reason, now=now)
    if consequence.kind in USED and locked.pack is not None:
        # After the session is written: its rank and the pack's end are judged with it.
        use_session_credit(session, locked.pack, reason=USED[consequence.kind], by=by, settled_at=now, now=now)
    _tell(session, _told(consequence), by=by, reason=reason, now=now)
    return session


def _tell(session: Session, consequence: str, *, by: Any, reason: str, now: datetime) -> None:
    both = (session.student, session.mentor)
    tell(session, "session_cancelled", *both, key="", by=by, reason=reason, consequence=consequence, now=now)


def _end_request(session: Session, *, by: Any, reason: str, now: datetime) -> None:
    """Whoever cancels an approved time that is not paid yet takes back the request, or the approval."""
    request = _approved(session)
    if request is None:
        return
    request.ended_at = now
    if by is not None and by.pk == session.student_id:
        request.status = Asked.WITHDRAWN
    else:
        request.status, request.rejected_at, request.rejection_reason = Asked.REJECTED, now, reason
    request.save(update_fields=["status", "ended_at", "rejected_at", "rejection_reason"])
    if request.takes_seat:
        let_seat_go(student_id=session.student_id, mentor_id=session.mentor_id, by=by, now=now, seated_too=True)


def cancel_refunded(sessions: list[Session], *, by: Any, reason: str, now: datetime) -> None:
    """Their money goes back: cancel them and free both people's time; their credits wait in the pack to be taken.

    The caller has locked people, packs and these sessions, and takes the credits out of the packs.
    """
    for session in sessions:
        assert session.pack is not None, "a booked session holds a credit"
        take_back_plans(session, now=now)
        free_time(session)
        session.status, session.credit, session.settled_at = Status.CANCELLED, Credit.RETURNED, now
        session.save(update_fields=["status", "credit", "settled_at"])
        trace(session, SessionEvent.Kind.CANCELLED, by=by, at=now, reason=reason)
        release_credit(
            pack=session.pack, purchase_id=session.purchase_id, session_id=session.pk, by=by, reason=reason, now=now
        )
        _tell(session, "Its money goes back.", by=by, reason=reason, now=now)


def _told(consequence: Consequence) -> str:
    """What it did to the credit, in the words both sides read."""
    if consequence.kind == "unpaid":
        return "Nothing was paid."
    if consequence.makes_up:
        return str(made_up_words(consequence))
    if consequence.kind == "lapses":
        return "The pack has expired, so the session is lost."
    return "The session goes back to the pack." if consequence.credit_returns else "The session counts as used."


def _settle_credit(locked: Locked, consequence: Consequence, *, by: Any, reason: str, now: datetime) -> None:
    session, pack = locked.session, locked.pack
    if pack is None:
        return
    session.settled_at = now
    session.credit = Credit.USED if consequence.kind in USED else Credit.RETURNED
    if consequence.kind in USED:
        return
    expire_lapsed(SessionPack.objects.filter(pk=pack.pk), now=now)
    pack.refresh_from_db()
    give_back = come_back if consequence.kind == "by_mentor" else lapse_credit
    why = f"cancelled by {by.display_name}" if by else "cancelled"
    give_back(pack=pack, purchase_id=session.purchase_id, session_id=session.pk, by=by, reason=reason or why, now=now)
