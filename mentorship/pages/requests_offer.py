"""`/tutor/mentorship/schedule/offer`: a mentor makes an offer that only one student can see and buy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from mentorship.kernel import idempotency, limits, money
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.people.http import SignedInRequest, mentors_only
from mentorship.people.models import User
from mentorship.people.services import find_person
from offerings.forms import OfferingForm
from offerings.models import Offering
from offerings.services import offer_to
from packs.models import SessionPack
from sessions_app.models import BookingRequest

MESSAGE_MAX = 1000
MOST_PEOPLE = 500
ADDRESSES_PER_MINUTE = 10


class CustomOfferForm(OfferingForm):
    """An offering, and the one it is for: somebody the mentor knows, or whoever has this address."""

    student = forms.TypedChoiceField(
        label="For whom?",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[],
        help_text="Students, and who has asked you.",
    )
    email = forms.EmailField(label="Or the email address of their account", required=False, max_length=254)
    message = forms.CharField(
        label="A word with it",
        required=False,
        max_length=MESSAGE_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stands in the mail that tells them.",
    )

    def __init__(self, *args: Any, mentor: User, **kwargs: Any) -> None:
        super().__init__(*args, mentor=mentor, **kwargs)
        self.people = {person.pk: person for person in people_of(mentor)}
        names = [(pk, name) for pk, name in _told_apart(self.people.values()).items()]
        self._offers("student", [("", "Somebody else"), *names])
        self.fields["kind"].label = "What do you offer?"
        mode = Offering.BookingMode
        self._offers(
            "booking_mode",
            [
                (mode.INSTANT, "At once: they choose a free time and pay"),
                (mode.REQUEST, "With my approval: they ask first"),
            ],
        )

    def _offers(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField), "a field to choose from"
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("student") and not data.get("email") and "email" not in self.errors:
            self.add_error("student", "Choose a student, or give the address of somebody else.")
        elif data.get("student") and data.get("email"):
            self.add_error("email", "Choose a student or give an address, not both.")
        return data

    def recipient(self) -> User:
        """Who it is for. Raises Refusal `no_account` for an address without one."""
        if chosen := self.cleaned_data.get("student"):
            return self.people[chosen]
        limits.spend("find_person", self.mentor.pk, ADDRESSES_PER_MINUTE, None)
        person = find_person(self.cleaned_data["email"])
        if person is None:
            raise Refusal("no_account", "Nobody has an account with this address. Ask them to sign up first.")
        return person


def _told_apart(people: Iterable[User]) -> dict[int, str]:
    """Their names; where two have the same, a part of the address tells them apart. Addresses are nobody else's business."""
    people = list(people)
    names = Counter(person.display_name for person in people)
    shown = {}
    for person in people:
        name, _, host = person.email.partition("@")
        more = f" ({name[:2]}…@{host})" if names[person.display_name] > 1 else ""
        shown[person.pk] = f"{person.display_name}{more}"
    return shown


def people_of(mentor: User) -> QuerySet[User]:
    """Whom this mentor knows: students with a pack, and who has asked."""
    packs = SessionPack.objects.filter(mentor=mentor).values("student")
    asked = BookingRequest.objects.filter(mentor=mentor).values("student")
    known = User.objects.filter(Q(pk__in=packs) | Q(pk__in=asked), is_active=True)
    return known.order_by("name", "email")[:MOST_PEOPLE]


@mentors_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def offer_page(request: SignedInRequest) -> HttpResponse:
    asked = _asked(request)
    if request.method != "POST":
        return _page(request, CustomOfferForm(mentor=request.user, initial=_initial(request, asked)), asked)
    form = CustomOfferForm(request.POST, mentor=request.user)
    if not form.is_valid():
        return _page(request, form, asked, status=422)
    try:
        offering = _offer(request, form)
    except Refusal as refusal:
        if refusal.code == "course_not_found":
            form.add_error("course", refusal.message)
        elif refusal.code == "no_account":
            form.add_error("email", refusal.message)
        elif isinstance(refusal, NotFound):
            raise
        else:
            form.add_error(None, refusal.message)
        return _page(request, form, asked, status=refusal.status)
    assert offering.private_for is not None
    messages.success(request, f"{offering.private_for.first_name} is told about “{offering.title}”.")
    return redirect("shelf")


def _offer(request: SignedInRequest, form: CustomOfferForm) -> Offering:
    """Once for this key: a double click makes one offer and sends one mail."""
    draft, student = form.draft(), form.recipient()
    said = {"student": student.pk, "message": form.cleaned_data["message"], **vars(draft)}

    def do() -> int:
        made = offer_to(
            mentor=request.user, student=student, draft=draft, message=form.cleaned_data["message"], now=request.now
        )
        return made.pk

    key = idempotency.key_of(request)
    made_id = idempotency.once(user=request.user, scope="offer", key=key, body=said, do=do)
    return Offering.objects.select_related("private_for").get(pk=made_id)


def _asked(request: SignedInRequest) -> BookingRequest | None:
    """The request that it answers (`?request=`). Raises NotFound for a stranger's."""
    text = request.GET.get("request")
    if not text:
        return None
    try:
        found = BookingRequest.objects.select_related("student", "offering").filter(mentor=request.user, pk=UUID(text))
    except ValueError:
        raise NotFound from None
    if (row := found.first()) is None:
        raise NotFound("There is no such request.")
    return row


def _initial(request: SignedInRequest, asked: BookingRequest | None) -> dict[str, Any]:
    """As what was asked for, where it answers a request; else for `?student=`."""
    if asked is None:
        return {"student": request.GET.get("student"), "kind": Offering.Kind.SESSION}
    # The offering may have been changed since. A single session says nothing about the size of a pack.
    pack = {"kind": Offering.Kind.PACK, "session_count": asked.session_count}
    return {
        **(pack if asked.session_count > 1 else {"kind": Offering.Kind.SESSION}),
        "student": asked.student_id,
        "title": asked.title,
        "duration_minutes": asked.duration_minutes,
        "price": format(money.to_major(asked.amount_minor, asked.currency), "f"),
        "currency": asked.currency,
    }


def _page(
    request: SignedInRequest, form: CustomOfferForm, asked: BookingRequest | None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "asked": asked,
        "verified": request.user.mentor_profile.is_visible,
        "key": request.POST.get("idempotency_key") or uuid4().hex,
    }
    return render(request, "offerings/offer.html", context, status=status)
