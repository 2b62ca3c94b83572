from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from mentorship.kernel.refusals import Malformed, NotYours, Refusal
from notifications.services import notify
from packs.models import SessionPack
from packs.services import come_back, expire_lapsed, renewal_is_off, use_credit
from seats.services import start_grace
from sessions_app.models import Session, SessionEvent
from sessions_app.services.common import Locked, free_time, lock_session, take_back_plans, tell, trace, wrong_state
from sessions_app.services.consequences import Consequence, Follows, follows_use, if_returned, if_used

Status, Credit, Party = Session.Status, Session.Credit, Session.Party
PRESENT_AFTER = timedelta(minutes=15)


def not_ended() -> Refusal:
    return Refusal("not_ended", "This session has not ended yet.")


def what_if_completed(session: Session, *, by: Any, now: datetime, kept_otherwise: bool | None = None) -> Consequence:
    """What completing it at `now` does. Raises NotYours (the student), Refusal `not_ended`, `wrong_state`."""
    if by.pk != session.mentor_id:
        raise NotYours("Only the mentor can mark a session as completed.")
    if not session.is_booked:
        raise wrong_state(session)
    if now < session.ends_at:
        raise not_ended()
    return if_used(session, by=by, now=now, kept_otherwise=kept_otherwise).of("completed")


@transaction.atomic
def complete(*, session_id: UUID, by: Any, now: datetime, expect: str | None = None) -> Session:
    """The mentor says it took place: the credit is used. Twice changes nothing. `expect`: what they were shown.

    Raises NotFound, NotYours (the student), Refusal `not_ended`, `wrong_state`, `answer_changed`.
    """
    locked = lock_session(session_id, by, now=now)
    session = locked.session
    if by.pk == session.mentor_id and session.status == Status.COMPLETED:
        return session
    what_if_completed(session, by=by, now=now).must_be(expect)
    _settle(locked, Status.COMPLETED, Credit.USED, by=by, settled_at=now, now=now)
    tell(session, "session_completed", session.student, key="", now=now, outcome="It is marked as completed.")
    return session


def what_if_absent(
    session: Session, absent: str, *, by: Any, now: datetime, kept_otherwise: bool | None = None
) -> Consequence:
    """What it does to say at `now` that this party did not come. Raises as `no_show` does."""
    party = absent.upper()
    if party not in Party.values:
        raise Malformed("absentParty is STUDENT, MENTOR or BOTH.")
    if by.pk == session.student_id and party != Party.MENTOR:
        raise NotYours("Only the mentor can say that you were absent.")
    if not session.is_booked:
        raise wrong_state(session)
    _check_may_judge(session, party, by, now)
    if party == Party.STUDENT:
        return if_used(session, by=by, now=now, kept_otherwise=kept_otherwise).of(party)
    return if_returned(session, by=by, now=now).of(party)


@transaction.atomic
def no_show(*, session_id: UUID, absent: str, by: Any, now: datetime, expect: str | None = None) -> Session:
    """Somebody did not come. Student absent: used. Mentor or both absent: the credit comes back.

    The mentor may say so after the end; from minute 15 whoever has entered the room may say it of the other, if the
    other has not. `expect`: what they were shown. Twice changes nothing. Raises NotFound, NotYours, Malformed (unknown
    party), Refusal `not_ended`, `wrong_state`, `answer_changed`.
    """
    party = absent.upper()
    locked = lock_session(session_id, by, now=now)
    session = locked.session
    said_by_its_side = by.pk == session.mentor_id or party == Party.MENTOR
    if said_by_its_side and session.status == Status.NO_SHOW and session.absent_party == party:
        return session
    consequence = what_if_absent(session, party, by=by, now=now).must_be(expect)
    session.absent_party = party
    credit = Credit.RETURNED if consequence.credit_returns else Credit.USED
    _settle(locked, Status.NO_SHOW, credit, by=by, settled_at=now, now=now)
    tell(
        session,
        "session_completed",
        session.student,
        session.mentor,
        key="",
        now=now,
        outcome=_no_show_words(party),
        consequence=made_up_words(consequence),
    )
    return session


def made_up_words(consequence: Consequence) -> str | None:
    """What both read where the credit could not just go back to its pack."""
    if not consequence.makes_up:
        return None
    days = settings.MENTORSHIP.make_up_days
    return f"The pack is over, so there is a make-up session, to be held within {days} days."


def _check_may_judge(session: Session, party: str, by: Any, now: datetime) -> None:
    is_mentor = by.pk == session.mentor_id
    if is_mentor and now >= session.ends_at:
        return
    the_other = Party.STUDENT if is_mentor else Party.MENTOR
    if now < session.starts_at + PRESENT_AFTER or party != the_other:
        raise not_ended()
    entered = set(session.events.filter(kind=SessionEvent.Kind.ENTERED).values_list("by", flat=True))
    if by.pk not in entered:
        if is_mentor:
            way_in = "Enter the room first: who waits in it can say from minute 15 on that the other has not come."
            raise Refusal("not_ended", way_in)
        raise NotYours("Only someone who was in the room can say who did not come.")
    if entered != {by.pk}:
        other = session.student if is_mentor else session.mentor
        raise Refusal("wrong_state", f"{other.first_name} has entered the room, so {other.first_name} did come.")


def _no_show_words(party: str) -> str:
    return {
        Party.STUDENT.value: "The student did not come; the session is used.",
        Party.MENTOR.value: "The mentor did not come; the session comes back.",
    }.get(party, "Nobody came; the session comes back.")


@transaction.atomic
def settle_unmarked_session(*, session_id: UUID, now: datetime) -> bool:
    """The system settles a session nobody marked, by who entered the room, stamped with the time it was due.

    With evidence 24 h after the end, without 72 h. False: it is not due, was done, or a claim about it is open.
    """
    locked = lock_session(session_id, None, now=now)
    session = locked.session
    entered = set(session.events.filter(kind=SessionEvent.Kind.ENTERED).values_list("by", flat=True))
    settled_at = session.settled_by_itself_at(bool(entered))
    if not session.is_booked or settled_at > now or session.claims.open().exists():
        return False
    status, party, credit, outcome = judged_by_evidence(session, entered)
    session.absent_party = party
    _settle(locked, status, credit, by=None, settled_at=settled_at, now=now)
    tell(session, "session_completed", session.student, session.mentor, key="", now=now, outcome=outcome)
    return True


def judged_by_evidence(session: Session, entered: Set[int | None]) -> tuple[str, str, str, str]:
    """What a session counts as that nobody marks: status, who was absent, the credit, and the sentence that says so."""
    if entered == {session.student_id}:
        said = "Nobody marked it, and only the student entered the room: the session comes back."
        return Status.NO_SHOW, Party.MENTOR, Credit.RETURNED, said
    if entered == {session.mentor_id}:
        said = "Nobody marked it, and only the mentor entered the room: the session is used."
        return Status.NO_SHOW, Party.STUDENT, Credit.USED, said
    return Status.COMPLETED, "", Credit.USED, "Nobody marked it, so it counts as completed."


def settle_as(locked: Locked, status: str, absent: str, credit: str, *, by: Any, now: datetime) -> None:
    """Settle a session that is over as this, whoever says so. Raises Refusal `not_ended`."""
    if now < locked.session.ends_at:
        raise not_ended()
    locked.session.absent_party = absent
    _settle(locked, status, credit, by=by, settled_at=now, now=now)


def _settle(locked: Locked, status: str, credit: str, *, by: Any, settled_at: datetime, now: datetime) -> None:
    session, pack = locked.session, locked.pack
    assert pack is not None, "a booked session holds a credit"
    take_back_plans(session, now=now)
    free_time(session)
    session.status, session.credit, session.settled_at = status, credit, settled_at
    session.ended_at = min(now, session.ends_at)
    session.save(update_fields=["status", "credit", "settled_at", "ended_at", "absent_party"])
    trace(session, status, by=by, at=settled_at)
    reason = f"{session.get_status_display()}"
    if credit == Credit.USED:
        use_session_credit(session, pack, reason=reason, by=by, settled_at=settled_at, now=now)
    else:
        expire_lapsed(SessionPack.objects.filter(pk=pack.pk), now=settled_at)
        pack.refresh_from_db()
        come_back(
            pack=pack, purchase_id=session.purchase_id, session_id=session.pk, by=by, reason=reason, now=settled_at
        )


def use_session_credit(
    session: Session, pack: SessionPack, *, reason: str, by: Any, settled_at: datetime, now: datetime
) -> None:
    """The credit is used, and what follows from it: the renewal reminder at the last but one, grace after the last."""
    expire_lapsed(SessionPack.objects.filter(pk=pack.pk), now=settled_at)
    pack.refresh_from_db()
    use_credit(
        pack=pack, purchase_id=session.purchase_id, session_id=session.pk, by=by, reason=reason, settled_at=settled_at
    )
    after_use(session, pack, settled_at=settled_at, now=now)


def after_use(session: Session, pack: SessionPack, *, settled_at: datetime, now: datetime) -> None:
    """What follows from a used credit: the renewal reminder at the last but one, grace after the last."""
    open_until_now = pack.status in (SessionPack.Status.ACTIVE, SessionPack.Status.DEPLETED)
    follows = follows_use(pack, left=pack.unsettled, is_open=open_until_now)
    if follows == Follows.REMINDER:
        _remind_to_renew(session, pack, now)
    elif follows == Follows.GRACE:
        _start_grace(session, pack, settled_at, now)


def _remind_to_renew(session: Session, pack: SessionPack, now: datetime) -> None:
    notify(
        "renewal_reminder",
        recipient=session.student,
        about=f"pack:{pack.pk}",
        dedupe_key=f"renewal_reminder:{pack.pk}:{pack.sessions_total}",
        not_after=pack.expires_at,
        now=now,
        what="ask_first" if renewal_is_off(pack.student_id, pack.mentor_id, now) else "",
        mentor_name=session.mentor.display_name,
        remaining=1,
        total=pack.sessions_total,
        expires_at=pack.expires_at,
        url=pack.get_absolute_url(),
    )


def _start_grace(session: Session, pack: SessionPack, settled_at: datetime, now: datetime) -> None:
    seat = start_grace(student_id=pack.student_id, mentor_id=pack.mentor_id, settled_at=settled_at, now=now)
    if seat is None or seat.grace_ends_at is None:
        return
    what = "ask_first" if renewal_is_off(pack.student_id, pack.mentor_id, now) else ""
    for person in (session.student, session.mentor):
        role = "mentor" if person.pk == session.mentor_id else "student"
        notify(
            "grace_started",
            recipient=person,
            about=f"seat:{seat.pk}",
            dedupe_key=f"grace_started:{seat.pk}:{seat.grace_ends_at.isoformat()}:{person.pk}",
            not_after=seat.grace_ends_at,
            now=now,
            mentor_name=session.mentor.display_name,
            student_name=session.student.display_name,
            role=role,
            what=what,
            grace_ends_at=seat.grace_ends_at,
            url="/tutor/seats" if role == "mentor" else pack.get_absolute_url(),
        )
