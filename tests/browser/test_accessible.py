"""Every main page: axe finds nothing in light and in dark, nothing sticks out of a phone, the console stays quiet."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import pages
from tests.browser.people import Visitor

pytestmark = pytest.mark.browser

ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BY_LOOK = ["color-contrast", "link-in-text-block", "target-size"]  # what other colours and another width can change
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
WATCH = """addEventListener("securitypolicyviolation", e => {
  (window.refused ||= []).push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile + ":" + e.lineNumber)
})"""
REFUSED = "() => window.refused || []"
# New colours are reached by a transition; what is seen on the way is nobody's choice.
SETTLED = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  await Promise.all(document.getAnimations().map(a => a.finished.catch(() => null)))
}"""
STICKS_OUT = """() => {
  const room = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= room) return ""
  const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > room + 1)
  return out.slice(0, 4).map(e => e.tagName + "." + e.className).join(" ") || "something"
}"""


class Inspector:
    """Looks at pages and keeps what is wrong, so that one run tells everything."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def look(self, who: Visitor, path: str, name: str) -> None:
        who.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        who.page.set_viewport_size(WIDE)
        answer = who.page.goto(path)
        if answer is None or answer.status >= 500 or (answer.status == 404) != path.startswith("/there-is-no"):
            self.wrong.append(f"{name} {path}: {answer and answer.status}")
            return
        # Before axe comes: it tries inline styles, and our policy refuses them.
        self.wrong += [f"{name} {path}: refused by the policy: {what}" for what in who.page.evaluate(REFUSED)]
        self.wrong += [f"{name} {path}: console: {line[:300]}" for line in who.trouble if "Security Policy" not in line]
        who.trouble.clear()
        self.axe(who, f"{name} {path} light", ALL)
        who.page.emulate_media(color_scheme="dark")
        who.page.set_viewport_size(PHONE)
        who.page.evaluate(SETTLED)
        self.axe(who, f"{name} {path} dark, 360 px", BY_LOOK)
        if sticks_out := who.page.evaluate(STICKS_OUT):
            self.wrong.append(f"{name} {path}: wider than 360 px: {sticks_out}")

    def axe(self, who: Visitor, where: str, rules: list[str]) -> None:
        if not who.page.evaluate("() => Boolean(window.axe)"):
            who.page.evaluate(Axe().axe_script)
        found = who.page.evaluate(
            "rules => axe.run({resultTypes: ['violations'], runOnly: rules, elementRef: false})", rules
        )
        for violation in found["violations"]:
            nodes = [f"{n['target'][0]} {n['failureSummary'].splitlines()[-1].strip()}" for n in violation["nodes"][:3]]
            self.wrong.append(f"{where}: {violation['id']} ({violation['impact']}): " + " | ".join(nodes))


GROUPS: dict[str, dict[str, Callable[[Visitor], list[str]]]] = {
    "visitors": {"": pages.of_visitor, "nia": pages.of_newcomer},
    "students": {
        "sue": pages.of_student,
        "sam": pages.of_pack_owner,
        "leo": pages.live,
        "uma": pages.live,
        "ivo": pages.of_refunds_wanted,
    },
    "mentors": {"mia": pages.of_mentor, "lea": pages.of_who_is_away},
    "requests-and-support": {
        "": pages.to_ask_for,
        "dan": pages.of_asker,
        "mel": pages.of_asker,
        "mia": pages.of_asked,
        "admin": pages.of_admin,
    },
}


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_is_wrong_with_their_pages(person, group):
    inspector = Inspector()
    for name, paths in GROUPS[group].items():
        who = person(f"{name}@demo.test" if name else "")
        who.context.add_init_script(WATCH)
        walked = paths(who)
        assert walked, name
        for path in walked:
            inspector.look(who, path, name or "visitor")
    assert not inspector.wrong, "\n" + "\n".join(inspector.wrong)


BAD = """<main><button style="width:40px;height:40px"></button><p style="color:#999;background:#fff">Hello</p>
<div class="wide" style="width:900px">Hello</div></main>"""


def test_the_inspector_sees_what_is_wrong(page):
    """The control: otherwise it could find nothing anywhere."""
    page.set_viewport_size(PHONE)
    page.set_content(BAD)
    inspector, who = Inspector(), SimpleNamespace(page=page)
    inspector.axe(who, "all", ALL)
    inspector.axe(who, "look", BY_LOOK)
    found = [line.split(" (")[0] for line in inspector.wrong]
    assert {"all: button-name", "all: color-contrast", "look: color-contrast"} <= set(found)
    assert "look: button-name" not in found
    assert page.evaluate(STICKS_OUT) == "DIV.wide"
