from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentorship.kernel import jobs
from mentorship.pages.listings import hours_that_fit, refresh_listing
from mentorship.pages.models import MentorListing
from tests import cast
from tests.cast import NOW
from tests.shop.scene import full, shop

pytestmark = pytest.mark.django_db


def test_a_listing_says_when_one_is_free(mia):
    cast.offering(mia)
    refresh_listing([mia.pk], NOW)
    listing = MentorListing.objects.get(mentor=mia)
    assert listing.next_free_at == cast.at(1, 8)  # Monday noon plus 12 h of notice: Tuesday at eight
    assert listing.sorts_at == listing.next_free_at
    assert {hour % 24 for hour in listing.free_hours} == set(range(8, 20))  # the last hour starts at 19:00


def test_the_length_is_that_of_what_the_card_shows(db):
    mia = cast.mentor("mia", hours=(8, 9))
    cast.offering(mia, minutes=90)
    refresh_listing([mia.pk], NOW)
    assert MentorListing.objects.get().next_free_at is None
    cast.offering(mia, minutes=45, sessions=2)
    refresh_listing([mia.pk], NOW)
    assert MentorListing.objects.get().next_free_at == cast.at(1, 8)


def test_the_job_refreshes_all_visible_mentors(db):
    mia, new = cast.mentor("mia"), cast.mentor("new", verified=False)
    assert jobs.run("refresh_listings", NOW) == 1
    assert MentorListing.objects.get().mentor == mia != new
    assert jobs.run("refresh_listings", NOW + timedelta(days=3)) == 1
    assert MentorListing.objects.get().next_free_at == cast.at(4, 8)


def test_full_mentors_sort_behind_all_with_a_seat(db):
    busy, idle = full(shop("busy", seats=1, hours=(0, 24))), shop("idle", hours=(0, 24), notice_hours=72)
    order = MentorListing.objects.order_by("sorts_at").values_list("mentor_id", flat=True)
    assert list(order) == [idle.pk, busy.pk]


def test_statements_do_not_grow_with_the_mentors(db, django_assert_num_queries):
    few = [cast.mentor(f"a{n}").pk for n in range(2)]
    many = [cast.mentor(f"b{n}").pk for n in range(30)]
    with django_assert_num_queries(6) as counted:
        refresh_listing(few, NOW)
    with django_assert_num_queries(len(counted.captured_queries)):
        refresh_listing(many, NOW)


def test_parts_of_the_day_move_with_the_reader():
    now = datetime(2026, 6, 3, 12, tzinfo=UTC)
    assert hours_that_fit(["evenings"], ZoneInfo("UTC"), now)[:5] == [17, 18, 19, 20, 21]
    assert hours_that_fit(["evenings"], ZoneInfo("Europe/Berlin"), now)[:5] == [15, 16, 17, 18, 19]
    kolkata = hours_that_fit(["evenings"], ZoneInfo("Asia/Kolkata"), now)  # 17:00 there is 11:30
    assert kolkata[:6] == [11, 12, 13, 14, 15, 16]
    assert hours_that_fit(["weekends"], ZoneInfo("UTC"), now) == list(range(5 * 24, 7 * 24))
    assert hours_that_fit([], ZoneInfo("UTC"), now) == []
