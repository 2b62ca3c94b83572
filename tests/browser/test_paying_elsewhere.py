"""The pay button leads to another company's page: our policy must let the form go there, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.people import Visitor
from tests.browser.test_accessible import WATCH, Inspector
from tests.payments.stripe.conftest import at_the_company
from tests.standins.stripe import Stripe

pytestmark = pytest.mark.browser


@pytest.fixture
def stripe(settings: Any) -> Iterator[Stripe]:
    """A company on loopback, at another origin than ours, that buyers may choose beside the sandbox."""
    with Stripe() as company:
        at_the_company(settings, company, providers_anywhere=True)
        yield company


def allow(settings: Any, origins: list[str]) -> None:
    """Our policy with these origins for forms, made as the settings make it."""
    policy = settings.CONTENT_SECURITY_POLICY
    forms = {"form-action": ["'self'", *origins]}
    settings.CONTENT_SECURITY_POLICY = policy | {"DIRECTIVES": policy["DIRECTIVES"] | forms}


def at_the_checkout(nia: Visitor) -> None:
    """Before the pay button, with Stripe chosen by keyboard."""
    mia = next(m for m in nia.api("get", "mentors")["items"] if m["name"].startswith("Mia"))
    pack = next(o for o in nia.api("get", f"offerings?mentorId={mia['id']}")["items"] if o["kind"] == "PACK")
    nia.go(f"/checkout/{pack['id']}")
    choice = nia.page.get_by_role("group", name="Pay with")
    first = choice.get_by_role("radio").first
    first.focus()
    while not choice.get_by_role("radio", name="Card (Stripe)").is_checked():
        nia.page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_the_choice_to_the_company_and_back(person, stripe, settings, scripts):
    allow(settings, settings.PROVIDERS.checkout_origins())
    nia = person("nia@demo.test", java_script_enabled=scripts)
    at_the_checkout(nia)
    nia.press("Pay €")
    nia.page.wait_for_url(f"{stripe.base_url}/**")
    nia.press("Pay")
    nia.page.wait_for_url("**/checkout/return/**")
    expect(nia.page.get_by_role("heading", name="4 sessions with Mia are yours")).to_be_visible()
    assert nia.trouble == []


def test_the_policy_lets_the_form_go_nowhere_else(person, stripe, settings):
    """The control: without the company's origin the browser stops at our page."""
    allow(settings, [])
    nia = person("nia@demo.test")
    nia.context.add_init_script(WATCH)
    at_the_checkout(nia)
    nia.press("Pay €")
    nia.page.wait_for_function("() => (window.refused || []).some(what => what.startsWith('form-action'))")
    assert "/checkout/" in nia.page.url


def test_the_choice_and_the_waiting_page_are_sound(person, stripe, settings):
    """Two ways to pay, and the return page while the company is away: as axe and a phone see them."""
    allow(settings, settings.PROVIDERS.checkout_origins())
    nia, inspector = person("nia@demo.test"), Inspector()
    nia.context.add_init_script(WATCH)
    at_the_checkout(nia)
    inspector.look(nia, nia.page.url, "choice")
    pack = nia.page.url.rsplit("/", 1)[1]
    order = nia.api("post", "checkout/stripe", {"offeringId": int(pack)})["orderId"]
    stripe.fail_next(50, status=500)
    inspector.look(nia, f"/checkout/return/{order}", "away")
    assert "does not answer just now" in nia.text()
    inspector.look(nia, f"/checkout/orders/{order}", "order")
    assert not inspector.wrong, "\n" + "\n".join(inspector.wrong)
