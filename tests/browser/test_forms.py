"""What a form asks depends on what has been answered in it."""

from __future__ import annotations

import pytest

from tests.browser.people import Visitor

pytestmark = pytest.mark.browser


def test_a_single_session_is_not_asked_for_its_sessions(person):
    mia: Visitor = person("mia@demo.test")
    mia.go("/tutor/mentorship/schedule/new")
    count = mia.page.get_by_label("Sessions in the pack")
    count.fill("500")
    mia.page.get_by_label("A single session").check()
    assert not count.is_visible()
    mia.page.get_by_label("A pack of sessions").check()
    assert count.input_value() == "500"
    mia.page.get_by_label("A single session").check()
    mia.page.get_by_label("Title").fill("An hour of reading")
    mia.page.get_by_label("Price of the whole").fill("50")
    mia.press("Put it on the shelf")
    mia.page.wait_for_url("**/tutor/mentorship/schedule")
    assert "“An hour of reading” is on your shelf." in mia.page.locator("body").inner_text()
    mia.go("/tutor/mentorship/schedule/offer")
    assert not count.is_visible()
    assert mia.trouble == []
