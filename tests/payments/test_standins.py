"""What all stand-ins share: they can be stopped at any time, make trouble when told to, and are told over HTTP too."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from tests.standins.base import Answer, Delivery, PaymentPage, Request, Standin, json_answer


class Shop(Standin):
    """A company that counts."""

    name = "shop"

    def __init__(self, **how: object) -> None:
        super().__init__(**how)  # type: ignore[arg-type]
        self.counted = 0

    def api(self, request: Request) -> Answer:
        self.counted += 1
        self.emit("one", "counted", {"n": self.counted})
        return json_answer({"n": self.counted})

    def sign(self, delivery: Delivery, stamp: int, secret: str | None) -> dict[str, str]:
        return {"Shop-Signature": f"{stamp} {secret or 'ours'}"}

    def page(self, reference: str) -> PaymentPage | None:
        return PaymentPage("Shop", "#123", "<b>Four sessions</b>", "NGN 50.00") if reference == "one" else None

    def press(self, reference: str, outcome: str) -> str | None:
        return None if outcome == "decline" else f"https://shop.test/{outcome}"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


def test_trouble_before_the_effect_after_it_and_none(shop: Shop) -> None:
    shop.fail_next(1, status=429)
    assert requests.post(f"{shop.base_url}/count", timeout=5).status_code == 429
    assert shop.counted == 0

    shop.fail_next(1, after_commit=True)
    assert requests.post(f"{shop.base_url}/count", timeout=5).status_code == 500
    assert shop.counted == 1

    shop.fail_next(1, status=0, only="/other")
    assert requests.post(f"{shop.base_url}/count", timeout=5).json() == {"n": 2}
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{shop.base_url}/other", timeout=5)
    assert [call.path for call in shop.calls] == ["/count"] * 3 + ["/other"]


def test_stopping_waits_for_nobody_and_leaves_no_thread() -> None:
    before = threading.active_count()
    shop = Shop(automatic=True, webhook_url="http://127.0.0.1:9/nobody")
    shop.start()
    kept_open = http.client.HTTPConnection("127.0.0.1", shop.port)
    kept_open.request("POST", "/count")
    assert kept_open.getresponse().read() == b'{"n": 1}'
    shop.fail_next(1, hang=60)
    hanging = http.client.HTTPConnection("127.0.0.1", shop.port)
    hanging.request("POST", "/count")
    started = time.monotonic()
    shop.stop()
    assert time.monotonic() - started < 3
    assert threading.active_count() == before
    kept_open.close()
    hanging.close()


def test_controls_travel_over_http(shop: Shop) -> None:
    control = f"{shop.base_url}/_control"
    assert requests.post(f"{control}/fail_next", json={"n": 1, "status": 503}, timeout=5).json() == {"result": None}
    assert requests.post(f"{shop.base_url}/count", json={"a": 1}, timeout=5).status_code == 503
    assert requests.get(f"{control}/calls", timeout=5).json() == [["POST", "/count", '{"a": 1}']]
    assert requests.post(f"{control}/stop", timeout=5).status_code == 404
    assert requests.post(f"{control}/fail_next", json={"what": 1}, timeout=5).status_code == 400


def test_webhooks_go_out_by_hand_again_and_tampered(shop: Shop) -> None:
    with Shop() as receiver:
        requests.post(f"{shop.base_url}/count", timeout=5)
        (sent,) = shop.events("one")
        assert shop.deliver(sent, receiver.base_url + "/hook", stamp=5, secret="old") == 200
        assert shop.deliver(sent, receiver.base_url + "/hook", stamp=5, body=b"{}") == 200
        first, second = receiver.calls
        assert (first.headers["shop-signature"], json.loads(first.body)) == ("5 old", {"n": 1})
        assert (second.headers["shop-signature"], second.body) == ("5 ours", b"{}")
    with pytest.raises(ValueError, match="loopback only"):
        shop.deliver(sent, "http://shop.test/hook")


def test_by_itself_webhooks_come_in_order_and_until_they_are_taken() -> None:
    with Shop() as receiver, Shop(automatic=True, webhook_url=receiver.base_url + "/hook") as shop:
        receiver.fail_next(1)
        for _ in range(3):
            requests.post(f"{shop.base_url}/count", timeout=5)
        until = time.monotonic() + 10
        while len(receiver.calls) < 4 and time.monotonic() < until:
            time.sleep(0.02)
        assert [json.loads(call.body)["n"] for call in receiver.calls] == [1, 1, 2, 3]


def test_the_payment_page_is_a_form_that_leads_back(shop: Shop) -> None:
    shown = requests.get(f"{shop.base_url}/pay/one", timeout=5).text
    assert "&lt;b&gt;Four sessions" in shown and shown.count("<form") == 1
    paid = requests.post(f"{shop.base_url}/pay/one", data={"outcome": "pay"}, timeout=5, allow_redirects=False)
    assert (paid.status_code, paid.headers["Location"]) == (303, "https://shop.test/pay")
    assert requests.post(f"{shop.base_url}/pay/one", data={"outcome": "decline"}, timeout=5).status_code == 200
    assert requests.get(f"{shop.base_url}/pay/two", timeout=5).status_code == 404
    assert shop.calls == []
