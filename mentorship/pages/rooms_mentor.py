"""`/tutor/mentorship`: today's sessions with their topics, what waits for the mentor, the seats and the money."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateformat import format as date_format
from django.views.decorators.http import require_safe

from mentorship.kernel import local_time
from mentorship.kernel.http import page_or_part
from mentorship.pages.history import history_page
from mentorship.pages.mentorships import Mentorship, mentorships
from mentorship.pages.pause_needs import pause_needs
from mentorship.pages.requests_lists import asked_of, mentor_needs
from mentorship.pages.rooms_glance import mentor_glance
from mentorship.pages.rooms_student import soonest_first, tab_items
from mentorship.pages.seat_chairs import chairs, counts, occupied_seats
from mentorship.pages.session_card import SessionCard, cards
from mentorship.pages.session_words import session_needs
from mentorship.people.http import SignedInRequest, mentors_only
from packs.models import SessionPack
from payments import ledger
from payments.models import Order
from sessions_app.models import Session
from sessions_app.week import week_range

# "Approvals" is absent while nobody asks.
TABS = {"approvals": "Approvals", "active": "Active", "pending": "Pending", "completed": "Completed"}


@mentors_only
@require_safe
def mentor_room(request: SignedInRequest) -> HttpResponse:
    now, user, zone = request.now, request.user, request.user.zone
    tab = request.GET.get("tab", "active")
    there = mentor_glance(user, now)
    asked = asked_of(user, now, judge=tab == "approvals") if there.requests else []
    tabs = {name: label for name, label in TABS.items() if name != "approvals" or asked}
    tab = tab if tab in tabs else "active"
    if tab == "completed" and request.GET.get("before"):
        return render(request, "rooms/history_part.html", history_page(request, mentor=user))
    profile = user.mentor_profile
    sessions = _sessions(user, zone, now)
    seats = occupied_seats(user, now)
    coming = [card for card in sessions if card.session.is_booked and card.session.ends_at > now]
    found = mentorships(user, "mentor", now, seats, [card.session for card in coming])
    row = chairs(profile.max_active_students, seats, found, now, "/tutor/seats")
    for card in sessions:
        card.seat_kept_otherwise = _seat_kept_otherwise(card, found)
    unsettled = [card for card in sessions if card.stage == "over"]
    counted = {"approvals": len(asked), "pending": len(coming) + len(unsettled), "active": len(found)}
    context = {
        "profile": profile,
        "today_words": date_format(now.astimezone(zone), "l, j F"),
        "today": [card for card in sessions if _day(card, zone) == now.astimezone(zone).date() and not _gone(card)],
        "needs": soonest_first(
            mentor_needs(asked, zone)
            + (session_needs(user, now, mentor=True) if there.said else [])
            + pause_needs(found, user)
            + (_asked_back(user) if there.money else [])
            + [_to_settle(card, zone) for card in unsettled]
            + _set_up(profile)
        ),
        "seats": row,
        "seat_words": counts(row),
        "balances": ledger.balances(user.pk),
        "this_week": sum(1 for card in sessions if _in_week(card, zone, now) and not _gone(card)),
        "mentorships": found,
        "coming": unsettled + coming,
        "next": coming[0] if coming else None,
        "tab": tab,
        "tabs": tab_items(tabs, tab, counted),
        "requests": asked,
        "pause_after": settings.MENTORSHIP.ignored_requests_until_pause,
    }
    if tab == "completed":
        context |= history_page(request, mentor=user)
    return render(request, page_or_part(request, "rooms/mentor.html", "room"), context)


def _seat_kept_otherwise(card: SessionCard, found: list[Mentorship]) -> bool:
    one = next((one for one in found if one.person.pk == card.session.student_id), None)
    others = [pack for pack in one.packs if pack.pk != card.session.pack_id and pack.takes_seat] if one else []
    return any(pack.status != SessionPack.Status.DEPLETED for pack in others)


def _sessions(user: Any, zone: Any, now: datetime) -> list[SessionCard]:
    """This week's sessions and all that are booked, over or not, in one query."""
    start, end = week_range(_monday(now, zone), zone)
    this_week = Q(starts_at__gte=start, starts_at__lt=end)
    booked = Q(status__in=Session.BOOKED)
    rows = Session.objects.filter(this_week | booked, mentor=user).exclude(status=Session.Status.EXPIRED)
    rows = rows.select_related("student", "mentor", "pack").numbered().order_by("starts_at", "pk")
    return cards(rows, user, now)


def _monday(now: datetime, zone: Any) -> date:
    today = now.astimezone(zone).date()
    return today - timedelta(days=today.weekday())


def _day(card: SessionCard, zone: Any) -> date:
    return card.session.starts_at.astimezone(zone).date()


def _in_week(card: SessionCard, zone: Any, now: datetime) -> bool:
    monday = _monday(now, zone)
    return monday <= _day(card, zone) < monday + timedelta(days=7)


def _gone(card: SessionCard) -> bool:
    """Cancelled, or never paid: nobody sits there."""
    return card.session.status in (Session.Status.CANCELLED, Session.Status.EXPIRED) or (
        card.session.status == Session.Status.AWAITING_PAYMENT and card.stage != "unpaid"
    )


def _to_settle(card: SessionCard, zone: Any) -> dict[str, Any]:
    when = local_time.words(card.settles_at, zone, now=card.now, style="near")
    name = card.session.student.first_name
    return {
        "title": f"{name}\N{RIGHT SINGLE QUOTATION MARK}s session to settle",
        "text": f"settles itself {when}",
        "until": card.settles_at,
        "url": card.session.get_absolute_url(),
    }


def _asked_back(user: Any) -> list[dict[str, Any]]:
    """Students who ask for a refund, the longest waiting first."""
    asked = Order.objects.filter(mentor=user, refund_asked_at__isnull=False).select_related("student")
    return [
        {
            "title": f"{order.student.first_name} asks for a refund",
            "text": f"{order.amount_display}, {order.title}: “{order.refund_wish}”",
            "url": f"/tutor/orders/{order.pk}/refund",
        }
        for order in asked.order_by("refund_asked_at")[:20]
    ]


def _set_up(profile: Any) -> list[dict[str, Any]]:
    """What a session would lack: only said while it is lacking."""
    if profile.meeting_url:
        return []
    return [
        {
            "title": "Set your meeting link",
            "text": "Your students meet you there; they see it only while a session runs",
            "url": "/settings/mentor",
        }
    ]
