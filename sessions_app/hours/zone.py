"""A mentor's zone: /tutor/availability/zone. It asks whether the hours keep the clock or the moments."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mentorship.kernel.local_time import city
from mentorship.kernel.refusals import Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.zones import is_zone
from sessions_app.availability import DAY_MINUTES, WEEK_MINUTES, merge
from sessions_app.hours.forms import ZoneForm
from sessions_app.hours.forms_week import DAY_NAMES
from sessions_app.hours.shown import tabs
from sessions_app.models import Session
from sessions_app.models.availability import clock
from sessions_app.services.zones import INSTANTS, WALL, Rule, ZoneChange, change_zone, what_if_zone

SHOWN = 3


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def zone(request: SignedInRequest) -> HttpResponse:
    """Without `to`, a list of zones; with it, what each answer means; POST changes it."""
    mentor = request.user
    asked = request.POST.get("to") if request.method == "POST" else request.GET.get("to")
    if asked is None or not is_zone(asked) or asked == mentor.zone_name:
        form = ZoneForm({"to": asked} if asked and not is_zone(asked) else None, initial={"to": mentor.zone_name})
        context = {"form": form, "tabs": tabs("zone")}
        return render(request, "availability/zone.html", context, status=422 if form.errors else 200)
    if request.method != "POST":
        return _question(request, asked)
    try:
        change_zone(
            mentor=mentor,
            zone_name=asked,
            keep=request.POST.get("keep", ""),
            expect=request.POST.get("expect", ""),
            now=request.now,
        )
    except Refusal as refusal:
        return _question(request, asked, refusal=refusal)
    messages.success(request, f"Your zone is {city(asked)} now. Booked sessions stay at their moments.")
    return redirect("availability")


def _question(request: SignedInRequest, asked: str, *, refusal: Refusal | None = None) -> HttpResponse:
    mentor = request.user
    change = what_if_zone(mentor=mentor, zone_name=asked, now=request.now)
    coming = Session.objects.filter(mentor=mentor).coming(request.now).select_related("student").order_by("starts_at")
    context = {
        "change": change,
        "options": _options(change, request.POST.get("keep", "")),
        "apart": _apart(change.minutes),
        "differs": _differs(change),
        "sessions": list(coming[: SHOWN + 1]),
        "shown": SHOWN,
        "refusal": refusal,
        "tabs": tabs("zone"),
    }
    return render(request, "availability/zone_question.html", context, status=refusal.status if refusal else 200)


def _options(change: ZoneChange, chosen: str) -> list[dict[str, Any]]:
    there = city(change.new)
    return [
        {
            "value": WALL,
            "title": "Keep the time on the clock",
            "note": f"Your hours stay as they read, on {there}’s clock. For your students they move.",
            "week": in_words(change.rules),
            "dates": [(dated.day, _window(dated.minutes), dated.kind) for dated in change.dates],
            "checked": chosen == WALL,
        },
        {
            "value": INSTANTS,
            "title": "Keep the moments",
            "note": "Your hours are rewritten to what the new clock says. For your students nothing moves.",
            "week": in_words(change.moved),
            "dates": [(dated.moved_day, _window(dated.moved_minutes), dated.kind) for dated in change.dates],
            "checked": chosen == INSTANTS,
        },
    ]


def in_words(rules: tuple[Rule, ...]) -> list[tuple[str, str]]:
    """[("Monday", "09:00-12:00, 14:00-18:00"), ...], hours that touch joined."""
    days: dict[int, list[str]] = {}
    for stretch in merge(rules):
        if stretch.is_always:
            return [("Every day", "around the clock")]
        start = stretch.start % WEEK_MINUTES
        windows = days.setdefault(start // DAY_MINUTES, [])
        windows.append(_window((start % DAY_MINUTES, start % DAY_MINUTES + stretch.end - stretch.start)))
    return [(DAY_NAMES[day], ", ".join(windows)) for day, windows in sorted(days.items())]


def _window(minutes: tuple[int, int]) -> str:
    start, end = minutes
    later = (end - 1) // DAY_MINUTES
    plus = f" (+{later} day{'' if later == 1 else 's'})" if later else ""
    return f"{clock(start)}–{clock(end % DAY_MINUTES or DAY_MINUTES)}{plus}"


def _differs(change: ZoneChange) -> str:
    """A warning where a clock change comes between the two zones: hours are on one clock, and cannot follow two."""
    if change.differs_from is None:
        return ""
    on = f"{change.differs_from.day} {change.differs_from:%B}"
    return (
        f"On {on} only one of the two clocks changes. Your hours follow {city(change.new)}\N{RIGHT SINGLE QUOTATION MARK}s clock, "
        "so “the same moments” holds until then."
    )


def _apart(minutes: int) -> str:
    """ "8 h ahead of", "5 h 45 min behind"."""
    hours, rest = divmod(abs(minutes), 60)
    words = " ".join(filter(None, (f"{hours} h" if hours else "", f"{rest} min" if rest else "")))
    return f"{words} {'ahead of' if minutes > 0 else 'behind'}"
