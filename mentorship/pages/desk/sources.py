"""What the timeline is made of: a source for each kind of row, each read by one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.urls import reverse

from mentorship.kernel import local_time
from notifications.models import Delivery, Notification
from packs.models import CreditEntry, Pause
from payments.models import Dispute, Order, Payment, Refund
from seats.models import Seat, SeatEvent, WaitingPlace
from sessions_app.models import BookingRequest, Claim, SessionEvent


@dataclass(frozen=True)
class Line:
    """One thing that happened, in words. `student_id` and `mentor_id` name the pair it concerns, where there is one."""

    at: datetime
    kind: str
    icon: str
    what: str
    why: str = ""
    by: str = ""
    model: str = ""
    pk: Any = None
    student_id: int | None = None
    mentor_id: int | None = None
    pair: str = ""
    tone: str = ""

    @property
    def about(self) -> str:
        """What the box may have led to: "session:<id>", "order:<id>", "request:<id>"."""
        return f"{self.kind}:{self.pk}"

    @property
    def url(self) -> str:
        """The row in the admin."""
        return reverse(f"admin:{self.model}_change", args=[self.pk])


@dataclass(frozen=True)
class Reader:
    """In whose zone and at which instant the lines are told."""

    zone: Any
    now: datetime

    def when(self, moment: datetime | None) -> str:
        return local_time.words(moment, self.zone, now=self.now) if moment else ""


@dataclass(frozen=True)
class Source:
    """Rows of one kind. `pair` is the way from a row to its two people ("pack__": pack__student, pack__mentor)."""

    kind: str
    label: str
    model: type[Model]
    at: str
    pair: str
    tell: Callable[[Any, Reader], Line]
    joined: tuple[str, ...] = ()

    @property
    def permission(self) -> str:
        meta = self.model._meta
        return f"{meta.app_label}.view_{meta.model_name}"

    def rows(self, who: Q) -> QuerySet[Any]:
        return self.model._default_manager.filter(who).select_related(*self.joined)


def _names(student: Any, mentor: Any) -> str:
    return f"{student.display_name} with {mentor.display_name}"


def _by(person: Any) -> str:
    return person.display_name if person is not None else ""


def _of(row: Any, of: Any, kind: str, icon: str, at: datetime, what: str, **more: Any) -> Line:
    """A line about a row whose pair is `of`'s."""
    meta = row._meta
    return Line(
        at,
        kind,
        icon,
        what,
        model=f"{meta.app_label}_{meta.model_name}",
        pk=row.pk,
        student_id=of.student_id,
        mentor_id=of.mentor_id,
        pair=_names(of.student, of.mentor),
        **more,
    )


def _order(order: Order, reader: Reader) -> Line:
    status = Order.Status(order.status_at(reader.now)).label
    said = [f"{status}, {order.provider}", order.attention]
    what = f"Order {order.number}: {order.title}, {order.amount_display}"
    tone = "bad" if order.attention else ""
    return _of(order, order, "order", "shopping_bag", order.created_at, what, why=_join(said), tone=tone)


def _payment(payment: Payment, reader: Reader) -> Line:
    assert payment.order is not None
    what = f"{payment.amount_display} received by {payment.provider}, {payment.get_status_display()}"
    why, by = f"order {payment.order.number}" + (f"; {payment.note}" if payment.note else ""), _by(payment.by)
    return _of(payment, payment.order, "payment", "payments", payment.received_at, what, why=why, by=by)


def _refund(refund: Refund, reader: Reader) -> Line:
    assert refund.order is not None
    taken = f", {_count(refund.sessions, 'session')}" if refund.sessions else ""
    what = f"Refund of {refund.amount_display}{taken}: {refund.get_status_display()}"
    why = _join([f"order {refund.order.number}", refund.reason, refund.error])
    tone = "bad" if refund.status == Refund.Status.FAILED else ""
    return _of(refund, refund.order, "refund", "undo", refund.created_at, what, why=why, by=_by(refund.by), tone=tone)


def _dispute(dispute: Dispute, reader: Reader) -> Line:
    assert dispute.order is not None
    closed = f", closed {reader.when(dispute.closed_at)}" if dispute.closed_at else ""
    what = f"Dispute over {dispute.amount_display}: {dispute.get_status_display()}{closed}"
    return _of(dispute, dispute.order, "dispute", "gavel", dispute.opened_at, what, why=dispute.reason, tone="bad")


def _credit(entry: CreditEntry, reader: Reader) -> Line:
    deltas = (("total", entry.total_delta), ("held", entry.held_delta), ("used", entry.used_delta))
    moved = ", ".join(f"{name} {delta:+d}" for name, delta in deltas if delta)
    what = f"Credit {entry.get_kind_display()}" + (f" ({moved})" if moved else "")
    why = _join([f"“{entry.pack.title}”", entry.reason])
    return _of(entry, entry.pack, "credit", "confirmation_number", entry.at, what, why=why, by=_by(entry.by))


def _seat(event: SeatEvent, reader: Reader) -> Line:
    before = f", before it was {_seat_word(event.before)}" if event.before else ""
    what = f"Seat {event.seat.number}: {_seat_word(event.after)}{before}"
    return _of(event, event.seat, "seat", "chair", event.at, what, why=event.reason, by=_by(event.by))


def _seat_word(status: str) -> str:
    return Seat.Status(status).label


def _session(event: SessionEvent, reader: Reader) -> Line:
    when = reader.when(event.starts_at or event.session.starts_at)
    what = f"Session of {when}: {event.get_kind_display()}"
    line = _of(event.session, event.session, "session", "event", event.at, what, why=event.reason, by=_by(event.by))
    return line


def _request(request: BookingRequest, reader: Reader) -> Line:
    status = BookingRequest.Status(request.status_at(reader.now)).label
    what = f"Asked for “{request.title}”, {request.price_display}: {status}"
    why = _join([f"“{request.message}”" if request.message else "", request.rejection_reason])
    return _of(
        request, request, "request", "pending_actions", request.created_at, what, why=why, by=_by(request.student)
    )


def _claim(claim: Claim, reader: Reader) -> Line:
    what = f"Claim about the session of {reader.when(claim.session.starts_at)}: {claim.status_words(reader.now)}"
    said = [f"“{claim.reason}” ({claim.get_wanted_display()})", claim.answer and f"answer “{claim.answer}”"]
    why = _join([*said, claim.decision])
    tone = "bad" if claim.status in Claim.OPEN else ""
    return _of(claim, claim.session, "claim", "report", claim.created_at, what, why=why, by=_by(claim.by), tone=tone)


def _waiting(place: WaitingPlace, reader: Reader) -> Line:
    ended = f", {reader.when(place.ended_at)}" if place.ended_at else ""
    what = f"Joined the waiting list. Now: {place.get_status_display()}{ended}"
    why = "paid too late, so before the others in line" if place.paid_too_late else ""
    return _of(place, place, "waiting", "hourglass_top", place.joined_at, what, why=why)


def _pause(pause: Pause, reader: Reader) -> Line:
    ran = [f"from {reader.when(pause.began_at)}" if pause.began_at else ""]
    ran.append(f"until {reader.when(pause.ended_at or pause.ends_at)}" if pause.ends_at else "")
    what = f"Pause of {_count(pause.days, 'day')}: {pause.get_status_display()}"
    return _of(pause, pause.pack, "pause", "pause_circle", pause.asked_at, what, why=_join(ran), by=_by(pause.asked_by))


def _notice(notice: Notification, reader: Reader) -> Line:
    mails = [f"{d.get_channel_display()} {d.get_status_display()}" for d in notice.deliveries.all()]
    if notice.withdrawn_at and not any(d.status == Delivery.Status.WITHDRAWN for d in notice.deliveries.all()):
        mails.append("withdrawn")
    why = _join([notice.recipient.email, *mails, "read" if notice.read_at else ""])
    tone = "bad" if any(d.status == Delivery.Status.FAILED for d in notice.deliveries.all()) else ""
    return Line(
        notice.created_at,
        "mail",
        "mail",
        notice.title,
        why,
        model="notifications_notification",
        pk=notice.pk,
        tone=tone,
    )


def _account_mail(mail: Delivery, reader: Reader) -> Line:
    """A code or another mail of the account. Not its subject: that may carry the code."""
    what = f"Mail “{mail.kind.replace('_', ' ')}”: {mail.get_status_display()}"
    model = "notifications_delivery"
    return Line(mail.created_at, "mail", "key", what, _join([mail.to, mail.error]), model=model, pk=mail.pk)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _join(words: Iterable[str]) -> str:
    return " \N{MIDDLE DOT} ".join(word for word in words if word)


def _two(way: str) -> tuple[str, str]:
    return f"{way}student", f"{way}mentor"


SOURCES = (
    Source("order", "Orders", Order, "created_at", "", _order, _two("")),
    Source("payment", "Payments", Payment, "received_at", "order__", _payment, (*_two("order__"), "by")),
    Source("refund", "Refunds", Refund, "created_at", "order__", _refund, (*_two("order__"), "by")),
    Source("dispute", "Disputes", Dispute, "opened_at", "order__", _dispute, _two("order__")),
    Source("credit", "Credits", CreditEntry, "at", "pack__", _credit, (*_two("pack__"), "by")),
    Source("seat", "Seats", SeatEvent, "at", "seat__", _seat, (*_two("seat__"), "by")),
    Source("session", "Sessions", SessionEvent, "at", "session__", _session, (*_two("session__"), "by")),
    Source("request", "Requests", BookingRequest, "created_at", "", _request, _two("")),
    Source("claim", "Claims", Claim, "created_at", "session__", _claim, (*_two("session__"), "by")),
    Source("waiting", "Waiting list", WaitingPlace, "joined_at", "", _waiting, _two("")),
    Source("pause", "Pauses", Pause, "asked_at", "pack__", _pause, (*_two("pack__"), "asked_by")),
    Source("mail", "Mails", Notification, "created_at", "recipient", _notice, ("recipient",)),
    Source("mail", "Mails", Delivery, "created_at", "to", _account_mail),
)
