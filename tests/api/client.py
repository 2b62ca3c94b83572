"""A caller of the API as a browser or a script is one: cookies, and the CSRF token in its header."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client

from mentorship.kernel import clock
from mentorship.people.models import User

PROBLEM = "application/problem+json"


class Caller:
    """`caller.post("sessions/book", mentorId=1)`: signed in when a user is given, CSRF enforced as in the product."""

    def __init__(self, user: User | None = None) -> None:
        # raise_request_exception off: what breaks is answered, as it is over HTTP, and the test sees the 500.
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        if user is not None:
            self.client.force_login(user)
        self.token = self.client.get("/api/csrf").cookies["csrftoken"].value

    def get(self, path: str, **params: Any) -> HttpResponse:
        return self.client.get(f"/api/{path}", {k: _text(v) for k, v in params.items()})

    def post(self, path: str, *, key: str | None = None, **body: Any) -> HttpResponse:
        return self.send("POST", path, body, key=key)

    def patch(self, path: str, **body: Any) -> HttpResponse:
        return self.send("PATCH", path, body)

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> HttpResponse:
        """Any method and body; bytes and text are sent as they are."""
        raw = body if isinstance(body, str | bytes) else json.dumps(body, default=_text)
        sent = {"X-CSRFToken": self.token, **({"Idempotency-Key": key} if key else {}), **headers}
        return self.client.generic(method, f"/api/{path}", raw, content_type="application/json", headers=sent)


def _text(value: Any) -> Any:
    return clock.iso(value) if isinstance(value, datetime) else value


def refused(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The answer is this refusal, in the one form that all refusals have."""
    body = json.loads(response.content)
    assert (response.status_code, body.get("code")) == (status, code), body
    assert response.headers["Content-Type"] == PROBLEM
    assert set(body) == {"status", "code", "title", "detail"}
    assert body["status"] == status
    assert body["title"] and body["detail"]
    return body
