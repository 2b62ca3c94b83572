"""What a room has to look for at all: most people have neither claims nor offers nor places in a line, most of the time.

One query instead of one for each kind of thing; only what is there is then read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, QuerySet

from mentorship.people.models import User
from offerings.models import Offering
from payments.models import Order
from seats.models import WaitingPlace
from sessions_app.models import BookingRequest, Claim, MoveProposal


@dataclass(frozen=True)
class Glance:
    """Which of these this person has in this role."""

    requests: bool
    said: bool  # a claim that asks them; student: also a proposal to move one
    money: bool  # student: orders to pay; mentor: refunds asked for
    offers: bool = False
    lines: bool = False


def student_glance(student: User, now: datetime) -> Glance:
    found = _present(
        student,
        requests=BookingRequest.objects.filter(student=student, paid_at=None),
        claims=Claim.objects.asking(student).filter(session__student=student),
        proposals=MoveProposal.objects.filter(session__student=student, status=MoveProposal.Status.OPEN),
        money=Order.objects.open(now).filter(student=student),
        offers=Offering.objects.filter(private_for=student, archived_at=None),
        lines=WaitingPlace.objects.standing(now).filter(student=student),
    )
    said = found.pop("claims") | found.pop("proposals")
    return Glance(said=said, **found)


def mentor_glance(mentor: User, now: datetime) -> Glance:
    found = _present(
        mentor,
        requests=BookingRequest.objects.open(now).filter(mentor=mentor),
        said=Claim.objects.asking(mentor).filter(session__mentor=mentor),
        money=Order.objects.filter(mentor=mentor, refund_asked_at__isnull=False),
    )
    return Glance(**found)


def _present(person: User, **rows: QuerySet) -> dict[str, bool]:
    """Which of these sets have a row: one query for all of them."""
    names, signs = list(rows), [Exists(of) for of in rows.values()]
    return dict(zip(names, User.objects.filter(pk=person.pk).values_list(*signs).get(), strict=True))
