"""The demo's world, as everybody who uses the demo relies on it."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client

from mentorship.demo import moving
from mentorship.demo.next_event import next_event
from mentorship.demo.personas import PASSWORD, PERSONAS
from mentorship.pages import audit
from mentorship.people.models import User
from offerings.models import Offering
from packs.models import SessionPack
from seats.models import Seat, WaitingPlace
from seats.services import availability, place_with
from sessions_app.models import BookingRequest, Claim, DateException, MoveProposal, Session, Vacation
from sessions_app.slots import free_slots
from tests import cast
from tests.api.client import Caller
from tests.cast import DAY, HOUR, NOW

pytestmark = pytest.mark.django_db
ELSEWHERE = (*moving.NEVER, "deliver_sandbox_webhooks", "refresh_listings", "audit_books")


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
    _one_has_plans()
    _a_pack_is_asked_for()
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
    seats = availability(who("tove").pk, NOW)
    assert (seats.available, seats.occupied, seats.waiting) == (0, 4, 3)
    assert [p.position for p in (place_with(who(k), who("tove").pk, NOW) for k in ("pia", "gus", "vic"))] == [1, 2, 3]
    assert place_with(who("pia"), who("tove").pk, NOW).paid_too_late
    assert who("pia").orders.get().refunds.get().status == "SUCCEEDED"
    assert place_with(who("gus"), who("ada").pk, NOW).position == 1


def _every_stage_of_life_is_there() -> None:
    sam = Caller(who("sam")).get("session-packs/me/active").json()["items"]
    assert sorted((p["sessionsUsed"], p["remainingSessions"]) for p in sam) == [(0, 3), (3, 1)]
    sue = Seat.objects.get(student=who("sue"), status="GRACE")
    assert sue.grace_ends_at == NOW + 11 * HOUR
    live = Session.objects.get(student=who("leo"), status="IN_PROGRESS")
    assert live.is_joinable(NOW)
    assert Session.objects.unmarked(NOW).filter(mentor=who("mia")).count() == 1
    assert Seat.objects.get(student=who("wim"), mentor=who("tove")).release_reason == "GRACE_ENDED"
    assert who("wim").orders.get(mentor=who("lea")).status_at(NOW) == "EXPIRED"


def _one_has_plans() -> None:
    """Lea: a longer day, a day off and a vacation, each on her own page; whom Mia and Max teach notices nothing."""
    lea = who("lea")
    today = NOW.astimezone(lea.zone).date()
    kinds = lea.date_exceptions.values_list("kind", "start_minute", "end_minute")
    assert sorted(kinds, key=str) == [("CLOSED", None, None), ("EXTRA", 360, 480)]
    assert all(today + 7 * DAY < one.day < today + 21 * DAY for one in lea.date_exceptions.all())
    vacation = lea.vacations.get()
    assert today + 21 * DAY < vacation.first_day < vacation.last_day < today + 42 * DAY
    sams = SessionPack.objects.get(student=who("sam"), mentor=lea)
    assert sams.pk in vacation.moved_packs
    assert Vacation.objects.exclude(mentor=lea).count() == DateException.objects.exclude(mentor=lea).count() == 0
    hers = Client()
    hers.force_login(lea)
    for page, words in (
        ("exceptions", "extra hours 06:00-08:00"),
        ("exceptions", "closed all day"),
        ("vacations", "9 days"),
    ):
        assert words in hers.get(f"/tutor/availability/{page}").content.decode()
    assert (
        f"Away {vacation.first_day.day} to {vacation.last_day.day} "
        in Client().get("/mentorship/mentors/lea-petit").content.decode()
    )


def _a_pack_is_asked_for() -> None:
    """Ines approves one of her packs first; whoever has bought nothing yet asks for it and gets a request, not a bill."""
    pack = Offering.objects.for_sale().get(kind="PACK", booking_mode="REQUEST")
    assert pack.mentor == who("ines")
    assert availability(pack.mentor_id, NOW).available >= 5
    asked = Caller(who("nia")).post("checkout/sandbox", offeringId=pack.pk, message="Three drafts are in a drawer.")
    assert (asked.status_code, asked.json()["status"]) == (202, "PENDING_MENTOR_REVIEW")
    first = next(one for one in Caller().get("offerings").json()["items"] if one["kind"] == "PACK")
    assert first["bookingMode"] == "INSTANT"


def test_everything_that_waits_for_an_answer_is_there(world):
    offer = place_with(who("zoe"), who("ben").pk, NOW)
    assert offer.kept_until == NOW + 42 * HOUR
    incoming = BookingRequest.objects.waiting(NOW).filter(mentor=who("mia"))
    assert sorted(request.student.first_name for request in incoming) == ["Art", "Mel"]
    assert min(request.approval_deadline for request in incoming) == NOW + 5 * HOUR
    to_pay = BookingRequest.objects.to_pay(NOW).get()
    assert (to_pay.student, to_pay.payment_deadline) == (who("dan"), NOW + 21 * HOUR)
    assert BookingRequest.objects.get(status="REJECTED").rejection_reason
    claim = Claim.objects.open().get()
    assert (claim.by, claim.answer_by) == (who("cleo"), NOW + 28 * HOUR)
    paused = SessionPack.objects.get(paused_at__isnull=False)
    assert (paused.student, paused.pauses.get().ends_at) == (who("oli"), NOW + 11 * DAY)
    assert MoveProposal.objects.get(status="OPEN").session.student == who("fay")


def test_from_here_every_deadline_comes_in_its_order(world):
    """*Next event* again and again: what waits lapses, is passed on, decided or ends, and the books stay clean."""
    said, now = [], NOW
    while now < NOW + 2 * DAY:
        event = next_event(now)
        said.append(event.what)
        now = event.at
        moving.run_due(now, leave_out=ELSEWHERE)
        assert audit.run(now).broken == []
    for what in (
        "a request lapses without an answer", "a claim goes to an admin unanswered",
        "a seat on offer goes to the next in line", "a seat in grace is released",
        "a session that nobody marked is settled by who came", "a proposal to move can no longer be answered",
    ):  # fmt: skip
        assert what in said, f"{what}: {said}"
    assert WaitingPlace.objects.get(student=who("gus"), mentor=who("ada")).status != "WAITING"  # Sue's seat was offered
    assert WaitingPlace.objects.get(student=who("zoe")).status == "LAPSED"
    assert BookingRequest.objects.get(student=who("dan")).status == "EXPIRED"


def _the_numbers_agree() -> None:
    for pack in SessionPack.objects.all():
        cast.counters(pack)
    assert not Session.objects.lapsed(NOW).exists()
    assert not Seat.objects.lapsed(NOW).exists()
