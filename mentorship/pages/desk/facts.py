"""What stands above the timeline: who it is, the packs with their dots, the seats, the money, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Case, Q, QuerySet, When

from mentorship.people.models import MentorProfile, User
from packs.models import Pause, SessionPack
from payments.ledger import Balance, balances
from payments.models import Order
from seats.models import Seat, WaitingPlace
from seats.services import Availability
from seats.services.capacity import availabilities
from sessions_app.models import BookingRequest, Claim, Session

MOST = 12
OPEN = SessionPack.Status.ACTIVE


@dataclass
class PackFact:
    """A pack with its dots and the verbs that fit it."""

    pack: SessionPack
    used: int
    held: int
    free: int
    status: str
    seat: Seat | None = None
    pause: Pause | None = None
    is_open: bool = False


@dataclass
class ClaimFact:
    claim: Claim
    stands: str
    for_an_admin: bool


@dataclass
class Facts:
    person: User
    profile: MentorProfile | None
    addresses: list[str]
    packs: list[PackFact] = field(default_factory=list)
    more_packs: int = 0
    seats: list[Seat] = field(default_factory=list)
    coming: list[Session] = field(default_factory=list)
    claims: list[ClaimFact] = field(default_factory=list)
    requests: list[BookingRequest] = field(default_factory=list)
    waiting: list[WaitingPlace] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    chairs: Availability | None = None
    mentors: list[User] = field(default_factory=list)


def facts(person: User, *, now: datetime, other_id: int | None, may: Callable[[str], bool]) -> Facts:
    """Everything in a constant number of statements. With `other_id` only what is between the two, in both roles.

    `may` says whether the reader may see rows of a permission ("packs.view_sessionpack").
    """
    profile = MentorProfile.objects.filter(user=person).first()
    mine = _between(person, other_id)
    found = Facts(person, profile, _addresses(person))
    if may("packs.view_sessionpack"):
        _add_packs(found, mine, now)
    if may("seats.view_seat"):
        found.seats = list(_two(Seat.objects.occupying(now).filter(mine)).order_by("mentor", "number")[:MOST])
        found.waiting = list(
            _two(WaitingPlace.objects.filter(mine, status__in=WaitingPlace.OPEN)).order_by("joined_at")[:MOST]
        )
        found.chairs = availabilities([person.pk], now).get(person.pk) if profile else None
    if may("sessions_app.view_session"):
        coming = _two(Session.objects.coming(now).filter(mine)).select_related("pack")
        unmarked = _two(Session.objects.unmarked(now).filter(mine)).select_related("pack")
        found.coming = [*unmarked.order_by("starts_at")[:MOST], *coming.order_by("starts_at")[:MOST]]
    if may("sessions_app.view_claim"):
        of_session = _between(person, other_id, "session__")
        claims = Claim.objects.open().filter(of_session).select_related("session__student", "session__mentor", "by")
        found.claims = [
            ClaimFact(claim, claim.status_words(now), claim.is_for_an_admin(now))
            for claim in claims.order_by("answer_by")[:MOST]
        ]
    if may("sessions_app.view_bookingrequest"):
        waiting = BookingRequest.objects.waiting(now) | BookingRequest.objects.to_pay(now)
        found.requests = list(_two(waiting.filter(mine)).order_by("created_at")[:MOST])
    if may("payments.view_order"):
        looked_at = Q(refund_asked_at__isnull=False) | ~Q(attention="")
        found.orders = list(_two(Order.objects.filter(mine).filter(looked_at)).order_by("-created_at")[:MOST])
    if profile is not None and may("payments.view_ledgertransaction"):
        found.balances = balances(person.pk)
    found.mentors = _others(person)
    return found


def _between(person: User, other_id: int | None, way: str = "") -> Q:
    student, mentor = f"{way}student", f"{way}mentor"
    if other_id is None:
        return Q(**{student: person}) | Q(**{mentor: person})
    return Q(**{student: person, mentor: other_id}) | Q(**{student: other_id, mentor: person})


def _two(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_related("student", "mentor")


def _addresses(person: User) -> list[str]:
    also = EmailAddress.objects.filter(user=person).values_list("email", "verified")
    told = {email: "" if verified else " (not confirmed)" for email, verified in also}
    return [f"{email}{told.get(email, '')}" for email in dict.fromkeys([person.email, *told])]


def _add_packs(found: Facts, mine: Q, now: datetime) -> None:
    rows = SessionPack.objects.filter(mine)
    newest = _two(rows).annotate(rank=Case(When(status=OPEN, then=0), default=1)).order_by("rank", "-created_at")
    packs = list(newest[: MOST + 1])
    found.more_packs = max(0, len(packs) - MOST)
    packs = packs[:MOST]
    pairs = {(pack.student_id, pack.mentor_id) for pack in packs}
    students, mentors = {student for student, _ in pairs}, {mentor for _, mentor in pairs}
    seats = {
        (seat.student_id, seat.mentor_id): seat
        for seat in Seat.objects.standing().filter(student__in=students, mentor__in=mentors)
    }
    open_pauses = Pause.objects.filter(pack__in=packs, status__in=[Pause.Status.ASKED, Pause.Status.RUNNING])
    pauses = {pause.pack_id: pause for pause in open_pauses}
    for pack in packs:
        seat = seats.get((pack.student_id, pack.mentor_id)) if pack.takes_seat else None
        found.packs.append(
            PackFact(
                pack,
                used=pack.sessions_used,
                held=pack.sessions_held,
                free=pack.remaining_at(now),
                status=SessionPack.Status(pack.status_at(now)).label,
                seat=seat,
                pause=pauses.get(pack.pk),
                is_open=pack.is_open(now),
            )
        )


def _others(person: User) -> list[User]:
    """With whom there is, or was, anything: to choose from."""
    theirs = User.objects.filter(
        Q(pk__in=SessionPack.objects.filter(student=person).values("mentor"))
        | Q(pk__in=SessionPack.objects.filter(mentor=person).values("student"))
        | Q(pk__in=Order.objects.filter(student=person).values("mentor"))
        | Q(pk__in=Order.objects.filter(mentor=person).values("student"))
        | Q(pk__in=WaitingPlace.objects.filter(student=person).values("mentor"))
        | Q(pk__in=BookingRequest.objects.filter(student=person).values("mentor"))
    )
    return list(theirs.order_by("name", "pk")[:200])
