from __future__ import annotations

import pytest

from mentorship.kernel.refusals import NotFound, NotYours, Refusal
from offerings import services
from offerings.models import Course, Offering
from offerings.services import Draft
from tests import cast

pytestmark = pytest.mark.django_db


def draft(**said):
    return Draft(
        **{
            "title": "Four weeks",
            "kind": "PACK",
            "session_count": 4,
            "duration_minutes": 60,
            "price_minor": 28000,
            "currency": "EUR",
            **said,
        }
    )


def test_a_mentor_sells_and_the_public_sees_it(mia):
    made = services.create_offering(mentor=mia, draft=draft())
    assert Offering.objects.for_sale().get() == made


def test_an_unverified_mentor_prepares_in_private(db):
    new = cast.mentor("new", verified=False)
    services.create_offering(mentor=new, draft=draft())
    assert not Offering.objects.for_sale().exists()


def test_who_is_no_mentor_cannot_sell(sam):
    with pytest.raises(NotYours):
        services.create_offering(mentor=sam, draft=draft())


def test_a_course_must_be_ones_own(mia, max_):
    course = Course.objects.create(owner=max_, title="Statistics", slug="statistics")
    with pytest.raises(NotFound) as refused:
        services.create_offering(mentor=mia, draft=draft(course_id=course.pk))
    assert refused.value.code == "course_not_found"
    assert services.create_offering(mentor=max_, draft=draft(course_id=course.pk)).course == course


def test_another_mentors_offering_does_not_exist(mia, max_):
    theirs = cast.offering(max_)
    for verb in (
        lambda: services.edit_offering(offering_id=theirs.pk, mentor=mia, draft=draft()),
        lambda: services.copy_offering(offering_id=theirs.pk, mentor=mia),
        lambda: services.archive_offering(offering_id=theirs.pk, mentor=mia, now=cast.NOW),
        lambda: services.unarchive_offering(offering_id=theirs.pk, mentor=mia),
        lambda: services.delete_offering(offering_id=theirs.pk, mentor=mia),
    ):
        with pytest.raises(NotFound):
            verb()
    before = Draft.of(theirs)
    theirs.refresh_from_db()
    assert Draft.of(theirs) == before and theirs.archived_at is None


def test_an_edit_leaves_what_was_sold_alone(mia, sam):
    offering = cast.offering(mia)
    pack = cast.bought(sam, mia, offering_id=offering.pk)
    services.edit_offering(
        offering_id=offering.pk, mentor=mia, draft=draft(title="Six weeks", session_count=6, price_minor=1)
    )
    pack.refresh_from_db()
    purchase = pack.purchases.get()
    assert (pack.sessions_total, purchase.amount_minor, purchase.sessions) == (4, 28000, 4)


def test_a_copy_is_a_second_offering(mia):
    original = cast.offering(mia, title="x" * 120, validity_days=45)
    copy = services.copy_offering(offering_id=original.pk, mentor=mia)
    assert copy.pk != original.pk and copy.validity_days == 45
    assert copy.title.startswith("Copy of x") and len(copy.title) == 120


def test_archiving_twice_keeps_the_first_time(mia):
    offering = cast.offering(mia)
    services.archive_offering(offering_id=offering.pk, mentor=mia, now=cast.NOW)
    services.archive_offering(offering_id=offering.pk, mentor=mia, now=cast.NOW + cast.DAY)
    offering.refresh_from_db()
    assert offering.archived_at == cast.NOW
    assert not Offering.objects.visible_to(mia).exists()
    services.unarchive_offering(offering_id=offering.pk, mentor=mia)
    assert Offering.objects.for_sale().get() == offering


def test_what_nobody_bought_is_deleted(mia):
    offering = cast.offering(mia)
    services.delete_offering(offering_id=offering.pk, mentor=mia)
    assert not Offering.objects.exists()


def test_what_was_bought_stays(mia, sam):
    offering = cast.offering(mia)
    cast.bought(sam, mia, offering_id=offering.pk)
    with pytest.raises(Refusal) as refused:
        services.delete_offering(offering_id=offering.pk, mentor=mia)
    assert refused.value.code == "has_bookings"
    assert Offering.objects.get() == offering
