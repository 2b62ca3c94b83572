"""The whole story by hand, in a browser: find, sign up while buying, pay, book, meet, be reminded, renew, or let it lapse."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

pytestmark = pytest.mark.browser

ZOE = "zoe@example.test"
HOUR = timedelta(hours=1)


def buy_a_pack_of_four(zoe):
    """From the marketplace to the paid pack, signing up inside checkout by the mailed code."""
    zoe.go("/mentorship")
    zoe.settled()
    zoe.page.get_by_role("link", name=re.compile("Mia Sato")).first.click()
    zoe.page.wait_for_url("**/mentorship/mentors/**")
    zoe.settled()
    zoe.page.get_by_role("link", name=re.compile("Four sessions")).first.click()
    zoe.settled()
    zoe.page.get_by_role("link", name=re.compile("Take a seat, first on")).click()
    zoe.page.get_by_label("name", exact=False).first.fill("Zoe Adler")
    zoe.page.get_by_label(re.compile("mail", re.I)).first.fill(ZOE)
    zoe.press("Continue")
    code = zoe.page.get_by_label(re.compile("code|digits", re.I)).first
    code.wait_for()
    code.fill(zoe.code_for(ZOE))
    zoe.press("Continue")
    zoe.press("Pay")
    zoe.page.locator('button[value="paid"]').click()
    zoe.page.wait_for_url("**/checkout/return/**")


def seats_taken(zoe, mia):
    return zoe.api("get", f"seats/availability/{mia.api('get', 'me')['id']}")["occupied"]


def book_the_other_three(zoe):
    for _ in range(3):
        pack = zoe.api("get", "session-packs/me/active")["items"][0]
        zoe.go(f"/student/mentorship/book?pack={pack['id']}")
        zoe.page.locator("label.slot").first.click()
        zoe.press("Book")
        zoe.page.wait_for_url("**/mentorship/session/**")


def sessions_of(zoe):
    found = zoe.api("get", "sessions/me")["items"]
    return sorted((s for s in found if s["status"] == "SCHEDULED"), key=lambda s: s["endsAt"])


def mentor_marks_completed(mia, session):
    mia.wait_until(datetime.fromisoformat(session["endsAt"]))
    mia.go(f"/mentorship/session/{session['id']}")
    mia.press("Completed")
    mia.page.wait_for_load_state()


def use_up(zoe, mia):
    """The four sessions pass; returns the mails that were new after each."""
    seen, after = set(), []
    for session in sessions_of(zoe):
        mentor_marks_completed(mia, session)
        kinds = zoe.mails(ZOE)
        after.append({k for k in kinds if k not in seen})
        seen |= set(kinds)
    return after


def test_buy_book_attend_renew(person):
    zoe, mia = person(), person("mia@demo.test")
    before = seats_taken(zoe, mia)
    buy_a_pack_of_four(zoe)
    assert "Book the other 3" in zoe.text()
    assert seats_taken(zoe, mia) == before + 1
    book_the_other_three(zoe)
    pack = zoe.api("get", "session-packs/me")["items"][0]
    assert (pack["sessionsTotal"], pack["sessionsHeld"], pack["remainingSessions"]) == (4, 4, 0)

    after = use_up(zoe, mia)
    assert "renewal_reminder" not in after[0] | after[1]
    assert "renewal_reminder" in after[2]
    assert "grace_started" in after[3]

    zoe.go("/student/mentorship")
    assert "all 4 used" in zoe.text()
    zoe.wait(60 * HOUR)
    assert zoe.mails(ZOE).count("grace_final_warning") == 1

    zoe.go("/student/mentorship")
    zoe.page.get_by_role("link", name="Renew").first.click()
    zoe.page.wait_for_load_state()
    if zoe.page.locator("#take").count():
        zoe.page.get_by_role("link", name=re.compile("without a time|choose times later")).first.click()
    zoe.press("Pay")
    zoe.page.locator('button[value="paid"]').click()
    zoe.page.wait_for_url("**/checkout/return/**")

    renewed = zoe.api("get", "session-packs/me")["items"]
    assert [(p["id"], p["sessionsTotal"], p["sessionsUsed"], p["status"]) for p in renewed] == [
        (pack["id"], 8, 4, "ACTIVE")
    ]
    assert renewed[0]["seat"] == {"status": "ACTIVE", "number": pack["seat"]["number"], "graceEndsAt": None}
    zoe.wait(13 * HOUR)
    assert zoe.mails(ZOE).count("grace_final_warning") == 1
    assert seats_taken(zoe, mia) == before + 1
    assert zoe.trouble == mia.trouble == []


def test_let_it_lapse(person):
    zoe, mia = person(), person("mia@demo.test")
    before = seats_taken(zoe, mia)
    buy_a_pack_of_four(zoe)
    book_the_other_three(zoe)
    use_up(zoe, mia)
    ends = datetime.fromisoformat(zoe.api("get", "session-packs/me")["items"][0]["seat"]["graceEndsAt"])
    left = ends - zoe.now()
    zoe.wait(left - timedelta(seconds=30))
    assert seats_taken(zoe, mia) == before + 1
    zoe.wait(timedelta(seconds=31))
    assert seats_taken(zoe, mia) == before
    assert "seat_released" in zoe.mails(ZOE)
    assert zoe.api("get", "session-packs/me")["items"][0]["seat"] is None
    mia.go("/tutor/seats")
    assert "Zoe" not in mia.page.locator("ul.seats").inner_text()
    former = mia.page.locator("section", has_text="Seats that became free").inner_text()
    assert "Zoe Adler" in former and "the grace period ended" in former
