"""`/student/mentorship`: what is next, what waits for the student, and a row for each mentorship."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mentorship.kernel import local_time
from mentorship.kernel.http import page_or_part
from mentorship.kernel.ordinals import ordinal
from mentorship.pages.history import history_page
from mentorship.pages.mentorships import Mentorship, PackRow, mentorships
from mentorship.pages.pause_needs import pause_needs
from mentorship.pages.requests_lists import asked_by, offers_for, student_needs
from mentorship.pages.rooms_glance import student_glance
from mentorship.pages.session_card import SessionCard, cards
from mentorship.pages.session_words import session_needs
from mentorship.pages.waiting_places import offers_of, waiting_places
from mentorship.people.http import SignedInRequest
from payments.models import Order
from sessions_app.models import Session

# An empty tab of these two is absent.
REQUESTS = ("awaiting", "rejected")
TABS = {
    "book": "Book",
    "awaiting": "Awaiting approval",
    "pending": "Upcoming",
    "history": "History",
    "rejected": "Rejected",
}
SOON = timedelta(days=30)


@login_required
@require_safe
def student_room(request: SignedInRequest) -> HttpResponse:
    now, user = request.now, request.user
    tab = request.GET.get("tab", "book")
    if tab == "history" and request.GET.get("before"):  # the next part of the list, asked for by "Show more"
        return render(request, "rooms/history_part.html", history_page(request, student=user))
    there = student_glance(user, now)
    awaiting, rejected = asked_by(user, now) if there.requests else ([], [])
    requests, offers = {"awaiting": awaiting, "rejected": rejected}, offers_for(user) if there.offers else []
    tabs = {name: label for name, label in TABS.items() if name not in REQUESTS or requests[name]}
    tab = tab if tab in tabs else "book"
    found = mentorships(user, "student", now)
    sessions = sorted((s for one in found for s in one.sessions), key=lambda s: (s.starts_at, s.pk))
    lines = waiting_places(user, now) if there.lines else []
    more = [*offers_of(lines), *student_needs(awaiting, offers), *pause_needs(found, user)]
    more += [_pay(order) for order in _to_pay(user, now)] if there.money else []
    more += session_needs(user, now, mentor=False) if there.said else []
    waiting = needs(found, user.zone, more)
    context: dict[str, Any] = {
        "lines": lines,
        "newcomer": not (found or waiting or lines or awaiting or rejected)
        and not Session.objects.filter(student=user).exists(),
        "mentorships": found,
        "coming": cards(sessions, user, now),
        "next": SessionCard(sessions[0], user, now) if sessions else None,
        "to_book": next((row for one in found for row in one.pack_rows if row.bookable), None),
        "needs": waiting,
        "tab": tab,
        "tabs": tab_items(tabs, tab, {"pending": len(sessions), "awaiting": len(awaiting)}),
        "requests": requests.get(tab, []),
        "offers": offers,
    }
    if tab == "history":
        context |= history_page(request, student=user)
    return render(request, page_or_part(request, "rooms/student.html", "room"), context)


def tab_items(tabs: dict[str, str], current: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"url": f"?tab={name}", "label": label, "current": name == current, "count": counts.get(name, 0)}
        for name, label in tabs.items()
    ]


def needs(found: list[Mentorship], zone: Any, more: Iterable[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """What waits for the student, the nearest deadline first. `more`: what is not about a mentorship's packs."""
    items = [*more]
    for one in found:
        if one.in_grace:
            items.append(_grace(one))
        items += [_credits(row, zone) for row in one.pack_rows if row.bookable]
    return soonest_first(items)


def soonest_first(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What ends first stands first; what has no end keeps its order behind it."""
    ending = [item for item in items if item.get("until")]
    return sorted(ending, key=lambda item: item["until"]) + [item for item in items if not item.get("until")]


def _to_pay(user: Any, now: datetime) -> QuerySet[Order]:
    """The payment of a request stands with the request, which waits longer than its open page."""
    return Order.objects.open(now).filter(student=user, request=None).select_related("mentor")


def _pay(order: Order) -> dict[str, Any]:
    kept = "seat" if order.takes_seat else "time"
    text = f"{order.amount_display}; your {kept} with {order.mentor.first_name} is kept until then"
    return {"title": f"Pay for {order.title}", "text": text, "until": order.expires_at, "url": order.get_absolute_url()}


def _grace(one: Mentorship) -> dict[str, Any]:
    back = sum(row.comes_back for row in one.pack_rows)
    revived = f"{back} unused sessions come back" if back > 1 else "1 unused session comes back"
    return {
        "title": f"{one.person.first_name}\N{RIGHT SINGLE QUOTATION MARK}s seat is kept for you",
        "text": f"Renew, and {revived}" if back else "Renew, or it goes to the next in line",
        "until": one.grace_ends_at,
        "url": one.renewal_url,
    }


def _credits(row: PackRow, zone: Any) -> dict[str, Any]:
    assert row.pack is not None
    booked = row.used + row.held
    which = (
        f"your {ordinal(booked + 1)} session" if booked + row.free > 1 else f"your {row.pack.duration_minutes} minutes"
    )
    until = local_time.words(row.pack.expires_at, zone, now=row.of.now, style="date")
    at_risk = " and would be lost" if row.pack.expires_at - row.of.now <= SOON else ""
    return {
        "title": f"Book {which} with {row.of.person.first_name}",
        "text": f"{row.free} free, expire{'s' if row.free == 1 else ''} {until}{at_risk}",
        "until": row.pack.expires_at,
        "url": f"/student/mentorship/book?pack={row.pack.pk}",
    }
