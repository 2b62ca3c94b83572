"""The next instant at which something becomes due, over all machines: where the bar's *next event* moves the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, QuerySet

from packs.models import Pause, SessionPack
from payments.models import Order
from seats.models import Seat
from sessions_app.models import BookingRequest, Claim, MoveProposal, Session, SessionEvent


class Event(NamedTuple):
    at: datetime
    what: str


class Due(NamedTuple):
    """Rows whose `field`, moved by `after`, is an instant of interest."""

    what: str
    rows: QuerySet[Any]
    field: str
    after: timedelta = timedelta()


def next_event(now: datetime) -> Event | None:
    """The earliest instant later than `now`, and what happens then. None when nothing is planned at all."""
    found = []
    for due in _all():
        row = due.rows.filter(**{f"{due.field}__gt": now - due.after}).aggregate(first=Min(due.field))
        if row["first"] is not None:
            found.append(Event(row["first"] + due.after, due.what))
    # Of what happens at one instant the earlier in the list is named: people before money.
    return min(found, key=lambda event: event.at, default=None)


def _all() -> list[Due]:
    """In the order in which they are named when they fall on one instant."""
    return [*_answers(), *_sessions(), *_payments(), *_seats(), *_packs(), *_money()]


def _answers() -> list[Due]:
    asked = BookingRequest.objects.filter(status=BookingRequest.Status.PENDING_MENTOR_REVIEW)
    proposed = MoveProposal.objects.filter(status=MoveProposal.Status.OPEN)
    return [
        Due("a claim goes to an admin unanswered", Claim.objects.filter(status=Claim.Status.OPENED), "answer_by"),
        Due("a proposal to move can no longer be answered", proposed, "old_starts_at"),
        Due("a request lapses without an answer", asked, "approval_deadline"),
    ]


def _sessions() -> list[Due]:
    scheduled = Session.objects.filter(status=Session.Status.SCHEDULED)
    booked = Session.objects.filter(status__in=Session.BOOKED)
    entered = Exists(SessionEvent.objects.filter(session=OuterRef("pk"), kind=SessionEvent.Kind.ENTERED))
    # What is in dispute or paused stands still: none of its dates comes.
    unclaimed = booked.exclude(Exists(Claim.objects.open().filter(session=OuterRef("pk"))))
    by_evidence = timedelta(hours=settings.MENTORSHIP.auto_settle_with_evidence_hours)
    without = timedelta(hours=settings.MENTORSHIP.auto_settle_hours)
    who_came = "a session that nobody marked is settled by who came"
    return [
        Due("a session starts in 24 hours", scheduled, "starts_at", -timedelta(hours=24)),
        Due("a session starts in 1 hour", scheduled, "starts_at", -timedelta(hours=1)),
        Due("a session starts", booked, "starts_at"),
        Due("a session ends", booked, "ends_at"),
        Due(who_came, unclaimed.filter(entered), "ends_at", by_evidence),
        Due("a session that nobody marked is settled", unclaimed.exclude(entered), "ends_at", without),
    ]


def _payments() -> list[Due]:
    approved = BookingRequest.objects.filter(status=BookingRequest.Status.APPROVED, paid_at=None)
    unpaid = Session.objects.filter(status=Session.Status.AWAITING_PAYMENT)
    return [
        Due("an approved request lapses unpaid", approved, "payment_deadline"),
        Due("a time kept for a payment is free again", unpaid, "payment_deadline"),
        Due("an order lapses", Order.objects.filter(status=Order.Status.PENDING), "expires_at"),
    ]


def _seats() -> list[Due]:
    seats = Seat.objects
    grace = seats.filter(status=Seat.Status.GRACE, frozen_at=None)
    warned = -timedelta(hours=settings.MENTORSHIP.final_warning_hours)
    return [
        Due("a seat on offer goes to the next in line", seats.filter(status=Seat.Status.OFFERED), "held_until"),
        Due("a seat held for a payment is free again", seats.filter(status=Seat.Status.HELD), "held_until"),
        Due("a last warning before a seat is released", grace, "grace_ends_at", warned),
        Due("a seat in grace is released", grace, "grace_ends_at"),
    ]


def _packs() -> list[Due]:
    packs = SessionPack.objects.filter(status=SessionPack.Status.ACTIVE, frozen_at=None, paused_at=None)
    return [
        Due("a pause ends", Pause.objects.filter(status=Pause.Status.RUNNING), "ends_at"),
        Due("a pack expires in 30 days", packs, "expires_at", -timedelta(days=30)),
        Due("a pack expires in 7 days", packs, "expires_at", -timedelta(days=7)),
        Due("a pack expires tomorrow", packs, "expires_at", -timedelta(days=1)),
        Due("a pack expires", packs, "expires_at"),
    ]


def _money() -> list[Due]:
    used = Session.objects.filter(credit=Session.Credit.USED, pack__frozen_at=None)
    hold = timedelta(hours=settings.MENTORSHIP.money_hold_hours)
    return [Due("a mentor's share becomes available", used, "settled_at", hold)]
