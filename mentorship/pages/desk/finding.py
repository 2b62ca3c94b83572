"""One box: a mail address, a part of a name, an order's number, anything with an id in it, a provider's reference."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.urls import reverse

from mentorship.people.models import User
from payments.models import Dispute, Order, Payment, Refund
from sessions_app.models import BookingRequest, Session

LONGEST = 300
MOST = 20
AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
A_NUMBER = re.compile(r"#?([2-9A-HJ-NP-Z]{8})", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """Whom the words in the box mean: people, or one row of one pair (`about`, in words, and its address in the admin)."""

    people: tuple[User, ...] = ()
    student_id: int | None = None
    mentor_id: int | None = None
    about: str = ""
    url: str = ""

    @property
    def address(self) -> str:
        """Where the one thing that was found is looked at; empty when there is none, or more than one."""
        if self.student_id is not None:
            asked = {"with": self.mentor_id, "about": self.about} if self.mentor_id else {}
            return person_url(self.student_id, **asked)
        if len(self.people) == 1:
            return person_url(self.people[0].pk)
        return self.url


def person_url(person_id: int, **asked: Any) -> str:
    page = reverse("desk:person", args=[person_id])
    return f"{page}?{urlencode(asked)}" if asked else page


def find(words: str, *, orders: bool = True, sessions: bool = True) -> Found:
    """What is meant. `orders` and `sessions`: whether the reader may see such rows. Changes nothing."""
    words = words.replace("\0", "").strip()[:LONGEST]
    if not words:
        return Found()
    with_id = AN_ID.search(words)
    found = _by_id(UUID(with_id[0]), orders, sessions) if with_id else None
    if found is None and orders:
        found = _by_number(words) or _by_reference(words)
    return found or Found(people=_people(words))


def _by_id(pk: UUID, orders: bool, sessions: bool) -> Found | None:
    if orders and (order := Order.objects.filter(pk=pk).first()):
        return _of_order(order)
    if not sessions:
        return None
    session = Session.objects.filter(pk=pk).first()
    if session is not None:
        return Found(student_id=session.student_id, mentor_id=session.mentor_id, about=f"session:{pk}")
    request = BookingRequest.objects.filter(pk=pk).first()
    if request is not None:
        return Found(student_id=request.student_id, mentor_id=request.mentor_id, about=f"request:{pk}")
    return None


def _of_order(order: Order) -> Found:
    return Found(student_id=order.student_id, mentor_id=order.mentor_id, about=f"order:{order.pk}")


def _by_number(words: str) -> Found | None:
    number = A_NUMBER.fullmatch(words)
    order = Order.objects.filter(number=number[1].upper()).first() if number else None
    return _of_order(order) if order else None


def _by_reference(words: str) -> Found | None:
    """A provider's word for a checkout, a payment, a refund or a dispute."""
    order = Order.objects.filter(provider_reference=words).first()
    if order is not None:
        return _of_order(order)
    payment = Payment.objects.filter(provider_payment_id=words).select_related("order").first()
    if payment is None:
        row: Any = Refund.objects.filter(provider_reference=words).select_related("payment__order").first()
        row = row or Dispute.objects.filter(provider_reference=words).select_related("payment__order").first()
        payment = row.payment if row else None
    if payment is None:
        return None
    if payment.order is not None:
        return _of_order(payment.order)
    return Found(url=reverse("admin:payments_payment_change", args=[payment.pk]))


def _people(words: str) -> tuple[User, ...]:
    """Whoever owns the address; else everybody whose name or address has the words in it."""
    if "@" in words:
        owners = EmailAddress.objects.filter(email__iexact=words).values("user")
        exact = tuple(User.objects.filter(Q(email__iexact=words) | Q(pk__in=owners)).order_by("pk")[:MOST])
        if exact:
            return exact
    fits = Q(name__icontains=words) | Q(email__icontains=words)
    return tuple(User.objects.filter(fits).select_related("mentor_profile").order_by("name", "pk")[:MOST])
