"""How a mentorship ends. Each way is one function that says what it has done; a preview runs it and undoes it.

The mentor ends: every refundable order is refunded as far as it is unused, what nobody paid for is taken, coming sessions
are cancelled, the seat is free at once, never grace. The student ends: the wish for a refund goes to the mentor, or the
rest is given up and lapses now, as at an expiry. Nothing of another mentorship is touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from mentorship.kernel import money
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import User
from notifications.services import notify
from packs.models import SessionPack
from packs.services.repairing import give_up as give_up_pack, take_all
from payments.models import Dispute, Order
from payments.services import ask_for_refund, give_up as give_up_order, plan_refund, refund_order
from payments.services.wishes import check_refundable
from seats.models import Seat, WaitingPlace
from seats.services.repairing import give_up_seat
from sessions_app.models import BookingRequest, Session
from sessions_app.services import cancel, what_if_cancelled, withdraw_request
from sessions_app.services.letting_go import let_go


@dataclass
class Ended:
    """What the end of one mentorship does, or did."""

    refunds: list[tuple[str, int, str, int]] = field(default_factory=list)  # order's number, minor, currency, sessions
    asked: list[tuple[str, int, str, int]] = field(default_factory=list)
    taken: int = 0
    given_up: int = 0
    cancelled: list[Session] = field(default_factory=list)
    kept: list[Session] = field(default_factory=list)
    requests: int = 0
    checkouts: int = 0
    seat: str = ""  # "", "free" at once, "later" after the last session that is kept
    left: list[str] = field(default_factory=list)  # what cannot end yet, and why

    @property
    def digest(self) -> str:
        shown = (
            sorted(self.refunds),
            sorted(self.asked),
            self.taken,
            self.given_up,
            sorted(str(session.pk) for session in self.cancelled),
            sorted(str(session.pk) for session in self.kept),
            self.requests,
            self.checkouts,
            self.seat,
            sorted(self.left),
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:24]

    @property
    def does_something(self) -> bool:
        done = (self.refunds, self.asked, self.taken, self.given_up, self.cancelled, self.requests, self.checkouts)
        return any(done) or bool(self.seat)

    @property
    def sums(self) -> list[str]:
        """The money that goes back, a sum for each currency."""
        return _sums(self.refunds)

    @property
    def asked_sums(self) -> list[str]:
        return _sums(self.asked)

    @property
    def refunded_sessions(self) -> int:
        return sum(row[3] for row in self.refunds)


def _sums(rows: list[tuple[str, int, str, int]]) -> list[str]:
    totals: dict[str, int] = {}
    for _, amount, currency, _ in rows:
        totals[currency] = totals.get(currency, 0) + amount
    return [money.display(total, currency) for currency, total in sorted(totals.items())]


def preview(end: Callable[[], Ended]) -> Ended:
    """What it would do right now; nothing of it stays. Raises Refusal as it does."""
    with transaction.atomic():
        ended = end()
        transaction.set_rollback(True)
    return ended


@transaction.atomic
def commit(end: Callable[[], Ended], *, expect: str) -> Ended:
    """Do it, if it does what was shown. Raises Refusal, `answer_changed`."""
    ended = end()
    if expect != ended.digest:
        raise Refusal("answer_changed", "Meanwhile something has changed. Please read again what it would do.")
    return ended


@transaction.atomic
def end_by_mentor(
    *,
    student: User,
    mentor: User,
    by: Any,
    reason: str,
    wait: bool = False,
    kind: str = "mentorship_ended",
    now: datetime,
) -> Ended:
    """The mentor (or support, `by`) ends it: what is unused goes back, the seat is free at once; the student is told.

    With `wait` what cannot end yet (a disputed payment) is left and named; without, Refusal `wrong_state` says so.
    Raises NotFound (nothing between the two).
    """
    orders = _lock(student, mentor)
    ended = Ended()
    coming = _coming(student, mentor, now)
    _end_open_orders(orders, ended, now)
    for request_id in _open_requests(student, mentor, now):
        ended.requests += let_go(request_id=request_id, by=by, reason=reason, now=now)
    for order in orders:
        _refund(order, ended, by=by, reason=reason, wait=wait, now=now)
    for session in _coming(student, mentor, now):
        cancel(session_id=session.pk, by=by, on_behalf_of=mentor, reason=reason, now=now)
    for pack in _open_packs(student, mentor).filter(frozen_at=None):
        ended.taken += take_all(pack_id=pack.pk, by=by, reason=reason, now=now)
        # What has begun is still to be settled: nothing else keeps this pack, and no grace follows.
        give_up_pack(pack_id=pack.pk, by=by, reason=reason, now=now)
    ids = [session.pk for session in coming]
    gone = set(Session.objects.filter(pk__in=ids, status=Session.Status.CANCELLED).values_list("pk", flat=True))
    ended.cancelled = [session for session in coming if session.pk in gone]
    _end_seat(student, mentor, ended, by=by, reason=reason, now=now)
    if ended.does_something:
        _tell(student, kind, student, mentor, ended, reason, now)
    return ended


@transaction.atomic
def ask_back(*, student: User, mentor: User, reason: str, now: datetime) -> Ended:
    """The student asks for a refund of everything unused; the mentor decides. Nothing else changes until then.

    Raises NotFound, Refusal `nothing_to_refund`.
    """
    orders, ended = _lock(student, mentor), Ended()
    for order in orders:
        try:
            plan = check_refundable(order, now)
        except Refusal:
            continue
        ask_for_refund(order_id=order.pk, student=student, reason=reason, now=now)
        ended.asked.append((order.number, plan.amount_minor, order.currency, plan.sessions))
    if not ended.asked:
        raise Refusal("nothing_to_refund", "There is nothing left to refund: what is settled stays paid.")
    return ended


@transaction.atomic
def give_up(*, student: User, mentor: User, reason: str, now: datetime) -> Ended:
    """The student gives up seat and rest, without a refund: free sessions lapse now. The mentor is told.

    Coming sessions are cancelled as far as that costs none; the others take place, and the seat is free after them.
    Raises NotFound, Refusal `pack_frozen` (something is being decided).
    """
    orders = _lock(student, mentor)
    if _open_packs(student, mentor).filter(frozen_at__isnull=False).exists():
        raise Refusal("pack_frozen", "Something between you two is being decided. Then you can end it.")
    ended = Ended()
    _end_open_orders(orders, ended, now)
    for request_id in _open_requests(student, mentor, now):
        withdraw_request(request_id=request_id, by=student, now=now)
        ended.requests += 1
    for session in _coming(student, mentor, now):
        if session.starts_at > now and what_if_cancelled(session, by=student, now=now).credit_returns:
            cancel(session_id=session.pk, by=student, reason=reason, now=now)
            ended.cancelled.append(session)
        else:
            ended.kept.append(session)
    for pack in _open_packs(student, mentor):
        ended.given_up += give_up_pack(pack_id=pack.pk, by=student, reason=f"given up by {student.first_name}", now=now)
    _end_seat(student, mentor, ended, by=student, reason=reason or "given up by the student", now=now)
    if ended.does_something:
        _tell(mentor, "mentorship_ended", student, mentor, ended, reason, now)
    return ended


def _lock(student: User, mentor: User) -> list[Order]:
    """All orders of the two, then the people: everything below them is locked by what it calls. Raises NotFound."""
    orders = lock(Order.objects.of_pair(student.pk, mentor.pk).select_related("student", "mentor"))
    lock_people([student.pk, mentor.pk])
    _check_none_came_between(student, mentor, orders)
    pair = {"student": student, "mentor": mentor}
    known = orders or any(
        model._default_manager.filter(**pair).exists() for model in (Seat, SessionPack, Session, BookingRequest)
    )
    if not known:
        raise NotFound("There is nothing between you two.")
    return orders


def _check_none_came_between(student: User, mentor: User, orders: list[Order]) -> None:
    """An order placed between the two locks is not ours to lock any more: with the people locked it is the wrong order.

    Whatever has become of it. If it is paid and granted by now, its credits would be taken and its money forgotten.
    """
    if Order.objects.of_pair(student.pk, mentor.pk).exclude(pk__in=[order.pk for order in orders]).exists():
        raise Refusal("answer_changed", "A payment was begun at this moment. Please read again what it would do.")


def _coming(student: User, mentor: User, now: datetime) -> list[Session]:
    """Booked and not begun yet, earliest first."""
    rows = Session.objects.filter(student=student, mentor=mentor, status__in=Session.BOOKED, starts_at__gt=now)
    return list(rows.select_related("student", "mentor__mentor_profile", "pack").order_by("starts_at", "pk"))


def _open_packs(student: User, mentor: User) -> Any:
    rows = SessionPack.objects.filter(student=student, mentor=mentor, status=SessionPack.Status.ACTIVE)
    return rows.order_by("pk")


def _open_requests(student: User, mentor: User, now: datetime) -> list[Any]:
    rows = BookingRequest.objects.waiting(now) | BookingRequest.objects.to_pay(now)
    return list(rows.filter(student=student, mentor=mentor).order_by("created_at").values_list("pk", flat=True))


def _end_open_orders(orders: list[Order], ended: Ended, now: datetime) -> None:
    for order in orders:
        if order.status == Order.Status.PENDING:
            give_up_order(student=order.student, order_id=order.pk, now=now)
            ended.checkouts += 1


def _refund(order: Order, ended: Ended, *, by: Any, reason: str, wait: bool, now: datetime) -> None:
    if order.disputes.filter(status=Dispute.Status.OPEN).exists():
        why = f"Order {order.number} is disputed at the bank: what becomes of it is decided there."
        if not wait:
            raise Refusal("wrong_state", why)
        ended.left.append(why)
        return
    plan = plan_refund(order, now=now)
    if plan.payment is None or not plan.sessions or not plan.amount_minor:
        return
    given = refund_order(order_id=order.pk, by=by, reason=reason, now=now)
    ended.refunds.append((order.number, given.amount_minor, given.currency, given.sessions))


def _end_seat(student: User, mentor: User, ended: Ended, *, by: Any, reason: str, now: datetime) -> None:
    before = Seat.objects.filter(student=student, mentor=mentor, released_at=now).exists()
    freed = give_up_seat(student_id=student.pk, mentor_id=mentor.pk, by=by, reason=reason, now=now)
    standing = Seat.objects.standing().filter(student=student, mentor=mentor).exists()
    ended.seat = "free" if freed is not None or before else "later" if standing else ""
    waits = Q(student=student, mentor=mentor, status=WaitingPlace.Status.WAITING)
    if WaitingPlace.objects.filter(waits).update(status=WaitingPlace.Status.LEFT, ended_at=now):
        ended.seat = ended.seat or "line"


def _tell(to: User, kind: str, student: User, mentor: User, ended: Ended, reason: str, now: datetime) -> None:
    is_student = to.pk == student.pk
    notify(
        kind,
        recipient=to,
        about=f"pair:{student.pk}:{mentor.pk}",
        dedupe_key=f"{kind}:{student.pk}:{mentor.pk}:{now.isoformat()}",
        now=now,
        role="student" if is_student else "mentor",
        student_name=student.display_name,
        mentor_name=mentor.display_name,
        reason=reason,
        consequence=consequence(ended),
        money_back="What you have not used goes back; of each refund you are told by itself." if ended.refunds else "",
        url="/student/mentorship" if is_student else "/tutor/seats",
    )


def consequence(ended: Ended) -> str:
    """In one line, for the mail."""
    said = []
    if ended.refunds:
        go = "goes" if len(ended.sums) == 1 else "go"
        said.append(f"{' and '.join(ended.sums)} {go} back for {_sessions(ended.refunded_sessions)}.")
    if ended.given_up:
        said.append(f"{_sessions(ended.given_up)} not used {'lapses' if ended.given_up == 1 else 'lapse'}.")
    if ended.cancelled:
        said.append(f"{_sessions(len(ended.cancelled))} cancelled.")
    if ended.seat == "later":
        said.append("The seat is free after the last session that is booked.")
    elif ended.seat == "free":
        said.append("The seat is free now.")
    return " ".join(said)


def _sessions(n: int) -> str:
    return f"{n} session{'' if n == 1 else 's'}"
