"""`/student/calendar` and `/tutor/calendar`: `?view=day|week|month|list&day=2026-11-24&mentor=3&zone=Africa/Lagos`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mentorship.kernel.http import page_or_part
from mentorship.pages.calendar import clocks
from mentorship.pages.calendar.clocks import ZoneChoice
from mentorship.pages.calendar.days import Day, days_of
from mentorship.pages.calendar.drawing import Picture, draw
from mentorship.pages.calendar.entries import Entry, entries_of, marks_of
from mentorship.pages.calendar.reading import Found, Question, read
from mentorship.pages.calendar.span import DAY, LIST, MONTH, VIEWS, WEEK, Span
from mentorship.pages.choosing_times import with_query
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import User
from mentorship.people.zones import zone as zone_named
from packs.models import SessionPack
from sessions_app.models import Session

LABELS = {DAY: "Day", WEEK: "Week", MONTH: "Month", LIST: "List"}


@login_required
@never_cache
@require_safe
def student_calendar(request: SignedInRequest) -> HttpResponse:
    """All mentors, or with `?mentor=<user id>` one of them, whose open hours it then shows."""
    met = Exists(Session.objects.filter(mentor=OuterRef("pk"), student=request.user))
    bought = Exists(SessionPack.objects.filter(mentor=OuterRef("pk"), student=request.user))
    mentors = list(User.objects.filter(Q(met) | Q(bought)).order_by("name", "pk"))
    return _page(request, False, mentors, _chosen(request.GET.get("mentor"), mentors))


@mentors_only
@never_cache
@require_safe
def tutor_calendar(request: SignedInRequest) -> HttpResponse:
    return _page(request, True, [], None)


def _chosen(asked: str | None, mentors: list[User]) -> User | None:
    if not asked:
        return None
    found = next((mentor for mentor in mentors if str(mentor.pk) == asked), None)
    if found is None:
        raise Http404
    return found


def _page(request: SignedInRequest, as_mentor: bool, mentors: list[User], chosen: User | None) -> HttpResponse:
    now, own = request.now, request.user.zone
    zone = zone_named(request.GET.get("zone") or own.key)
    span = Span.read(request.GET.get("view"), request.GET.get("day"), zone=zone, now=now)
    found = read(Question(request.user, as_mentor, chosen, span.start, span.end, now))
    entries = entries_of(found, request.user, as_mentor, now)
    zones = clocks.zones_of(_met(entries, chosen), own, span.start, span.end)
    if zone.key not in {choice.zone.key for choice in zones} | {own.key}:
        # Somebody else's zone, or one of a person who is not in these days: the reader's own then.
        zone = own
        span = Span.read(request.GET.get("view"), request.GET.get("day"), zone=zone, now=now)
    changes = clocks.changes(span.start, span.end, zone)
    days = days_of(span, entries, marks_of(found, as_mentor, zone), found, changes, now)
    picture = draw(days, span, found, now) if span.view in (DAY, WEEK) else None
    link = _linker(request.path, span, chosen, zone if zone.key != own.key else None)
    for day in days:
        day.url = link(view=DAY, day=day.day)
    context = _context(span, days, zones, link, now) | {
        "as_mentor": as_mentor,
        "chosen": chosen,
        "only_mentor": mentors[0] if len(mentors) == 1 and not chosen else None,
        "mentor_pills": _mentor_pills(link, mentors, chosen),
        "picture": picture,
        "other_clock": _other_clock(picture, zones, zone, chosen, span),
        "banners": clocks.sentences(
            [change for choice in _shown(zones, zone) for change in _changes(choice, span, changes)]
        ),
        "is_own_zone": zone.key == own.key,
        "shows_hours": bool(found.open),
        "legend": _legend(found, days),
        "has_entries": any(day.pieces for day in days),
    }
    response = render(request, page_or_part(request, "calendar/calendar.html", "calendar"), context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _context(
    span: Span, days: list[Day], zones: list[ZoneChoice], link: Callable[..., str], now: datetime
) -> dict[str, Any]:
    today = now.astimezone(span.zone).date()
    starts_today = Span.of(span.view, today, span.zone).first
    return {
        "span": span,
        "heading": span.title(now),
        "days": days,
        "filled": [day for day in days if not day.is_empty],
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)] if span.view == MONTH else [],
        "zone": span.zone,
        "earlier_url": link(day=span.earlier),
        "later_url": link(day=span.later),
        "today_url": link(day=None) if span.first != starts_today else "",
        "view_pills": [
            {"url": link(view=view), "label": LABELS[view], "current": view == span.view, "id": f"cal-{view}"}
            for view in VIEWS
        ],
        "zone_pills": [
            {
                "url": link(zone=None if choice.is_own else choice.zone),
                "label": choice.label,
                "current": choice.zone.key == span.zone.key,
                "id": f"cal-zone-{n}",
            }
            for n, choice in enumerate(zones)
        ],
    }


def _linker(path: str, span: Span, chosen: User | None, zone: ZoneInfo | None) -> Callable[..., str]:
    """Addresses of this calendar with something changed; `day=None` is today, the week needs no word."""

    def link(**changed: Any) -> str:
        kept: dict[str, Any] = {"view": span.view, "day": span.anchor, "mentor": chosen, "zone": zone} | changed
        day, mentor, at = kept["day"], kept["mentor"], kept["zone"]
        return with_query(
            path,
            view=kept["view"] if kept["view"] != WEEK else None,
            day=day.isoformat() if isinstance(day, date) else None,
            mentor=mentor.pk if mentor else None,
            zone=at.key if at else None,
        )

    return link


def _mentor_pills(link: Callable[..., str], mentors: list[User], chosen: User | None) -> list[dict[str, Any]]:
    """Filters, once there is something to choose between."""
    if len(mentors) < 2 and not chosen:
        return []
    choices = [(None, "All mentors"), *((mentor, mentor.display_name) for mentor in mentors)]
    return [
        {
            "url": link(mentor=mentor),
            "label": label,
            "current": mentor == chosen,
            "id": f"cal-mentor-{mentor.pk if mentor else 0}",
        }
        for mentor, label in choices
    ]


def _met(entries: list[Entry], chosen: User | None) -> list[tuple[str, ZoneInfo]]:
    met = [(entry.first_name, entry.zone) for entry in entries]
    return [*met, (chosen.first_name, chosen.zone)] if chosen else met


def _shown(zones: list[ZoneChoice], zone: ZoneInfo) -> list[ZoneChoice]:
    """The zone that is shown first: its changes move the days of the page."""
    return sorted(zones or [ZoneChoice(zone, "you", True)], key=lambda choice: choice.zone.key != zone.key)


def _changes(choice: ZoneChoice, span: Span, own: list[clocks.Change]) -> list[clocks.Change]:
    return own if choice.zone.key == span.zone.key else clocks.changes(span.start, span.end, choice.zone)


def _other_clock(
    picture: Picture | None, zones: list[ZoneChoice], zone: ZoneInfo, chosen: User | None, span: Span
) -> dict[str, Any] | None:
    """A second row of hours, where there is exactly one other clock to think of."""
    others = [choice for choice in zones if choice.zone.key != zone.key]
    if picture is None or len(others) != 1:
        return None
    hours = clocks.second_hours(picture.first, picture.last, zone, others[0].zone, span.start, span.end)
    return {"choice": others[0], "hours": hours} if hours else None


def _legend(found: Found, days: list[Day]) -> set[str]:
    """Which signs need a word below the picture."""
    kinds = {piece.entry.kind for day in days for piece in day.pieces} | {one.kind for one in found.beside}
    return kinds | ({"closed"} if found.closed else set()) | ({"open"} if found.open else set())
