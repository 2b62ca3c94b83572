"""The requests and private offers that the two rooms list: one query each, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef
from django.urls import reverse

from mentorship.kernel import local_time
from mentorship.pages.requests_card import RequestCard, judged, loaded, note_rivals
from mentorship.people.models import User
from offerings.models import Offering
from packs.models import Purchase
from sessions_app.models import BookingRequest

MOST = 100  # of what has ended, the newest


def asked_by(student: User, now: datetime) -> tuple[list[RequestCard], list[RequestCard]]:
    """(open, ended without a payment): the open ones by their deadline, the others newest first."""
    rows = loaded(BookingRequest.objects.filter(student=student, paid_at=None))
    rows = rows.order_by(F("ended_at").desc(nulls_first=True), "-created_at")[:MOST]
    cards = [RequestCard(row, student, now) for row in rows]
    still_open = [card for card in cards if card.deadline is not None]
    ended = [card for card in cards if card.deadline is None]
    return by_deadline(still_open), sorted(ended, key=lambda card: card.ended_at or now, reverse=True)


def asked_of(mentor: User, now: datetime, *, judge: bool) -> list[RequestCard]:
    """What waits for this mentor's answer, for the student's choice or payment, by deadline.

    With `judge` each says which of its times are free and who else asks for them: two queries more.
    """
    rows = list(loaded(BookingRequest.objects.open(now).filter(mentor=mentor)))
    if not judge:
        return by_deadline([RequestCard(row, mentor, now) for row in rows])
    cards = judged(rows, mentor, now)
    note_rivals(cards, [card.request for card in cards if card.is_waiting])
    return by_deadline(cards)


def by_deadline(cards: Iterable[RequestCard]) -> list[RequestCard]:
    return sorted(cards, key=lambda card: (card.deadline or card.now, card.request.pk))


def offers_for(student: User) -> list[Offering]:
    """Private offers that this student has neither bought nor asked for yet."""
    Status = BookingRequest.Status
    asked = BookingRequest.objects.filter(
        offering=OuterRef("pk"), student=student, status__in=[Status.PENDING_MENTOR_REVIEW, Status.APPROVED]
    )
    bought = Purchase.objects.filter(offering=OuterRef("pk"), pack__student=student)
    rows = Offering.objects.visible_to(student).filter(private_for=student).exclude(Exists(asked) | Exists(bought))
    return list(rows.select_related("mentor__mentor_profile").order_by("-pk")[:MOST])


def student_needs(cards: Sequence[RequestCard], offers: Sequence[Offering]) -> list[dict[str, Any]]:
    """What waits for the student: to pay, to choose, to look at."""
    return [*(_need(card) for card in cards if card.is_my_turn), *(_offer(offering) for offering in offers)]


def _need(card: RequestCard) -> dict[str, Any]:
    name = card.request.mentor.first_name
    if card.stage == "to_pay":
        return {
            "title": f"Pay for {card.request.title}",
            "text": f"{name} said yes: {card.price}; your {card.kept} {'are' if ' and ' in card.kept else 'is'} kept until then",
            "until": card.deadline,
            "url": reverse("checkout_request", args=[card.request.pk]),
        }
    return {
        "title": f"{name} suggests another time",
        "text": f"For “{card.request.title}”; choose one, or take your request back",
        "until": card.deadline,
        "url": card.request.get_absolute_url(),
    }


def _offer(offering: Offering) -> dict[str, Any]:
    name = offering.mentor.first_name
    price = offering.price_display if offering.price_minor else "free"
    return {
        "title": f"{name} has an offer for you",
        "text": f"“{offering.title}”, {price}; only you can see it",
        "url": offering.get_absolute_url(),
    }


def mentor_needs(cards: Sequence[RequestCard], zone: Any) -> list[dict[str, Any]]:
    """The requests to answer, the nearest deadline first."""
    return [
        {
            "title": f"{card.other.first_name} asks for “{card.request.title}”",
            "text": _wish(card, zone),
            "until": card.deadline,
            "url": card.request.get_absolute_url(),
        }
        for card in cards
        if card.is_my_turn
    ]


def _wish(card: RequestCard, zone: Any) -> str:
    times = " or ".join(local_time.words(at, zone, now=card.now) for at in card.request.times)
    return times or f"{card.terms}, without a first time"
