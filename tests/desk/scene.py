"""What the tests of the desk share: a verb looked at, then done with what the page says."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.contrib.messages import get_messages
from django.test import Client

from tests.rooms.scene import words


def url(verb: str, target: Any) -> str:
    return f"/admin/support/{verb}/{target}"


def look(client: Client, verb: str, target: Any, **said: Any) -> Any:
    """The page that says what it would do."""
    return client.get(url(verb, target), {**said, "look": "1"} if said else {})


def hidden(page: Any) -> dict[str, str]:
    """The fields of the posting form as the page has them."""
    form = re.search(r'<form class="desk-card" method="post".*?</form>', page.content.decode(), re.S)
    assert form, words(page)
    fields = re.findall(r'<input[^>]*type="hidden"[^>]*>', form[0])
    named = [(re.search(r'name="([^"]*)"', f), re.search(r'value="([^"]*)"', f)) for f in fields]
    return {name[1]: unescape(value[1]) if value else "" for name, value in named if name}


def do(client: Client, verb: str, target: Any, reason: str = "goodwill", **said: Any) -> list[str]:
    """Look, then press. Returns the sentences that were shown."""
    page = look(client, verb, target, **said)
    assert page.status_code == 200, words(page)
    done = client.post(url(verb, target), hidden(page) | {"reason": reason})
    assert done.status_code == 302, words(done)
    return [str(message) for message in get_messages(done.wsgi_request)]
