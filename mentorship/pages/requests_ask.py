"""`/mentorship/offerings/<id>/request`: ask a mentor for an offering, with up to three times and a message.

Nothing is paid or kept here. A visitor signs up on it; times stay in the address, the message in the session.
"""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import idempotency, limits, local_time
from mentorship.kernel.http import PageRequest
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.requests_times import WishedTimes, asked_week, read_times
from mentorship.people.signing_up import SigningUp
from offerings.models import Offering
from payments import services
from payments.services.buyable import check_not_frozen
from seats.services import place_with
from sessions_app.models import BookingRequest
from sessions_app.services import check_seat

MESSAGE_MAX = 2000
TRY_AGAIN = {
    "slot_unavailable",
    "notice_too_short",
    "malformed",
    "key_reused",
    "slow_down",
    "wrong_code",
    "code_expired",
}


class AskForm(forms.Form):
    message = forms.CharField(
        max_length=MESSAGE_MAX,
        required=False,
        label="What is it about?",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_page(request: PageRequest, offering_id: int) -> HttpResponse:
    rows = Offering.objects.visible_to(request.user).select_related("mentor__mentor_profile")
    offering = rows.filter(pk=offering_id).first()
    if offering is None:
        raise NotFound("This is not on sale, or not any more.")
    step = Asking(request, offering)
    if request.method == "POST":
        return step.post()
    if not services.asks_first(step.viewer, offering, request.now):
        return redirect("checkout", offering_id=offering.pk)
    if step.open_request is not None:
        return redirect(step.open_request)
    return step.show()


class Asking:
    """One request of this page: the times chosen so far, and what came of it."""

    def __init__(self, request: PageRequest, offering: Offering) -> None:
        self.request, self.offering = request, offering
        self.mentor, self.profile = offering.mentor, offering.mentor.mentor_profile
        self.viewer = request.user if request.user.is_authenticated else None
        self.signing_up = SigningUp(request)
        base = f"/mentorship/offerings/{offering.pk}/request"
        self.times = WishedTimes(request, self.profile, offering.duration_minutes, self.viewer, base)

    # --- what the buttons do ---

    def post(self) -> HttpResponse:
        form = AskForm(self.request.POST)
        if form.is_valid() and "message" in self.request.POST:
            self.request.session[self._draft] = form.cleaned_data["message"]
        if week := asked_week(self.request):
            return redirect(self.times.here(week=week))
        if self.viewer is None:
            return self.signing_up.post(self.times.here(), self.show)
        return self._ask(form) if form.is_valid() else self.show(status=422, form=form)

    def _ask(self, form: AskForm) -> HttpResponse:
        try:
            key = idempotency.key_of(self.request)
            limits.spend("ask", str(self.request.user.pk), settings.MENTORSHIP.checkouts_per_minute, key)
            asked = services.ask(
                student=self.request.user,
                offering_id=self.offering.pk,
                times=read_times(self.request.POST.getlist("at")),
                message=form.cleaned_data["message"],
                idempotency_key=key,
                now=self.request.now,
            )
        except NotFound:
            raise
        except Refusal as refusal:
            return self.show(status=refusal.status, refusal=refusal, form=form)
        self.request.session.pop(self._draft, None)
        by = local_time.words(asked.approval_deadline, self.times.zone, now=self.request.now, style="near")
        messages.success(self.request, f"Asked. {self.mentor.first_name} answers by {by}.")
        return redirect(asked)

    # --- what it shows ---

    def show(self, *, status: int = 200, refusal: Refusal | None = None, form: AskForm | None = None) -> HttpResponse:
        blocked = refusal if refusal and refusal.code not in TRY_AGAIN else self._why_not()
        context = {
            "offering": self.offering,
            "mentor": self.mentor,
            "profile": self.profile,
            "times": self.times,
            "refusal": refusal or blocked,
            "blocked": blocked,
            "open_request": self.open_request if refusal and refusal.code == "already_requested" else None,
            "form": form or AskForm(initial={"message": self.request.session.get(self._draft, "")}),
            "signing_up": self.signing_up,
            "key": self.request.POST.get("idempotency_key") if refusal is None else uuid4().hex,
            "answer_hours": settings.MENTORSHIP.approval_hours,
            "payment_hours": settings.MENTORSHIP.payment_after_approval_hours,
            "notice_hours": settings.MENTORSHIP.request_notice_hours,
            "least_hours": settings.MENTORSHIP.approval_least_hours_before,
            "seat_on_offer": self._seat_on_offer(),
        }
        context["key"] = context["key"] or uuid4().hex
        return render(self.request, "requests/ask.html", context, status=status)

    def _why_not(self) -> Refusal | None:
        """What would refuse this, so that nobody fills in a form for nothing. A hint: the commit decides."""
        offering, now = self.offering, self.request.now
        try:
            services.check_buyable(student=self.viewer, offering=offering, profile=self.profile, now=now)
            if self.viewer is not None:
                check_not_frozen(self.viewer, self.mentor)
            if offering.takes_seat:
                check_seat(self.viewer, offering.mentor_id, now)
        except Refusal as refusal:
            return refusal
        return None

    def _seat_on_offer(self) -> bool:
        """The waiting list keeps a seat for this reader, and goes on keeping it while the mentor thinks."""
        if self.viewer is None or not self.offering.takes_seat:
            return False
        place = place_with(self.viewer, self.offering.mentor_id, self.request.now)
        return place is not None and place.is_offered(self.request.now)

    @cached_property
    def open_request(self) -> BookingRequest | None:
        """What this reader has asked for and is still open: there is one at a time."""
        if self.viewer is None:
            return None
        rows = BookingRequest.objects.filter(student=self.viewer, offering=self.offering)
        return rows.open(self.request.now).first()

    @property
    def _draft(self) -> str:
        return f"asking:{self.offering.pk}"
