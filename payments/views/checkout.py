"""The checkout page: one thing to do. A visitor signs up on it and the choice survives; it works without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import clock, idempotency, limits
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people import signup
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from payments import services
from payments.forms import Code, SignUp, Wish
from payments.models import Order
from payments.views.site import site_url
from seats.services import availability, mentor_full
from sessions_app.slots import Slot, free_slots
from sessions_app.week import DAYS, read_first_day, week_of_slots, week_range


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, offering_id: int) -> HttpResponse:
    offering = Offering.objects.visible_to(request.user).select_related("mentor").filter(pk=offering_id).first()
    if offering is None:
        raise NotFound("This is not for sale any more.")
    step = Step(request, offering)
    if request.method != "POST":
        return step.show()
    if request.user.is_authenticated:
        return step.pay()
    return step.sign_in(request.POST.get("step", ""))


class Step:
    """One request of this page: the choice so far (`starts_at`), and what came of it."""

    def __init__(self, request: HttpRequest, offering: Offering) -> None:
        self.request, self.offering = request, offering
        self.profile = MentorProfile.objects.select_related("user").get(user=offering.mentor_id)
        self.starts_at, self.unreadable = read_instant(request.POST.get("scheduledAt") or request.GET.get("at"))
        self.viewer = request.user if request.user.is_authenticated else None

    def here(self, starts_at: datetime | None, **more: str) -> str:
        """This page with that choice."""
        query = {"at": clock.iso(starts_at)} if starts_at else {}
        path = f"/checkout/{self.offering.pk}"
        return f"{path}?{urlencode(query | more)}" if query or more else path

    # --- what the buttons do ---

    def pay(self) -> HttpResponse:
        form = Wish(self.request.POST)
        if not form.is_valid():
            return self.show(status=422, wish=form)
        try:
            key = idempotency.key_of(self.request)
            limits.spend("checkout", self.request.user.pk, settings.MENTORSHIP.checkouts_per_minute, key)
            if self.unreadable:
                raise Malformed("This time could not be read. Please choose one of the free times.")
            order = services.checkout(
                student=self.request.user,
                offering_id=self.offering.pk,
                provider=self.request.POST.get("provider", ""),
                starts_at=self.starts_at,
                agenda=form.cleaned_data["agenda"],
                idempotency_key=key,
                site_url=site_url(self.request),
                now=self.request.now,
            )
        except NotFound:
            raise
        except Refusal as refusal:
            return self.show(status=refusal.status, refusal=refusal, wish=form)
        return redirect(order.checkout_url)

    def sign_in(self, step: str) -> HttpResponse:
        """First the address, then the code from its mailbox; afterwards this page again, with the choice kept."""
        if step == "code":
            return self._finish()
        if step == "restart":
            signup.forget(self.request)
            return redirect(self.here(self.starts_at))
        form = SignUp(self.request.POST)
        if not form.is_valid():
            return self.show(status=422, who=form)
        try:
            signup.start_signup(self.request, **form.cleaned_data, zone=self.request.POST.get("zone", ""))
        except Refusal as refusal:
            return self.show(status=refusal.status, refusal=refusal, who=form)
        return redirect(self.here(self.starts_at))

    def _finish(self) -> HttpResponse:
        try:
            return signup.finish_signup(self.request, self.request.POST.get("code", ""), self.here(self.starts_at))
        except Refusal as refusal:
            return self.show(status=refusal.status, refusal=refusal)

    # --- what it shows ---

    def show(self, *, status: int = 200, refusal: Refusal | None = None, **forms: Form) -> HttpResponse:
        offering, now = self.offering, self.request.now
        blocked = refusal if refusal and refusal.code not in TRY_AGAIN else self._why_not()
        if self.starts_at and (gone := self._time_is_gone(refusal)):
            self.starts_at, refusal = None, gone
        expires_at = now + timedelta(days=offering.effective_validity_days)
        context = {
            "offering": offering,
            "mentor": offering.mentor,
            "profile": self.profile,
            "starts_at": self.starts_at,
            "refusal": refusal or blocked,
            "blocked": blocked,
            "expires_at": expires_at,
            "waiting_for": signup.waiting_for(self.request) if self.viewer is None else None,
            "who": forms.get("who") or SignUp(),
            "code": Code(),
            "wish": forms.get("wish") or Wish(),
            "idempotency_key": uuid4().hex,
            "providers": services.provider_names() or ["free"],
            "open_order": self._open_order(),
            "hold_minutes": settings.MENTORSHIP.checkout_hold_minutes,
            "here": self.here(self.starts_at),
            **self._times(),
        }
        return render(self.request, "payments/checkout.html", context, status=status)

    def _why_not(self) -> Refusal | None:
        """What would refuse this purchase, so that nobody fills in a form for nothing. A hint: the commit decides."""
        offering, now = self.offering, self.request.now
        try:
            services.check_buyable(student=self.viewer, offering=offering, profile=self.profile, now=now)
            seated = self.viewer is not None and services.is_seated(self.viewer, offering.mentor_id, now)
            held = self._open_order() is not None
            if offering.takes_seat and not seated and not held and availability(offering.mentor_id, now).available == 0:
                raise mentor_full()
        except Refusal as refusal:
            return refusal
        return None

    def _time_is_gone(self, refusal: Refusal | None) -> Refusal | None:
        """Why the chosen time has to be chosen again, or None while it is free."""
        if refusal is not None:
            return refusal if refusal.code in TIMES else None
        minute = timedelta(minutes=1)
        if self._free(self.starts_at, self.starts_at + minute) or self._is_kept():
            return None
        return Refusal("slot_unavailable", "The time you chose is no longer free. Please choose another.")

    def _is_kept(self) -> bool:
        order = self._open_order()
        return order is not None and order.starts_at == self.starts_at

    def _free(self, start: datetime, end: datetime) -> list[Slot]:
        return free_slots(
            mentor=self.profile,
            start=start,
            end=end,
            duration_minutes=self.offering.duration_minutes,
            now=self.request.now,
            viewer=self.viewer,
        )

    def _open_order(self) -> Order | None:
        if self.viewer is None:
            return None
        return Order.objects.open(self.request.now).of_pair(self.viewer.pk, self.offering.mentor_id).first()

    def _times(self) -> dict[str, Any]:
        """The week of times to choose from, each a link back to this page: it shows the choice in both zones."""
        zone, now = self.request.zone, self.request.now
        first = read_first_day(self.request.GET.get("week"), zone, now)
        slots = self._free(*week_range(first, zone))
        earlier = max(first - timedelta(days=DAYS), now.astimezone(zone).date())
        asked = "week" in self.request.GET
        return {
            "days": week_of_slots(slots, zone, now, first, selected=self.starts_at, url=self.here),
            "earlier_url": self.here(self.starts_at, week=earlier.isoformat()) if earlier < first else "",
            "later_url": self.here(self.starts_at, week=(first + timedelta(days=DAYS)).isoformat()),
            "without_time_url": self.here(None),
            "choosing": self.starts_at is None or asked,
        }


TIMES = {"slot_unavailable", "notice_too_short", "pack_expired"}
TRY_AGAIN = TIMES | {"malformed", "key_reused", "slow_down", "provider_away", "wrong_code", "code_expired"}


def read_instant(text: str | None) -> tuple[datetime | None, bool]:
    """An ISO instant with its offset; (None, True) for what is none."""
    if not text:
        return None, False
    try:
        moment = parse_datetime(text)
        if moment is None or moment.tzinfo is None:
            return None, True
        return moment.astimezone(UTC), False
    except (ValueError, OverflowError):
        return None, True
