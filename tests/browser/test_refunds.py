"""A student asks for money back, and the mentor gives a part of it: with scripts by keyboard, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.pages import of_refunds_wanted
from tests.browser.people import Visitor

pytestmark = pytest.mark.browser


def asks(ivo: Visitor) -> str:
    ask = of_refunds_wanted(ivo)[0]
    ivo.go(ask)
    ivo.page.get_by_label("Why?").fill("I move to another city")
    ivo.press("Ask Mia")
    expect(ivo.page.get_by_role("heading", name="You asked for a refund")).to_be_visible()
    return ask


def test_by_keyboard(person):
    asks(person("ivo@demo.test"))
    mia = person("mia@demo.test")
    mia.go("/tutor/mentorship")
    mia.press("Ivo asks for a refund", role="link")
    expect(mia.page.get_by_text("I move to another city")).to_be_visible()
    reason, sessions = mia.page.get_by_label("Why? Both"), mia.page.get_by_label("How many sessions")
    reason.fill("As you wish")
    sessions.focus()
    mia.page.keyboard.press("ArrowUp")
    mia.page.keyboard.press("ArrowUp")
    expect(mia.page.get_by_role("button", name=re.compile("takes 2 sessions back"))).to_be_visible()
    expect(sessions).to_be_focused()
    expect(reason).to_have_value("As you wish")
    mia.settled()
    reason.focus()
    mia.page.keyboard.press("Tab")
    mia.page.keyboard.press("Enter")
    expect(mia.page.get_by_text("goes back to Ivo. Both of you are told.").first).to_be_visible()
    expect(mia.page.get_by_text("€140 for 2 sessions")).to_be_visible()
    assert mia.trouble == []


def test_without_scripts(person):
    asks(person("ivo@demo.test", java_script_enabled=False))
    mia = person("mia@demo.test", java_script_enabled=False)
    mia.go("/tutor/mentorship")
    mia.press("Ivo asks for a refund", role="link")
    mia.page.get_by_label("How many sessions").select_option("1")
    mia.press("Show what it would do")
    mia.page.get_by_label("Why? Both").fill("As you wish")
    mia.press("Refund €70: takes 1 session back")
    assert "€70 for 1 session" in mia.text()
    mia.go("/tutor/seats")
    mia.press("Invite a student", role="link")
    mia.page.get_by_label("Their name").fill("Pia Lund")
    mia.page.get_by_label("Their email").fill("pia@example.test")
    mia.press("Give the sessions")
    assert "Pia Lund" in mia.text()
    assert mia.mails("pia@example.test") == ["student_invited"]
