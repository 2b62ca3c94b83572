"""Stripe's webhooks: which kinds ask for a look, and where."""

from __future__ import annotations

import json
import re
from typing import Any

from payments.providers.base import Event

ID = re.compile(r"(cs|pi)_[A-Za-z0-9_]{1,190}")
# Kinds that ask for a look, and which field of their object says where. All others are only kept.
ABOUT_CHECKOUT = {
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
}
ABOUT_PAYMENT = {
    "charge.refunded",
    "charge.refund.updated",
    "charge.updated",  # the fee of a payment is often known only some moments after it
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
}


def read(body: bytes) -> Event:
    """An event whose signature was checked. Raises ValueError for what cannot be read."""
    said = json.loads(body.decode())
    # A thin event (`v2.core.event`) has no data: it comes from an endpoint that is not set up for us.
    if not isinstance(said, dict) or said.get("object") != "event":
        raise ValueError("not an event with data")
    if not all(isinstance(said.get(name), str) for name in ("id", "type")):
        raise ValueError("id and type are missing")
    return Event(key=said["id"], kind=said["type"], reference=_where_to_look(said))


def _where_to_look(event: dict[str, Any]) -> str:
    field = "id" if event["type"] in ABOUT_CHECKOUT else "payment_intent" if event["type"] in ABOUT_PAYMENT else None
    if field is None:
        return ""
    about = (event.get("data") or {}).get("object") if isinstance(event.get("data"), dict) else None
    if not isinstance(about, dict):
        raise ValueError("it is about nothing")
    where = about.get(field)
    if field == "payment_intent" and where is None:
        return ""  # a charge without a payment intent is none of ours
    if not isinstance(where, str) or not ID.fullmatch(where):
        raise ValueError("it does not say where to look")
    return where
