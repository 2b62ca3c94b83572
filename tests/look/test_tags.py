"""The template tags, as a template uses them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils.functional import SimpleLazyObject

from mentorship.kernel import pictures

NOW = datetime(2026, 7, 3, 18, 46, tzinfo=UTC)
SESSION = NOW + timedelta(hours=22, minutes=14)


def say(source, **values):
    zone = SimpleLazyObject(lambda: ZoneInfo("Europe/Berlin"))  # as a request carries it
    return Template("{% load ui %}" + source).render(
        Context({"request": SimpleNamespace(now=NOW), "viewer_zone": zone, **values})
    )


def test_a_time_carries_its_instant():
    assert say("{% when at %}", at=SESSION) == '<time datetime="2026-07-04T17:00:00Z">Sat 4 Jul, 19:00</time>'
    assert (
        say('{% when at "time" zone %}', at=SESSION, zone="Africa/Lagos")
        == '<time datetime="2026-07-04T17:00:00Z">18:00</time>'
    )
    assert say("{% when at %}", at=None) == ""


def test_a_countdown_says_its_end_to_the_script():
    html = say("{% countdown at %}", at=SESSION)
    assert 'data-countdown="2026-07-04T17:00:00Z"' in html
    assert ">22 h 14 min<" in html
    assert ">22 h<" in say('{% countdown at "short" %}', at=SESSION)


def test_the_other_side_and_names_are_escaped():
    html = say("{% other_time at zone name %}", at=SESSION, zone="Africa/Lagos", name="<b>Mia</b>")
    assert html == 'For &lt;b&gt;Mia&lt;/b&gt; it is <span class="nowrap">18:00</span> in Lagos.'
    assert say("{% other_time at zone name %}", at=SESSION, zone="Europe/Paris", name="Mia") == ""


def test_whole_sums_have_no_decimals():
    assert say('{% money 28000 "EUR" %}') == "€280"
    assert say('{% money 18050 "EUR" %}') == "€180.50"
    assert say('{% money 5000 "JPY" %}') == "¥5,000"
    assert say('{% money nothing "EUR" %}', nothing=None) == ""


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Mia Sato", "MS"), ("mia", "M"), ("Ada de la Cruz", "AC"), ("sam.weiss@demo.test", "SW"), ("", "?")],
)
def test_initials(name, letters):
    assert say("{{ name|initials }}", name=name) == letters


def test_somebody_has_the_same_colour_everywhere():
    assert say("{{ 7|tint }}") == say("{{ 7|tint }}") == "tint-1"
    assert say("{{ nobody|tint }}", nobody=None) == "tint-0"


@pytest.mark.parametrize(
    ("used", "held", "free", "words"),
    [
        (2, 1, 1, "1 left to book · 1 booked · 2 used"),
        (2, 2, 0, "all booked: 2 to come · 2 used"),
        (0, 4, 0, "all 4 booked"),
        (0, 1, 0, "booked"),
        (4, 0, 0, "all 4 used"),
        (0, 0, 4, "4 left to book"),
        (1, 0, 0, "1 used"),
        (0, 0, 0, "no sessions"),
    ],
)
def test_a_pack_in_words(used, held, free, words):
    assert say("{% pack_words used held free %}", used=used, held=held, free=free) == words


def test_a_pack_is_one_dot_a_session():
    drawn = say("{% pack_picture 2 1 1 %}")
    assert (drawn.count("dot-full"), drawn.count("dot-half"), drawn.count("dot-ring")) == (2, 1, 2)


def test_a_long_pack_is_a_bar():
    drawn = say("{% pack_picture 6 3 11 %}")
    assert "<rect" in drawn and "<circle" not in drawn


def test_seats_are_as_many_chairs_as_capacity():
    drawn = say("{% seat_counts 10 7 1 %}")
    assert [drawn.count(f"seat-s--{state}") for state in ("taken", "grace", "free")] == [7, 1, 2]
    assert say("{% seat_counts 2 3 %}").count("<g ") == 3  # capacity was lowered: nobody is hidden


def test_an_unknown_seat_state_is_refused():
    with pytest.raises(ValueError, match="unknown seat state"):
        pictures.chair("broken")


def test_initials_in_a_chair_are_escaped():
    assert "<script" not in say('{% chair "taken" name %}', name="<script>")


def test_the_ring_shows_what_is_left():
    assert 'stroke-dasharray="15.0 100"' in say('{% ring_picture "11 h" 0.15 %}')
    assert 'stroke-dasharray="100.0 100"' in say('{% ring_picture "80 h" 1.4 %}')
