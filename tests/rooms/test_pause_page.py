"""A pause on its pages: what it does stands before the click, the other side answers, either ends it earlier."""

from __future__ import annotations

import pytest

from notifications.models import Notification
from packs.models import Pause
from tests.cast import DAY, NOW, at, bought, counters
from tests.rooms.scene import booked, shown, words


def url(pack, side="student", more=""):
    return f"/{side}/packs/{pack.pk}/pause{more}"


def ask(browser, pack, days=10, side="student", **more):
    return browser.post(url(pack, side), {"days": days, "reason": "I am away"} | more)


def test_what_it_does_stands_before_the_question(as_, sam, mia):
    pack = bought(sam, mia)
    page = words(as_(sam).get(url(pack), {"days": 10}))
    assert "If Mia agrees, nothing can be booked for 10 days" in page
    assert "valid until 9 September 2026 instead of 30 August 2026" in page
    assert "Ask Mia for 10 days" in page
    for odd in ("0", "31", "x", "-1", "9" * 40, "²"):
        assert "Ask Mia for 14 days" in words(as_(sam).get(url(pack), {"days": odd})), odd


@pytest.mark.parametrize("side", ["student", "mentor"])
def test_either_asks_and_the_other_agrees(as_, sam, mia, side):
    pack = bought(sam, mia)
    asker, other, theirs = (sam, mia, "tutor") if side == "student" else (mia, sam, "student")
    mine = "student" if side == "student" else "tutor"
    assert ask(as_(asker), pack, side=mine).status_code == 302
    told = Notification.objects.get(recipient=other, kind="pause_asked")
    assert told.url == url(pack, theirs)
    page = as_(other).get(told.url)
    assert "“I am away”" in words(page)
    sent = {"pause": page.context["pause"].pk, "expect": page.context["what_if"].key, "answer": "yes"}
    assert as_(other).post(f"{told.url}/answer", sent).status_code == 302
    pack.refresh_from_db()
    assert pack.paused_at == NOW
    assert Notification.objects.get(recipient=asker, kind="pause_answered").title.startswith(
        f"{other.first_name} agrees: "
    )
    assert "Paused until 11 June 2026" in words(as_(sam).get(pack.get_absolute_url()))


def test_the_answer_is_refused_when_the_pack_has_changed(as_, sam, mia):
    pack = bought(sam, mia)
    ask(as_(sam), pack)
    page = as_(mia).get(url(pack, "tutor"))
    bought(sam, mia, validity_days=120)
    sent = {"pause": page.context["pause"].pk, "expect": page.context["what_if"].key, "answer": "yes"}
    refused = as_(mia).post(url(pack, "tutor", "/answer"), sent)
    assert refused.status_code == 409
    assert "Meanwhile the pack has changed." in words(refused)
    pack.refresh_from_db()
    assert pack.paused_at is None


def test_declined_and_taken_back_change_nothing(as_, sam, mia):
    pack = bought(sam, mia)
    ask(as_(sam), pack)
    as_(sam).post(url(pack, "student", "/answer"), {"pause": Pause.objects.get().pk, "answer": "no"})
    assert not Notification.objects.shown().filter(recipient=mia).exists(), "the question is taken back too"
    ask(as_(sam), pack)
    pause = Pause.objects.get(status="ASKED")
    as_(mia).post(url(pack, "tutor", "/answer"), {"pause": pause.pk, "answer": "no"})
    assert set(Pause.objects.values_list("status", flat=True)) == {"WITHDRAWN", "DECLINED"}
    assert "does not agree" in Notification.objects.get(recipient=sam, kind="pause_answered").title
    pack.refresh_from_db()
    assert (pack.paused_at, pack.expires_at) == (None, NOW + 90 * DAY)


def test_nobody_agrees_with_themselves(as_, sam, mia):
    pack = bought(sam, mia)
    ask(as_(sam), pack)
    answer = as_(sam).post(url(pack, "student", "/answer"), {"pause": Pause.objects.get().pk, "answer": "yes"})
    assert answer.status_code == 403
    assert Pause.objects.get().status == "ASKED"


def test_sessions_inside_the_days_come_first(as_, sam, mia):
    pack = bought(sam, mia)
    session = booked(sam, mia, at(5))
    browser = as_(sam)
    page = browser.get(url(pack), {"days": 10})
    assert "1 session in these 10 days" in words(page)
    assert session.get_absolute_url() in page.content.decode()
    refused = ask(browser, pack)
    assert (refused.status_code, Pause.objects.count()) == (409, 0)
    assert ask(browser, pack, days=3).status_code == 302, "before it there is room"


def test_booked_between_question_and_answer(as_, sam, mia):
    pack = bought(sam, mia)
    ask(as_(sam), pack)
    booked(sam, mia, at(5))
    page = as_(mia).get(url(pack, "tutor"))
    assert "1 session in these 10 days" in words(page)
    sent = {"pause": Pause.objects.get().pk, "answer": "yes"}
    assert as_(mia).post(url(pack, "tutor", "/answer"), sent).status_code == 409
    pack.refresh_from_db()
    assert pack.paused_at is None


@pytest.mark.parametrize("days", ["0", "31", "", "x", "1.5", "9" * 30, "-3"])
def test_days_that_are_none(as_, sam, mia, days):
    pack = bought(sam, mia)
    assert ask(as_(sam), pack, days=days).status_code in (409, 422)
    assert not Pause.objects.exists()


def test_going_on_earlier_says_the_date_first(as_, at_, sam, mia):
    pack = bought(sam, mia)
    ask(as_(sam), pack)
    pause = Pause.objects.get()
    sent = {"pause": pause.pk, "answer": "yes"}
    assert as_(mia).post(url(pack, "tutor", "/answer"), sent).status_code == 409
    as_(mia).post(url(pack, "tutor", "/answer"), sent | shown(as_(mia).get(url(pack, "tutor"))))
    at_(NOW + 4 * DAY)
    assert "ended now, the pack is valid until 3 September 2026" in words(as_(sam).get(url(pack)))
    assert as_(sam).post(url(pack, "student", "/end"), {"pause": pause.pk}).status_code == 302
    pack.refresh_from_db()
    assert (pack.paused_at, pack.expires_at) == (None, NOW + 94 * DAY)
    assert "Sam ended it." in Notification.objects.get(recipient=mia, kind="pause_ended").text
    assert not Notification.objects.filter(recipient=sam, kind="pause_ended").exists()
    page = words(as_(mia).get(pack.get_absolute_url()))
    assert "Valid until 3 September 2026 the pause took 4 d · by Sam" in page
    assert "Paused for 10 days at most; Sam asked, Mia agreed" in page
    assert counters(pack) == (4, 0, 0)


def test_a_stale_form_does_not_answer_another_pause(as_, sam, mia):
    pack = bought(sam, mia)
    ask(as_(sam), pack)
    first = Pause.objects.get()
    as_(sam).post(url(pack, "student", "/answer"), {"pause": first.pk, "answer": "no"})
    ask(as_(sam), pack, days=20)
    assert as_(mia).post(url(pack, "tutor", "/answer"), {"pause": first.pk, "answer": "yes"}).status_code == 409
    assert Pause.objects.get(days=20).status == "ASKED"


def test_each_side_has_its_own_address_and_others_none(as_, sam, mia, otto, max_):
    pack = bought(sam, mia)
    for person, side in ((sam, "tutor"), (mia, "student"), (otto, "student"), (max_, "tutor")):
        for more in ("", "/answer", "/end"):
            assert as_(person).post(url(pack, side, more), {"days": 5, "pause": 1}).status_code == 404


class TestRenewal:
    def test_the_mentor_ends_it_and_takes_that_back(self, as_, sam, mia):
        pack = bought(sam, mia)
        page = f"/tutor/packs/{pack.pk}/renewal"
        assert "Sam can no longer buy another pack at once" in words(as_(mia).get(page))
        assert as_(mia).post(page, {"renewal": "ask"}).status_code == 302
        assert "Mia wants to be asked before you renew." in words(as_(sam).get(pack.get_absolute_url()))
        assert as_(mia).post(page, {"renewal": "free"}).status_code == 302
        assert "wants to be asked" not in words(as_(sam).get(pack.get_absolute_url()))

    def test_nonsense_and_strangers(self, as_, sam, mia, otto):
        pack = bought(sam, mia)
        page = f"/tutor/packs/{pack.pk}/renewal"
        assert as_(mia).post(page, {"renewal": "x"}).status_code == 422
        for person in (sam, otto):
            assert as_(person).get(page).status_code == 404
            assert as_(person).post(page, {"renewal": "ask"}).status_code == 404


class TestRooms:
    @pytest.mark.parametrize("asker", ["sam", "mia"])
    def test_the_question_waits_in_the_others_room(self, as_, sam, mia, asker):
        pack = bought(sam, mia)
        ask(as_(sam if asker == "sam" else mia), pack, side="student" if asker == "sam" else "tutor")
        rooms = {"mia": as_(mia).get("/tutor/mentorship"), "sam": as_(sam).get("/student/mentorship")}
        said = {name: "asks for a pause of 10 days" in words(page) for name, page in rooms.items()}
        assert said == {"mia": asker == "sam", "sam": asker == "mia"}

    def test_it_goes_away_with_the_pack(self, as_, at_, sam, mia):
        pack = bought(sam, mia)
        ask(as_(sam), pack)
        at_(pack.expires_at)
        assert "asks for a pause" not in words(as_(mia).get("/tutor/mentorship"))

    def test_a_paused_pack_says_so_in_both(self, as_, sam, mia):
        pack = bought(sam, mia)
        ask(as_(sam), pack)
        sent = {"pause": Pause.objects.get().pk, "answer": "yes"} | shown(as_(mia).get(url(pack, "tutor")))
        as_(mia).post(url(pack, "tutor", "/answer"), sent)
        for person, room in ((sam, "/student/mentorship"), (mia, "/tutor/mentorship")):
            assert "· paused" in words(as_(person).get(room))
