"""`/mentorship/mentors/<slug>`: who, seven days of free times, and what can be bought."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from mentorship.kernel.http import PageRequest, wants
from mentorship.kernel.refusals import NotFound
from mentorship.pages.away import away_words, vacations_of
from mentorship.pages.choosing import Choice, in_shop_order
from mentorship.pages.line import shown_line
from mentorship.pages.listings import waiting_of
from mentorship.people import languages
from mentorship.people.models import MentorProfile, Topic
from offerings.models import Offering


@require_safe
def mentor_page(request: PageRequest, slug: str) -> HttpResponse:
    """A mentor buyers can see. 404 for the unverified, as for the unknown."""
    names = Topic.objects.filter(mentors=OuterRef("mentor__mentor_profile")).values("name")
    rows = Offering.objects.visible_to(request.user).filter(mentor__mentor_profile__slug=slug)
    rows = rows.select_related("mentor__mentor_profile", "course").annotate(
        topic_names=ArraySubquery(names), waiting=waiting_of("mentor"), vacations=vacations_of("mentor", request.now)
    )
    offerings = list(rows)
    if offerings:
        profile = offerings[0].mentor.mentor_profile
        profile.topic_names, profile.waiting = offerings[0].topic_names, offerings[0].waiting
        profile.vacations = offerings[0].vacations
    else:
        profiles = MentorProfile.objects.visible().annotate(vacations=vacations_of("user", request.now))
        profile = profiles.filter(slug=slug).select_related("user").first()
        if profile is None:
            raise NotFound("This mentor is not here, or not any more.")
    choice = Choice(request, profile, in_shop_order(offerings), profile.get_absolute_url())
    return render_choice(request, "shop/mentor.html", choice, {})


def render_choice(request: PageRequest, template: str, choice: Choice, context: dict[str, Any]) -> HttpResponse:
    """The page, or for htmx only the part that changes when something else is chosen.

    The profile brings its `topic_names`, how many are `waiting`, and its next `vacations`.
    """
    part = "#choice" if wants(request, "choice") else ""
    profile = choice.profile
    context |= {
        "choice": choice,
        "away": away_words(profile, getattr(profile, "vacations", []), choice.zone, request.now),
        "line": shown_line(request, choice),
        "profile": profile,
        "mentor": profile.user,
        "languages": languages.names(profile.languages),
    }
    response = render(request, template + part, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
