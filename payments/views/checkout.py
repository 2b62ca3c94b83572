"""The checkout page: one thing to do. A visitor signs up on it and the choice survives; it works without JavaScript."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import clock, idempotency, limits, local_time
from mentorship.kernel.http import PageRequest, reader_zone
from mentorship.kernel.refusals import Malformed, NotFound, Refusal
from mentorship.people.signing_up import SigningUp
from offerings.models import Offering
from payments import services
from payments.forms import Wish
from payments.models import Order
from payments.providers.base import Provider
from payments.views.site import site_url
from seats.services import availability, mentor_full
from sessions_app.slots import Slot, free_slots
from sessions_app.week import DAYS, read_first_day, week_of_slots, week_range


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: PageRequest, offering_id: int) -> HttpResponse:
    offerings: QuerySet[Offering] = Offering.objects.visible_to(request.user).select_related("mentor__mentor_profile")
    if request.user.is_authenticated:
        offerings = services.with_own_seat(offerings, request.user, request.now)
    offering = offerings.filter(pk=offering_id).first()
    if offering is None:
        raise NotFound("This is not for sale any more.")
    step = Step(request, offering)
    if services.asks_first(step.viewer, offering, request.now):
        return redirect(offering)  # where one asks for it
    if request.method != "POST":
        return step.show()
    if request.user.is_authenticated:
        return step.pay()
    return step.signing_up.post(step.here(step.starts_at), step.show)


class Step:
    """One request of this page: the choice so far (`starts_at`), and what came of it."""

    def __init__(self, request: PageRequest, offering: Offering) -> None:
        self.request, self.offering = request, offering
        self.profile = offering.mentor.mentor_profile
        self.starts_at, self.unreadable = read_instant(request.POST.get("scheduledAt") or request.GET.get("at"))
        self.viewer = request.user if request.user.is_authenticated else None
        self.signing_up = SigningUp(request)

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
            limits.spend("checkout", str(self.request.user.pk), settings.MENTORSHIP.checkouts_per_minute, key)
            if self.unreadable:
                raise Malformed("This time could not be read. Please choose one of the free times.")
            if not self.providers:
                raise services.cannot_be_paid(self.offering.currency)
            if self.chosen is None:
                raise Malformed("This way to pay is not offered here any more. Please choose another.")
            order = services.checkout(
                student=self.request.user,
                offering_id=self.offering.pk,
                provider=self.chosen,
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

    # --- what it shows ---

    def show(self, *, status: int = 200, refusal: Refusal | None = None, wish: Wish | None = None) -> HttpResponse:
        offering, now = self.offering, self.request.now
        blocked = refusal if refusal and refusal.code not in TRY_AGAIN else self._why_not()
        if gone := self._time_is_gone(refusal):
            self.starts_at, refusal = None, gone
        renewal = services.what_if_renewed(student=self.viewer, offering=offering, now=now)
        context = {
            "offering": offering,
            "renewal": renewal,
            "mentor": offering.mentor,
            "profile": self.profile,
            "starts_at": self.starts_at,
            "refusal": refusal or blocked,
            "blocked": blocked,
            "expires_at": now + timedelta(days=offering.effective_validity_days),
            "signing_up": self.signing_up,
            "wish": wish or Wish(),
            "idempotency_key": uuid4().hex,
            "providers": self.providers,
            "chosen": self.chosen or (self.providers[0].name if self.providers else ""),
            "open_order": self.open_order,
            "open_words": self._open_words(),
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
            if not self.providers:
                raise services.cannot_be_paid(offering.currency)
            full = offering.takes_seat and availability(offering.mentor_id, now).available == 0
            if (
                full
                and not self.open_order
                and not (self.viewer and services.is_seated(self.viewer, offering.mentor_id, now))
                and not services.has_offer(self.viewer, offering.mentor_id, now)
            ):
                raise mentor_full()
        except Refusal as refusal:
            return refusal
        return None

    def _time_is_gone(self, refusal: Refusal | None) -> Refusal | None:
        """Why the chosen time has to be chosen again, or None."""
        if self.starts_at is None:
            return None
        if refusal is not None:
            return refusal if refusal.code in TIMES else None
        kept = self.open_order is not None and self.open_order.starts_at == self.starts_at
        if kept or self.starts_at in {slot.starts_at for slot in self.slots}:
            return None
        if self._free(self.starts_at, self.starts_at + timedelta(minutes=1)):
            return None  # in another week than the one shown
        return Refusal("slot_unavailable", "The time you chose is no longer free. Please choose another.")

    @cached_property
    def providers(self) -> list[Provider]:
        """Whoever takes this sum now; empty when nobody does."""
        return services.providers_for(self.offering.currency, self.offering.price_minor)

    @property
    def chosen(self) -> str | None:
        """The provider that was chosen with the pay button, if it is one of those offered."""
        name = self.request.POST.get("provider", "")
        return name if name in {provider.name for provider in self.providers} else None

    @cached_property
    def open_order(self) -> Order | None:
        if self.viewer is None:
            return None
        return Order.objects.open(self.request.now).of_pair(self.viewer.pk, self.offering.mentor_id).first()

    def _open_words(self) -> str:
        """What is being paid already, so that nobody pays twice for want of knowing."""
        order = self.open_order
        if order is None:
            return ""
        until = local_time.words(order.expires_at, self.zone, now=self.request.now, style="near")
        same = order.offering_id == self.offering.pk
        what = "This very offering" if same else f"“{order.title}” for {order.amount_display}"
        return f"{what} waits for your payment until {until}. Paying here replaces that order: only one is charged."

    @cached_property
    def zone(self) -> ZoneInfo:
        return reader_zone(self.request)

    @cached_property
    def first_day(self) -> date:
        """The week that is shown: the one asked for, else from today as far as it reaches the chosen time."""
        today = read_first_day(self.request.GET.get("week"), self.zone, self.request.now)
        if self.starts_at is None or "week" in self.request.GET:
            return today
        chosen = self.starts_at.astimezone(self.zone).date()
        weeks = max((chosen - today).days // DAYS, 0)
        return read_first_day((today + timedelta(days=DAYS * min(weeks, 52))).isoformat(), self.zone, self.request.now)

    @cached_property
    def slots(self) -> list[Slot]:
        return self._free(*week_range(self.first_day, self.zone))

    def _free(self, start: datetime, end: datetime) -> list[Slot]:
        return free_slots(
            mentor=self.profile,
            start=start,
            end=end,
            duration_minutes=self.offering.duration_minutes,
            now=self.request.now,
            viewer=self.viewer,
        )

    def _times(self) -> dict[str, Any]:
        """The week of times to choose from, each a link back to this page: it shows the choice in both zones."""
        first, today = self.first_day, self.request.now.astimezone(self.zone).date()
        earlier = max(first - timedelta(days=DAYS), today)
        return {
            "days": week_of_slots(
                self.slots, self.zone, self.request.now, first, selected=self.starts_at, url=self.here
            ),
            "earlier_url": self.here(self.starts_at, week=earlier.isoformat()) if earlier < first else "",
            "later_url": self.here(self.starts_at, week=(first + timedelta(days=DAYS)).isoformat()),
            "without_time_url": self.here(None),
            "choosing": self.starts_at is None or "week" in self.request.GET,
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
