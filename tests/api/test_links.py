"""What an answer links to: an address one can open as it is, on the host the caller came by."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from seats.services import join
from sessions_app.services import submit_request
from tests.api.client import Caller
from tests.cast import NOW, at, offering
from tests.seats.scene import full_house

pytestmark = pytest.mark.django_db
LISTS = ("mentors", "offerings", "session-packs/me", "sessions/me", "requests/me", "waitlist/me")


def test_every_link_is_whole_and_leads_to_a_page(as_sam: Caller, sam, mia, session):
    offer = offering(mia, sessions=1, booking_mode="REQUEST")
    submit_request(student=sam, offering=offer, times=[at(4)], now=NOW)
    tove, _ = full_house()
    join(student=sam, mentor_id=tove.pk, now=NOW)
    as_sam.client.defaults["HTTP_HOST"] = "127.0.0.1:8123"
    for path in LISTS:
        items = as_sam.get(path).json()["items"]
        assert items, path
        for item in items:
            assert item["url"].startswith("http://127.0.0.1:8123/"), path
            assert as_sam.client.get(urlsplit(item["url"]).path).status_code == 200, item["url"]
    schema = as_sam.get("openapi.json").json()["components"]["schemas"]["OfferingOut"]
    assert schema["properties"]["url"]["format"] == "uri"
