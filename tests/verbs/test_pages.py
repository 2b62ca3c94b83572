"""The verbs' pages: what they say, what they refuse when it changed meanwhile, and what settles by itself as what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from packs.models import SessionPack
from seats.jobs import sweep_seats
from sessions_app.models import Claim, Session
from sessions_app.services import cancel, complete, enter, open_claim, propose_move, settle_unmarked_session
from tests.cast import DAY, HOUR, NOW, at, bought, counters, user
from tests.rooms.scene import booked, shown, used_up, words
from tests.verbs.scene import END, SECOND, START, url

FORGIVEN = "forgiveness"


@pytest.fixture
def late(session, sam):
    return cancel(session_id=session.pk, by=sam, now=START - HOUR)


@pytest.fixture
def last_two(sam, mia):
    """Two booked sessions of a pack of two."""
    bought(sam, mia, sessions=2)
    return booked(sam, mia, START), booked(sam, mia, at(2, 12))


class TestStale:
    def test_completing_refuses_when_the_pack_grew_meanwhile(self, as_, at_, last_two, sam, mia):
        session, earlier = last_two
        complete(session_id=earlier.pk, by=mia, now=START)
        at_(END + HOUR)
        page = as_(mia).get(url(session))
        assert "the last one: Sam’s seat is then kept for 72 hours to renew" in words(page)
        shown = page.context["card"].completing.code
        pack = bought(sam, mia, sessions=2, now=END + HOUR)
        answer = as_(mia).post(url(session, "completion"), {"expect": shown})
        assert answer.status_code == 409
        assert "Meanwhile this has changed. 1 session is used, 2 are left." in words(answer)
        assert counters(pack) == (4, 1, 1)
        again = answer.context["card"].completing.code
        assert as_(mia).post(url(session, "completion"), {"expect": again}).status_code == 302
        assert counters(pack) == (4, 0, 2)

    def test_so_does_the_room_and_without_what_was_shown_nothing_is_settled(self, as_, at_, last_two, sam, mia):
        session, earlier = last_two
        at_(END + HOUR)
        page = as_(mia).get("/tutor/mentorship").content.decode()
        assert 'name="expect" value="completed:1:reminder"' in page
        complete(session_id=earlier.pk, by=mia, now=END)
        answer = as_(mia).post(url(session, "completion"), {"expect": "completed:1:reminder"})
        assert answer.status_code == 409
        for nothing in ({}, {"expect": ""}):
            missing = as_(mia).post(url(session, "completion"), nothing)
            assert missing.status_code == 409 and "Meanwhile this has changed." in words(missing)
        session.refresh_from_db()
        assert session.status == "SCHEDULED"

    def test_no_show_refuses_each_answer_for_itself(self, as_, at_, last_two, sam, mia):
        session, earlier = last_two
        at_(END + HOUR)
        page = as_(mia).get(url(session, "no-show"))
        shown = {f"expect-{option['value']}": option["expect"] for option in page.context["options"]}
        assert len(shown) == 3
        complete(session_id=earlier.pk, by=mia, now=END)
        answer = as_(mia).post(url(session, "no-show"), shown | {"absent": "STUDENT"})
        assert answer.status_code == 409
        assert "Sam did not come 1 session is used, the last one" in words(answer)
        assert as_(mia).post(url(session, "no-show"), shown | {"absent": "MENTOR"}).status_code == 302
        session.refresh_from_db()
        assert (session.absent_party, session.credit) == ("MENTOR", "RETURNED")

    def test_cancelling_refuses_when_it_now_makes_a_make_up_session(self, as_, at_, sam, mia):
        bought(sam, mia, validity_days=3)
        session = booked(sam, mia, at(3, 11))
        at_(NOW + 3 * DAY - SECOND)
        page = as_(mia).get(url(session, "cancellation"))
        assert "The session goes back to Sam." in words(page)
        at_(NOW + 3 * DAY)
        sent = {"expect": page.context["cancelling"].code, "reason": "I am ill"}
        answer = as_(mia).post(url(session, "cancellation"), sent)
        assert answer.status_code == 409
        assert "Sam’s pack is over, so Sam gets a make-up session, to be held within 14 days." in words(answer)
        assert "Cancel: gives a make-up session" in words(answer)
        sent["expect"] = answer.context["cancelling"].code
        assert as_(mia).post(url(session, "cancellation"), sent).status_code == 302
        made_up = SessionPack.objects.get(title="Make-up session")
        assert f"/student/mentorship/book?pack={made_up.pk}" in as_(sam).get(url(session)).content.decode()


class TestForgiving:
    def test_its_page_says_what_it_does(self, as_, at_, late, pack, sam, mia):
        at_(START)
        assert f'href="{url(late, FORGIVEN)}"' in as_(mia).get(url(late)).content.decode()
        assert f'href="{url(late, FORGIVEN)}"' not in as_(sam).get(url(late)).content.decode()
        page = as_(mia).get(url(late, FORGIVEN))
        assert "The session goes back to Sam." in words(page)
        for _ in range(2):
            sent = {"expect": page.context["forgiving"].code}
            assert as_(mia).post(url(late, FORGIVEN), sent).status_code == 302
        assert counters(pack) == (4, 0, 0)
        assert f'href="{url(late, FORGIVEN)}"' not in as_(mia).get(url(late)).content.decode()

    def test_in_grace_it_opens_the_pack_and_after_it_makes_one_up(self, as_, at_, sam, mia):
        bought(sam, mia, sessions=2)
        used_up(sam, mia, 1)
        session = booked(sam, mia, START)
        cancel(session_id=session.pk, by=sam, now=START - HOUR)
        at_(START)
        page = as_(mia).get(url(session, FORGIVEN))
        assert "Sam’s pack is open again for at least 14 days, and Sam’s seat stays." in words(page)
        at_(START + 71 * HOUR)
        sweep_seats(START + 71 * HOUR)
        answer = as_(mia).post(url(session, FORGIVEN), {"expect": page.context["forgiving"].code})
        assert answer.status_code == 409
        assert "gets a make-up session, to be held within 14 days" in words(answer)
        assert "Forgive: gives a make-up session" in words(answer)

    def test_a_second_one_and_what_was_no_late_cancellation_are_refused(self, as_, at_, late, sam, mia):
        other = booked(sam, mia, at(3), now=START - HOUR)
        cancel(session_id=other.pk, by=sam, now=at(3, 9))
        done = complete(session_id=booked(sam, mia, at(4), now=START).pk, by=mia, now=at(4, 11))
        at_(at(4, 12))
        sent = shown(as_(mia).get(url(late, FORGIVEN)))
        as_(mia).post(url(late, FORGIVEN), sent)
        for session, why in ((other, "has been forgiven already"), (done, "was not a late cancellation")):
            answer = as_(mia).post(url(session, FORGIVEN))
            assert answer.status_code == 409
            assert why in words(answer)
        assert as_(sam).post(url(late, FORGIVEN)).status_code == 403
        assert as_(sam).get(url(late, FORGIVEN)).status_code == 403


def entered(session, *people):
    for person in people:
        enter(session_id=session.pk, by=person, now=START)


EVIDENCE = [
    ("both", 24, "as completed: both of you were in the room", "as completed: both of you were in the room"),
    ("nobody", 72, "as completed: nobody entered the room", "as completed: nobody entered the room"),
    (
        "sam",
        24,
        "as missed by you: only Sam entered the room, so it comes back",
        "as missed by Mia: only you entered the room, so it comes back",
    ),
    (
        "mia",
        24,
        "as missed by Sam: only you entered the room, so it is used",
        "as missed by you: only Mia entered the room, so it is used",
    ),
]


@pytest.mark.parametrize(("who", "hours", "hers", "his"), EVIDENCE)
def test_what_nobody_marks_settles_when_and_as_the_page_says(as_, at_, session, sam, mia, who, hours, hers, his):
    entered(session, *{"both": [sam, mia], "nobody": [], "sam": [sam], "mia": [mia]}[who])
    at_(END + HOUR)
    due = END + hours * HOUR
    when = {24: "Thu 4 Jun, 19:00", 72: "Sat 6 Jun, 19:00"}[hours].replace("Thu 4 Jun, 19:00", "tomorrow at 19:00")
    assert f"settles itself {when} {hers}" in words(as_(mia).get(url(session)))
    assert f"settles itself {when} {his}" in words(as_(sam).get(url(session)))
    assert f"settles itself {when}" in words(as_(mia).get("/tutor/mentorship"))
    assert not settle_unmarked_session(session_id=session.pk, now=due - SECOND)
    assert settle_unmarked_session(session_id=session.pk, now=due)
    session.refresh_from_db()
    absent = {"sam": "MENTOR", "mia": "STUDENT"}.get(who, "")
    assert (session.absent_party, session.settled_at) == (absent, due)


NOUNS = ("claim", "proposal", "forgiveness")
POSTS = (
    *NOUNS,
    "claim/agreement",
    "claim/answer",
    "claim/withdrawal",
    "proposal/acceptance",
    "proposal/rejection",
    "proposal/withdrawal",
)


@pytest.mark.parametrize("hour", [17, 20])
def test_a_stranger_gets_404_everywhere(as_, at_, client, session, sam, mia, otto, max_, hour):
    proposal = propose_move(session_id=session.pk, starts_at=at(5), by=mia, now=START - 3 * HOUR)
    at_(at(2, hour))
    sent = {"scheduledAt": "2026-06-05T10:00:00Z", "wanted": "MENTOR_ABSENT", "reason": "x", "text": "x"}
    if hour == 20:
        sent["claim"] = open_claim(session_id=session.pk, by=sam, wanted="BOTH_ABSENT", reason="x", now=END).pk
    sent["proposal"] = proposal.pk
    before = Session.objects.values().get(), Claim.objects.count()
    for stranger in (as_(otto), as_(max_)):
        assert {stranger.get(url(session, noun)).status_code for noun in NOUNS} == {404}
        assert {stranger.post(url(session, noun), sent).status_code for noun in POSTS} == {404}
    for noun in POSTS:
        answer = client.post(url(session, noun), sent)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/login/")
    assert (Session.objects.values().get(), Claim.objects.count()) == before


def test_looking_changes_nothing_and_verbs_are_posts(as_, at_, session, sam, mia):
    at_(END + HOUR)
    before = Session.objects.values().get()
    for person in (sam, mia):
        for noun in ("", "claim", "proposal"):
            assert as_(person).get(url(session, noun)).status_code == 200
        for noun in POSTS[3:]:
            assert as_(person).get(url(session, noun)).status_code == 405
    assert Session.objects.values().get() == before


def counted(browser, path):
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(path).status_code == 200
    return len(seen)


def test_the_rooms_ask_no_more_for_more_claims_and_proposals(as_, at_, session, sam, mia):
    def more(n):
        for i in range(n):
            student = user(f"s{Session.objects.count()}-{i}")
            bought(student, mia)
            over = booked(student, mia, at(2, 8 + i + n))
            coming = booked(student, mia, at(7, 8 + i + n))
            propose_move(session_id=coming.pk, starts_at=at(8, 8 + i + n), by=mia, now=NOW)
            open_claim(session_id=over.pk, by=student, wanted="MENTOR_ABSENT", reason="x", now=START)

    at_(START)
    more(1)
    as_(mia).get("/tutor/mentorship")
    one = counted(as_(mia), "/tutor/mentorship")
    more(4)
    assert counted(as_(mia), "/tutor/mentorship") == one
