"""Something was wrong: for 72 h either side says so, the other agrees or answers, and nothing moves until it is decided."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from notifications.models import Delivery, Notification
from packs.models import SessionPack
from packs.services import expire_lapsed
from sessions_app.models import Claim
from sessions_app.services import agree, answer, cancel, complete, decide, no_show, open_claim, withdraw_claim
from tests.cast import HOUR, at, bought, counters, user
from tests.rooms.scene import booked, shown, used_up, words
from tests.verbs.scene import END, SECOND, START, url

SAID = {"wanted": "MENTOR_ABSENT", "reason": "I waited for half an hour."}


@pytest.fixture
def done(session, mia):
    return complete(session_id=session.pk, by=mia, now=END)


@pytest.fixture
def claim(done, sam):
    return open_claim(session_id=done.pk, by=sam, now=END + HOUR, **SAID)


def token(claim, **more):
    return {"claim": claim.pk} | more


def test_the_way_to_say_it_stands_for_72_hours_to_the_second(as_, at_, done, sam, mia):
    at_(END + 72 * HOUR)
    for person in (sam, mia):
        assert "Something was wrong?" in words(as_(person).get(url(done)))
    assert as_(sam).post(url(done, "claim"), SAID).status_code == 302
    Claim.objects.all().delete()
    at_(END + 72 * HOUR + SECOND)
    assert "Something was wrong?" not in words(as_(sam).get(url(done)))
    answer = as_(sam).post(url(done, "claim"), SAID)
    assert (answer.status_code, Claim.objects.count()) == (409, 0)
    assert "could be said until 72 hours after the session" in words(answer)


def test_not_before_the_end(as_, at_, session, sam):
    at_(END - SECOND)
    assert "has not ended yet" in words(as_(sam).get(url(session, "claim")))
    assert as_(sam).post(url(session, "claim"), SAID).status_code == 409
    at_(END)
    assert as_(sam).post(url(session, "claim"), SAID).status_code == 302


def test_each_answer_says_what_it_would_do_and_what_stands_still(as_, at_, done, sam):
    at_(END + HOUR)
    page = words(as_(sam).get(url(done, "claim")))
    assert "Now: completed." in page
    assert "Mia did not come 1 session comes back to your pack." in page
    assert "You did not come The session stays used; only what is said of it changes." in page
    assert "It took place" not in page  # it counts as that already
    assert "Mia has 48 hours to agree or answer; without an agreement an admin decides." in page
    assert "its expiry and the seat’s grace stand still" in page


@pytest.mark.parametrize("wrong", [{"wanted": "X"}, {"wanted": ""}, {"reason": ""}, {"reason": "x" * 2001}])
def test_half_a_claim_keeps_what_was_typed(as_, at_, done, sam, wrong):
    at_(END + HOUR)
    answer = as_(sam).post(url(done, "claim"), SAID | wrong)
    assert (answer.status_code, Claim.objects.count()) == (422, 0)
    if "reason" not in wrong:
        assert SAID["reason"] in words(answer)


def test_both_see_where_it_stands_and_until_when(as_, at_, claim, done, pack, sam, mia):
    at_(END + 2 * HOUR)
    hers, his = (words(as_(person).get(url(done, "claim"))) for person in (mia, sam))
    for page in (hers, his):
        assert "I waited for half an hour." in page
        assert "47 h left, until Fri 5 Jun, 20:00; then an admin decides." in page
        assert "nothing can be booked from it" in page
    assert "It should count as: You did not come" in hers
    assert "Agree It then counts as: You did not come. The session goes back to Sam." in hers
    assert "Take it back" in his
    assert "Or answer" not in his
    pack.refresh_from_db()
    assert pack.frozen_at is not None
    assert "Sam says that something was wrong" in words(as_(mia).get(url(done)))


def test_agreeing_does_what_it_said(as_, at_, claim, done, pack, mia):
    at_(END + 2 * HOUR)
    page = as_(mia).get(url(done, "claim"))
    sent = token(claim, expect=page.context["agreeing"].code)
    for _ in range(2):
        assert as_(mia).post(url(done, "claim/agreement"), sent).status_code == 302
    claim.refresh_from_db()
    pack.refresh_from_db()
    assert (claim.status, counters(pack), pack.frozen_at) == ("AGREED", (4, 0, 0), None)
    assert "You agreed." in words(as_(mia).get(url(done, "claim")))


def test_agreeing_to_another_answer_than_shown_changes_nothing(as_, at_, sam, mia):
    bought(sam, mia, sessions=2)
    used_up(sam, mia, 1)
    last = booked(sam, mia, START)
    complete(session_id=last.pk, by=mia, now=END)
    at_(END + 2 * HOUR)
    claim = open_claim(session_id=last.pk, by=sam, now=END + HOUR, **SAID)
    page = as_(mia).get(url(last, "claim"))
    assert "Sam’s pack is open again for at least 14 days, and Sam’s seat stays." in words(page)
    shown = page.context["agreeing"].code
    bought(sam, mia, sessions=2, now=END + 2 * HOUR, seat_in_grace_since=at(0))  # renewed meanwhile
    answer = as_(mia).post(url(last, "claim/agreement"), token(claim, expect=shown))
    assert answer.status_code == 409
    assert "Meanwhile this has changed. The session goes back to Sam." in words(answer)
    claim.refresh_from_db()
    assert claim.status == "OPENED"


def test_answering_leaves_it_to_an_admin(as_, at_, claim, done, sam, mia):
    at_(END + 2 * HOUR)
    assert as_(mia).post(url(done, "claim/answer"), token(claim, text="")).status_code == 422
    assert as_(mia).post(url(done, "claim/answer"), token(claim, text="I was there.")).status_code == 302
    for person in (sam, mia):
        page = words(as_(person).get(url(done, "claim")))
        assert "I was there." in page
        assert "Both sides have spoken: an admin decides." in page
    assert as_(mia).post(url(done, "claim/answer"), token(claim, text="Again.")).status_code == 409


def test_the_time_to_answer_ends_to_the_second(as_, at_, claim, done, mia):
    at_(END + 49 * HOUR - SECOND)
    assert "You can agree or answer." in words(as_(mia).get(url(done, "claim")))
    at_(END + 49 * HOUR)
    assert "The time to answer is over: an admin decides." in words(as_(mia).get(url(done, "claim")))


def test_taking_it_back_thaws_the_pack_and_is_for_good(as_, at_, claim, done, pack, sam, mia):
    at_(END + 2 * HOUR)
    assert "You cannot say it a second time." in words(as_(sam).get(url(done, "claim")))
    for _ in range(2):
        assert as_(sam).post(url(done, "claim/withdrawal"), token(claim)).status_code == 302
    pack.refresh_from_db()
    assert (pack.frozen_at, counters(pack)) == (None, (4, 0, 1))
    assert as_(mia).post(url(done, "claim/agreement"), token(claim)).status_code == 409
    assert "Something was wrong?" not in words(as_(sam).get(url(done)))
    assert "Say so" not in words(as_(sam).get(url(done, "claim")))
    again = as_(sam).post(url(done, "claim"), SAID)
    assert (again.status_code, Claim.objects.count()) == (409, 1)
    assert "You have taken back what you said about this session, and can say it only once." in words(again)
    pack.refresh_from_db()
    assert pack.frozen_at is None


def test_what_one_took_back_the_other_may_still_say(as_, at_, claim, done, sam, mia):
    at_(END + 2 * HOUR)
    withdraw_claim(claim_id=claim.pk, by=sam, now=END + HOUR)
    assert "Something was wrong?" in words(as_(mia).get(url(done)))
    assert as_(mia).post(url(done, "claim"), SAID).status_code == 302
    assert Claim.objects.open().get().by == mia


@pytest.mark.parametrize("uphold", [True, False])
def test_decided_is_decided(as_, at_, claim, done, pack, sam, mia, otto, uphold):
    now = END + 49 * HOUR
    decide(claim_id=claim.pk, uphold=uphold, by=otto, reason="The room says so.", now=now)
    at_(now)
    for person in (sam, mia):
        page = words(as_(person).get(url(done, "claim")))
        assert ("An admin decided for it." if uphold else "it stays as it was") in page
        assert "The reason given: “The room says so.”" in page
    assert as_(sam).post(url(done, "claim"), SAID | {"wanted": "BOTH_ABSENT"}).status_code == 409
    assert "has been decided" in words(as_(sam).post(url(done, "claim"), SAID))
    assert Claim.objects.count() == 1
    assert counters(pack) == ((4, 0, 0) if uphold else (4, 0, 1))


def test_each_verb_has_its_side(as_, at_, claim, done, sam, mia, pack):
    at_(END + 2 * HOUR)
    assert as_(sam).post(url(done, "claim/agreement"), token(claim)).status_code == 403
    assert as_(sam).post(url(done, "claim/answer"), token(claim, text="x")).status_code == 403
    assert as_(mia).post(url(done, "claim/withdrawal"), token(claim)).status_code == 403
    claim.refresh_from_db()
    assert (claim.status, counters(pack)) == ("OPENED", (4, 0, 1))


@pytest.mark.parametrize("said", ["", "x", "-1", "9" * 30])
def test_a_claim_nobody_knows(as_, at_, claim, done, mia, said):
    at_(END + 2 * HOUR)
    for noun in ("agreement", "answer", "withdrawal"):
        assert as_(mia).post(url(done, f"claim/{noun}"), {"claim": said, "text": "x"}).status_code == 404


def test_a_claim_about_another_session_is_not_there(as_, at_, claim, mia):
    tom = user("tom")
    bought(tom, mia)
    toms = complete(session_id=booked(tom, mia, at(3)).pk, by=mia, now=at(3, 11))
    at_(at(3, 12))
    assert as_(mia).post(url(toms, "claim/agreement"), token(claim)).status_code == 404


def test_what_was_off_in_time_leaves_nothing_to_say(as_, at_, session, sam, mia):
    cancel(session_id=session.pk, by=sam, now=START - 30 * HOUR)
    at_(END)
    assert "Something was wrong?" not in words(as_(mia).get(url(session)))
    answer = as_(mia).post(url(session, "claim"), SAID | {"wanted": "COMPLETED"})
    assert (answer.status_code, Claim.objects.count()) == (409, 0)
    assert "cancelled before it began" in words(answer)


def test_about_a_session_nobody_has_settled(as_, at_, session, pack, sam, mia):
    at_(END + SECOND)
    assert as_(mia).post(url(session, "claim"), SAID | {"wanted": "STUDENT_ABSENT"}).status_code == 302
    page = words(as_(sam).get(url(session)))
    assert "It does not settle by itself while something is said about it." in page
    claim = Claim.objects.get()
    sent = token(claim) | shown(as_(sam).get(url(session, "claim")))
    assert as_(sam).post(url(session, "claim/agreement"), sent).status_code == 302
    session.refresh_from_db()
    assert (session.status, session.absent_party, counters(pack)) == ("NO_SHOW", "STUDENT", (4, 0, 1))


def test_a_no_show_the_student_denies(as_, at_, session, pack, sam, mia):
    no_show(session_id=session.pk, absent="STUDENT", by=mia, now=END)
    at_(END + HOUR)
    page = words(as_(sam).get(url(session, "claim")))
    assert "Now: you did not come." in page
    as_(sam).post(url(session, "claim"), SAID | {"wanted": "GIVEN_BACK"})
    assert Notification.objects.filter(kind="claim_opened", recipient=mia).count() == 1


def test_both_rooms_say_who_is_asked(as_, at_, claim, done, sam, mia):
    at_(END + 2 * HOUR)
    his, hers = words(as_(sam).get("/student/mentorship")), words(as_(mia).get("/tutor/mentorship"))
    assert "something was wrong" not in his  # it waits for Mia, so it is nothing for Sam to do
    assert "Sam says that something was wrong" in hers
    assert "You can agree or answer. The session of Wed 3 Jun, 18:00." in hers
    at_(END + 50 * HOUR)
    assert "with an admin" in words(as_(mia).get("/tutor/mentorship"))
    answer(claim_id=claim.pk, by=mia, text="I was there.", now=END + 50 * HOUR)
    assert "something was wrong" not in words(as_(mia).get("/tutor/mentorship"))


def test_a_mentors_own_claim_waits_for_the_student(as_, at_, done, sam, mia):
    open_claim(session_id=done.pk, by=mia, wanted="STUDENT_ABSENT", reason="Wrong button.", now=END + HOUR)
    at_(END + 2 * HOUR)
    assert "something was wrong" not in words(as_(mia).get("/tutor/mentorship"))
    assert "Mia says that something was wrong" in words(as_(sam).get("/student/mentorship"))


def test_the_make_up_session_in_dispute_is_not_spent_meanwhile_and_thaws_with_it(as_, at_, sam, mia):
    bought(sam, mia, validity_days=2)
    session = booked(sam, mia, at(2, 11))
    cancel(session_id=session.pk, by=mia, reason="I was ill", now=at(2, 12) + HOUR)
    made_up = SessionPack.objects.get(title="Make-up session")
    claim = open_claim(session_id=session.pk, by=mia, wanted="COMPLETED", reason="Wrong button.", now=at(2, 14))
    with pytest.raises(Refusal) as refused:
        booked(sam, mia, at(5), now=at(2, 14))
    assert refused.value.code == "pack_frozen"
    agree(claim_id=claim.pk, by=sam, now=at(2, 15))
    session.refresh_from_db()
    made_up.refresh_from_db()
    assert (session.status, made_up.status, made_up.frozen_at) == ("COMPLETED", "DEPLETED", None)
    assert counters(made_up) == (1, 0, 1)


def test_what_becomes_a_make_up_session_while_it_is_frozen_thaws_as_well(sam, mia):
    pack = bought(sam, mia, validity_days=2)
    session = booked(sam, mia, at(2, 11))
    expire_lapsed(SessionPack.objects.filter(pk=pack.pk), now=at(2, 13))
    claim = open_claim(session_id=session.pk, by=sam, wanted="MENTOR_ABSENT", reason="x", now=at(2, 13))
    cancel(session_id=session.pk, by=mia, reason="I was ill", now=at(2, 14))
    made_up = SessionPack.objects.get(title="Make-up session")
    assert made_up.frozen_at is not None
    withdraw_claim(claim_id=claim.pk, by=sam, now=at(2, 15))
    made_up.refresh_from_db()
    assert (made_up.frozen_at, made_up.expires_at) == (None, at(16, 15))


def test_it_is_told_though_the_mentor_settles_before_its_mail_has_left(session, sam, mia):
    open_claim(session_id=session.pk, by=sam, now=END, **SAID)
    complete(session_id=session.pk, by=mia, now=END + SECOND)
    assert Delivery.objects.get(kind="claim_opened").status == "PENDING"
