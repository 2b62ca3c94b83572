"""The API of offerings: a public list, and the mentor's own to create, change and delete."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field, StrictInt
from pydantic.alias_generators import to_camel

from mentorship.kernel import money
from mentorship.kernel.api import BIGGEST_ID, CamelSchema, Link, page_by_id, signed_in
from mentorship.kernel.refusals import Malformed, NotFound
from mentorship.people.http import SignedInRequest
from offerings import services
from offerings.forms import OfferingForm, values_of
from offerings.models import Offering
from offerings.search import matching

router = Router(tags=["offerings"])

Kind = Literal["SESSION", "PACK"]
BookingMode = Literal["INSTANT", "REQUEST"]


class PriceOut(CamelSchema):
    amount: int = Field(description="minor units")
    currency: str
    display: str


class OfferingOut(CamelSchema):
    id: int
    title: str
    kind: Kind
    is_intro: bool
    booking_mode: BookingMode
    session_count: int
    duration_minutes: int
    price: PriceOut
    mentor_id: int
    mentor_name: str
    course_id: int | None
    description: str
    validity_days: int = Field(description="days from purchase to expiry")
    url: Link

    @staticmethod
    def resolve_price(row: Offering) -> dict[str, Any]:
        return {"amount": row.price_minor, "currency": row.currency, "display": row.price_display}

    @staticmethod
    def resolve_mentor_name(row: Offering) -> str:
        return row.mentor.display_name

    @staticmethod
    def resolve_validity_days(row: Offering) -> int:
        return row.effective_validity_days

    @staticmethod
    def resolve_url(row: Offering) -> str:
        return row.get_absolute_url()


class OfferingPage(CamelSchema):
    items: list[OfferingOut]
    next_cursor: str | None


class OfferingFilters(CamelSchema):
    mentor_id: int | None = Field(None, ge=0, le=BIGGEST_ID)
    kind: Kind | None = None
    course_id: int | None = Field(None, ge=0, le=BIGGEST_ID)
    max_price: int | None = Field(None, ge=0, le=BIGGEST_ID, description="minor units; needs currency")
    currency: str | None = Field(None, max_length=3)
    duration: int | None = Field(None, ge=0, le=10_000, description="minutes")
    q: str = Field("", max_length=200)
    cursor: str | None = None


class PriceIn(CamelSchema):
    amount: StrictInt = Field(ge=0, le=10**12, description="minor units")
    currency: str = Field(min_length=3, max_length=3)


class OfferingIn(CamelSchema):
    """What a mentor says. Fields that are left out keep their value (PATCH) or get their default (POST)."""

    title: str | None = None
    kind: Kind | None = None
    is_intro: bool | None = None
    booking_mode: BookingMode | None = None
    session_count: StrictInt | None = None
    duration_minutes: StrictInt | None = None
    price: PriceIn | None = None
    course_id: StrictInt | None = None
    description: str | None = None
    validity_days: StrictInt | None = None


@router.get("offerings", response=OfferingPage, auth=None)
def list_offerings(request: HttpRequest, filters: Query[OfferingFilters]) -> dict[str, Any]:
    """What can be bought, by this viewer. Private offers show only to the one they are for."""
    if filters.max_price is not None and not filters.currency:
        raise Malformed("maxPrice is in minor units of a currency: give currency too.")
    rows = matching(
        Offering.objects.visible_to(request.user).select_related("mentor"),
        mentor_id=filters.mentor_id,
        kind=filters.kind,
        course_id=filters.course_id,
        max_price=filters.max_price,
        currency=_known(filters.currency),
        duration=filters.duration,
        text=filters.q,
    )
    items, cursor = page_by_id(rows, filters.cursor)
    return {"items": items, "next_cursor": cursor}


@router.post("offerings", response={201: OfferingOut}, auth=signed_in)
def create(request: SignedInRequest, body: OfferingIn) -> Status[Offering]:
    form = OfferingForm(_form_data({"booking_mode": "INSTANT"}, body), mentor=request.user)
    draft = _checked(form, body)
    return Status(201, services.create_offering(mentor=request.user, draft=draft))


@router.patch("offerings/{offering_id}", response=OfferingOut, auth=signed_in)
def change(request: SignedInRequest, offering_id: int, body: OfferingIn) -> Offering:
    if body.price is not None:
        _known(body.price.currency)
    own = _own(request, offering_id)
    draft = _checked(OfferingForm(_form_data(values_of(own), body), mentor=request.user), body)
    return services.edit_offering(offering_id=own.pk, mentor=request.user, draft=draft)


@router.delete("offerings/{offering_id}", response={204: None}, auth=signed_in)
def delete(request: SignedInRequest, offering_id: int) -> Status[None]:
    services.delete_offering(offering_id=offering_id, mentor=request.user)
    return Status(204, None)


def _own(request: SignedInRequest, offering_id: int) -> Offering:
    found = Offering.objects.filter(mentor=request.user, pk=offering_id).first()
    if found is None:
        raise NotFound
    return found


def _known(currency: str | None) -> str | None:
    if not currency:
        return None
    try:
        money.exponent(currency.upper())
    except ValueError:
        raise Malformed("This is not a currency we know. Use an ISO 4217 code like EUR.") from None
    return currency.upper()


def _form_data(known: dict[str, Any], body: OfferingIn) -> dict[str, Any]:
    """The request's fields over what is known, as the form reads them."""
    said = body.model_dump(exclude_unset=True, exclude={"price", "course_id"})
    data = {**known, **said}
    if "course_id" in body.model_fields_set:
        data["course"] = body.course_id
    if body.price is not None:
        currency = _known(body.price.currency) or ""
        data |= {"price": format(money.to_major(body.price.amount, currency), "f"), "currency": currency}
    return data


def _checked(form: OfferingForm, body: OfferingIn) -> services.Draft:
    if form.data.get("kind") == "SESSION" and (body.session_count or 1) != 1:
        raise Malformed("sessionCount: a single session is one session.")
    if not form.is_valid():
        wrong = [f"{to_camel(name)}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
        raise Malformed(" ".join(wrong))
    return form.draft()
