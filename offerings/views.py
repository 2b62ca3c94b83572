"""`/tutor/mentorship/schedule`: a mentor's shelf. Each verb has its own address; what is not theirs is 404."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.models import User
from offerings import services
from offerings.forms import OfferingForm, values_of
from offerings.models import Offering

View = Callable[..., HttpResponse]
SHELF = "/tutor/mentorship/schedule"


def mentors_only(view: View) -> View:
    """For whoever has a mentor profile, verified or not; for others the page does not exist."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _me(request).is_mentor:
            raise NotFound
        return view(request, *args, **kwargs)

    return login_required(inner)


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


def _own(request: HttpRequest) -> QuerySet[Offering]:
    return Offering.objects.filter(mentor=_me(request)).select_related("course", "private_for")


@require_safe
@mentors_only
def shelf(request: HttpRequest) -> HttpResponse:
    """What they sell: course by course, then the rest, then what is archived."""
    rows = list(_own(request).order_by("course__title", "-kind", "is_intro", "session_count", "price_minor", "pk"))
    on_sale = [row for row in rows if row.archived_at is None]
    courses: dict[str, list[Offering]] = {}
    for row in on_sale:
        if row.course is not None:
            courses.setdefault(row.course.title, []).append(row)
    context = {
        "profile": _me(request).mentor_profile,
        "courses": courses,
        "standalone": [row for row in on_sale if row.course is None],
        "archived": [row for row in rows if row.archived_at is not None],
    }
    return render(request, "offerings/shelf.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@mentors_only
def create(request: HttpRequest) -> HttpResponse:
    form = OfferingForm(request.POST or None, mentor=_me(request))
    if form.is_valid():
        offering = _try(form, lambda: services.create_offering(mentor=_me(request), draft=form.draft()))
        if offering is not None:
            messages.success(request, f"“{offering.title}” is on your shelf.")
            return redirect(SHELF)
    return _form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@mentors_only
def edit(request: HttpRequest, offering_id: int) -> HttpResponse:
    offering = _own(request).filter(pk=offering_id).first()
    if offering is None:
        raise NotFound
    form = OfferingForm(request.POST or None, mentor=_me(request), initial=values_of(offering))
    if form.is_valid():
        saved = _try(
            form, lambda: services.edit_offering(offering_id=offering_id, mentor=_me(request), draft=form.draft())
        )
        if saved is not None:
            messages.success(request, f"“{saved.title}” is changed. What was sold before stays as it was sold.")
            return redirect(SHELF)
    return _form_page(request, form, offering)


@require_POST
@mentors_only
def copy(request: HttpRequest, offering_id: int) -> HttpResponse:
    made = services.copy_offering(offering_id=offering_id, mentor=_me(request))
    messages.success(request, "Here is the copy. Change what is different.")
    return redirect(f"{SHELF}/{made.pk}/edit")


@require_POST
@mentors_only
def archive(request: HttpRequest, offering_id: int) -> HttpResponse:
    services.archive_offering(offering_id=offering_id, mentor=_me(request), now=request.now)  # type: ignore[attr-defined]
    messages.success(request, "Archived. Nobody can buy it; whoever has bought it keeps it.")
    return redirect(SHELF)


@require_POST
@mentors_only
def unarchive(request: HttpRequest, offering_id: int) -> HttpResponse:
    services.unarchive_offering(offering_id=offering_id, mentor=_me(request))
    messages.success(request, "It is on sale again.")
    return redirect(SHELF)


@require_POST
@mentors_only
def delete(request: HttpRequest, offering_id: int) -> HttpResponse:
    try:
        services.delete_offering(offering_id=offering_id, mentor=_me(request))
        messages.success(request, "Deleted.")
    except Refusal as refused:
        if refused.status == NotFound.status:
            raise
        messages.error(request, refused.message)
    return redirect(SHELF)


def _try(form: OfferingForm, save: Callable[[], Offering]) -> Offering | None:
    """Save; a refusal about the course shows at its field."""
    try:
        return save()
    except Refusal as refused:
        if refused.code != "course_not_found":
            raise
        form.add_error("course", refused.message)
        return None


def _form_page(request: HttpRequest, form: OfferingForm, offering: Offering | None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "offerings/form.html", {"form": form, "offering": offering}, status=status)
