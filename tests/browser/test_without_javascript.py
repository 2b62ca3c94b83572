"""The main journey with scripts switched off: every link loads a page, every form posts."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser

ZOE = "zoe@example.test"


@pytest.fixture
def zoe(person):
    return person(java_script_enabled=False)


def choose_a_pack(zoe):
    """Find by filter, look at the mentor, choose the pack and a time."""
    zoe.go("/mentorship")
    zoe.page.get_by_role("searchbox").first.fill("Mia")
    zoe.page.get_by_role("searchbox").first.press("Enter")
    zoe.page.wait_for_load_state()
    zoe.page.get_by_role("link", name=re.compile("Mia Sato")).first.click()
    zoe.page.get_by_role("link", name=re.compile("Four sessions")).first.click()
    zoe.page.get_by_role("link", name=re.compile("Take a seat, first on")).click()
    assert "/checkout/" in zoe.page.url and "at=" in zoe.page.url


def a_mistake_is_named_and_what_was_typed_is_kept(zoe):
    zoe.page.get_by_label("Your name").fill("Zoe Adler")
    zoe.page.get_by_label("Your email").fill("zoe@nowhere")
    zoe.press("Continue")
    assert zoe.page.get_by_label("Your name").input_value() == "Zoe Adler"
    assert zoe.page.get_by_label("Your email").input_value() == "zoe@nowhere"
    assert zoe.page.get_by_label("Your email").get_attribute("aria-invalid") == "true"


def sign_up_in_checkout(zoe):
    chosen = zoe.page.url
    zoe.page.get_by_label("Your name").fill("Zoe Adler")
    zoe.page.get_by_label("Your email").fill(ZOE)
    zoe.press("Continue")
    zoe.page.get_by_label("The code from the mail").fill(zoe.code_for(ZOE))
    zoe.press("Continue")
    assert zoe.page.url == chosen, "the choice survives"


def pay(zoe):
    zoe.press("Pay €")
    zoe.page.locator('button[value="paid"]').click()
    assert "/checkout/return/" in zoe.page.url
    assert "Book the other 3" in zoe.text()


def book_one(zoe):
    zoe.page.get_by_role("link", name=re.compile("Book the other 3")).click()
    rows = zoe.page.locator("select[name=time]")
    assert rows.count() == 3, "the others are proposed in the rhythm of the first one"
    pack = re.search(r"/packs/(\d+)/plan", zoe.page.url)
    zoe.go(f"/student/mentorship/book?pack={pack[1]}")
    zoe.page.get_by_role("radio").first.check()
    zoe.page.get_by_label(re.compile("talk about")).fill("My first plot")
    zoe.press("Book")
    assert "/mentorship/session/" in zoe.page.url
    assert "My first plot" in zoe.text()


def remaining(zoe):
    return zoe.api("get", "session-packs/me")["items"][0]["remainingSessions"]


def test_find_sign_up_pay_book_and_cancel(zoe):
    choose_a_pack(zoe)
    a_mistake_is_named_and_what_was_typed_is_kept(zoe)
    sign_up_in_checkout(zoe)
    pay(zoe)
    assert remaining(zoe) == 3
    book_one(zoe)
    assert remaining(zoe) == 2

    zoe.page.get_by_role("link", name=re.compile("Cancel")).first.click()
    assert re.search(r"1 session (comes back|is back|goes back)", zoe.text()), "the consequence stands before the click"
    zoe.page.locator("main").get_by_role("button", name=re.compile("Cancel")).click()
    assert remaining(zoe) == 3
    zoe.go("/student/mentorship")
    assert "Mia" in zoe.text()
