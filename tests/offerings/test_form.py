from __future__ import annotations

import pytest

from offerings.forms import OfferingForm, values_of
from tests import cast

pytestmark = pytest.mark.django_db

GOOD = {
    "kind": "PACK", "title": "Four weeks", "session_count": "4", "duration_minutes": "60", "price": "280", "currency": "eur",
    "booking_mode": "INSTANT",
}  # fmt: skip


def checked(mia, **said):
    form = OfferingForm({**GOOD, **said}, mentor=mia)
    form.is_valid()
    return form


def test_major_units_become_minor_ones(mia):
    assert checked(mia, price="280.50").draft().price_minor == 28050
    assert checked(mia, price="500", currency="JPY").draft().price_minor == 500
    assert checked(mia, price="1.234", currency="BHD").draft().price_minor == 1234
    assert checked(mia).draft().currency == "EUR"


def test_a_comma_may_stand_before_the_cents(mia):
    assert checked(mia, price=" 33,50 ").draft().price_minor == 3350
    assert checked(mia, price="33,5").draft().price_minor == 3350
    assert checked(mia, price="1,23", currency="BHD").draft().price_minor == 1230


@pytest.mark.parametrize(
    "price", ["1,234", "1,234.50", "1.234,50", "33,50,00", "33,", ",50", "33.50 €", "NaN", "a lot"]
)
def test_a_price_that_could_be_two_is_asked_for_in_an_example(mia, price):
    assert checked(mia, price=price).errors == {"price": ["Write the price like 33.50."]}


@pytest.mark.parametrize(
    "field, said",
    [
        ("title", {"title": ""}),
        ("title", {"title": "x" * 121}),
        ("title", {"title": "a\x00b"}),
        ("description", {"description": "y" * 10_000}),
        ("kind", {"kind": "COURSE"}),
        ("session_count", {"session_count": "1"}),
        ("session_count", {"session_count": "101"}),
        ("session_count", {"session_count": ""}),
        ("session_count", {"session_count": "9" * 400}),
        ("duration_minutes", {"duration_minutes": "14"}),
        ("duration_minutes", {"duration_minutes": "481"}),
        ("duration_minutes", {"kind": "SESSION", "is_intro": "on", "duration_minutes": "31"}),
        ("is_intro", {"is_intro": "on", "duration_minutes": "20"}),
        ("price", {"price": "-1"}),
        ("price", {"price": "1.001"}),
        ("price", {"price": "1.5", "currency": "JPY"}),
        ("price", {"price": "NaN"}),
        ("price", {"price": "1e400"}),
        ("price", {"price": "99999999999"}),
        ("currency", {"currency": "ZZZ"}),
        ("currency", {"currency": "EURO"}),
        ("validity_days", {"validity_days": "29"}),
        ("validity_days", {"validity_days": "366"}),
        ("booking_mode", {"booking_mode": "MAYBE"}),
        ("course", {"course": "abc"}),
    ],
)
def test_each_wrong_thing_is_said_at_its_field(mia, field, said):
    assert list(checked(mia, **said).errors) == [field]


def test_a_single_session_is_one_session_whatever_the_hidden_field_says(mia):
    for said in ("4", "1", "", "999", "four"):
        form = checked(mia, kind="SESSION", session_count=said)
        assert form.is_valid(), form.errors
        assert (form.draft().kind, form.draft().session_count) == ("SESSION", 1)


def test_unusual_letters_are_welcome(mia):
    assert checked(mia, title="日本語で 🎓").draft().title == "日本語で 🎓"


def test_an_offering_shows_as_it_was_said(mia):
    offering = cast.offering(mia, price=28050, currency="EUR")
    form = OfferingForm({k: v for k, v in values_of(offering).items() if v is not None}, mentor=mia)
    assert form.is_valid(), form.errors
    assert form.draft() == form.draft().of(offering)
