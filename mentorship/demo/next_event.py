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
    numbers = settings.MENTORSHIP
    scheduled = Session.objects.filter(status=Session.Status.SCHEDULED)
    booked = Session.objects.filter(status__in=Session.BOOKED)
    entered = SessionEvent.objects.filter(session=OuterRef("pk"), kind=SessionEvent.Kind.ENTERED)
    # What is in dispute or paused stands still: none of its dates comes.
    claimed = Exists(Claim.objects.open().filter(session=OuterRef("pk")))
    unclaimed = booked.exclude(claimed)
    unpaid = Session.objects.filter(status=Session.Status.AWAITING_PAYMENT)
    grace = Seat.objects.filter(status=Seat.Status.GRACE, frozen_at=None)
    packs = SessionPack.objects.filter(status=SessionPack.Status.ACTIVE, frozen_at=None, paused_at=None)
    asked = BookingRequest.objects.filter(status=BookingRequest.Status.PENDING_MENTOR_REVIEW)
    approved = BookingRequest.objects.filter(status=BookingRequest.Status.APPROVED, paid_at=None)
    used = Session.objects.filter(credit=Session.Credit.USED, pack__frozen_at=None)
    return [
        Due("a claim goes to an admin unanswered", Claim.objects.filter(status=Claim.Status.OPENED), "answer_by"),
        Due(
            "a proposal to move can no longer be answered",
            MoveProposal.objects.filter(status=MoveProposal.Status.OPEN),
            "old_starts_at",
        ),
        Due("a session starts in 24 hours", scheduled, "starts_at", -timedelta(hours=24)),
        Due("a session starts in 1 hour", scheduled, "starts_at", -timedelta(hours=1)),
        Due("a session starts", booked, "starts_at"),
        Due("a session ends", booked, "ends_at"),
        Due(
            "a session that nobody marked is settled by who came",
            unclaimed.filter(Exists(entered)),
            "ends_at",
            timedelta(hours=numbers.auto_settle_with_evidence_hours),
        ),
        Due(
            "a session that nobody marked is settled",
            unclaimed.exclude(Exists(entered)),
            "ends_at",
            timedelta(hours=numbers.auto_settle_hours),
        ),
        Due("a request lapses without an answer", asked, "approval_deadline"),
        Due("an approved request lapses unpaid", approved, "payment_deadline"),
        Due("a seat on offer goes to the next in line", Seat.objects.filter(status=Seat.Status.OFFERED), "held_until"),
        Due("a pause ends", Pause.objects.filter(status=Pause.Status.RUNNING), "ends_at"),
        Due("a time kept for a payment is free again", unpaid, "payment_deadline"),
        Due("an order lapses", Order.objects.filter(status=Order.Status.PENDING), "expires_at"),
        Due("a seat held for a payment is free again", Seat.objects.filter(status=Seat.Status.HELD), "held_until"),
        Due(
            "a last warning before a seat is released",
            grace,
            "grace_ends_at",
            -timedelta(hours=numbers.final_warning_hours),
        ),
        Due("a seat in grace is released", grace, "grace_ends_at"),
        Due("a pack expires in 30 days", packs, "expires_at", -timedelta(days=30)),
        Due("a pack expires in 7 days", packs, "expires_at", -timedelta(days=7)),
        Due("a pack expires tomorrow", packs, "expires_at", -timedelta(days=1)),
        Due("a pack expires", packs, "expires_at"),
        Due(
            "a mentor's share becomes available",
            used,
            "settled_at",
            timedelta(hours=numbers.money_hold_hours),
        ),
    ]
