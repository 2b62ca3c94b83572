"""Closing a mentor. It begins in one transaction (sales stop); then each mentorship ends in its own, whatever the others do.

What cannot end yet (a disputed payment, a session that has begun) is named and looked at again by the job, and so is
money that comes late. Running it again goes on where it stopped: what is left is asked of the rows, never remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from mentorship.kernel import clock, jobs, money
from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.kernel.tasks import run_job
from mentorship.pages.ending.service import Ended, end_by_mentor, preview
from mentorship.pages.mentorships import mentorships
from mentorship.pages.models import MentorClosing
from mentorship.pages.verification import withdraw_verification
from mentorship.people.models import MentorProfile, User
from notifications.services import notify
from packs.models import SessionPack
from payments.models import Order, Refund
from payments.services import fulfil_order
from seats.models import Seat, WaitingPlace
from seats.services.repairing import end_line
from sessions_app.models import BookingRequest, Session

log = structlog.get_logger(__name__)


@dataclass
class Plan:
    """What closing would do right now, summed over all mentorships: each was ended, looked at, and undone."""

    mentor: User
    mentorships: int = 0  # pairs with a live seat, an open pack or a coming session: who only asks or pays is no pair
    sums: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    credits: int = 0
    taken: int = 0
    cancelled: int = 0
    requests: int = 0
    checkouts: int = 0
    seats: int = 0
    waiting: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def money(self) -> list[str]:
        return [money.display(amount, currency) for currency, amount in sorted(self.sums.items())]

    @property
    def digest(self) -> str:
        shown = {name: value for name, value in vars(self).items() if name != "mentor"}
        return hashlib.sha256(repr(sorted(shown.items())).encode()).hexdigest()[:24]

    @property
    def sentences(self) -> list[str]:
        said = [
            ("Sales stop, and buyers do not find the mentor any more", 1),
            (f"{_n(self.mentorships, 'mentorship')} {'ends' if self.mentorships == 1 else 'end'}", self.mentorships),
            (f"{_n(self.cancelled, 'coming session')} cancelled", self.cancelled),
            (
                f"{' and '.join(self.money)} goes back: {_n(self.credits, 'session')} of {_n(self.orders, 'order')}",
                self.orders,
            ),
            (f"{_n(self.taken, 'session')} nobody paid for here taken back", self.taken),
            (f"{_n(self.requests, 'request')} rejected", self.requests),
            (f"{_n(self.checkouts, 'open checkout')} given up", self.checkouts),
            (f"{_n(self.seats, 'seat')} free", self.seats),
            (f"{_n(self.waiting, 'person', 'people')} on the waiting list told that it ends", self.waiting),
        ]
        return [f"{words}." for words, count in said if count]


def _n(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def students_left(mentor: User, now: datetime) -> list[int]:
    """The students with whom something is still to end: ids, ascending. Six statements, whatever there is."""
    mine = Q(mentor=mentor)
    coming = Session.objects.filter(mine, status__in=Session.BOOKED)
    packs = SessionPack.objects.filter(mine, status=SessionPack.Status.ACTIVE)
    orders = Order.objects.filter(mine, status__in=[Order.Status.PENDING, Order.Status.PAID])
    undone = orders.exclude(Q(status=Order.Status.PAID) & ~Q(pk__in=Order.objects.to_fulfil().filter(mine)))
    asked = BookingRequest.objects.waiting(now) | BookingRequest.objects.to_pay(now)
    seats = Seat.objects.standing().filter(mine)
    rows = (coming, packs, undone, asked.filter(mine), seats)
    return sorted({pk for found in rows for pk in found.values_list("student_id", flat=True)})


def plan_closing(mentor: User, *, now: datetime) -> Plan:
    """What closing would do at `now`: computed by ending each mentorship and undoing it."""
    plan = Plan(mentor, waiting=WaitingPlace.objects.filter(mentor=mentor, status__in=WaitingPlace.OPEN).count())
    pairs = {one.person.pk for one in mentorships(mentor, "mentor", now)}
    for student in _people(students_left(mentor, now)):
        ended = _look(student, mentor, now, plan)
        if ended is None:
            continue
        plan.mentorships += student.pk in pairs and not ended.left and ended.seat != "later"
        for _, amount, currency, sessions in ended.refunds:
            plan.sums[currency] = plan.sums.get(currency, 0) + amount
            plan.credits += sessions
        plan.orders += len(ended.refunds)
        plan.taken += ended.taken
        plan.cancelled += len(ended.cancelled)
        plan.requests += ended.requests
        plan.checkouts += ended.checkouts
        plan.seats += ended.seat == "free"
        plan.left += [f"{student.display_name}: {why}" for why in ended.left]
        if ended.seat == "later":
            plan.left.append(f"{student.display_name}: a session has begun and is to be settled first.")
    return plan


def _look(student: User, mentor: User, now: datetime, plan: Plan) -> Ended | None:
    try:
        return preview(lambda: _end(student, mentor, None, "-", now))
    except Refusal as refusal:
        plan.left.append(f"{student.display_name}: {refusal.message}")
        return None


def _people(ids: list[int]) -> Iterator[User]:
    found = User.objects.in_bulk(ids)
    return (found[pk] for pk in ids)


def _end(student: User, mentor: User, by: Any, reason: str, now: datetime) -> Ended:
    return end_by_mentor(student=student, mentor=mentor, by=by, reason=reason, wait=True, kind="mentor_closed", now=now)


@transaction.atomic
def begin_closing(*, mentor_id: int, by: Any, reason: str, now: datetime, expect: str | None = None) -> MentorClosing:
    """Sales stop at once, the line is told, and the job ends the mentorships. Twice is once.

    `expect` is the digest of the plan that was shown. Raises NotFound (no mentor), Refusal `answer_changed`.
    """
    profile = MentorProfile.objects.select_related("user").filter(user=mentor_id).first()
    if profile is None:
        raise NotFound("There is no such mentor.")
    mentor = profile.user
    open_one = MentorClosing.objects.filter(mentor=mentor, finished_at=None).first()
    if open_one is not None:
        return open_one
    if expect is not None and expect != plan_closing(mentor, now=now).digest:
        raise Refusal("answer_changed", "Meanwhile something has changed. Please read again what closing would do.")
    lock_people([mentor.pk])
    withdraw_verification(mentor_id=mentor.pk, by=by, now=now)
    MentorProfile.objects.filter(pk=profile.pk).update(accepts_new=False)
    with polite(pages_one_open_closing=Refusal("wrong_state", "This mentor is being closed already.")):
        closing = MentorClosing.objects.create(mentor=mentor, by=by, reason=reason, began_at=now)
    closing.waiting = end_line(mentor=mentor, reason=reason, now=now)
    closing.save(update_fields=["waiting"])
    notify(
        "mentor_closed",
        recipient=mentor,
        about=f"mentor:{mentor.pk}",
        dedupe_key=f"mentor_closed:{closing.pk}",
        now=now,
        role="mentor",
        reason=reason,
        url="/tutor/wallet",
    )
    jobs.nudge(run_job, "close_mentors")
    return closing


def go_on(closing: MentorClosing, *, now: datetime) -> MentorClosing:
    """End what can be ended now, one mentorship a transaction; one that fails never keeps the others back."""
    problems: dict[str, str] = {}
    for student in _people(students_left(closing.mentor, now)):
        try:
            _grant_what_was_paid(student, closing.mentor, now)
            ended = _end_one(closing, student, now)
        except Refusal as refusal:
            problems[str(student.pk)] = refusal.message
            continue
        except Exception as failed:  # whatever it is: the next one has a right to their money
            log.exception("closing_failed", mentor=closing.mentor_id, student=student.pk)
            problems[str(student.pk)] = f"{type(failed).__name__}: {failed}"[:300]
            continue
        if ended.left or ended.seat == "later":
            problems[str(student.pk)] = " ".join(ended.left) or "A session has begun and is to be settled first."
    return _note(closing, problems, now)


def _grant_what_was_paid(student: User, mentor: User, now: datetime) -> None:
    """Money first, goods second: what is paid and not granted is granted, and then goes back like the rest."""
    for order in Order.objects.to_fulfil().filter(student=student, mentor=mentor):
        fulfil_order(order.pk, now)


@transaction.atomic
def _end_one(closing: MentorClosing, student: User, now: datetime) -> Ended:
    """End it and count it in one transaction: whoever is killed in the middle has counted what is done."""
    ended = _end(student, closing.mentor, closing.by, closing.reason, now)
    if ended.does_something:
        MentorClosing.objects.filter(pk=closing.pk).update(done=F("done") + 1)
    return ended


@transaction.atomic
def _note(closing: MentorClosing, problems: dict[str, str], now: datetime) -> MentorClosing:
    kept = lock(MentorClosing.objects.filter(pk=closing.pk))[0]
    left = students_left(closing.mentor, now)
    kept.problems, kept.looked_at = problems, now
    kept.finished_at = None if left else kept.finished_at or now
    kept.save(update_fields=["problems", "looked_at", "finished_at"])
    return kept


def closings_to_work_off(now: datetime) -> list[MentorClosing]:
    """Those that are not finished, and the last of those whose mentor is still closed and got something since."""
    found = list(MentorClosing.objects.filter(finished_at=None).select_related("mentor", "by").order_by("pk"))
    over = MentorClosing.objects.filter(finished_at__isnull=False, mentor__mentor_profile__verified_at=None)
    latest: dict[int, MentorClosing] = {
        one.mentor_id: one for one in over.select_related("mentor", "by").order_by("pk")
    }
    known = {one.mentor_id for one in found}
    late = [one for pk, one in latest.items() if pk not in known and students_left(one.mentor, now)]
    return [*found, *late]


def refund_states(closing: MentorClosing) -> dict[str, int]:
    """How the refunds of this closing are getting on, by status."""
    rows = Refund.objects.filter(order__mentor=closing.mentor_id, created_at__gte=closing.began_at)
    states = [Refund.Status(status).label for status in rows.values_list("status", flat=True)]
    return {label: states.count(label) for label in dict.fromkeys(states)}


def close_now(*, mentor_id: int, by: Any, reason: str) -> MentorClosing:
    """Begin (or find) the closing and work it off in this process: for the command."""
    closing = begin_closing(mentor_id=mentor_id, by=by, reason=reason, now=clock.now())
    return go_on(closing, now=clock.now())
