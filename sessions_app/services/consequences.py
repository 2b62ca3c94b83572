"""What a verb would do right now, in words for whoever reads them. The page prints it; the commit computes it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from mentorship.kernel.refusals import Refusal
from packs.models import SessionPack
from packs.services import returned_credit
from seats.models import Seat
from sessions_app.models import Session


@dataclass(frozen=True)
class Consequence:
    """`code` names the whole answer: it is what a page sends back as `expect`. `kind` is its first word.

    `sentence` says what becomes of the credit, `also` what else follows.
    """

    code: str
    sentence: str
    credit_returns: bool
    free_until: datetime | None = None
    also: str = ""

    @property
    def kind(self) -> str:
        return self.code.partition(":")[0]

    @property
    def makes_up(self) -> bool:
        """The credit comes back as a make-up session."""
        return self.code.endswith("make_up")

    def of(self, verb: str) -> Consequence:
        """The same, as the consequence of this verb."""
        return replace(self, code=f"{verb}:{self.code}")

    def must_be(self, expect: str | None) -> Consequence:
        """The commit does what the reader was shown. Raises Refusal `answer_changed`."""
        if expect is not None and expect != self.code:
            words = " ".join(filter(None, ["Meanwhile this has changed.", self.sentence, self.also]))
            raise Refusal("answer_changed", words)
        return self


class Follows:
    """What follows from a used credit, besides what is left."""

    NOTHING, REMINDER, GRACE = "", "reminder", "grace"


def follows_use(pack: SessionPack, *, left: int, is_open: bool) -> str:
    """The renewal reminder at the last but one, grace after the last; only where a seat hangs on it and time is left."""
    if not pack.takes_seat or not is_open:
        return Follows.NOTHING
    return {1: Follows.REMINDER, 0: Follows.GRACE}.get(left, Follows.NOTHING)


def _student_reads(session: Session, by: Any) -> bool:
    return by is not None and by.pk == session.student_id


def _whose(session: Session, by: Any) -> str:
    return "your" if _student_reads(session, by) else f"{session.student.first_name}\N{RIGHT SINGLE QUOTATION MARK}s"


def if_used(session: Session, *, by: Any, now: datetime, kept_otherwise: bool | None = None) -> Consequence:
    """Its held credit is used at `now`. `kept_otherwise`: another pack keeps the seat (None: it is looked up)."""
    pack = session.pack
    if pack is None:
        return Consequence("nothing", "", False)
    left = max(0, pack.total_at(now) - pack.sessions_used - 1)
    return _used(session, pack, left, pack.is_open(now), by=by, now=now, kept_otherwise=kept_otherwise)


def _used(
    session: Session,
    pack: SessionPack,
    left: int,
    is_open: bool,
    *,
    by: Any,
    now: datetime,
    kept_otherwise: bool | None = None,
) -> Consequence:
    follows = follows_use(pack, left=left, is_open=is_open)
    whose = _whose(session, by)
    if pack.takes_seat and left == 0:
        kept = _kept_otherwise(pack, now) if kept_otherwise is None else kept_otherwise
        if kept:
            return Consequence("0", "1 session is used, the last one of this pack.", False)
        if follows == Follows.GRACE:
            hours = settings.MENTORSHIP.grace_hours
            words = f"1 session is used, the last one: {whose} seat is then kept for {hours} hours to renew."
            return Consequence("0:grace", words, False)
        words = f"1 session is used, the last one, and the pack has expired: {whose} seat is then free again."
        return Consequence("0:expired", words, False)
    if follows == Follows.REMINDER:
        who = "you are" if _student_reads(session, by) else f"{session.student.first_name} is"
        return Consequence("1:reminder", f"1 session is used, 1 is left: {who} then reminded to renew.", False)
    if not pack.takes_seat and left == 0:
        return Consequence("0", "1 session is used.", False)
    words = f"1 session is used, {left} {'is' if left == 1 else 'are'} left."
    return Consequence(str(left), words, False)


def _kept_otherwise(pack: SessionPack, now: datetime) -> bool:
    """The seat enters no grace for this pack's sake: another one keeps it, or it is not taken (any more)."""
    pair = {"student": pack.student_id, "mentor": pack.mentor_id}
    if SessionPack.objects.keeping_a_seat(now).filter(**pair).exclude(pk=pack.pk).exists():
        return True
    return not Seat.objects.filter(**pair, status=Seat.Status.ACTIVE).exists()


def if_returned(session: Session, *, by: Any, now: datetime) -> Consequence:
    """Its credit comes back, as nobody's fault of the student: to the open pack, else as a make-up session."""
    pack, reads = session.pack, _student_reads(session, by)
    student = session.student.first_name
    if pack is None:
        return Consequence("nothing", "", True)
    if pack.is_open(now):
        words = "1 session comes back to your pack." if reads else f"The session goes back to {student}."
        return Consequence("back", words, True)
    days = settings.MENTORSHIP.make_up_days
    words = (
        f"Your pack is over, so you get a make-up session, to be held within {days} days."
        if reads
        else f"{student}\N{RIGHT SINGLE QUOTATION MARK}s pack is over, so {student} gets a make-up session, to be held within {days} days."
    )
    return Consequence("make_up", words, True)


def if_unused(session: Session, *, by: Any, now: datetime) -> Consequence:
    """Its used credit comes back, as it is judged anew. A pack used up whose seat is in grace opens again."""
    pack = session.pack
    if pack is None or pack.status != SessionPack.Status.DEPLETED or not seat_in_grace(pack, now):
        return if_returned(session, by=by, now=now)
    whose = _whose(session, by)
    days = settings.MENTORSHIP.make_up_days
    words = f"The session comes back: {whose} pack is open again for at least {days} days, and {whose} seat stays."
    return Consequence("reopens", words, True)


def seat_in_grace(pack: SessionPack, now: datetime) -> bool:
    """The seat this pack was on is in its grace."""
    if not pack.takes_seat:
        return False
    seat = Seat.objects.standing().filter(student=pack.student_id, mentor=pack.mentor_id).first()
    return seat is not None and seat.in_grace(now)


def if_taken(session: Session, *, by: Any, now: datetime) -> Consequence:
    """A credit that had come back is used after all. Raises Refusal `no_remaining_sessions` when it is spent."""
    assert session.pack is not None, "a judged session has its pack"
    home = returned_credit(pack=session.pack, purchase_id=session.purchase_id, session_id=session.pk)
    left = max(0, home.total_at(now) - home.sessions_used - 1)
    used = _used(session, home, left, home.is_open(now), by=by, now=now)
    return replace(
        used, code=f"taken:{used.code}", sentence=f"The session that came back is taken again. {used.sentence}"
    )
