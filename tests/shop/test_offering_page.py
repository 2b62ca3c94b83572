from __future__ import annotations

import pytest

from offerings.models import Offering
from tests import cast
from tests.shop.scene import budget, shop
from tests.shop.test_mentor_page import button, slots, text_of, words_on_button

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(db):
    mia = shop("mia")
    Offering.objects.filter(mentor=mia, kind="PACK").update(description="You bring the notebook.")
    return Offering.objects.get(mentor=mia, kind="PACK")


def test_one_offering_in_detail_with_its_times(client, pack):
    text = text_of(client.get(pack.get_absolute_url()))
    for words in ("Pack of 4", "You bring the notebook.", "€280", "with <a", "10 of 10 seats free"):
        assert words in text, words
    assert button(text) == f"/checkout/{pack.pk}?at={slots(text)[0]}"
    assert words_on_button(text).startswith("Take a seat, first on")


def test_a_wrong_slug_leads_to_the_right_address(client, pack):
    for path in (f"/mentorship/offerings/{pack.pk}-old-title", f"/mentorship/offerings/{pack.pk}"):
        answer = client.get(path, {"week": "2026-11-24"})
        assert (answer.status_code, answer["Location"]) == (301, f"{pack.get_absolute_url()}?week=2026-11-24")


def test_a_title_without_letters_has_an_address(client, pack):
    Offering.objects.filter(pk=pack.pk).update(title="日本語")
    pack.refresh_from_db()
    assert client.get(pack.get_absolute_url()).status_code == 200


def test_what_cannot_be_bought_is_404(client, pack, sam, sue):
    unverified = cast.offering(cast.mentor("new", verified=False))
    archived = cast.offering(pack.mentor, archived_at=cast.NOW)
    private = cast.offering(pack.mentor, private_for=sam)
    for offering in (unverified, archived, private):
        assert client.get(offering.get_absolute_url()).status_code == 404
    assert client.get(f"/mentorship/offerings/{10**30}-x").status_code == 404
    client.force_login(sue)
    assert client.get(private.get_absolute_url()).status_code == 404
    client.force_login(sam)
    assert client.get(private.get_absolute_url()).status_code == 200


def test_queries_are_constant(client, pack, sam, django_assert_max_num_queries):
    with django_assert_max_num_queries(budget(4)):
        client.get(pack.get_absolute_url())
    client.force_login(sam)
    with django_assert_max_num_queries(budget(8)):
        client.get(pack.get_absolute_url())
