from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from mentorship.kernel import clock, jobs
from mentorship.pages.listings import refresh_listing
from mentorship.pages.models import MentorListing
from offerings.models import Course, Enrolment, Offering
from tests import cast
from tests.shop.scene import budget, full, shop

pytestmark = pytest.mark.django_db


def names(response) -> list[str]:
    assert response.status_code == 200
    return re.findall(r'card-cover" href="[^"]*">([^<]+)<', response.content.decode())


def test_a_visitor_sees_who_is_free_when_and_for_how_much(client, db):
    shop("mia", topics=("Machine learning",), zone="Africa/Lagos", seats=10, languages=["en", "ja"])
    for path in ("/", "/mentorship"):
        text = client.get(path).content.decode()
        for words in (
            "Mia",
            "verified",
            "Lagos",
            "English, Japanese",
            "From notebook",
            "Machine learning",
            "4 sessions",
            "€280",
            "10 of 10 free",
        ):
            assert words in text, words


def test_times_are_the_readers(client, db):
    mia = shop("mia", hours=(8, 9))
    first = MentorListing.objects.get(mentor=mia).next_free_at
    client.cookies["zone"] = "Asia/Tokyo"
    text = client.get("/mentorship").content.decode()
    assert f"{(first.hour + 9) % 24:02d}:00</time>" in text


def test_the_unverified_the_shopless_and_the_inactive_do_not_show(client, db):
    shop("mia", sells=False)
    shop("new", verified=False)
    gone = shop("gone")
    gone.is_active = False
    gone.save()
    assert names(client.get("/mentorship")) == []


def test_the_soonest_first_and_the_full_last(client, db):
    full(shop("fay", seats=1, hours=(0, 24)))
    shop("now", hours=(0, 24))
    shop("never", hours=None)
    later = shop("later", hours=(0, 24), notice_hours=72)
    assert later
    assert names(client.get("/mentorship")) == ["Now", "Later", "Fay", "Never"]


def test_seats_are_counted_live(client, sam):
    mia = shop("mia", seats=2)
    cast.bought(sam, mia, now=clock.now())
    assert "1 of 2 free" in client.get("/mentorship").content.decode()


def test_a_time_that_notice_has_overtaken_is_looked_up_again(client, db):
    mia = shop("mia", hours=(0, 24))
    MentorListing.objects.filter(mentor=mia).update(next_free_at=clock.now() - timedelta(hours=1))
    soonest = clock.now() + timedelta(hours=12)
    text = client.get("/mentorship").content.decode()
    found = re.search(r'mentor-card-foot[\s\S]*?datetime="([^"]+)"', text)
    assert found and found[1] >= clock.iso(soonest)[:16]


@pytest.mark.parametrize(
    "query, found",
    [
        ({"topic": "writing"}, ["Ada"]),
        ({"topic": ["writing", "statistics"]}, ["Ada", "Max"]),
        ({"language": "de"}, ["Max"]),
        ({"mentor": "ma"}, ["Max"]),
        ({"q": "statistics"}, ["Max"]),
        ({"q": "notebook ada"}, ["Ada"]),
        ({"q": "rare title"}, ["Max"]),
        ({"q": "%"}, []),
        ({"max_price": "79", "currency": "EUR"}, []),
        ({"max_price": "80", "currency": "EUR"}, ["Ada", "Max"]),
        ({"max_price": "80", "currency": "USD"}, []),
        ({"duration": "45"}, ["Max"]),
        ({"topic": "nonsense"}, []),
    ],
)
def test_filters(client, db, query, found):
    shop("ada", topics=("Writing",), languages=["en"])
    max_ = shop("max", topics=("Statistics",), languages=["de", "en"])
    cast.offering(max_, title="A rare title", minutes=45, price=99000)
    assert sorted(names(client.get("/mentorship", query))) == found


def test_the_card_shows_what_fits_the_price(client, db):
    shop("mia")
    text = client.get("/mentorship", {"max_price": "100", "currency": "EUR"}).content.decode()
    assert "€80" in text and "60 min" in text and "€280" not in text


def test_what_fits_my_evenings_depends_on_where_i_am(client, db):
    shop("mia", hours=(18, 20))  # UTC: 18:00 and 19:00 starts
    ask = {"fits": "evenings"}
    assert names(client.get("/mentorship", ask)) == ["Mia"]
    client.cookies["zone"] = "Asia/Tokyo"  # there it is three in the morning
    assert names(client.get("/mentorship", ask)) == []
    client.cookies["zone"] = "Asia/Kolkata"  # half past eleven at night
    assert names(client.get("/mentorship", ask)) == []
    client.cookies["zone"] = "America/New_York"  # lunch time
    assert names(client.get("/mentorship", {"fits": "afternoons"})) == ["Mia"]


def test_courses_i_completed(client, sam):
    mia, _ = shop("mia"), shop("max")
    course = Course.objects.create(owner=mia, title="ML", slug="ml")
    Offering.objects.filter(mentor=mia).update(course=course)
    Enrolment.objects.create(course=course, student=sam, enrolled_at=cast.NOW, completed_at=cast.NOW)
    client.force_login(sam)
    assert names(client.get("/mentorship", {"completed": "1"})) == ["Mia"]
    assert names(client.get("/mentorship", {"course": course.pk})) == ["Mia"]


@pytest.mark.parametrize(
    "query",
    [
        {"max_price": "abc"}, {"max_price": "-1"}, {"max_price": "1e999999"}, {"max_price": "NaN"}, {"max_price": "9" * 400},
        {"currency": "ZZZ", "max_price": "1000"}, {"currency": "\x00"}, {"duration": "-5"}, {"duration": "9" * 50}, {"duration": "٣٠"},
        {"course": "1' or 1=1"}, {"course": "9" * 30}, {"topic": "\x00"}, {"topic": "x" * 10_000}, {"language": "'; drop"},
        {"fits": "always"}, {"q": "x" * 10_000}, {"q": "\x00\ud83d\ude00 \u202e"}, {"mentor": "\\"}, {"cursor": "x"},
        {"cursor": "9" * 18 + "-1"}, {"cursor": "1-" + "9" * 18}, {"cursor": "-1"}, {"week": "never"},
    ],
)  # fmt: skip
def test_nonsense_never_breaks_the_page(client, db, query):
    shop("mia")
    query = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    assert client.get("/mentorship", query).status_code == 200


def test_what_was_left_out_is_said(client, db):
    shop("mia")
    text = client.get("/mentorship", {"max_price": "cheap"}).content.decode()
    assert "left out" in text and "Mia" in text


def test_more_pages_neither_lose_nor_double(client, db):
    for number in range(60):
        shop(f"m{number:02d}", hours=(0, 24) if number % 2 else None)
    seen, url = [], "/mentorship"
    while url:
        page = client.get(url)
        seen += names(page)
        link = re.search(r'href="([^"]+)" rel="next"', page.content.decode())
        if link and len(seen) == 24:
            refresh_listing([shop("late").pk], clock.now())
        url = link[1].replace("&amp;", "&") if link else ""
    seen = [name for name in seen if name != "Late"]
    assert len(seen) == len(set(seen)) == 60


def test_htmx_gets_the_part_it_asked_for(client, db):
    for number in range(30):
        shop(f"m{number:02d}")
    part = client.get("/mentorship?q=&fits=&topic=", headers={"HX-Request": "true", "HX-Target": "results"})
    assert part["HX-Push-Url"] == "/mentorship"
    assert "<html" not in part.content.decode() and 'id="results"' in part.content.decode()
    assert "HX-Request" in part["Vary"]
    more = re.search(r'hx-get="([^"]+cursor[^"]+)"', part.content.decode())[1].replace("&amp;", "&")
    rest = client.get(more, headers={"HX-Request": "true", "HX-Target": "more"})
    assert len(names(rest)) == 6 and 'id="results"' not in rest.content.decode()
    assert len(names(client.get(more))) == 6  # the same address without scripts is a whole page


def test_the_next_page_keeps_the_filters(client, db):
    for number in range(26):
        shop(f"m{number:02d}", topics=("Writing",), languages=["en"])
    text = client.get("/mentorship?topic=writing&language=en&max_price=300&currency=EUR").content.decode()
    query = parse_qs(urlsplit(re.search(r'href="([^"]+)" rel="next"', text)[1].replace("&amp;", "&")).query)
    assert {k: v for k, v in query.items() if k != "cursor"} == {
        "topic": ["writing"], "language": ["en"], "max_price": ["300"], "currency": ["EUR"],
    }  # fmt: skip


@pytest.mark.parametrize("many", [1, 24, 60])
def test_queries_are_constant(client, sam, many, django_assert_max_num_queries):
    for number in range(many):
        shop(f"m{number:02d}", topics=("Writing",))
    client.get("/mentorship")  # the filters on offer are looked up every five minutes
    with django_assert_max_num_queries(budget(3)):
        client.get("/mentorship")
    client.force_login(sam)
    with django_assert_max_num_queries(budget(6)):
        client.get("/mentorship")
    MentorListing.objects.update(next_free_at=None)  # every listing overtaken: the dearest case
    with django_assert_max_num_queries(budget(8)):
        client.get("/mentorship?q=m&topic=writing&fits=evenings")


def test_a_mentor_whom_the_job_has_not_seen_yet_breaks_nothing(client, db):
    cast.offering(cast.mentor("new"))
    shop("mia")
    assert names(client.get("/mentorship")) == ["Mia"]
    jobs.run("refresh_listings", clock.now())
    assert sorted(names(client.get("/mentorship"))) == ["Mia", "New"]
