"""What one was told, and which of it should come by mail too."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mentorship.people.http import SignedInRequest
from notifications import preferences
from notifications.models import Notification

PAGE = 30


@login_required
@require_safe
def index(request: SignedInRequest) -> HttpResponse:
    """The list, newest first, by keyset: `?before=<id>`."""
    told = Notification.objects.filter(recipient=request.user).shown()
    before = request.GET.get("before", "")
    if before.isdecimal() and before.isascii() and len(before) < 19:
        told = told.filter(pk__lt=int(before))
    found = list(told.order_by("-pk")[: PAGE + 1])
    rows, more = found[:PAGE], len(found) > PAGE
    context = {"rows": rows, "more": f"?before={rows[-1].pk}" if more else "", "first": not before}
    template = "notifications/index.html"
    return render(request, f"{template}#rows" if request.htmx and before else template, context)


@login_required
@require_POST
def read(request: SignedInRequest, pk: int) -> HttpResponse:
    """Mark one as read and go where it leads. A stranger's is not there."""
    notification = get_object_or_404(Notification.objects.shown(), pk=pk, recipient=request.user)
    Notification.objects.filter(pk=notification.pk).mark_read(request.now)
    url = notification.url
    return redirect(url if url and url_has_allowed_host_and_scheme(url, {request.get_host()}) else "notifications")


@login_required
@require_POST
def read_all(request: SignedInRequest) -> HttpResponse:
    Notification.objects.filter(recipient=request.user).mark_read(request.now)
    return redirect("notifications")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: SignedInRequest) -> HttpResponse:
    """Per kind: also by mail? The list itself is always complete."""
    if request.method == "POST":
        preferences.choose(user=request.user, wanted=set(request.POST.getlist("mail")))
        messages.success(request, "Saved.")
        return redirect("settings_notifications")
    return render(request, "notifications/settings.html", {"groups": preferences.shown_to(request.user)})
