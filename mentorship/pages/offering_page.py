"""`/mentorship/offerings/<id>-<slug>`: one offering in detail, with the same choice of time."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import NotFound
from mentorship.pages.away import vacations_of
from mentorship.pages.choosing import Choice, note_of, price_of
from mentorship.pages.listings import waiting_of
from mentorship.pages.mentor_page import render_choice
from mentorship.people.models import Topic
from offerings.models import Offering


@require_safe
def offering_page(request: PageRequest, offering_id: int, slug: str = "") -> HttpResponse:
    """What this reader may buy; anything else is 404. An old or wrong slug leads to the right address."""
    names = Topic.objects.filter(mentors=OuterRef("mentor__mentor_profile")).values("name")
    rows = Offering.objects.visible_to(request.user).select_related("mentor__mentor_profile", "course")
    rows = rows.filter(pk=offering_id).annotate(
        topic_names=ArraySubquery(names), waiting=waiting_of("mentor"), vacations=vacations_of("mentor", request.now)
    )
    offering = rows.first()
    if offering is None:
        raise NotFound("This is not on sale, or not any more.")
    address = offering.get_absolute_url()
    if request.path != address:
        return redirect(f"{address}?{urlencode(request.GET)}" if request.GET else address, permanent=True)
    profile = offering.mentor.mentor_profile
    profile.topic_names, profile.waiting = offering.topic_names, offering.waiting
    profile.vacations = offering.vacations
    choice = Choice(request, profile, [offering], address)
    context = {"offering": offering, "note": note_of(offering), "price": price_of(offering)}
    return render_choice(request, "shop/offering.html", choice, context)
