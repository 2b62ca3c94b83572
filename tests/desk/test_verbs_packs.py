"""Credits, expiry, pauses, bookings: looked at first, then done, with a line on the statement and both told."""

from __future__ import annotations

from datetime import UTC

import pytest
from django.contrib.admin.models import LogEntry

from mentorship.kernel import clock
from notifications.models import Notification
from packs.models import SessionPack
from packs.services import answer_pause, ask_for_pause
from packs.statement import Reader, lines
from payments.services.shares import release_due
from seats.jobs import sweep_seats
from seats.models import Seat
from sessions_app.models import Session
from sessions_app.services import approve, submit_request
from tests.cast import DAY, HOUR, NOW, at, counters, offering, user
from tests.desk.scene import do, hidden, look, url
from tests.payments.scene import accounts, pay, place
from tests.rooms.scene import words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sound")]


@pytest.fixture
def pack(sam, mia) -> SessionPack:
    return pay(place(sam, offering(mia))).pack


def top_line(pack: SessionPack) -> tuple[str, str]:
    entries = pack.entries.select_related("by", "purchase")
    line = lines(pack, entries, {}, Reader(pack.student_id, UTC, True, clock.now()))[0]
    return line.what, line.why


def test_what_is_looked_at_does_not_happen(boss, client, pack):
    told = Notification.objects.count()
    page = look(client, "credits", pack.pk, delta=2)
    assert "4 to 6 in all" in words(page)
    assert "Give 2 sessions" in words(page)
    assert counters(pack) == (4, 0, 0)
    assert Notification.objects.count() == told
    assert not LogEntry.objects.exists()


def test_credits_are_given_with_a_reason_that_both_read(boss, client, pack, sam, mia):
    assert do(client, "credits", pack.pk, delta=2, reason="sorry for the noise") == ["2 sessions given."]
    assert counters(pack) == (6, 0, 0)
    assert top_line(pack) == ("Given", "sorry for the noise · by support")
    told = Notification.objects.filter(kind="support_change")
    assert {one.recipient for one in told} == {sam, mia}
    assert all("sorry for the noise" in one.text for one in told)
    entry = LogEntry.objects.get()
    assert entry.user == boss
    assert "sorry for the noise" in entry.change_message


def test_nothing_without_a_reason(boss, client, pack):
    said = hidden(look(client, "credits", pack.pk, delta=2))
    assert client.post(url("credits", pack.pk), said | {"reason": " "}).status_code == 422
    assert counters(pack) == (4, 0, 0)


def test_what_changed_meanwhile_is_refused_and_shown_anew(boss, client, pack):
    said = hidden(look(client, "credits", pack.pk, delta=2))
    do(client, "credits", pack.pk, delta=1)
    refused = client.post(url("credits", pack.pk), said | {"reason": "x"})
    assert refused.status_code == 409
    assert "5 to 7 in all" in words(refused)
    assert counters(pack) == (5, 0, 0)


def test_the_second_press_gives_nothing(boss, client, pack):
    said = hidden(look(client, "credits", pack.pk, delta=2)) | {"reason": "x"}
    assert client.post(url("credits", pack.pk), said).status_code == 302
    assert client.post(url("credits", pack.pk), said).status_code == 409
    assert counters(pack) == (6, 0, 0)


def test_what_cannot_be_done_says_why(boss, client, pack):
    page = look(client, "credits", pack.pk, delta=-9)
    assert "used or booked" in words(page)
    assert "expect" not in page.content.decode()


def test_the_expiry_moves_and_the_statement_says_so(boss, client, pack):
    before = pack.expires_at
    page = look(client, "expiry", pack.pk, expires_at="2026-12-01T10:00")
    assert "expires" in words(page)
    do(client, "expiry", pack.pk, expires_at="2026-12-01T10:00", reason="was ill")
    pack.refresh_from_db()
    assert pack.expires_at > before + 60 * DAY
    what, why = top_line(pack)
    assert what.startswith("Valid until 1 December 2026")
    assert why == "was ill · by support"


def test_an_expiry_in_the_past_is_refused(boss, client, pack):
    assert "lie ahead" in words(look(client, "expiry", pack.pk, expires_at="2026-01-01T10:00"))


def test_a_pack_that_has_just_expired_is_open_again(boss, client, pack, sam, time_machine):
    time_machine.move_to(pack.expires_at + 5 * HOUR, tick=False)
    sweep_seats(clock.now())
    assert (counters(pack), Seat.objects.get().status) == ((0, 0, 0), "RELEASED")
    client.force_login(boss)
    said = words(look(client, "expiry", pack.pk, expires_at="2026-12-01T10:00"))
    assert "expired to active" in said
    assert "0 to 4 free" in said
    do(client, "expiry", pack.pk, expires_at="2026-12-01T10:00", reason="the mail was lost")
    assert counters(pack) == (4, 0, 0)
    assert Seat.objects.standing().get().status == "ACTIVE"
    release_due(clock.now() + 10 * DAY)
    assert accounts().get("MENTOR_AVAILABLE", 0) == 0


def test_a_pack_that_is_open_again_leaves_its_seat_to_what_is_approved(boss, client, pack, sam, mia, time_machine):
    other = offering(mia, minutes=30, booking_mode="REQUEST")
    asked = submit_request(student=sam, offering=other, times=[], now=pack.expires_at - HOUR)
    asked = approve(request_id=asked.pk, by=mia, now=pack.expires_at - HOUR)
    time_machine.move_to(pack.expires_at + 5 * HOUR, tick=False)
    client.force_login(boss)
    do(client, "expiry", pack.pk, expires_at="2026-12-01T10:00", reason="the mail was lost")
    seat = Seat.objects.get()
    assert (seat.status, seat.held_until) == ("ACTIVE", asked.payment_deadline)


def test_one_that_the_mentor_was_paid_for_stays_over(boss, client, pack, time_machine):
    time_machine.move_to(pack.expires_at + 80 * HOUR, tick=False)
    sweep_seats(clock.now())
    release_due(clock.now())
    client.force_login(boss)
    assert "the mentor has earned it" in words(look(client, "expiry", pack.pk, expires_at="2026-12-01T10:00"))
    assert counters(pack) == (0, 0, 0)


def test_a_pause_ends(boss, client, pack, sam, mia, time_machine):
    pause = ask_for_pause(pack_id=pack.pk, by=sam, days=10, now=NOW)
    answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW)
    before = pack.expires_at
    time_machine.move_to(NOW + 4 * DAY, tick=False)
    do(client, "resume", pause.pk, reason="back early")
    pack.refresh_from_db()
    assert pack.paused_at is None
    assert pack.expires_at == before + 4 * DAY
    assert top_line(pack) == ("Changed", "the pause ended: back early · by support")


def test_time_that_passes_between_look_and_press_is_no_change(boss, client, pack, sam, mia, time_machine):
    pause = ask_for_pause(pack_id=pack.pk, by=sam, days=10, now=NOW)
    answer_pause(pause_id=pause.pk, by=mia, agreed=True, now=NOW)
    time_machine.move_to(NOW + 4 * DAY, tick=False)
    said = hidden(look(client, "resume", pause.pk))
    time_machine.shift(90)
    assert client.post(url("resume", pause.pk), said | {"reason": "x"}).status_code == 302


def test_a_session_is_booked_for_the_student(boss, client, pack, sam, mia):
    do(client, "book", pack.pk, starts_at="2026-06-03T10:00", side="student", reason="she asked by phone")
    session = Session.objects.get()
    assert session.starts_at == at(2)
    assert session.events.get(kind="BOOKED").by == boss
    assert {one.recipient for one in Notification.objects.filter(kind="session_scheduled")} == {sam, mia}


def test_only_with_the_right(client, pack, db):
    client.force_login(user("clerk", is_staff=True))
    assert client.get("/admin/support/").status_code == 403
    assert look(client, "credits", pack.pk, delta=2).status_code == 403
    assert client.post(url("credits", pack.pk), {"delta": 2, "reason": "x"}).status_code == 403
    client.force_login(user("otto2"))
    assert client.get("/admin/support/").status_code == 302


@pytest.mark.parametrize("verb", ["credits", "resume", "grace", "give", "move", "claim", "nothing"])
def test_an_odd_address_leads_nowhere(boss, client, verb):
    for target in ("x", "0", "-1", "9" * 20, "%00", "%D9%A3"):
        assert client.get(f"/admin/support/{verb}/{target}").status_code == 404
        assert client.post(f"/admin/support/{verb}/{target}", {"reason": "x"}).status_code == 404


def test_of_somebody_else_s_pack_nothing_changes(boss, client, pack, sue, mia):
    other = pay(place(sue, offering(mia, title="Another"))).pack
    do(client, "credits", pack.pk, delta=1)
    assert counters(other) == (4, 0, 0)


@pytest.mark.parametrize("verb", ["book", "expiry"])
@pytest.mark.parametrize("day", ["0001-01-01T00:00", "9999-12-31T23:59", "9999-12-31T23:59:59-12:00", "soon"])
def test_a_day_beyond_the_calendar_is_said_on_the_page(boss, client, pack, verb, day):
    said = {"starts_at": day, "expires_at": day, "side": "student"}
    assert look(client, verb, pack.pk, **said).status_code == 422
    assert client.post(url(verb, pack.pk), said | {"reason": "why not", "expect": "x"}).status_code == 422
