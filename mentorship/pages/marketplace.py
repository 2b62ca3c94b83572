"""`/` and `/mentorship`: one card a mentor, with filters. The next free time comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.cache import cache
from django.db import connection
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from mentorship.kernel.http import PageRequest, reader_zone, wants
from mentorship.pages import listings
from mentorship.pages.filters import MarketFilters
from mentorship.people import languages
from mentorship.people.models import MentorProfile, Topic
from offerings.models import Offering, OfferingQuerySet
from offerings.search import matching, words_of

CARDS = 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FILTERS_KEPT = 300


@dataclass(frozen=True)
class Card:
    """One mentor on the marketplace."""

    profile: MentorProfile
    offering: Offering | None
    next_at: datetime | None
    seats: listings.SeatCounts

    @property
    def languages(self) -> str:
        return languages.names(self.profile.languages)

    @property
    def closed(self) -> bool:
        """New students are not taken at the moment."""
        return not self.profile.accepts_new or self.profile.sales_paused_at is not None

    @property
    def sold_as(self) -> str:
        """What the price is for: "4 sessions", "60 min", "20 min intro"."""
        if self.offering is None:
            return ""
        if self.offering.takes_seat:
            return f"{self.offering.session_count} sessions"
        return f"{self.offering.duration_minutes} min{' intro' if self.offering.is_intro else ''}"


@require_safe
def marketplace(request: PageRequest) -> HttpResponse:
    """The page; for htmx its results, or the next cards alone."""
    filters = MarketFilters(request.GET)
    cards, cursor = find_cards(filters, request)
    context: dict[str, Any] = {
        "filters": filters,
        "cards": cards,
        "more_url": "/mentorship?" + filters.query(cursor=cursor) if cursor else "",
        "is_first": not filters.cursor,
    }
    part = next((f"#{name}" for name in ("results", "more") if wants(request, name)), "")
    if not part:
        context |= offered_filters()
    response = render(request, f"shop/marketplace.html{part}", context)
    if part == "#results":
        response["HX-Push-Url"] = f"/mentorship?{filters.query()}".rstrip("?")
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def find_cards(filters: MarketFilters, request: PageRequest) -> tuple[list[Card], str]:
    """One page of cards, and the cursor of the next one or nothing. Three queries, five when listings are overtaken."""
    now = request.now
    offerings = offerings_that_fit(filters, request)
    found = list(mentors_that_fit(filters, offerings, request)[: CARDS + 1])
    shown = found[:CARDS]
    window = listings.shop_window(offerings.filter(mentor__in=[p.user_id for p in shown]))
    on_cards = {offering.mentor_id: offering for offering in window} if shown else {}
    seats = listings.seat_counts(shown, now) if shown else {}
    times = listings.next_times(shown, now, {mentor: o.duration_minutes for mentor, o in on_cards.items()})
    cards = [Card(p, on_cards.get(p.user_id), times.get(p.user_id), seats[p.user_id]) for p in shown]
    return cards, cursor_of(shown[-1]) if len(found) > CARDS else ""


def offerings_that_fit(filters: MarketFilters, request: PageRequest) -> OfferingQuerySet:
    """What lies on the shelf within the price, length and course that are wanted; of which mentors, others decide."""
    rows = matching(
        Offering.objects.on_the_shelf(),
        course_id=filters.course,
        max_price=filters.max_price_minor,
        currency=filters.currency if filters.max_price_minor is not None else None,
        duration=filters.duration,
    )
    if filters.completed and request.user.is_authenticated:
        rows = rows.filter(course__enrolments__student=request.user, course__enrolments__completed_at__isnull=False)
    return rows


def mentors_that_fit(
    filters: MarketFilters, offerings: OfferingQuerySet, request: PageRequest
) -> QuerySet[MentorProfile]:
    """Visible mentors who sell something that fits, in the marketplace's order, after the cursor."""
    rows = MentorProfile.objects.visible().filter(user__listing__isnull=False)
    rows = rows.filter(Exists(offerings.filter(mentor=OuterRef("user"))))
    if filters.topics:
        rows = rows.filter(Exists(Topic.objects.filter(slug__in=filters.topics, mentors=OuterRef("pk"))))
    if filters.language:
        rows = rows.filter(languages__contains=[filters.language])
    if filters.fits:
        hours = listings.hours_that_fit(filters.fits, reader_zone(request), request.now)
        rows = rows.filter(user__listing__free_hours__overlap=hours)
    for word in words_of(filters.mentor):
        rows = rows.filter(user__name__icontains=word)
    for word in words_of(filters.q):
        rows = rows.filter(_speaks_of(word))
    if filters.cursor:
        at, mentor_id = filters.cursor
        rows = rows.filter(user__listing__sorts_at__gte=at).filter(
            Q(user__listing__sorts_at__gt=at) | Q(user__gt=mentor_id)
        )
    names = Topic.objects.filter(mentors=OuterRef("pk")).values("name")
    rows = rows.annotate(
        topic_names=ArraySubquery(names), sorts_at=F("user__listing__sorts_at"), waiting=listings.waiting_of("user")
    )
    return rows.select_related("user__listing").order_by("sorts_at", "user__listing__mentor")


def _speaks_of(word: str) -> Q:
    """This word stands in the name, the promise, a topic or the title of something on sale."""
    topics = MentorProfile.topics.through.objects.filter(topic__name__icontains=word).values("mentorprofile")
    titles = Offering.objects.on_the_shelf().filter(title__icontains=word).values("mentor")
    return Q(user__name__icontains=word) | Q(promise__icontains=word) | Q(pk__in=topics) | Q(user__in=titles)


def cursor_of(profile: MentorProfile) -> str:
    micros = (profile.user.listing.sorts_at - EPOCH) // timedelta(microseconds=1)
    return f"{micros}-{profile.user_id}"


def offered_filters() -> dict[str, Any]:
    """The topics and the languages (code and name) a reader can choose from; looked up every five minutes."""

    def look() -> dict[str, Any]:
        each = Func("languages", function="unnest", output_field=CharField())
        codes = MentorProfile.objects.visible().annotate(code=each).values_list("code", flat=True).distinct()
        spoken = sorted(((code, languages.name(code)) for code in codes), key=lambda pair: pair[1])
        return {"topics": list(Topic.objects.values("slug", "name")), "languages": spoken}

    key = f"offered-filters:{connection.settings_dict['NAME']}"
    return cache.get_or_set(key, look, FILTERS_KEPT) or look()
