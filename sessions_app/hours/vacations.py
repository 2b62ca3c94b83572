"""Vacations: /tutor/availability/vacations. Before one is written, a page settles everything that lies in its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods

from mentorship.kernel import clock, local_time
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from sessions_app.hours.forms import NOTE_MAX, VacationForm
from sessions_app.hours.shown import ADDRESS, tabs
from sessions_app.models import Vacation
from sessions_app.openings import Wish, openings
from sessions_app.services.away import CANCEL, KEEP, PROPOSE, REQUEST, Away, Touched
from sessions_app.services.vacations import add_vacation, remove_vacation, what_if_away, what_if_removed
from sessions_app.slots import Slot

LOOK_AHEAD = timedelta(days=28)
VERBS = (KEEP, CANCEL, PROPOSE)


@mentors_only
@require_http_methods(["GET", "HEAD"])
def vacations(request: SignedInRequest) -> HttpResponse:
    """The coming ones, and the days of a new one."""
    return _list(request, _blank(request), 200)


@dataclass(frozen=True)
class Row:
    """One touched thing for the page: its choices, what was chosen, and the times to propose."""

    touched: Touched
    chosen: str
    times: list[Slot]
    time: str
    zone: ZoneInfo
    now: datetime

    @property
    def choices(self) -> list[dict[str, Any]]:
        titles = {KEEP: "Keep it", CANCEL: self.touched.cancelling, PROPOSE: "Propose another time"}
        if self.touched.what == REQUEST:
            titles |= {KEEP: "Answer it later", PROPOSE: "Suggest another time"}
        return [
            {"value": verb, "title": titles[verb], "note": note, "checked": verb == self.chosen}
            for verb, note in self.touched.choices.items()
            if verb != PROPOSE or self.times
        ]

    @property
    def options(self) -> list[tuple[str, str]]:
        """The times of the list: the value that comes back, and what one reads."""
        starts = [slot.starts_at for slot in self.times]
        return [(clock.iso(at), local_time.words(at, self.zone, now=self.now)) for at in starts]


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """What these days touch, each with one decision; POST does all of it at once."""
    if request.method != "POST" and not (request.GET.get("first_day") or request.GET.get("last_day")):
        return _list(request, _blank(request), 200)  # nobody has asked about any days yet
    sent = (request.POST if request.method == "POST" else request.GET).dict()
    form = VacationForm(sent)
    if not form.is_valid():
        # A browser shows nothing of a day that is none: there stands one to begin with, beside what was wrong.
        wrong = [name for name in ("first_day", "last_day") if name in form.errors]
        begin = _today(request).isoformat() if "first_day" in wrong else sent["first_day"]
        form.data = sent | dict.fromkeys(wrong, begin)
        return _list(request, form, 422)
    days = form.cleaned_data
    try:
        away = what_if_away(
            mentor=request.user, first_day=days["first_day"], last_day=days["last_day"], now=request.now
        )
    except Refusal as refusal:
        return _other_days(request, form, refusal)
    if request.method != "POST":
        return _deciding(request, away, days)
    decisions, times = _read(request, away)
    try:
        vacation = add_vacation(
            mentor=request.user,
            first_day=days["first_day"],
            last_day=days["last_day"],
            note=days["note"],
            decisions=decisions,
            times=times,
            expect=request.POST.get("expect", ""),
            now=request.now,
        )
    except Refusal as refusal:
        if refusal.code == "vacation_overlaps":
            return _other_days(request, form, refusal)
        again = what_if_away(
            mentor=request.user, first_day=days["first_day"], last_day=days["last_day"], now=request.now
        )
        return _deciding(request, again, days, refusal=refusal)
    moved = len(vacation.moved_packs)
    more = f" {moved} pack{' is' if moved == 1 else 's are'} valid {vacation.days} days longer." if moved else ""
    messages.success(request, f"Saved. Nothing can be booked on these days; your students are told.{more}")
    return redirect("availability_vacations")


def _other_days(request: SignedInRequest, form: VacationForm, refusal: Refusal) -> HttpResponse:
    """These days cannot be closed; a second press finds that the first one has closed them."""
    span = {name: form.cleaned_data[name] for name in ("first_day", "last_day")}
    if request.method == "POST" and Vacation.objects.filter(mentor=request.user, **span).exists():
        return redirect("availability_vacations")
    form.add_error(None, refusal.message)
    return _list(request, form, refusal.status)


def _today(request: SignedInRequest) -> date:
    """On the mentor's calendar."""
    return request.now.astimezone(request.user.zone).date()


def _blank(request: SignedInRequest) -> VacationForm:
    """Today, in the mentor's zone, to begin with."""
    today = _today(request).isoformat()
    note = request.GET.get("note", "")
    return VacationForm(initial={"first_day": today, "last_day": today, "note": note[:NOTE_MAX]})


def _list(request: SignedInRequest, form: VacationForm, status: int) -> HttpResponse:
    mentor = request.user
    today = _today(request)
    context = {
        "vacations": list(Vacation.objects.filter(mentor=mentor, last_day__gte=today).order_by("first_day")),
        "form": form,
        "today": today,
        "moves_from": settings.MENTORSHIP.vacation_moves_expiry_days,
        "tabs": tabs("vacations"),
    }
    return render(request, "availability/vacations.html", context, status=status)


def _read(request: SignedInRequest, away: Away) -> tuple[dict[UUID, str], dict[UUID, datetime]]:
    """The decisions as they were sent, for what the page that was sent had on it."""
    decisions: dict[UUID, str] = {}
    times: dict[UUID, datetime] = {}
    for name in request.POST:
        word, _, said = name.partition("-")
        if word != "decision":
            continue
        try:
            key = UUID(said)
        except ValueError:
            continue
        decisions[key] = str(request.POST[name])
        if (at := _instant(str(request.POST.get(f"time-{said}", "")))) is not None:
            times[key] = at
    # What is not decided is not decided: an unknown word is refused with the page, not taken for another set.
    return {one.id: "" for one in away.touched} | decisions, times


def _instant(text: str) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _deciding(
    request: SignedInRequest, away: Away, days: dict[str, Any], *, refusal: Refusal | None = None
) -> HttpResponse:
    query = {"first_day": days["first_day"].isoformat(), "last_day": days["last_day"].isoformat(), "note": days["note"]}
    context = {
        "away": away,
        "rows": _rows(request, away),
        "days": query,
        "note": days["note"],
        "all": [(verb, f"{ADDRESS}/vacations/new?{urlencode(query | {'all': verb})}") for verb in VERBS],
        "refusal": refusal,
        "tabs": tabs("vacations"),
    }
    return render(request, "availability/vacation_new.html", context, status=refusal.status if refusal else 200)


def _rows(request: SignedInRequest, away: Away) -> list[Row]:
    now, profile = request.now, request.user.mentor_profile
    numbers = settings.MENTORSHIP
    wishes = [
        Wish(
            id=one.id,
            student_id=one.student.pk,
            minutes=one.minutes,
            around=one.times[0],
            earliest=now
            + timedelta(hours=numbers.request_notice_hours if one.what == REQUEST else profile.notice_hours),
            before=one.pack.expires_at + away.moves_expiry_by if one.pack else None,
        )
        for one in away.touched
        if PROPOSE in one.choices
    ]
    profile.user = request.user
    found = openings(
        profile=profile,
        wishes=wishes,
        without=(away.start, away.end),
        start=max(now, away.start - LOOK_AHEAD),
        end=away.end + LOOK_AHEAD,
        now=now,
    )
    preset = request.GET.get("all", "")
    taken: set[datetime] = set()
    rows = []
    for one in away.touched:
        chosen = request.POST.get(f"decision-{one.id}", "") or (preset if preset in one.choices else "")
        slots = found.get(one.id, [])
        if chosen == PROPOSE and not slots:
            chosen = ""
        time = request.POST.get(f"time-{one.id}", "") or _suggested(one, slots, taken)
        rows.append(Row(one, chosen, slots, time, profile.zone, now))
    return rows


def _suggested(one: Touched, slots: list[Slot], taken: set[datetime]) -> str:
    """The nearest time that is not suggested to somebody else on this page already."""
    free = [slot.starts_at for slot in slots if slot.starts_at not in taken]
    if not free:
        return ""
    best = min(free, key=lambda at: abs(at - one.times[0]))
    taken.add(best)
    return clock.iso(best)


@mentors_only
@require_http_methods(["GET", "HEAD", "POST"])
def removal(request: SignedInRequest, vacation_id: int) -> HttpResponse:
    """Be there after all: what that does, and doing it."""
    mentor = request.user
    vacation = Vacation.objects.filter(pk=vacation_id, mentor=mentor).select_related("mentor").first()
    if vacation is None:
        raise NotFound("There is no such vacation.")
    refused = None
    if request.method == "POST":
        try:
            remove_vacation(
                vacation_id=vacation_id, mentor=mentor, expect=request.POST.get("expect", ""), now=request.now
            )
        except NotFound:
            raise
        except Refusal as refusal:
            refused = refusal
        else:
            messages.success(request, "Removed. These days can be booked again.")
            return redirect("availability_vacations")
    context = {
        "vacation": vacation,
        "removal": what_if_removed(vacation, now=request.now),
        "refusal": refused,
        "tabs": tabs("vacations"),
    }
    return render(request, "availability/vacation_removal.html", context, status=refused.status if refused else 200)
