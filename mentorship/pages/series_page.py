"""`/student/packs/<id>/plan`: the rest of a pack in one screen. A first time and a rhythm, a row for each, one button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import clock, idempotency, limits, local_time
from mentorship.kernel.http import page_or_part, wants
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.pages.choosing_times import TimeField, week_of_pack, with_query
from mentorship.people.http import SignedInRequest
from packs.models import SessionPack
from sessions_app.models import Session
from sessions_app.services.series import RHYTHMS, Row, SeriesRefusal, book_series, propose_series

MOST_ROWS = 200
RHYTHM_WORDS = {7: "Every week", 14: "Every two weeks"}
WHY = {
    "skipped": "the clocks skip that time on this day",
    "taken": "{mentor} or you are not free then",
    "lost": "the time you had chosen has just been taken",
}


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plan_page(request: SignedInRequest, pack_id: int) -> HttpResponse:
    packs = SessionPack.objects.filter(student=request.user)
    pack = packs.select_related("student", "mentor__mentor_profile__user").filter(pk=pack_id).first()
    if pack is None:
        raise Http404
    plan = Plan(request, pack)
    if request.method != "POST":
        return _page(request, plan)
    try:
        booked = _book(request, plan)
    except NotFound:
        raise
    except Refusal as refusal:
        response = _page(request, Plan(request, _fresh(pack)), refusal=refusal, status=refusal.status)
        if hasattr(refusal, "retry_after"):
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    count = len(booked)
    messages.success(request, f"{count} session{'' if count == 1 else 's'} booked with {pack.mentor.first_name}.")
    return redirect("/student/mentorship?tab=pending")


def _fresh(pack: SessionPack) -> SessionPack:
    pack.refresh_from_db()
    return pack


def _book(request: SignedInRequest, plan: Plan) -> list[str]:
    """Book the chosen rows once for this key; the twin of a click gets the same answer."""
    user, now, key = request.user, request.now, idempotency.key_of(request)
    times = [time for time in plan.sent if time is not None]
    if plan.malformed:
        raise Malformed("Please choose one of the times shown.")
    limits.spend("book", user.pk, settings.MENTORSHIP.bookings_per_minute, key)

    def do() -> list[str]:
        sessions = book_series(pack_id=plan.pack.pk, student=user, times=times, now=now)
        return [str(session.pk) for session in sessions]

    body = {"pack": plan.pack.pk, "times": [clock.iso(time) for time in times]}
    booked: list[str] = idempotency.once(user=user, scope="plan", key=key, body=body, do=do)
    return booked


@dataclass
class Plan:
    """What the page shows: read from the address, or from the form that was sent."""

    request: SignedInRequest
    pack: SessionPack

    def __post_init__(self) -> None:
        self.query = self.request.POST if self.request.method == "POST" else self.request.GET
        self.now, self.zone = self.request.now, ZoneInfo(str(self.request.user.zone))
        self.mentor = self.pack.mentor
        every = self.query.get("every", "")
        self.every = int(every) if every in {str(days) for days in RHYTHMS} else RHYTHMS[0]
        self.malformed = False
        self.sent = [self._read(text) for text in self.query.getlist("time")[:MOST_ROWS]]

    def _read(self, text: str) -> datetime | None:
        """A time of the form; what is outside the pack's days is moved to their edge, where nothing can be booked."""
        try:
            time = TimeField(required=False).clean(text)
        except ValidationError:
            self.malformed = True
            return None
        return min(max(time, self.now), self.pack.expires_at) if time else None

    @property
    def path(self) -> str:
        return f"{self.pack.get_absolute_url()}/plan"

    @cached_property
    def first(self) -> datetime | None:
        """The first time: the one asked for, else the rhythm of the last session goes on; None: it is to be chosen."""
        try:
            asked = TimeField().clean(self.query.get("from"))
        except ValidationError:
            asked = None
        if asked is not None and self.now < asked < self.pack.expires_at:
            return asked
        return self._going_on()

    def _going_on(self) -> datetime | None:
        gone = [Session.Status.CANCELLED, Session.Status.EXPIRED]
        last = self.pack.sessions.exclude(status__in=gone).order_by("-starts_at").values_list("starts_at", flat=True)
        if not last:
            return None
        soonest = self.now + timedelta(hours=self.mentor.mentor_profile.notice_hours)
        wall = last[0].astimezone(self.zone).replace(tzinfo=None) + timedelta(days=self.every)
        while (time := wall.replace(tzinfo=self.zone)) < soonest:
            wall += timedelta(days=self.every)
        return time if time < self.pack.expires_at else None

    @property
    def blocked(self) -> str:
        """Why nothing can be booked out of this pack, or nothing."""
        pack = self.pack
        if not pack.is_open(self.now):
            return "This pack is over." if pack.sessions_used < pack.sessions_total else "This pack is used up."
        if pack.frozen_at:
            return "This pack is frozen while something about it is decided. Nothing can be booked until then."
        if pack.paused_at:
            return "This pack is paused. Nothing can be booked until the pause is over."
        return "" if pack.remaining_at(self.now) else "Every session of this pack is used or booked."

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        if self.first is None or self.blocked:
            return []
        found = propose_series(
            pack=self.pack,
            student=self.request.user,
            first=self.first,
            every_days=self.every,
            zone=self.zone,
            now=self.now,
            kept=self.sent,
        )
        done = self.pack.sessions_used + self.pack.sessions_held
        return [self._row(row, done + n) for n, row in enumerate(found, 1)]

    def _row(self, row: Row, number: int) -> dict[str, Any]:
        offered = None if row.left_out or row.offered is None else row.offered.starts_at
        options = [
            {"value": clock.iso(slot.starts_at), "words": self._both(slot.starts_at), "on": slot.starts_at == offered}
            for slot in row.nearby
        ]
        return {"number": number, "options": options, "offered": offered, "note": self._note(row), "why": row.why}

    def _both(self, at: datetime) -> str:
        """ "Tue 9 Jun, 18:00 (Mia 12:00)": a choice names both clocks where they differ."""
        there = local_time.elsewhere(at, self.zone, self.mentor.zone)
        mine = local_time.words(at, self.zone, now=self.now)
        return f"{mine} ({self.mentor.first_name} {there})" if there else mine

    def _note(self, row: Row) -> str:
        """Why another time stands in the row than the rhythm asks for."""
        if not row.why:
            return ""
        wanted = local_time.words(row.wanted, self.zone, now=self.now) if row.wanted else "That time"
        if row.why == "expired":
            ends = local_time.words(self.pack.expires_at, self.zone, now=self.now, style="date")
            why = f"the pack ends on {ends}"
        else:
            why = WHY[row.why].format(mentor=self.mentor.first_name)
        if row.why == "lost":
            wanted = "Changed"
        if row.left_out:
            return f"{wanted}: {why}."
        way_out = "the nearest free time is chosen"
        if row.offered is None:
            way_out = "choose another one, or leave it out" if row.nearby else "nothing is free near it"
        return f"{wanted}: {why}; {way_out}."

    @property
    def chosen(self) -> list[datetime]:
        return [row["offered"] for row in self.rows if row["offered"]]

    @property
    def clocks(self) -> list[str]:
        """What the clocks do between now and the last row: the planner's, and the mentor's where they move apart."""
        times = self.chosen
        if not times:
            return []
        said = [local_time.clock_change_sentence(self.now, max(times), self.zone)]
        shifts = {at.astimezone(self.mentor.zone).utcoffset() - at.astimezone(self.zone).utcoffset() for at in times}  # type: ignore[operator]
        if len(shifts) > 1:
            name, city = self.mentor.first_name, local_time.city(self.mentor.zone)
            said.append(
                f"In {city} the clocks change on another day than yours: your time stays, {name}\N{RIGHT SINGLE QUOTATION MARK}s"
                " is written in each row."
            )
        return [sentence for sentence in said if sentence]

    @property
    def rhythms(self) -> list[dict[str, Any]]:
        """For components/pills.html."""
        first = clock.iso(self.first) if self.first else None
        return [
            {"url": self.url(every=days, **{"from": first}), "label": RHYTHM_WORDS[days], "current": days == self.every}
            for days in RHYTHMS
        ]

    def url(self, **query: Any) -> str:
        return with_query(self.path, **query)


def _page(request: SignedInRequest, plan: Plan, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    pack = plan.pack
    if wants(request, "sum"):
        count = sum(time is not None for time in plan.sent)
        return render(request, "packs/plan.html#sum", _sum(plan, count))
    week = None
    if not plan.blocked:
        week = week_of_pack(
            pack,
            pack.mentor.mentor_profile,
            request.user,
            asked=request.GET.get("week"),
            zone=plan.zone,
            now=plan.now,
            link=lambda day: plan.url(every=plan.every, week=day.isoformat(), **_from(plan)),
            selected=plan.first,
            url=lambda at: plan.url(every=plan.every, **{"from": clock.iso(at)}) + "#plan",
        )
    context = {
        "plan": plan,
        "pack": pack,
        "mentor": pack.mentor,
        "rows": plan.rows,
        "week": week,
        "key": request.POST.get("idempotency_key") or uuid4().hex,
        "refusal": refusal,
        "refused_at": refusal.starts_at if isinstance(refusal, SeriesRefusal) else None,
    }
    context |= _sum(plan, len(plan.chosen))
    return render(request, page_or_part(request, "packs/plan.html", "week", "plan"), context, status=status)


def _sum(plan: Plan, count: int) -> dict[str, Any]:
    """What the button does: the pack as it would be then."""
    free = plan.pack.remaining_at(plan.now)
    count = min(count, free)
    return {
        "pack": plan.pack,
        "count": count,
        "free": free,
        "held_then": plan.pack.sessions_held + count,
        "free_then": free - count,
        "notice_hours": settings.MENTORSHIP.move_notice_hours,
    }


def _from(plan: Plan) -> dict[str, str]:
    """The first time, while one looks at other weeks."""
    asked = plan.request.GET.get("from")
    return {"from": asked} if asked else {}
