"""One session's page: before, during, after; the meeting's address only inside and only in time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from sessions_app.models import Session, SessionEvent
from sessions_app.services import cancel, complete, enter
from tests.cast import HOUR, NOW, at, bought, counters
from tests.rooms.scene import LINK, booked, shown, used_up, with_link, words

SECOND = timedelta(seconds=1)
START = at(2, 18)


@pytest.fixture
def pack(sam, mia):
    return bought(sam, mia)


@pytest.fixture
def session(pack, sam, mia):
    with_link(mia)
    return booked(sam, mia, START, agenda="My plot")


def test_before_it_says_who_when_and_what_about(as_, at_, session, sam, mia):
    at_(START - 22 * HOUR - timedelta(minutes=14))
    page = words(as_(sam).get(session.get_absolute_url()))
    assert "Tomorrow, 18:00 with Mia, 60 minutes, until 19:00 (UTC)" in page
    assert "The room opens in 22 h 14 min" in page
    assert "My plot" in page
    assert "with Sam" in words(as_(mia).get(session.get_absolute_url()))


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        # 01:30 to 03:30 is an hour, and so is 02:30 to 02:30.
        ("2027-03-28T00:30:00Z", "01:30 with Mia, 60 minutes, until 03:30 (Berlin)"),
        ("2026-10-25T00:30:00Z", "02:30 CEST with Mia, 60 minutes, until 02:30 CET (Berlin)"),
    ],
)
def test_a_clock_change_within_it_is_warned_of_as_one_before_it(as_, at_, session, sam, starts, said):
    starts_at = datetime.fromisoformat(starts)
    Session.objects.filter(pk=session.pk).update(starts_at=starts_at, ends_at=starts_at + HOUR)
    type(sam).objects.filter(pk=sam.pk).update(zone_name="Europe/Berlin")
    at_(starts_at - 2 * HOUR)
    for address in (session.get_absolute_url(), "/student/mentorship"):
        assert "Clocks in Berlin go" in words(as_(sam).get(address))
    assert said in words(as_(sam).get(session.get_absolute_url()))


def test_no_address_before_the_time_nor_without_entering_nor_after(as_, at_, session, sam, mia):
    url = session.get_absolute_url()
    for moment in (START - SECOND, START, session.ends_at):
        at_(moment)
        for person in (sam, mia):
            assert LINK.encode() not in as_(person).get(url).content
    at_(START)
    assert as_(sam).post(f"{url}/entry").status_code == 302
    assert LINK.encode() in as_(sam).get(url).content
    assert LINK.encode() not in as_(mia).get(url).content
    at_(session.ends_at)
    assert LINK.encode() in as_(sam).get(url).content
    at_(session.ends_at + SECOND)
    assert LINK.encode() not in as_(sam).get(url).content
    assert "finish in peace" in words(as_(sam).get(url))


@pytest.mark.parametrize("moment", [START - SECOND, START + HOUR + SECOND])
def test_nobody_enters_early_or_late(as_, at_, session, sam, moment):
    at_(moment)
    answer = as_(sam).post(f"{session.get_absolute_url()}/entry")
    assert answer.status_code == 409
    assert "The room is open from the start" in words(answer)
    assert not SessionEvent.objects.filter(kind="ENTERED").exists()


def test_each_sees_that_the_other_is_there(as_, at_, session, sam, mia):
    url = session.get_absolute_url()
    at_(START - 10 * timedelta(minutes=1))
    assert "Sam is not here yet." in words(as_(mia).get(url))
    assert as_(sam).post(f"{url}/presence").status_code == 200
    assert "Sam is here" in words(as_(mia).get(url))
    at_(START)
    as_(sam).post(f"{url}/entry")
    assert "Sam is in the room" in words(as_(mia).get(url))


def test_without_an_address_both_read_what_to_do(as_, at_, pack, sam, mia):
    session = booked(sam, mia, START)
    url = session.get_absolute_url()
    assert b'href="/settings/mentor">Set the meeting link' in as_(mia).get(url).content
    at_(START)
    for person in (sam, mia):
        as_(person).post(f"{url}/entry")
    assert "There is no meeting link yet." in words(as_(sam).get(url))
    assert b'href="/settings/mentor">Set the meeting link' in as_(mia).get(url).content


def test_moving_keeps_the_session_and_its_credit(as_, session, pack, sam):
    url = f"{session.get_absolute_url()}/move"
    page = as_(sam).get(url)
    assert b"2026-06-04T10:00:00Z" in page.content
    assert as_(sam).post(url, {"scheduledAt": "2026-06-04T10:00:00Z"}).status_code == 409  # without what was read
    assert as_(sam).post(url, {"scheduledAt": "2026-06-04T10:00:00Z"} | shown(page)).status_code == 302
    session.refresh_from_db()
    assert (session.starts_at, counters(pack)) == (at(3, 10), (4, 1, 0))


def test_moving_ends_24_hours_before_to_the_second(as_, at_, session, sam):
    url = f"{session.get_absolute_url()}/move"
    at_(START - 24 * HOUR)
    assert "Free times" in words(as_(sam).get(url))
    at_(START - 24 * HOUR + SECOND)
    assert "Moving ended" in words(as_(sam).get(url))
    answer = as_(sam).post(url, {"scheduledAt": "2026-06-05T10:00:00Z"})
    assert answer.status_code == 409
    assert "can be moved until 24 hours" in words(answer)
    session.refresh_from_db()
    assert session.starts_at == START


def test_a_move_to_a_taken_time_is_refused_in_place(as_, session, sam, sue, mia):
    bought(sue, mia)
    booked(sue, mia, at(3))
    url = f"{session.get_absolute_url()}/move"
    answer = as_(sam).post(url, {"scheduledAt": "2026-06-04T10:00:00Z"} | shown(as_(sam).get(url)))
    assert answer.status_code == 409
    assert "This time is not free any more." in words(answer)
    assert as_(sam).post(f"{session.get_absolute_url()}/move", {}).status_code == 422


def test_cancelling_says_its_price_and_refuses_when_it_rose(as_, at_, session, pack, sam):
    url = f"{session.get_absolute_url()}/cancellation"
    page = as_(sam).get(url)
    assert "Cancel now: 1 session comes back to your pack. After tomorrow at 18:00 it would be lost." in words(page)
    at_(START - 24 * HOUR + SECOND)
    answer = as_(sam).post(url, {"expect": page.context["cancelling"].code, "reason": "I am ill"})
    assert answer.status_code == 409
    assert "this has changed" in words(answer)
    assert "Cancel: uses this session" in words(answer)
    assert "I am ill" in words(answer)
    assert counters(pack) == (4, 1, 0)
    assert as_(sam).post(url, {"expect": answer.context["cancelling"].code}).status_code == 302
    assert counters(pack) == (4, 0, 1)
    assert "Cancelled late" in words(as_(sam).get(session.get_absolute_url()))


def test_the_mentor_cancels_and_the_student_reads_why(as_, session, pack, sam, mia):
    as_(mia).post(f"{session.get_absolute_url()}/cancellation", {"reason": "A burst pipe", "expect": "by_mentor"})
    page = words(as_(sam).get(session.get_absolute_url()))
    assert "The session went back to the pack. The reason given: “A burst pipe”" in page
    assert "Book the next" in page
    assert counters(pack) == (4, 0, 0)


def test_after_the_end_the_mentor_needs_a_reason_to_cancel(as_, at_, session, pack, mia):
    at_(session.ends_at)
    url = f"{session.get_absolute_url()}/cancellation"
    assert as_(mia).post(url, {"expect": "by_mentor"}).status_code == 422
    assert as_(mia).post(url, {"expect": "by_mentor", "reason": "x" * 501}).status_code == 422
    assert counters(pack) == (4, 1, 0)
    assert as_(mia).post(url, {"expect": "by_mentor", "reason": "Sam was ill"}).status_code == 302
    assert counters(pack) == (4, 0, 0)


def test_settling_says_what_it_does_and_does_it_once(as_, at_, session, pack, mia):
    at_(session.ends_at + HOUR)
    url = session.get_absolute_url()
    page = words(as_(mia).get(url))
    assert "It took place 1 session is used, 3 are left." in page
    assert "settles itself Sat 6 Jun, 19:00 as completed: nobody entered the room" in page
    sent = shown(as_(mia).get(url))
    for _ in range(2):
        assert as_(mia).post(f"{url}/completion", sent).status_code == 302
    assert counters(pack) == (4, 0, 1)
    assert as_(mia).post(f"{url}/no-show", {"absent": "STUDENT"}).status_code == 409
    assert counters(pack) == (4, 0, 1)


def test_the_last_two_say_what_follows(as_, at_, pack, sam, mia):
    used_up(sam, mia, 2)
    third, fourth = booked(sam, mia, at(4)), booked(sam, mia, at(5))
    at_(third.ends_at + SECOND)
    assert "1 is left: Sam is then reminded to renew." in words(as_(mia).get(third.get_absolute_url()))
    complete(session_id=third.pk, by=mia, now=third.ends_at)
    at_(fourth.ends_at + SECOND)
    assert "Sam’s seat is then kept for 72 hours to renew." in words(as_(mia).get(fourth.get_absolute_url()))
    bought(sam, mia, minutes=30, now=fourth.ends_at)
    assert "Sam’s seat" not in words(as_(mia).get(fourth.get_absolute_url()))


def test_settling_before_the_end_is_refused(as_, at_, session, pack, mia):
    at_(session.ends_at - SECOND)
    answer = as_(mia).post(f"{session.get_absolute_url()}/completion")
    assert answer.status_code == 409
    assert "has not ended yet" in words(answer)
    assert counters(pack) == (4, 1, 0)


def test_the_student_settles_nothing(as_, at_, session, pack, sam):
    at_(session.ends_at)
    url = session.get_absolute_url()
    assert "Completed" not in words(as_(sam).get(url))
    assert as_(sam).post(f"{url}/completion").status_code == 403
    assert as_(sam).post(f"{url}/no-show", {"absent": "STUDENT"}).status_code == 403
    assert counters(pack) == (4, 1, 0)


@pytest.mark.parametrize(("absent", "left"), [("STUDENT", (4, 0, 1)), ("MENTOR", (4, 0, 0)), ("BOTH", (4, 0, 0))])
def test_no_show(as_, at_, session, pack, mia, absent, left):
    at_(session.ends_at)
    url = f"{session.get_absolute_url()}/no-show"
    page = as_(mia).get(url)
    assert "Sam did not come" in words(page)
    unseen = as_(mia).post(url, {"absent": absent})
    assert unseen.status_code == 409
    assert re.findall(r'value="(\w+)" required checked', unseen.content.decode()) == [absent]  # what was chosen stays
    assert counters(pack) == (4, 1, 0)
    assert as_(mia).post(url, {"absent": absent} | shown(page)).status_code == 302
    assert counters(pack) == left


def test_an_unknown_party_changes_nothing(as_, at_, session, pack, mia):
    at_(session.ends_at)
    assert as_(mia).post(f"{session.get_absolute_url()}/no-show", {"absent": "NOBODY"}).status_code == 422
    assert counters(pack) == (4, 1, 0)


def test_from_minute_15_whoever_waits_inside_may_say_so(as_, at_, session, pack, sam):
    url = session.get_absolute_url()
    at_(START)
    as_(sam).post(f"{url}/entry")
    at_(START + timedelta(minutes=15) - SECOND)
    assert "Mia did not come" not in words(as_(sam).get(url))
    at_(START + timedelta(minutes=15))
    assert "Mia did not come" in words(as_(sam).get(url))
    assert f'href="{url}/no-show?absent=MENTOR"' in as_(sam).get(url).content.decode()
    named = as_(sam).get(f"{url}/no-show?absent=MENTOR")
    assert re.findall(r'value="(\w+)" required checked', named.content.decode()) == ["MENTOR"]
    assert "checked" not in as_(sam).get(f"{url}/no-show?absent=x").content.decode().split("<main")[1]
    assert as_(sam).post(f"{url}/no-show", {"absent": "MENTOR"} | shown(named)).status_code == 302
    assert counters(pack) == (4, 0, 0)


def test_looking_changes_nothing(as_, at_, session, sam, mia):
    url = session.get_absolute_url()
    for moment in (NOW, START, session.ends_at + HOUR):
        at_(moment)
        for person in (sam, mia):
            for part in ("", "/move", "/cancellation", "/no-show"):
                assert as_(person).get(url + part).status_code == 200
            for verb in ("/entry", "/completion", "/presence"):
                assert as_(person).get(url + verb).status_code == 405
    session.refresh_from_db()
    assert session.status == Session.Status.SCHEDULED
    assert [event.kind for event in session.events.all()] == ["BOOKED"]


def test_a_cancelled_session_has_no_verbs_left(as_, session, sam):
    cancel(session_id=session.pk, by=sam, now=NOW)
    url = session.get_absolute_url()
    assert as_(sam).post(f"{url}/entry").status_code == 409
    assert as_(sam).post(f"{url}/move", {"scheduledAt": "2026-06-04T10:00:00Z"}).status_code == 409
    assert as_(sam).get(f"{url}/cancellation").status_code == 200
    assert as_(sam).post(f"{url}/cancellation").status_code == 302, "what has happened already is no error"


def test_a_part_of_the_page_for_htmx(as_, at_, session, sam):
    at_(START)
    enter(session_id=session.pk, by=sam, now=START)
    part = as_(sam).get(session.get_absolute_url(), headers={"HX-Request": "true", "HX-Target": "session"})
    assert b"<html" not in part.content
    assert LINK.encode() in part.content
