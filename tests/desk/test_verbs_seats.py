"""The end of a grace, a seat given past the line, a seat released, sales that go on."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from mentorship.people.models import MentorProfile
from notifications.models import Notification
from seats.models import Seat, WaitingPlace
from seats.services import join
from sessions_app.services import complete
from tests.cast import NOW, at, offering, user
from tests.desk.scene import do, look, url
from tests.payments.scene import pay, place
from tests.rooms.scene import booked, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]


@pytest.fixture
def in_grace(sam, mia, time_machine) -> Seat:
    pay(place(sam, offering(mia, sessions=2)))
    for day in (1, 2):
        session = booked(sam, mia, at(day))
        time_machine.move_to(at(day, 12), tick=False)
        complete(session_id=session.pk, by=mia, now=at(day, 12))
    return Seat.objects.get()


def test_the_grace_is_longer(boss, client, in_grace, sam, mia):
    do(client, "grace", in_grace.pk, ends_at="2026-06-10T12:00", reason="was in hospital")
    in_grace.refresh_from_db()
    assert in_grace.grace_ends_at == at(9, 12)
    event = in_grace.events.last()
    assert (event.by, event.before, event.after) == (boss, "GRACE", "GRACE")
    assert {one.recipient for one in Notification.objects.filter(kind="support_change")} == {sam, mia}
    pack = sam.packs.get()
    assert pack.entries.get(kind="NOTED").reason.endswith("was in hospital")


def test_not_into_the_past_and_not_without_a_grace(boss, client, in_grace, sue, mia):
    assert "lie ahead" in words(look(client, "grace", in_grace.pk, ends_at="2026-06-01T12:00"))
    pay(place(sue, offering(mia, title="Other"), now=at(2, 12)), now=at(2, 12))
    seat = Seat.objects.get(student=sue)
    assert "not in grace" in words(look(client, "grace", seat.pk, ends_at="2026-06-10T12:00"))


def full(mia, seats: int = 1) -> None:
    MentorProfile.objects.filter(user=mia).update(max_active_students=seats)
    mia.refresh_from_db()


def test_a_released_seat_goes_to_the_next_in_line(boss, client, sam, sue, mia):
    full(mia)
    pay(place(sam, offering(mia)))
    join(student=sue, mentor_id=mia.pk, now=NOW)
    seat = Seat.objects.get()
    said = words(look(client, "release", seat.pk))
    assert "taken to released" in said
    assert "Sue" in said
    do(client, "release", seat.pk, reason="moved away")
    assert Seat.objects.standing().get().student == sue
    told = Notification.objects.filter(kind="seat_released")
    assert {one.recipient for one in told} == {sam, mia}


def test_releasing_says_what_cannot_be_booked_without_the_seat(boss, client, sam, mia):
    pack = pay(place(sam, offering(mia))).pack
    booked(sam, mia, at(2))
    seat = Seat.objects.get()
    stranded = "“4 x 60 min”: its 3 free sessions cannot be booked any more, until there is a seat again."
    assert stranded in words(look(client, "release", seat.pk))
    do(client, "release", seat.pk)
    with pytest.raises(Refusal) as refused:
        booked(sam, mia, at(3), pack_id=pack.pk)
    assert refused.value.code == "seat_not_active"


def test_releasing_a_seat_in_grace_strands_nothing(boss, client, in_grace):
    assert "cannot be booked" not in words(look(client, "release", in_grace.pk))


def test_a_seat_is_given_past_the_line(boss, client, sam, sue, otto, mia):
    full(mia, 2)
    pay(place(sam, offering(mia)))
    said = words(look(client, "give", mia.pk, email=otto.email))
    assert "Seat 2 is offered to Otto" in said
    assert "Otto: A seat with Mia is yours" in said
    do(client, "give", mia.pk, email=otto.email, reason="promised by phone")
    seat = Seat.objects.get(student=otto)
    assert seat.status == "OFFERED"
    assert WaitingPlace.objects.get(student=otto).status == "OFFERED"
    assert Notification.objects.get(kind="waiting_list_offer").recipient == otto
    assert "All seats" in words(look(client, "give", mia.pk, email=sue.email))
    # It is taken like any other offer.
    pay(place(otto, offering(mia, title="Mine")))
    seat.refresh_from_db()
    assert seat.status == "ACTIVE"


def test_nobody_by_that_address(boss, client, mia):
    page = look(client, "give", mia.pk, email="nobody@example.test")
    assert page.status_code == 422
    assert "no account" in words(page)


def test_sales_go_on(boss, client, mia):
    MentorProfile.objects.filter(user=mia).update(sales_paused_at=NOW, ignored_requests=3)
    do(client, "sell", mia.pk, reason="she was away")
    profile = MentorProfile.objects.get(user=mia)
    assert (profile.sales_paused_at, profile.ignored_requests) == (None, 0)
    assert Notification.objects.get(kind="support_change").recipient == mia


@pytest.mark.parametrize("verb", ["release", "grace"])
def test_only_with_the_right(client, in_grace, verb):
    client.force_login(user("clerk", is_staff=True))
    assert client.get(url(verb, in_grace.pk)).status_code == 403
