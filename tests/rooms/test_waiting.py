"""Who waits, as the two rooms show it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentorship.people.models import MentorProfile
from seats.services import join
from tests import cast
from tests.cast import DAY, HOUR, NOW
from tests.rooms.scene import words
from tests.seats.scene import full_house, lapse

pytestmark = pytest.mark.django_db
ROOM, SEATS = "/student/mentorship", "/tutor/seats"


def test_the_student_room_shows_places_and_offers(as_, sam, sue, at_):
    tove, [pack] = full_house()
    ada, _ = full_house(name="ada")
    for mentor in (tove, ada):
        join(student=sam, mentor_id=mentor.pk, now=NOW)
    said = words(as_(sam).get(ROOM))
    assert "Waiting lists" in said and said.count("1st in line, since 1 Jun") == 2
    assert "You have no seat yet" not in said
    lapse(pack, NOW + DAY)
    at_(NOW + DAY)
    said = words(as_(sam).get(ROOM))
    assert "Take your seat with Tove" in said  # among what needs Sam
    assert "A seat is yours until Thu 4 Jun, 12:00" in said and said.count("1st in line") == 1
    assert "Waiting lists" not in words(as_(sue).get(ROOM))


def test_the_mentors_seats_show_the_line_in_its_order(as_, sam, sue, otto, at_):
    tove, [pack] = full_house()
    join(student=sam, mentor_id=tove.pk, now=NOW)
    join(student=sue, mentor_id=tove.pk, now=NOW + HOUR)
    join(student=otto, mentor_id=tove.pk, now=NOW + 2 * HOUR, paid_too_late=True)
    said = words(as_(tove).get(SEATS))
    first, second, third = (said.index(f"{name} {place} in line") for name, place in (("Otto", "1st"), ("Sam", "2nd"), ("Sue", "3rd")))  # fmt: skip
    assert first < second < third and "paid too late, so ahead of others" in said
    lapse(pack, NOW + DAY)
    at_(NOW + DAY)
    said = words(as_(tove).get(SEATS))
    assert "1 offered" in said and "Otto Seat 1 · offered, kept until Thu 4 Jun, 12:00" in said
    assert "Sam 1st in line" in said and "Otto 1st" not in said
    MentorProfile.objects.update(accepts_new=False)
    assert "nothing is offered" in words(as_(tove).get(SEATS))


def test_nobody_waits(as_, mia):
    assert "Nobody waits for a seat with you." in words(as_(mia).get(SEATS))


def test_the_line_costs_one_query_whatever_its_length(as_, sam):
    tove, _ = full_house()
    browser, costs = as_(tove), []
    for size in (1, 20):
        for n in range(len(costs), size):
            join(student=cast.user(f"w{n}"), mentor_id=tove.pk, now=NOW)
        browser.get(SEATS)
        with CaptureQueriesContext(connection) as asked:
            browser.get(SEATS)
        costs.append(len(asked))
    assert costs[0] == costs[1]
