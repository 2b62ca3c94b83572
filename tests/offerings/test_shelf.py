from __future__ import annotations

import pytest

from offerings.models import Course, Offering
from tests import cast

pytestmark = pytest.mark.django_db

SHELF = "/tutor/mentorship/schedule"
VERBS = ("copy", "archive", "unarchive", "delete")
FORM = {
    "kind": "PACK", "title": "Four weeks", "session_count": "4", "duration_minutes": "60", "price": "280", "currency": "EUR",
    "booking_mode": "INSTANT",
}  # fmt: skip


def test_the_shelf_is_grouped(client, mia):
    course = Course.objects.create(owner=mia, title="Machine learning", slug="ml")
    cast.offering(mia, title="In the course", course=course)
    cast.offering(mia, title="On its own")
    cast.offering(mia, title="Long gone", archived_at=cast.NOW)
    client.force_login(mia)
    text = client.get(SHELF).content.decode()
    places = [
        text.index(words)
        for words in ("Machine learning", "In the course", "Without a course", "On its own", "Archived", "Long gone")
    ]
    assert places == sorted(places)


def test_a_mentor_makes_one_and_changes_it(client, mia):
    client.force_login(mia)
    assert client.post(f"{SHELF}/new", FORM).status_code == 302
    offering = Offering.objects.get()
    page = client.get(f"{SHELF}/{offering.pk}/edit")
    assert 'value="280.00"' in page.content.decode()
    assert client.post(f"{SHELF}/{offering.pk}/edit", {**FORM, "price": "300"}).status_code == 302
    offering.refresh_from_db()
    assert offering.price_minor == 30000


def test_what_was_typed_stays_with_the_reason(client, mia):
    client.force_login(mia)
    page = client.post(f"{SHELF}/new", {**FORM, "title": "Kept words", "price": "-3"})
    assert page.status_code == 422
    assert "Kept words" in page.content.decode() and 'aria-invalid="true"' in page.content.decode()
    assert not Offering.objects.exists()


def test_somebody_elses_course_is_said_at_the_field(client, mia, max_):
    course = Course.objects.create(owner=max_, title="Statistics", slug="statistics")
    client.force_login(mia)
    page = client.post(f"{SHELF}/new", {**FORM, "course": course.pk})
    assert page.status_code == 422 and "You have no such course." in page.content.decode()


def test_every_verb_is_a_post_of_its_own(client, mia):
    offering = cast.offering(mia)
    client.force_login(mia)
    for verb in VERBS:
        assert client.get(f"{SHELF}/{offering.pk}/{verb}").status_code == 405
    client.post(f"{SHELF}/{offering.pk}/copy")
    assert Offering.objects.count() == 2
    client.post(f"{SHELF}/{offering.pk}/archive")
    assert Offering.objects.get(pk=offering.pk).archived_at is not None
    client.post(f"{SHELF}/{offering.pk}/unarchive")
    assert Offering.objects.get(pk=offering.pk).archived_at is None
    client.post(f"{SHELF}/{offering.pk}/delete")
    assert not Offering.objects.filter(pk=offering.pk).exists()


def test_delete_with_bookings_says_why_not(client, mia, sam):
    offering = cast.offering(mia)
    cast.bought(sam, mia, offering_id=offering.pk)
    client.force_login(mia)
    page = client.post(f"{SHELF}/{offering.pk}/delete", follow=True)
    assert "cannot be deleted" in page.content.decode()
    assert Offering.objects.filter(pk=offering.pk).exists()


def test_strangers_get_404_and_visitors_the_door(client, mia, max_, sam):
    offering = cast.offering(mia)
    paths = [SHELF, f"{SHELF}/new", f"{SHELF}/{offering.pk}/edit"]
    posts = [f"{SHELF}/{offering.pk}/{verb}" for verb in VERBS]
    for path in paths:
        assert client.get(path).status_code == 302
    for path in posts:
        assert client.post(path).status_code == 302
    client.force_login(sam)
    for path in paths:
        assert client.get(path).status_code == 404
    client.force_login(max_)
    assert client.get(paths[2]).status_code == 404
    for path in [*posts, paths[2], f"{SHELF}/{10**25}/delete"]:
        assert client.post(path, FORM).status_code == 404
    assert Offering.objects.get().archived_at is None


def test_the_unverified_prepare_and_are_told(client, db):
    new = cast.mentor("new", verified=False)
    client.force_login(new)
    client.post(f"{SHELF}/new", FORM)
    page = client.get(SHELF).content.decode()
    assert "not verified yet" in page and "Four weeks" in page
    assert client.get(Offering.objects.get().get_absolute_url()).status_code == 404


def test_queries_do_not_grow(client, mia, django_assert_max_num_queries):
    client.force_login(mia)
    for _ in range(30):
        cast.offering(mia)
    with django_assert_max_num_queries(6):
        client.get(SHELF)
