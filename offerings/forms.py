from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms

from mentorship.kernel import money
from mentorship.people.models import User
from offerings.models import Course, Offering
from offerings.services import Draft

CURRENCIES = (
    *("EUR", "USD", "GBP", "NGN", "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "GHS"),
    *("INR", "JPY", "KES", "MXN", "NOK", "PHP", "PLN", "SEK", "SGD", "ZAR"),
)
MAX_MINOR = 10**12
INTRO_MINUTES = (15, 30)
PACK_SESSIONS = (2, 100)


class PriceField(forms.DecimalField):
    """A sum in major units. "33,50" is 33.50; "1,234" could be either number, so it is asked for again."""

    default_error_messages = {"invalid": "Write the price like 33.50."}

    def to_python(self, value: Any) -> Any:  # a Decimal or None; the stubs take it for an int
        if isinstance(value, str) and re.fullmatch(r"\s*\d+,\d{1,2}\s*", value):
            value = value.replace(",", ".")
        return super().to_python(value)


class OfferingForm(forms.Form):
    """What a mentor may say about an offering, with a sentence for each thing that is wrong. Page and API share it.

    `price` is in major units ("280" or "280.50"); the API turns its minor units into them first.
    """

    kind = forms.ChoiceField(
        label="What do you sell?",
        choices=[
            (Offering.Kind.PACK, "A pack of sessions. It takes one of your seats"),
            (Offering.Kind.SESSION, "A single session"),
        ],
        initial=Offering.Kind.PACK,
        widget=forms.RadioSelect,
    )
    title = forms.CharField(max_length=120, help_text="For example “Four weeks to your first model”.")
    description = forms.CharField(
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What you do together, and for whom it is.",
    )
    session_count = forms.IntegerField(
        label="Sessions in the pack", min_value=1, max_value=100, initial=4, required=False
    )
    duration_minutes = forms.IntegerField(label="Minutes a session", min_value=15, max_value=480, initial=60)
    price = PriceField(
        label="Price of the whole",
        min_value=Decimal(0),
        max_digits=15,
        decimal_places=4,
        help_text="0 makes it free.",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    currency = forms.CharField(max_length=3, initial="EUR", widget=forms.Select)
    is_intro = forms.BooleanField(
        label="An intro: a short first meeting, once for each student",
        required=False,
        help_text="A single session of 15 to 30 minutes in which the two of you find out whether it fits. Each student "
        "can have one with you. It takes no seat, and buying a pack afterwards is up to them.",
    )
    validity_days = forms.IntegerField(
        label="Valid for (days)",
        min_value=30,
        max_value=365,
        required=False,
        help_text="From the day it is bought. Empty: 90 days, or 14 for each session if that is longer.",
    )
    booking_mode = forms.ChoiceField(
        label="How is it booked?",
        choices=[
            (Offering.BookingMode.INSTANT, "At once: students choose a free time and pay"),
            (Offering.BookingMode.REQUEST, "With my approval: students ask first"),
        ],
        initial=Offering.BookingMode.INSTANT,
        widget=forms.RadioSelect,
    )
    course = forms.IntegerField(label="Belongs to the course", required=False, widget=forms.Select)

    def __init__(self, *args: Any, mentor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mentor = mentor
        # Whose course it is decides the service (404 `course_not_found`), so that page and API answer alike.
        self.fields["course"].widget.choices = self.courses
        self.fields["currency"].widget.choices = self.currencies

    def courses(self) -> list[tuple[int | str, str]]:
        """What the page offers; read only when it is drawn."""
        own = Course.objects.filter(owner=self.mentor).order_by("title").values_list("pk", "title")
        return [("", "None"), *own]

    def currencies(self) -> list[tuple[str, str]]:
        """The usual ones, and the one this offering has."""
        return [(code, code) for code in dict.fromkeys([*CURRENCIES, str(self["currency"].value() or "EUR")])]

    def clean_currency(self) -> str:
        code = self.cleaned_data["currency"].upper()
        try:
            money.exponent(code)
        except ValueError:
            raise forms.ValidationError(
                "This is not a currency we know. Use a code like EUR.", code="currency"
            ) from None
        return code

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        kind = data.get("kind")
        self._clean_count(data, kind)
        self._clean_intro(data, kind)
        self._clean_price(data)
        return data

    def _clean_count(self, data: dict[str, Any], kind: str | None) -> None:
        if kind == Offering.Kind.SESSION:
            data["session_count"] = 1
            self.errors.pop("session_count", None)  # it was asked for a pack, and nobody may see it any more
        elif kind == Offering.Kind.PACK and "session_count" in data and (data["session_count"] or 0) < PACK_SESSIONS[0]:
            self.add_error("session_count", "A pack has 2 to 100 sessions.")

    def _clean_intro(self, data: dict[str, Any], kind: str | None) -> None:
        if not data.get("is_intro"):
            return
        if kind == Offering.Kind.PACK:
            self.add_error("is_intro", "Only a single session can be an intro.")
        minutes = data.get("duration_minutes")
        if minutes is not None and not INTRO_MINUTES[0] <= minutes <= INTRO_MINUTES[1]:
            self.add_error("duration_minutes", "An intro takes 15 to 30 minutes.")

    def _clean_price(self, data: dict[str, Any]) -> None:
        price, currency = data.get("price"), data.get("currency")
        if price is None or currency is None:
            return
        try:
            data["price_minor"] = money.to_minor(price, currency)
        except ValueError:
            digits = money.exponent(currency)
            self.add_error(
                "price", f"{currency} has {digits} decimal places." if digits else f"{currency} has no decimal places."
            )
            return
        if data["price_minor"] > MAX_MINOR:
            self.add_error("price", "This price is too high.")

    def draft(self) -> Draft:
        """The checked values as the services take them."""
        data = self.cleaned_data
        return Draft(
            title=data["title"], kind=data["kind"], duration_minutes=data["duration_minutes"], price_minor=data["price_minor"],
            currency=data["currency"], session_count=data["session_count"], is_intro=data["is_intro"],
            booking_mode=data["booking_mode"], description=data["description"], validity_days=data["validity_days"],
            course_id=data["course"],
        )  # fmt: skip


def values_of(offering: Offering) -> dict[str, Any]:
    """An offering as the form's data, to show it for editing or to patch a part of it."""
    values = {name: getattr(offering, name) for name in OfferingForm.base_fields if hasattr(offering, name)}
    price = money.to_major(offering.price_minor, offering.currency)
    return {**values, "price": format(price, "f"), "course": offering.course_id}
