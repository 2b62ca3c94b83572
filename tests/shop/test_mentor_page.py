from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest

from mentorship.kernel import clock
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from tests import cast
from tests.shop.scene import budget, full, shop

pytestmark = pytest.mark.django_db
MIA = "/mentorship/mentors/mia"


def text_of(response) -> str:
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def button(text: str) -> str:
    """Where the one main button leads, or nothing."""
    found = re.search(r'id="take" href="([^"]+)"', text)
    return unquote(found[1].replace("&amp;", "&")) if found else ""


def words_on_button(text: str) -> str:
    found = re.search(r'id="take"[^>]*>(.*?)</a>', text)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def slots(text: str) -> list[str]:
    return re.findall(r'id="slot-([^"]+)"', text)


def test_a_visitor_can_take_a_seat_at_the_first_free_time(client, db):
    mia = shop("mia", zone="Africa/Lagos", languages=["en"])
    pack = Offering.objects.get(mentor=mia, kind="PACK")
    text = text_of(client.get(MIA))
    for words in (
        "From notebook",
        "Lagos · English",
        "verified",
        "saves €40",
        "4 × 60 min, 90 days, takes a seat",
        "10 of 10 seats free",
    ):
        assert words in text, words
    assert button(text) == f"/checkout/{pack.pk}?at={slots(text)[0]}"
    assert words_on_button(text).startswith("Take a seat, first on ")


def test_choosing_works_by_links_alone(client, db):
    mia = shop("mia")
    single = Offering.objects.get(mentor=mia, kind="SESSION")
    text = text_of(client.get(f"{MIA}?offering={single.pk}"))
    assert words_on_button(text).startswith("Book ")
    third = re.findall(r'id="slot-[^"]+" href="([^"]+)"', text)[2].replace("&amp;", "&")
    chosen = text_of(client.get(third))
    assert button(chosen) == f"/checkout/{single.pk}?at={slots(text)[2]}"
    assert slots(chosen) == slots(text)
    pack = re.search(
        r'class="option" id="option-\d+" href="([^"]+)"[^>]*><span><span class="option-title">Pack', chosen
    )
    assert button(text_of(client.get(pack[1].replace("&amp;", "&")))).endswith(slots(text)[2])  # the time comes along


def test_the_length_decides_the_times(client, db):
    mia = shop("mia", hours=(8, 9))
    long = cast.offering(mia, minutes=90)
    assert slots(text_of(client.get(MIA)))
    text = text_of(client.get(f"{MIA}?offering={long.pk}"))
    assert slots(text) == [] and "No free time in these seven days." in text
    assert words_on_button(text) == "Take a seat, choose times later"


def test_weeks_later_and_earlier(client, db):
    shop("mia")
    text = text_of(client.get(MIA))
    assert 'id="week-earlier"' not in text or "week=" in text
    later = re.search(r'id="week-later" href="([^"]+)"', text)[1].replace("&amp;", "&")
    next_week = text_of(client.get(later))
    assert min(slots(next_week)) > max(slots(text))
    far = (clock.now() + timedelta(days=58)).date()
    assert 'id="week-later"' not in text_of(client.get(f"{MIA}?week={far}"))


def test_the_other_clock_is_said(client, db):
    shop("mia", zone="Africa/Lagos")
    client.cookies["zone"] = "Asia/Tokyo"
    text = text_of(client.get(MIA))
    assert "in your time, Tokyo. For Mia 8 hours earlier." in text
    client.cookies["zone"] = "Africa/Algiers"  # the same hour as Lagos
    assert "in your time, Algiers. </p>" in text_of(client.get(MIA))
    client.cookies["zone"] = "Asia/Kolkata"
    assert "For Mia 4 h 30 min earlier." in text_of(client.get(MIA))


def test_own_sessions_are_not_offered_again(client, sam):
    mia, max_ = shop("mia"), shop("max")
    first = slots(text_of(client.get("/mentorship/mentors/max")))[0]
    from sessions_app.services import book

    pack = cast.bought(sam, mia, now=clock.now())
    from datetime import datetime

    book(
        student=sam, mentor_id=mia.pk, pack_id=pack.pk, starts_at=datetime.fromisoformat(first), by=sam, now=clock.now()
    )
    client.force_login(sam)
    assert first not in slots(text_of(client.get(max_.mentor_profile.get_absolute_url())))


def test_a_time_that_is_gone_is_said_and_another_offered(client, db):
    shop("mia", hours=(8, 20))
    gone = (clock.now() + timedelta(days=3)).replace(hour=3, minute=7, second=0, microsecond=0)
    text = text_of(client.get(MIA, {"at": clock.iso(gone)}))
    assert "That time is not free any more." in text and button(text)


def test_a_full_mentor_still_sells_single_sessions(client, db):
    mia = full(shop("mia", seats=1))
    text = text_of(client.get(MIA))
    single = Offering.objects.get(mentor=mia, kind="SESSION")
    assert "All seats are taken right now." in text and ">full<" in text
    assert button(text).startswith(f"/checkout/{single.pk}?at=")
    pack = Offering.objects.get(mentor=mia, kind="PACK")
    refused = text_of(client.get(f"{MIA}?offering={pack.pk}"))
    assert button(refused) == "" and "A single session is still possible." in refused


def test_whoever_is_seated_renews_even_when_it_is_full_and_closed(client, sam):
    mia = shop("mia", seats=1)
    cast.bought(sam, mia, now=clock.now())
    MentorProfile.objects.update(accepts_new=False)
    pack = Offering.objects.get(mentor=mia, kind="PACK")
    visitor = text_of(client.get(MIA))
    assert button(visitor) == "" and "Mia takes no new students at the moment." in visitor
    client.force_login(sam)
    text = text_of(client.get(MIA))
    assert words_on_button(text) == "Renew with 4 more" and button(text) == f"/checkout/{pack.pk}"
    assert "You have 4 sessions left with Mia." in text and "/student/mentorship/book?pack=" in text


def test_an_intro_is_once(client, sam):
    mia = shop("mia")
    intro = cast.offering(mia, title="Intro", sessions=1, minutes=20, price=0, is_intro=True)
    client.force_login(sam)
    assert words_on_button(text_of(client.get(f"{MIA}?offering={intro.pk}"))).startswith("Book the intro on")
    cast.bought(sam, mia, sessions=1, minutes=20, offering_id=intro.pk, now=clock.now())
    text = text_of(client.get(f"{MIA}?offering={intro.pk}"))
    assert "You have had your intro." in text and button(text) == ""
    assert "Whoever has a seat" not in text, "it has nothing to do with seats"


def test_credits_of_another_length_are_called_so(client, sam):
    mia = shop("mia")
    long = cast.offering(mia, minutes=90)
    hour = cast.bought(sam, mia, now=clock.now(), validity_days=30)
    client.force_login(sam)
    assert "You have 4 sessions left with Mia." in text_of(client.get(MIA))
    for path in (f"{MIA}?offering={long.pk}", long.get_absolute_url()):
        text = text_of(client.get(path))
        assert "You have 4 sessions of 60 min left with Mia." in text and f"/book?pack={hour.pk}" in text
    two = cast.bought(sam, mia, sessions=2, minutes=90, now=clock.now())
    text = text_of(client.get(long.get_absolute_url()))
    assert "You have 2 sessions left with Mia." in text and f"/book?pack={two.pk}" in text
    short = cast.offering(mia, sessions=1, minutes=30)
    text = text_of(client.get(short.get_absolute_url()))
    assert "You have 4 sessions of 60 min and 2 sessions of 90 min left with Mia." in text


def test_the_mentors_own_page_sells_them_nothing(client, db):
    client.force_login(shop("mia"))
    text = text_of(client.get(MIA))
    assert button(text) == "" and "as students see it" in text


def test_who_is_not_visible_is_404(client, db):
    shop("new", verified=False)
    assert client.get("/mentorship/mentors/new").status_code == 404
    for slug in ("nobody", "x" * 5000, "a%00b", "..%2f"):
        assert client.get(f"/mentorship/mentors/{slug}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"offering": "abc"}, {"offering": "9" * 50}, {"at": "never"}, {"at": "2026-01-01"}, {"at": "0001-01-01T00:00:00+23:59"},
        {"at": "9999-12-31T23:59:59-23:59"}, {"week": "0001-01-01"}, {"week": "9999-12-31"}, {"week": "x" * 10_000}, {"at": "\x00"},
    ],
)  # fmt: skip
def test_nonsense_falls_back(client, db, query):
    shop("mia")
    assert button(text_of(client.get(MIA, query))).startswith("/checkout/")


def test_somebody_elses_offering_is_not_chosen_here(client, db):
    shop("mia")
    other = Offering.objects.filter(mentor=shop("max")).first()
    assert f"/checkout/{other.pk}" not in text_of(client.get(f"{MIA}?offering={other.pk}"))


def test_a_mentor_without_offerings_has_a_page(client, db):
    shop("mia", sells=False)
    assert "Nothing on sale yet" in text_of(client.get(MIA))


def test_htmx_gets_the_choice_alone(client, db):
    shop("mia")
    part = client.get(MIA, headers={"HX-Request": "true", "HX-Target": "choice"}).content.decode()
    assert 'id="choice"' in part and "<html" not in part and "About Mia" not in part


@pytest.mark.parametrize("many", [1, 30])
def test_queries_are_constant(client, sam, many, django_assert_max_num_queries):
    mia = shop("mia", seats=50)
    for number in range(many):
        cast.offering(mia)
        cast.bought(cast.user(f"s{number}"), mia, now=clock.now())
    cast.bought(sam, mia, now=clock.now())
    with django_assert_max_num_queries(budget(5)):
        client.get(MIA)
    client.force_login(sam)
    with django_assert_max_num_queries(budget(8)):
        client.get(MIA)
