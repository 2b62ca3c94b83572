"""The demo's world, as everybody who uses the demo relies on it."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from mentorship.demo.personas import PASSWORD, PERSONAS
from mentorship.people.models import User
from offerings.models import Offering
from packs.models import SessionPack
from seats.models import Seat
from seats.services import availability
from sessions_app.models import Session
from sessions_app.slots import free_slots
from tests import cast
from tests.api.client import Caller
from tests.cast import DAY, HOUR, NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> None:
    call_command("seed_demo", verbosity=0)


def who(key: str) -> User:
    return User.objects.get(email=f"{key}@demo.test")


def test_the_world_is_as_it_is_promised(world):
    for persona in PERSONAS:
        assert User.objects.get(email=persona.email).check_password(PASSWORD)
    _mia_and_max_can_be_bought_from()
    _the_full_one_is_another()
    _every_stage_of_life_is_there()
    _the_numbers_agree()
    before = {m: m.objects.count() for m in (User, Session, SessionPack, Seat)}
    call_command("seed_demo", verbosity=0)
    assert {m: m.objects.count() for m in before} == before


def _mia_and_max_can_be_bought_from() -> None:
    for key in ("mia", "max"):
        mentor = who(key)
        seats = availability(mentor.pk, NOW)
        assert seats.available >= 5 and seats.waiting == 0
        pack = Offering.objects.for_sale().get(mentor=mentor, kind="PACK", session_count=4, duration_minutes=60)
        assert (pack.booking_mode, pack.currency) == ("INSTANT", "EUR")
        assert mentor.weekly_rules.values("weekday").distinct().count() >= 5
        slots = free_slots(mentor=mentor.mentor_profile, start=NOW, end=NOW + 21 * DAY, duration_minutes=60, now=NOW)
        assert len(slots) > 200
    for key in ("sam", "sue", "nia"):
        assert not SessionPack.objects.filter(student=who(key), mentor__in=[who("mia"), who("max")]).exists()
    assert not SessionPack.objects.filter(student=who("nia")).exists()


def _the_full_one_is_another() -> None:
    assert availability(who("tove").pk, NOW).available == 0


def _every_stage_of_life_is_there() -> None:
    sam = Caller(who("sam")).get("session-packs/me/active").json()["items"]
    assert sorted((p["sessionsUsed"], p["remainingSessions"]) for p in sam) == [(0, 3), (3, 1)]
    sue = Seat.objects.get(student=who("sue"), status="GRACE")
    assert sue.grace_ends_at == NOW + 11 * HOUR
    live = Session.objects.get(student=who("leo"), status="IN_PROGRESS")
    assert live.is_joinable(NOW)
    assert Session.objects.unmarked(NOW).filter(mentor=who("mia")).count() == 1
    assert Seat.objects.get(student=who("wim"), mentor=who("tove")).release_reason == "GRACE_ENDED"
    assert who("wim").orders.get(mentor=who("ada")).status_at(NOW) == "EXPIRED"


def _the_numbers_agree() -> None:
    for pack in SessionPack.objects.all():
        cast.counters(pack)
    assert not Session.objects.lapsed(NOW).exists()
    assert not Seat.objects.lapsed(NOW).exists()
