"""Buying with the keyboard alone: Tab, Shift+Tab, Enter and Space, and one always sees where one is."""

from __future__ import annotations

import re

import pytest

from tests.browser.people import Visitor

pytestmark = pytest.mark.browser

ZOE = "zoe@example.test"
WHERE = """() => {
  const e = document.activeElement
  if (!e || e === document.body) return null
  const field = e.matches("input, select, textarea")
  const look = s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0
  // What shows the focus: the thing itself, its cover over a whole card, or the label around a hidden radio button.
  const label = e.closest("label") || e
  const shown = e.getBoundingClientRect().width < 3 ? label : e
  const box = shown.getBoundingClientRect()
  return {
    name: ((e.labels && [...e.labels].map(l => l.innerText).join(" ")) || e.getAttribute("aria-label")
      || e.innerText || e.value || "").replace(/\\s+/g, " ").trim(),
    kind: field ? (e.type || "text") : e.tagName.toLowerCase(),
    value: e.value || "",
    href: e.getAttribute("href") || "",
    visible: look(getComputedStyle(e)) || look(getComputedStyle(e, "::after")) || look(getComputedStyle(label)),
    inside: box.bottom > 0 && box.top < innerHeight && box.width > 0,
  }
}"""
MOST = 150  # stops on the way to anything; a page with more is a maze


class Typist:
    """Reaches things with Tab only; every stop on the way must show itself."""

    def __init__(self, visitor: Visitor) -> None:
        self.page = visitor.page

    def here(self) -> dict:
        return self.page.evaluate(WHERE) or {"name": "", "kind": "", "href": "", "value": ""}

    def tab_to(self, name: str, *kinds: str, value: str = "") -> None:
        for _ in range(MOST):
            self.page.keyboard.press("Tab")
            stop = self.here()
            if not stop["name"] and not stop["kind"]:
                continue  # the browser's own bar, between the last and the first stop
            assert stop["visible"], f"the focus cannot be seen on {stop}"
            assert stop["inside"], f"the focus is outside the window on {stop}"
            fits = re.search(name, stop["name"], re.I) and (not kinds or stop["kind"] in kinds)
            if fits and (not value or stop["value"] == value):
                return
        raise AssertionError(f"{name} is not reached with Tab on {self.page.url}")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def follow(self, name: str) -> None:
        self.tab_to(name, "a")
        with self.page.expect_navigation():
            self.press("Enter")

    def submit(self, name: str, key: str = "Enter", value: str = "") -> None:
        self.tab_to(name, "button", value=value)
        with self.page.expect_navigation():
            self.press(key)

    def fill(self, name: str, text: str) -> None:
        self.tab_to(name, "text", "email", "search")
        self.page.keyboard.type(text)


def the_first_stop_skips_to_the_page(visitor, hands):
    hands.press("Tab")
    assert hands.here()["name"] == "Skip to the page"
    assert hands.here()["visible"] and hands.here()["inside"]
    hands.press("Enter")
    hands.press("Tab")
    assert visitor.page.evaluate("() => document.activeElement.closest('main') !== null")


def test_buy_a_pack_without_a_mouse(person):
    zoe = person()
    zoe.go("/mentorship")
    hands = Typist(zoe)
    the_first_stop_skips_to_the_page(zoe, hands)
    hands.follow("Mia Sato")
    # Sooner than all the times of a week, there is a way around them.
    hands.tab_to("Skip the times", "a")
    hands.press("Enter")
    hands.follow("Take a seat, first on")
    hands.fill("Your name", "Zoe Adler")
    hands.fill("Your email", ZOE)
    hands.submit("Continue")
    if "The code" not in hands.here()["name"]:
        hands.tab_to("The code", "text")
    zoe.page.keyboard.type(zoe.code_for(ZOE))
    hands.submit("Continue", key="Space")
    hands.submit("^Pay €")
    hands.submit("", value="paid")
    zoe.page.wait_for_url("**/checkout/return/**")
    assert zoe.api("get", "session-packs/me")["items"][0]["sessionsHeld"] == 1

    hands.follow("Book the other 3")
    hands.submit("^Book these 3 sessions")
    zoe.page.wait_for_url("**/student/mentorship?tab=pending")
    assert zoe.api("get", "session-packs/me")["items"][0]["sessionsHeld"] == 4
    assert zoe.trouble == []
