"""`/tutor/mentorship/schedule`: a mentor's shelf. Each verb has its own address; what is not theirs is 404."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.services import resume_sales
from offerings import services
from offerings.forms import OfferingForm, values_of
from offerings.models import Offering

SHELF = "/tutor/mentorship/schedule"


def _own(request: SignedInRequest) -> QuerySet[Offering]:
    return Offering.objects.filter(mentor=request.user).select_related("course", "private_for")


@require_safe
@mentors_only
def shelf(request: SignedInRequest) -> HttpResponse:
    """What they sell: course by course, then the rest, then what is archived."""
    rows = list(_own(request).order_by("course__title", "-kind", "is_intro", "session_count", "price_minor", "pk"))
    on_sale = [row for row in rows if row.archived_at is None]
    courses: dict[str, list[Offering]] = {}
    for row in on_sale:
        if row.course is not None:
            courses.setdefault(row.course.title, []).append(row)
    context = {
        "profile": request.user.mentor_profile,
        "courses": courses,
        "standalone": [row for row in on_sale if row.course is None],
        "archived": [row for row in rows if row.archived_at is not None],
    }
    return render(request, "offerings/shelf.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@mentors_only
def create(request: SignedInRequest) -> HttpResponse:
    form = OfferingForm(request.POST or None, mentor=request.user)
    if form.is_valid():
        offering = _try(form, lambda: services.create_offering(mentor=request.user, draft=form.draft()))
        if offering is not None:
            messages.success(request, f"“{offering.title}” is on your shelf.")
            return redirect(SHELF)
    return _form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@mentors_only
def edit(request: SignedInRequest, offering_id: int) -> HttpResponse:
    offering = _own(request).filter(pk=offering_id).first()
    if offering is None:
        raise NotFound
    form = OfferingForm(request.POST or None, mentor=request.user, initial=values_of(offering))
    if form.is_valid():
        saved = _try(
            form, lambda: services.edit_offering(offering_id=offering_id, mentor=request.user, draft=form.draft())
        )
        if saved is not None:
            messages.success(request, f"“{saved.title}” is changed. What was sold before stays as it was sold.")
            return redirect(SHELF)
    return _form_page(request, form, offering)


@require_POST
@mentors_only
def copy(request: SignedInRequest, offering_id: int) -> HttpResponse:
    made = services.copy_offering(offering_id=offering_id, mentor=request.user)
    messages.success(request, "Here is the copy. Change what is different.")
    return redirect(f"{SHELF}/{made.pk}/edit")


@require_POST
@mentors_only
def archive(request: SignedInRequest, offering_id: int) -> HttpResponse:
    services.archive_offering(offering_id=offering_id, mentor=request.user, now=request.now)
    messages.success(request, "Archived. Nobody can buy it; whoever has bought it keeps it.")
    return redirect(SHELF)


@require_POST
@mentors_only
def unarchive(request: SignedInRequest, offering_id: int) -> HttpResponse:
    services.unarchive_offering(offering_id=offering_id, mentor=request.user)
    messages.success(request, "It is on sale again.")
    return redirect(SHELF)


@require_POST
@mentors_only
def resumption(request: SignedInRequest) -> HttpResponse:
    """Take bookings again, after too many requests went without an answer."""
    resume_sales(mentor=request.user)
    messages.success(request, "Your offerings are on sale again.")
    return redirect(SHELF)


@require_POST
@mentors_only
def delete(request: SignedInRequest, offering_id: int) -> HttpResponse:
    try:
        services.delete_offering(offering_id=offering_id, mentor=request.user)
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


def _form_page(request: SignedInRequest, form: OfferingForm, offering: Offering | None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "offerings/form.html", {"form": form, "offering": offering}, status=status)
