"""Stripe, PayPal and Paystack on loopback, for a person to click through: `python -m tests.standins`.

Prints what to export so that the product pays there, and posts its webhooks to the product by itself, until Ctrl-C.
Each also does what a dashboard does: `curl <address>/_control/refund -d '{"reference": "..."}'` (see base.CONTROLS).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import threading
from pathlib import Path

from tests.standins.paypal import PayPal
from tests.standins.paystack import Paystack
from tests.standins.stripe import Stripe


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standins", description=__doc__)
    parser.add_argument("--site", default="http://localhost:8000", help="where the product is, for the webhooks")
    parser.add_argument("--ports", nargs=3, type=int, metavar=("STRIPE", "PAYPAL", "PAYSTACK"), help="0: any free one")
    parser.add_argument("--write", type=Path, help="a file for the environment, as JSON; its ports are used again")
    asked = parser.parse_args()

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    ports = asked.ports or ports_before(asked.write) or [0, 0, 0]
    hook = f"{asked.site.rstrip('/')}/api/webhooks/"
    stripe = Stripe(port=ports[0], webhook_url=hook + "stripe", automatic=True)
    paypal = PayPal(port=ports[1], webhook_url=hook + "paypal", automatic=True)
    paystack = Paystack(port=ports[2], webhook_url=hook + "paystack", automatic=True)
    with stripe, paypal, paystack:
        environment = {
            "STRIPE_SECRET_KEY": stripe.key,
            "STRIPE_WEBHOOK_SECRETS": ",".join(stripe.webhook_secrets),
            "STRIPE_API_BASE": stripe.base_url,
            **paypal.environment(),
            **paystack.environment(),
        }
        for name, value in environment.items():
            print(f"export {name}={shlex.quote(value)}", flush=True)
        if asked.write:
            write(asked.write, environment | {"STANDIN_PORTS": f"{stripe.port} {paypal.port} {paystack.port}"})
        stop.wait()


def ports_before(file: Path | None) -> list[int]:
    """A stand-in that was started again must be found where the product looks for it."""
    if file is None or not file.exists():
        return []
    return [int(port) for port in json.loads(file.read_text())["STANDIN_PORTS"].split()]


def write(file: Path, environment: dict[str, str]) -> None:
    """All of it or nothing: somebody waits for the file."""
    half = file.with_name(file.name + ".half")
    half.touch(mode=0o600)
    half.write_text(json.dumps(environment))
    os.replace(half, file)


if __name__ == "__main__":
    main()
