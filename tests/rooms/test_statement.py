"""Why is it 2? The statement says so, in the same lines for both sides, and its sums are the counters."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from packs.models import CreditEntry, SessionPack
from packs.services import adjust_credits, freeze, thaw
from packs.statement import Reader, lines
from seats.jobs import sweep_seats
from seats.models import Seat
from seats.services import release_seat
from sessions_app.models import Session
from sessions_app.services import cancel, complete, enter, settle_unmarked_session
from sessions_app.services.overruling import overrule
from sessions_app.services.vacations import add_vacation
from tests.cast import DAY, HOUR, NOW, at, bought
from tests.rooms.scene import booked, used_up, words


@pytest.fixture
def pack(sam, mia):
    """Bought 4; one completed, one cancelled 8 minutes too late, one booked."""
    pack = bought(sam, mia)
    used_up(sam, mia, 1)
    late = booked(sam, mia, at(3))
    cancel(session_id=late.pk, by=sam, now=late.starts_at - 24 * HOUR + timedelta(minutes=8))
    booked(sam, mia, at(8, 18))
    pack.refresh_from_db()
    return pack


def test_what_is_left_and_why(as_, pack, sam):
    page = words(as_(sam).get(f"/student/packs/{pack.pk}"))
    assert "Mia · pack of 60-minute sessions · seat 1 2 left 1 free, 1 held for Tue 9 Jun, 18:00." in page
    assert "Valid until 30 August 2026." in page
    assert "Booked Tue 9 Jun, 18:00 by you · the session held 1 2" in page
    assert "Cancelled 8 min too late rule: free until 24 h before · by you · the session −1 2" in page
    assert "Session 1 completed by Mia · the session −1 3" in page
    assert "Bought 4 x 60 min for €280 by you +4 4" in page


def test_without_a_seat_it_offers_nothing_to_book(as_, pack, sam, mia):
    before = words(as_(sam).get(f"/student/packs/{pack.pk}"))
    assert "Pause" in before
    seat = Seat.objects.get(student=sam, mentor=mia)
    release_seat(seat_id=seat.pk, by=None, reason="a mistake", now=NOW)
    for person in (sam, mia):
        page = words(as_(person).get(f"/student/packs/{pack.pk}"))
        assert "There is no active seat: nothing can be booked from it." in page
        assert "Pause" not in page
    assert f"/student/mentorship/book?pack={pack.pk}" not in as_(sam).get(f"/student/packs/{pack.pk}").content.decode()


@pytest.mark.parametrize(("used", "renews"), [(2, False), (3, True), (4, True)])
def test_the_mails_about_the_last_session_lead_to_a_page_that_renews(as_, at_, sam, mia, used, renews):
    pack = bought(sam, mia)
    at_(used_up(sam, mia, used)[-1].ends_at)
    link = f'href="{mia.mentor_profile.get_absolute_url()}">Renew</a>'
    assert (link in as_(sam).get(f"/student/packs/{pack.pk}").content.decode()) is renews
    assert link not in as_(mia).get(f"/student/packs/{pack.pk}").content.decode()


def test_a_session_that_nobody_marked_names_how_long_it_waited(as_, sam, mia):
    pack = bought(sam, mia)
    seen, unseen = booked(sam, mia, at(1)), booked(sam, mia, at(2))
    for person in (sam, mia):
        enter(session_id=seen.pk, by=person, now=seen.starts_at)
    for session in (seen, unseen):
        assert settle_unmarked_session(session_id=session.pk, now=session.ends_at + 72 * HOUR)
    page = words(as_(sam).get(f"/student/packs/{pack.pk}"))
    assert "Session 1 completed nobody marked it for 24 h · the session" in page
    assert "Session 2 completed nobody marked it for 72 h · the session" in page


def test_the_mentor_reads_the_same_lines_without_the_money(as_, pack, sam, mia):
    students, mentors = as_(sam).get(f"/student/packs/{pack.pk}"), as_(mia).get(f"/student/packs/{pack.pk}")
    numbers = [
        [(line["id"], line["change"], line["left"]) for line in page.context["entries"]] for page in (students, mentors)
    ]
    assert numbers[0] == numbers[1]
    assert "€" not in words(mentors)
    assert "Book " not in words(mentors)
    assert "Session 1 completed by you" in words(mentors)
    assert "order" not in words(mentors)


def test_for_everybody_else_it_does_not_exist(as_, client, pack, otto, max_):
    for person in (otto, max_):
        assert as_(person).get(f"/student/packs/{pack.pk}").status_code == 404
    assert client.get(f"/student/packs/{pack.pk}").status_code == 302
    assert as_(otto).get("/student/packs/999999").status_code == 404


def told(pack, person, now=NOW):
    entries = CreditEntry.objects.filter(pack=pack).select_related("by", "purchase")
    sessions = {s.pk: s for s in Session.objects.filter(pack=pack).numbered()}
    return lines(pack, entries, sessions, Reader(person.pk, UTC, True, now))


def test_the_last_line_is_the_counters(pack, sam):
    newest = told(pack, sam)[0]
    assert (newest.left, newest.free) == (pack.sessions_total - pack.sessions_used, pack.sessions_remaining)


def test_a_lapse_is_told_before_any_job_has_written_it(as_, at_, pack, sam):
    newest = told(pack, sam, pack.expires_at)[0]
    assert (newest.what, newest.change, newest.left, newest.at) == ("Expired", "−1", 1, pack.expires_at)
    at_(pack.expires_at)
    page = words(as_(sam).get(f"/student/packs/{pack.pk}"))
    assert "1 left 1 held" in page
    assert "Expired on 30 August 2026." in page


def test_every_kind_has_words(sam, mia, otto):
    pack = bought(sam, mia)
    adjust_credits(pack_id=pack.pk, delta=2, by=otto, reason="sorry for the noise", now=NOW)
    adjust_credits(pack_id=pack.pk, delta=-1, by=otto, reason="one too many", now=NOW)
    session = booked(sam, mia, at(3))
    cancel(session_id=session.pk, by=mia, now=NOW + HOUR, reason="A burst pipe")
    said = [(line.what, line.why, line.change) for line in told(pack, sam)]
    assert said == [
        ("Thu 4 Jun, 10:00 came back", "A burst pipe · by Mia", "freed 1"),
        ("Booked Thu 4 Jun, 10:00", "by you", "held 1"),
        ("Taken back", "one too many · by support", "−1"),
        ("Given", "sorry for the noise · by support", "+2"),
        ("Bought 4 x 60 min for €280", "by you", "+4"),
    ]


def test_a_make_up_session_names_where_it_came_from(as_, sam, mia):
    pack = bought(sam, mia, sessions=1, minutes=30, validity_days=30)
    session = booked(sam, mia, at(29))
    cancel(session_id=session.pk, by=mia, now=NOW + 30 * DAY, reason="Mia was ill")
    made_up = SessionPack.objects.exclude(pk=pack.pk).get()
    assert "A make-up session Mia was ill" in words(as_(sam).get(made_up.get_absolute_url()))
    assert "Moved to a make-up pack" in words(as_(sam).get(pack.get_absolute_url()))


def test_a_single_session_that_took_place(as_, sam, mia):
    pack = bought(sam, mia, sessions=1, minutes=30)
    session = booked(sam, mia, at(2))
    complete(session_id=session.pk, by=mia, now=session.ends_at)
    page = words(as_(sam).get(pack.get_absolute_url()))
    assert "Mia · 1 x 30 min, 30 minutes Used" in page
    assert "Session 1 completed" in page


def test_one_page_costs_the_same_with_few_and_many_entries(as_, sam, mia, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    pack = bought(sam, mia, sessions=30)
    used_up(sam, mia, 1)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            as_(sam).get(f"/student/packs/{pack.pk}")
        counts.append(len(queries))
        used_up(sam, mia, 10, first_day=5)
    assert counts[0] == counts[1]


class TestLinesThatMoveNoCredit:
    """Why the pack ends later: each move of its expiry has its line, the same for both sides."""

    def test_a_mentors_vacation(self, as_, sam, mia):
        pack = bought(sam, mia)
        first = (NOW + 10 * DAY).date()
        add_vacation(mentor=mia, first_day=first, last_day=first + 9 * DAY, decisions={}, now=NOW)
        for reader in (sam, mia):
            page = as_(reader).get(pack.get_absolute_url())
            assert "Valid until 9 September 2026 Mia is away for 10 days" in words(page)
            line = page.context["entries"][0]
            assert (line["change"], line["left"]) == ("", 4)

    def test_a_freeze(self, pack, sam):
        freeze(pack, cause="dispute:1", now=NOW)
        thaw(pack, cause="dispute:1", now=NOW + 4 * DAY)
        line = told(pack, sam)[0]
        assert (line.what, line.why, line.at) == (
            "Valid until 3 September 2026", "it was frozen for 4 d", NOW + 4 * DAY
        )  # fmt: skip

    def test_a_session_judged_anew_after_the_last_one(self, sam, mia, otto):
        pack = bought(sam, mia, validity_days=30)
        last = used_up(sam, mia, 4, first_day=26)[-1]
        judged = last.ends_at + HOUR
        overrule(session_id=last.pk, outcome="MENTOR_ABSENT", by=otto, reason="Mia was ill", now=judged)
        pack.refresh_from_db()
        said = [(line.what, line.why, line.change) for line in told(pack, sam)[:2]]
        assert said == [
            (f"Valid until {judged + 14 * DAY:%-d %B %Y}", "the pack is open again", ""),
            ("Tue 30 Jun, 10:00 judged anew", "Mia was ill · by support", "+1"),
        ]

    def test_a_lapse_and_its_revival(self, settings, sam, mia):
        settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"expiry_grace_hours": 72})
        pack = bought(sam, mia, validity_days=10)
        sweep_seats(NOW + 11 * DAY)
        bought(sam, mia, now=NOW + 11 * DAY, seat_in_grace_since=NOW)
        pack.refresh_from_db()
        said = [line.what for line in told(pack, sam, NOW + 11 * DAY)][:3]
        assert said == ["Bought 4 x 60 min for €280", "Valid again", "Expired"]
