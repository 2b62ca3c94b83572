"""`make demo PROVIDERS=standins`, from its command line on: somebody buys at each company, with nothing of it faked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import pytest
import requests

from mentorship import embedded
from mentorship.processes import end_leftovers
from tests.walk.house import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]  # one demo for all of them


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo of its own, servers included."""
    folder, port = tmp_path_factory.mktemp("demo") / "data", free_port()
    hidden = {"DATABASE_URL", "REDIS_URL", "BASE_URL", "MAKELEVEL", "DJANGO_SETTINGS_MODULE"}
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    env |= {"DATA_DIR": str(folder), "PORT": str(port), "PROVIDERS": "standins"}
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        started = subprocess.Popen(
            [sys.executable, "-m", "mentorship.supervise", "demo"], env=env, stdout=out, stderr=out
        )
    try:
        until(lambda: "pay at stand-ins of Stripe" in log.read_text() or started.poll() is not None, 300)
        assert started.poll() is None, log.read_text()
        yield f"http://localhost:{port}"
    finally:
        started.terminate()
        ended = started.wait(90)
        left = end_leftovers(folder, embedded.homes(folder))
        embedded.forget(folder)
    assert (ended, left) == (0, 0), log.read_text()


def until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


class Buyer(requests.Session):
    """A new student, with the demo's own door."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.say("demo/login", email=f"{uuid4().hex[:12]}@example.test")

    def say(self, path: str, **said: Any) -> Any:
        self.get(f"{self.address}/api/csrf", timeout=30)
        token = self.cookies["csrftoken"]
        answer = self.post(f"{self.address}/api/{path}", json=said, headers={"X-CSRFToken": token}, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def ask(self, path: str, **query: Any) -> Any:
        answer = self.get(f"{self.address}/api/{path}", params=query, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def order_at(self, provider: str) -> dict[str, str]:
        """Paystack does not take euros; there is one offering in naira for it."""
        wanted = {"currency": "NGN"} if provider == "paystack" else {"kind": "PACK", "currency": "EUR"}
        offers = [o for o in self.ask("offerings", **wanted)["items"] if o["bookingMode"] == "INSTANT"]
        offer = next(o for o in offers if o["mentorName"] in ("Mia Sato", "Kofi Mensah"))
        wish: dict[str, Any] = {"offeringId": offer["id"]}
        if offer["kind"] == "SESSION":
            slots = self.ask(f"mentors/{offer['mentorId']}/slots", duration=60)["items"]
            wish["scheduledAt"] = slots[-1]["startsAt"]
        return self.say(f"checkout/{provider}", **wish)

    def status(self, order: dict[str, str]) -> str:
        return self.ask(f"orders/{order['orderId']}")["status"]


def press(page: str, outcome: str) -> requests.Response:
    """On the company's page, which knows nothing of our cookies."""
    shown = requests.get(page, timeout=30)
    assert shown.ok and shown.text.count("<form") == 1 and "no real money" in shown.text
    return requests.post(page, data={"outcome": outcome}, allow_redirects=False, timeout=30)


@pytest.mark.parametrize("provider", ["stripe", "paypal", "paystack"])
def test_pay_and_come_back(demo: str, provider: str) -> None:
    buyer = Buyer(demo)
    order = buyer.order_at(provider)
    assert order["checkoutUrl"].startswith("http://127.0.0.1:")
    assert buyer.status(order) == "PENDING"
    back = press(order["checkoutUrl"], "pay")
    assert back.status_code == 303
    came = buyer.get(urljoin(demo, back.headers["Location"]), timeout=30)
    assert came.ok and came.url.startswith(f"{demo}/checkout/return/{order['orderId']}")
    assert buyer.status(order) == "FULFILLED"


@pytest.mark.parametrize("provider", ["stripe", "paypal", "paystack"])
def test_pay_and_never_come_back(demo: str, provider: str) -> None:
    """The webhook alone: posted by the company, worked off by a worker."""
    buyer = Buyer(demo)
    order = buyer.order_at(provider)
    press(order["checkoutUrl"], "pay")
    until(lambda: buyer.status(order) == "FULFILLED", 60)


def test_go_back_without_paying(demo: str) -> None:
    buyer = Buyer(demo)
    order = buyer.order_at("paystack")
    back = press(order["checkoutUrl"], "back")
    assert back.headers["Location"] == f"{demo}/checkout/orders/{order['orderId']}"
    assert buyer.get(back.headers["Location"], timeout=30).ok
    assert buyer.status(order) == "PENDING"


def test_only_standins_can_be_asked_for(tmp_path: Path) -> None:
    env = os.environ | {"PROVIDERS": "stripe", "PORT": str(free_port()), "DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "mentorship.supervise", "demo"]
    refused = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert "make demo PROVIDERS=standins" in refused.stderr and "Traceback" not in refused.stderr
