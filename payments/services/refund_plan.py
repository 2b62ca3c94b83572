"""What a refund would do, computed by the function that the commit runs again: what was read is what happens."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from mentorship.kernel import money
from packs.models import CreditEntry, Purchase, SessionPack
from packs.services import unsettled_of
from packs.services.refunding import Unsettled
from payments import ledger
from payments.models import Dispute, Order, Payment, Refund
from seats.models import Seat
from sessions_app.models import Session

PROVIDERS = {"stripe": "Stripe", "paypal": "PayPal", "paystack": "Paystack", "sandbox": "the sandbox"}


@dataclass(frozen=True)
class Part:
    """What is taken from one pack: free credits, or lapsed ones with the entries by which they lapsed."""

    pack: SessionPack
    free: int = 0
    lapsed: int = 0
    lapses: tuple[CreditEntry, ...] = ()


@dataclass(frozen=True)
class RefundPlan:
    """The refund of `sessions` of one purchase. `most` could go back; `used` are settled and stay."""

    order: Order
    purchase: Purchase | None
    payment: Payment | None
    sessions: int
    most: int
    used: int
    started: int
    amount_minor: int
    parts: tuple[Part, ...]
    cancelled: tuple[Session, ...]
    closes_pack: bool
    releases_seat: bool
    refunds_before: int

    @property
    def currency(self) -> str:
        return self.order.currency

    @property
    def amount_display(self) -> str:
        return money.display(self.amount_minor, self.currency)

    @property
    def digest(self) -> str:
        """Changes when anything that a person was shown has changed: the commit then refuses with `answer_changed`."""
        shown = (
            self.sessions,
            self.amount_minor,
            sorted(str(session.pk) for session in self.cancelled),
            self.closes_pack,
            self.releases_seat,
            self.refunds_before,
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    @property
    def sentences(self) -> list[str]:
        """The consequences in the words a person reads before the click."""
        said = [f"{self.amount_display} goes back to {self.order.student.display_name}{_way_back(self.order)}."]
        said.append(_count(self.sessions, "session is taken back", "sessions are taken back") + ".")
        if self.cancelled:
            said.append(
                _count(len(self.cancelled), "booked session is cancelled", "booked sessions are cancelled") + "."
            )
        if self.used:
            said.append(_count(self.used, "session is settled and stays", "sessions are settled and stay") + " paid.")
        if self.started:
            said.append(
                _count(self.started, "session has begun and must", "sessions have begun and must")
                + " be settled first."
            )
        if self.closes_pack:
            said.append("The pack is closed" + (", and the seat is free at once." if self.releases_seat else "."))
        return said


def _way_back(order: Order) -> str:
    if order.provider == ledger.MANUAL:
        return ": we pay it by hand, as it came"
    return f" by {PROVIDERS.get(order.provider, order.provider)}"


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def plan_refund(order: Order, *, now: datetime, sessions: int | None = None) -> RefundPlan:
    """What refunding `sessions` (None: all that can) of this order would do at `now`. Changes nothing.

    Only what is not settled goes back, per purchase: free credits first, then lapsed ones whose
    share is not paid out yet, then booked sessions, the latest first. A session that has begun has to be settled first.
    """
    purchase = Purchase.objects.filter(order_id=order.pk).first()
    payment = order.payments.filter(status=Payment.Status.CONFIRMED).first()
    before = order.refunds.filter(payment=payment).exclude(status=Refund.Status.FAILED) if payment else None
    refunded = before.aggregate(n=Sum("sessions", default=0))["n"] if before is not None else 0
    if purchase is None:
        # Paid, but never granted: everything goes back, or has gone already.
        most = order.session_count - refunded if order.status == Order.Status.PAID else 0
        parts, held, started, used = [], [], 0, 0
    else:
        parts = [_refundable(row, now) for row in unsettled_of(purchase.pk)]
        booked = Session.objects.filter(purchase=purchase, credit=Session.Credit.HELD).select_related(
            "mentor", "student", "pack"
        )
        held = [s for s in booked.order_by("-starts_at", "-pk") if s.starts_at > now]
        started = booked.count() - len(held)
        used = Session.objects.filter(purchase=purchase, credit=Session.Credit.USED).count()
        most = sum(p.free + p.lapsed for p in parts) + len(held)
    wanted = most if sessions is None else max(0, min(sessions, most))
    taken, cancelled = _choose(parts, held, wanted)
    closing = [pack for pack in _packs_of(taken, cancelled) if _left(pack, taken, cancelled, now) == 0]
    return RefundPlan(
        order=order,
        purchase=purchase,
        payment=payment,
        sessions=wanted,
        most=most,
        used=used,
        started=started,
        amount_minor=_amount(order, refunded + _lost_sessions(order), wanted),
        parts=tuple(taken),
        cancelled=tuple(cancelled),
        closes_pack=bool(closing),
        releases_seat=any(_frees_the_seat(pack, now) for pack in closing),
        refunds_before=order.refunds.count(),
    )


def _refundable(row: Unsettled, now: datetime) -> Part:
    """Lapsed credits are refundable until their share is paid out, 72 h after they lapsed."""
    since = now - timedelta(hours=settings.MENTORSHIP.money_hold_hours)
    if row.pack.has_lapsed(now):  # and no job has marked it yet; the commit does so first
        return Part(row.pack, lapsed=row.free if row.pack.expires_at > since else 0)
    lapses = tuple(e for e in row.lapses if e.at > since and not ledger.is_posted(f"lapse:{e.pk}"))
    return Part(row.pack, row.free, -sum(e.total_delta for e in lapses), lapses)


def _choose(parts: list[Part], held: list[Session], wanted: int) -> tuple[list[Part], list[Session]]:
    left, taken = wanted, []
    for part in parts:
        free = min(part.free, left)
        lapsed = min(part.lapsed, left - free)
        left -= free + lapsed
        if free or lapsed:
            taken.append(Part(part.pack, free, lapsed, part.lapses if lapsed else ()))
    return taken, held[:left]


def _packs_of(taken: list[Part], cancelled: list[Session]) -> list[SessionPack]:
    packs = {part.pack.pk: part.pack for part in taken}
    packs |= {session.pack.pk: session.pack for session in cancelled if session.pack}
    return list(packs.values())


def _left(pack: SessionPack, taken: list[Part], cancelled: list[Session], now: datetime) -> int:
    """Unsettled credits that would be left in this pack."""
    gone = sum(p.free for p in taken if p.pack.pk == pack.pk) + sum(s.pack_id == pack.pk for s in cancelled)
    return pack.total_at(now) - pack.sessions_used - gone


def _frees_the_seat(pack: SessionPack, now: datetime) -> bool:
    if not pack.takes_seat:
        return False
    pair = {"student": pack.student_id, "mentor": pack.mentor_id}
    others = SessionPack.objects.keeping_a_seat(now).filter(**pair).exclude(pk=pack.pk)
    seat = Seat.objects.standing().filter(**pair, status=Seat.Status.ACTIVE).first()
    return seat is not None and not seat.is_held(now) and not others.exists()


def gone_of(order: Order) -> int:
    """The sum of the order's payment that went back, is on its way, or was lost in a dispute; minor units."""
    payment = order.payments.filter(status=Payment.Status.CONFIRMED).first()
    return payment.refunds.all().going_back() + lost_of(payment) if payment is not None else 0


def lost_of(payment: Payment) -> int:
    """What banks have taken back of this payment, minor units."""
    lost = payment.disputes.filter(status=Dispute.Status.LOST)
    return lost.aggregate(n=Sum("amount_minor", default=0))["n"]


def _lost_sessions(order: Order) -> int:
    return order.disputes.aggregate(n=Sum("sessions", default=0))["n"]


def _amount(order: Order, gone_sessions: int, wanted: int) -> int:
    """What is still paid, without the worth of the sessions that are kept: all the sums add up to the payment."""
    if not wanted:
        return 0
    kept = max(order.session_count - gone_sessions - wanted, 0)
    return max(order.amount_minor - gone_of(order) - order.worth(kept), 0)
