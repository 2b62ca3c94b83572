"""The way out: at least once, never lost, and one bad row never stops the rest."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from mentorship.kernel import clock
from notifications import outbox
from notifications.models import Delivery
from notifications.services import notify, send_mail, withdraw
from tests.cast import NOW, user

STARTS = datetime(2026, 6, 9, 16, 0, tzinfo=UTC)


def mail(to="sam@example.test", **fields):
    return send_mail("login_code", to, "Your code", "123456", now=NOW, **fields)


def booked(person, key="k", **more):
    notify(
        "session_scheduled", recipient=person, about="session:1", dedupe_key=key, now=NOW,
        mentor_name="Mia", starts_at=STARTS, url="/mentorship/session/1", **more,
    )  # fmt: skip


def statuses():
    return dict(Delivery.objects.values_list("to", "status"))


def make_due():
    """Let machine time pass: leases and pauses are over."""
    Delivery.objects.filter(status="PENDING").update(next_attempt_at=clock.machine_now())


def test_a_mail_has_text_html_one_link_and_the_calendar_file(server, sam, settings):
    booked(sam, ics=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    assert outbox.relay(NOW) == 1
    (got,) = server.received
    text = got.get_body(("plain",)).get_content()
    html = got.get_body(("html",)).get_content()
    link = f"{settings.BASE_URL}/mentorship/session/1"
    assert got["Subject"] == "Your session with Mia is booked"
    assert got["X-Mentorship-Kind"] == "session_scheduled"
    assert got["To"] == sam.email
    assert text.count(link) == 1 and html.count(link) == 1
    assert "Tuesday 9 June, 16:00 (UTC)" in text and "Tuesday 9 June, 16:00 (UTC)" in html
    assert f"{settings.BASE_URL}/settings/notifications" in got["List-Unsubscribe"]
    (file,) = got.iter_attachments()
    assert (file.get_content_type(), file.get_filename()) == ("text/calendar", "session.ics")
    assert Delivery.objects.get().status == "SENT"


def test_names_are_escaped_in_html(server, sam):
    sam.name = "<b>Sam</b>"
    sam.save()
    booked(sam)
    outbox.relay(NOW)
    assert "<b>Sam" not in server.received[0].get_body(("html",)).get_content()


def test_sent_once(server, db):
    mail()
    assert [outbox.relay(NOW), outbox.relay(NOW)] == [1, 0]
    assert len(server.received) == 1


def test_the_command_sends(server, db, capsys):
    mail()
    call_command("run", "relay_outbox")
    assert len(server.received) == 1 and "relay_outbox: 1" in capsys.readouterr().out


def test_after_not_after_it_is_stale(server, db):
    mail("late@example.test", not_after=NOW)
    mail("just@example.test", not_after=NOW + timedelta(seconds=1))
    outbox.relay(NOW + timedelta(seconds=1))
    assert statuses() == {"late@example.test": "STALE", "just@example.test": "SENT"}


def test_a_crash_between_sending_and_marking_sends_again_with_the_same_id(server, db, monkeypatch):
    mail()
    with monkeypatch.context() as crash:
        crash.setattr(outbox, "_send", lambda server, row: server.send_messages([outbox.message_for(row, server)]))
        outbox.relay(NOW)
    assert Delivery.objects.get().status == "PENDING"
    assert outbox.relay(NOW) == 0  # the lease still runs
    make_due()
    assert outbox.relay(NOW) == 1
    first, second = server.received
    assert first["Message-ID"] == second["Message-ID"]


def test_two_mails_have_two_ids(server, db):
    mail()
    mail()
    outbox.relay(NOW)
    assert len({m["Message-ID"] for m in server.received}) == 2


def test_a_server_that_is_away_costs_an_attempt_and_a_pause(server, db, settings):
    for i in range(3):
        mail(f"{i}@example.test")
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert outbox.relay(NOW) == 0
    before = clock.machine_now()
    for row in Delivery.objects.all():
        assert (row.status, row.attempts) == ("PENDING", 1)
        assert before < row.next_attempt_at <= before + timedelta(seconds=30)
    settings.EMAIL_PORT = port
    make_due()
    assert outbox.relay(NOW) == 3


def test_pauses_grow_to_four_hours():
    pauses = [outbox.backoff(n).total_seconds() for n in range(1, 8)]
    assert pauses == [30, 120, 480, 1920, 7680, 14400, 14400]


def test_the_eighth_failure_is_the_last(server, db, settings):
    mail()
    settings.EMAIL_PORT = 1
    for _ in range(9):
        make_due()
        outbox.relay(NOW)
    row = Delivery.objects.get()
    assert (row.status, row.attempts) == ("FAILED", 8)
    assert "ConnectionRefusedError" in row.error


def test_a_row_that_kills_its_process_each_time_is_put_away(server, db):
    mail()
    Delivery.objects.update(attempts=8)
    outbox.relay(NOW)
    assert Delivery.objects.get().status == "FAILED" and not server.received


def test_a_mailbox_that_is_gone_is_off_at_once(server, db):
    server.refuse["gone@example.test"] = "550 no such user"
    mail("gone@example.test")
    mail("sam@example.test")
    assert outbox.relay(NOW) == 1
    assert statuses() == {"gone@example.test": "OFF", "sam@example.test": "SENT"}


def test_a_mailbox_that_is_full_waits(server, db):
    server.refuse["full@example.test"] = "452 try later"
    mail("full@example.test")
    outbox.relay(NOW)
    assert statuses() == {"full@example.test": "PENDING"}
    server.refuse.clear()
    make_due()
    assert outbox.relay(NOW) == 1


def test_a_message_refused_for_good_has_failed(server, db):
    server.refuse_data = "554 looks like spam"
    mail()
    outbox.relay(NOW)
    row = Delivery.objects.get()
    assert row.status == "FAILED" and "spam" in row.error


def test_one_bad_row_never_stops_the_rest(server, db):
    mail("bad@example.test\nBcc: all@example.test")
    broken = mail("broken@example.test")
    Delivery.objects.filter(pk=broken.pk).update(attachments=[["x", "text/plain", "not base64!"]])
    mail("sam@example.test")
    assert outbox.relay(NOW) == 1
    assert statuses()["sam@example.test"] == "SENT"
    assert statuses()["bad@example.test\nBcc: all@example.test"] == "FAILED"
    assert statuses()["broken@example.test"] == "FAILED"


def test_withdrawn_while_claimed_does_not_leave(server, sam, monkeypatch):
    booked(sam)
    claim = outbox.claim

    def then_withdrawn(now):
        rows = claim(now)
        withdraw("session:1", NOW)
        return rows

    monkeypatch.setattr(outbox, "claim", then_withdrawn)
    assert outbox.relay(NOW) == 0
    assert not server.received and Delivery.objects.get().status == "WITHDRAWN"


def test_more_than_a_batch_leaves_in_one_run(server, db):
    for i in range(outbox.BATCH + 5):
        mail(f"{i}@example.test")
    assert outbox.relay(NOW) == outbox.BATCH + 5


def test_statements_do_not_grow_with_the_people_told(server, db, django_assert_num_queries):
    for i in range(10):
        booked(user(f"p{i}"), f"k{i}")
    with django_assert_num_queries(2 * 10 + 7):  # for each mail: still ours? sent. The rest are the two claims
        outbox.relay(NOW)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_the_same_mail(server):
    for i in range(60):
        mail(f"{i}@example.test")

    def work():
        outbox.relay(NOW)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(m["To"] for m in server.received) == sorted(f"{i}@example.test" for i in range(60))


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_else_claims_is_passed_over(server):
    first, _ = mail("1@example.test"), mail("2@example.test")

    def elsewhere():
        try:
            sent.append(outbox.relay(NOW))
        finally:
            connection.close()

    sent: list[int] = []
    with transaction.atomic():
        Delivery.objects.select_for_update(no_key=True).get(pk=first.pk)
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join(10)
    assert sent == [1]
    assert statuses() == {"1@example.test": "PENDING", "2@example.test": "SENT"}
