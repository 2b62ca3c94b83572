"""Telling people: once, in their words and their zone, with nothing missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest
from django.db import transaction

from notifications import services
from notifications.kinds import KINDS, maybe
from notifications.models import Delivery, Notification, Preference
from notifications.services import Notice, notify, notify_many, withdraw
from tests.cast import NOW, user

STARTS = datetime(2026, 6, 9, 16, 0, tzinfo=UTC)


def booked(person, key="k", **more):
    values = {
        "mentor_name": "Mia",
        "student_name": "Sam",
        "starts_at": STARTS,
        "duration_minutes": 60,
        "url": "/s/1",
    } | more
    notify("session_scheduled", recipient=person, about="session:1", dedupe_key=key, now=NOW, **values)


def test_the_time_is_the_readers_with_the_zone_named(db):
    booked(user("sam", "Europe/Berlin"))
    told = Notification.objects.get()
    assert told.title == "Your session with Mia is booked"
    assert told.text.startswith("Tuesday 9 June, 18:00 (Berlin).\nIt takes 60 minutes.")
    assert "Until Monday 8 June, 18:00 (Berlin) you may move it" in told.text


def test_the_mentor_reads_their_own_copy(mia):
    booked(mia, agenda="Slow queries")
    told = Notification.objects.get()
    assert told.title == "Sam booked a session with you"
    assert "“Slow queries”" in told.text


def test_a_booking_inside_24_hours_says_what_that_means(sam):
    booked(sam, starts_at=NOW + timedelta(hours=23))
    assert "can no longer be moved" in Notification.objects.get().text


def test_exactly_24_hours_can_still_be_moved(sam):
    booked(sam, starts_at=NOW + timedelta(hours=24))
    assert "you may move it" in Notification.objects.get().text


def test_the_same_key_tells_once(sam):
    booked(sam)
    booked(sam, mentor_name="Max")
    assert (Notification.objects.count(), Delivery.objects.count()) == (1, 1)


def test_a_value_that_a_sentence_needs_is_missed_loudly(sam):
    with pytest.raises(KeyError, match="session_scheduled needs 'starts_at'"):
        booked(sam, starts_at=None)
    assert not Notification.objects.exists()


def test_a_sentence_that_may_be_left_out_is_left_out(sam):
    booked(sam, duration_minutes=None)
    assert "minutes" not in Notification.objects.get().text


def test_unknown_kind_and_naive_instant_are_refused(sam):
    with pytest.raises(KeyError):
        notify("nonsense", recipient=sam, about="x", dedupe_key="x", now=NOW)
    with pytest.raises(ValueError, match="offset"):
        booked(sam, starts_at=datetime(2026, 6, 9, 16, 0))  # noqa: DTZ001


def test_a_name_cannot_break_out_of_its_line(sam):
    booked(sam, mentor_name="Mia\r\nBcc: all@example.test\0")
    assert Notification.objects.get().title == "Your session with Mia Bcc: all@example.test is booked"


def test_a_long_title_fits(sam):
    booked(sam, mentor_name="M" * 400)
    assert len(Notification.objects.get().title) == 200


def test_it_goes_with_the_callers_transaction(sam):
    with pytest.raises(RuntimeError), transaction.atomic():
        booked(sam)
        raise RuntimeError
    assert not Notification.objects.exists() and not Delivery.objects.exists()


def test_many_are_told_in_one_statement(sam, sue, django_assert_num_queries):
    people = [sam, sue] * 200
    rows = [
        Notice(p, "seat:1", f"seat:{i}", NOW, {"mentor_name": "Mia", "grace_ends_at": STARTS})
        for i, p in enumerate(people)
    ]
    with django_assert_num_queries(1):
        assert notify_many("grace_started", rows) == 400
    assert notify_many("grace_started", rows) == 0
    assert Delivery.objects.filter(status="PENDING").count() == 400


def test_one_transaction_asks_once_for_a_look(sam, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        booked(sam, "1")
        booked(sam, "2")
        services.send_mail("login_code", "a@example.test", "s", "t", now=NOW)
    assert len(callbacks) == 1


def test_what_is_switched_off_is_listed_but_not_mailed(sam, sue):
    Preference.objects.create(user=sam, kind="session_scheduled", channel="EMAIL", enabled=False)
    booked(sam, "sam")
    booked(sue, "sue")
    assert dict(Delivery.objects.values_list("to", "status")) == {sam.email: "OFF", sue.email: "PENDING"}
    assert Notification.objects.shown().filter(recipient=sam).exists()


def test_withdrawing_takes_back_what_was_not_told(sam, sue):
    booked(sam, "sent")
    Delivery.objects.update(status="SENT")
    booked(sue, "unsent")
    notify(
        "session_starting",
        recipient=sue,
        about="session:2",
        dedupe_key="other",
        now=NOW,
        mentor_name="Mia",
        starts_at=STARTS,
    )
    assert withdraw("session:1", NOW) == 1
    assert set(Notification.objects.shown().values_list("dedupe_key", flat=True)) == {"sent", "other"}
    assert Delivery.objects.get(notification__dedupe_key="unsent").status == "WITHDRAWN"
    assert withdraw("session:1", NOW) == 0


def test_withdrawing_can_name_the_kinds(sam):
    booked(sam)
    assert withdraw("session:1", NOW, kinds=["session_starting"]) == 0
    assert withdraw("session:1", NOW, kinds=["session_scheduled"]) == 1


def test_one_that_was_read_stays_on_the_page(sam):
    booked(sam)
    Notification.objects.update(read_at=NOW)
    withdraw("session:1", NOW)
    assert Notification.objects.shown().exists()


EVERYTHING = {
    "mentor_name": "Mia",
    "student_name": "Sam",
    "title": "4 x 60 min",
    "amount_display": "€280",
    "outcome": "The session took place.",
    "times": "Tue 9 Jun, 18:00 (Berlin)",
    "terms": "4 x 60 minutes",
    "first_day": "8 June 2026",
    "last_day": "14 June 2026",
    "message": "Hello",
    "email": "sam@example.test",
    "instants": [STARTS, STARTS],
    "what_happened": "Your session is moved.",
    "notice_hours": 24,
    **dict.fromkeys(("starts_at", "expires_at", "grace_ends_at", "answer_by", "ends_at", "new_starts_at"), STARTS),
    **dict.fromkeys(("sessions", "credits", "remaining", "days", "count"), 4),
}


COPIES = [
    *((kind.name, role, "") for kind in KINDS.values() for role in kind.roles),
    *((kind.name, role, turn) for kind in KINDS.values() for turn, words in kind.turns.items() for role in words),
]


@pytest.mark.parametrize(("kind", "role", "turn"), COPIES)
def test_every_kind_has_whole_sentences(sam, kind, role, turn):
    """What callers always have is enough for each kind; nothing is left to fill in, every sentence ends."""
    notify(kind, recipient=sam, about="x", dedupe_key="x", now=NOW, role=role, what=turn, url="/x", **EVERYTHING)
    told = Notification.objects.get()
    assert told.action_label and "{" not in told.title + told.text
    assert all(line[-1] in ".!?”" for line in told.text.splitlines())
    assert not told.title.endswith(".")


def test_every_sentence_names_known_values():
    """A typo in a `maybe` sentence would silently drop it; so every value is one that callers know."""
    known = set(EVERYTHING) | {
        "other", "reason", "by_name", "consequence", "duration_minutes", "agenda", "old_starts_at", "order_number", "note",
        "account", "receipt_url", "notes", "available", "grace_hours", "grace_reason", "student_may_change", "money_back",
        "made_up_until",
    }  # fmt: skip
    for kind in KINDS.values():
        turns = [words for turn in kind.turns.values() for words in turn.values()]
        for words in filter(None, (kind.student, kind.mentor, *turns)):
            used = {name for line in (words.title, *words.text) for _, name, _, _ in Formatter().parse(line) if name}
            assert used <= known, (kind.name, used - known)


def test_every_kind_is_there():
    assert set(KINDS) >= {
        "offering_booked", "request_submitted", "request_approved", "request_rejected", "request_expired", "payment_confirmed",
        "payment_failed", "pack_purchased", "session_scheduled", "session_moved", "session_cancelled", "session_starting",
        "session_completed", "renewal_reminder", "grace_started", "grace_final_warning", "seat_released", "waiting_list_offer",
        "pack_expiring", "claim_opened", "claim_decided", "refund", "dispute", "payout", "mentor_verified", "new_message",
    }  # fmt: skip
    assert maybe("x") == "x"
