"""Whatever fits the OpenAPI document, and much that does not, is answered as the document says, and never with a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mentorship.api import api
from mentorship.kernel import limits
from mentorship.people.models import User
from tests import cast
from tests.api.client import Caller
from tests.api.conftest import booked

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.fixture
def one_connection(as_mia: Caller) -> Iterator[None]:
    """The product closes a broken or old connection between requests; here all requests share the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def busy_world(one_connection: None, sam: User, mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mia has something in every list. Hundreds of calls a minute are this test's business; limits have their own."""
    cast.offering(mia)
    cast.bought(sam, mia)
    booked(sam, mia, cast.at(2))
    monkeypatch.setattr(limits, "spend", lambda *args, **kwargs: None)


schema = schemathesis.openapi.from_dict(api.get_openapi_schema()).exclude(path_regex="/api/demo/")
schema.app = WSGIHandler()


# Named here one by one: schemathesis' own parametrize gives all of them the same name, and xdist would run only one.
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@pytest.mark.django_db
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method.upper()} {o.path}")
def test_every_operation_keeps_to_the_document(operation: Any, as_mia: Caller, busy_world: None) -> None:
    cookies = {name: morsel.value for name, morsel in as_mia.client.cookies.items()}

    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def keeps(case: Any) -> None:
        with transaction.atomic():
            # Each call is undone: the next one finds the same world.
            case.call_and_validate(checks=CHECKS, cookies=cookies, headers={"X-CSRFToken": as_mia.token})
            transaction.set_rollback(True)

    keeps()


def test_every_operation_has_an_id_of_its_own_and_says_how_it_refuses():
    document = api.get_openapi_schema()
    operations = [(method, o) for methods in document["paths"].values() for method, o in methods.items()]
    ids = [o["operationId"] for _, o in operations]
    assert len(ids) == len(set(ids))
    for method, operation in operations:
        if operation.get("security"):
            assert 401 in operation["responses"]
            assert method == "get" or 403 in operation["responses"]
    assert set(document["components"]["schemas"]["Problem"]["properties"]) == {"status", "code", "title", "detail"}


CONTRACT = """
GET me; GET mentors; GET offerings; POST offerings; PATCH offerings/{offering_id}; DELETE offerings/{offering_id};
GET session-packs/me; GET session-packs/me/active; GET sessions/me; GET seats/availability/{mentor_id};
GET mentors/{mentor_id}/slots; POST sessions/book; PATCH sessions/{session_id}/reschedule;
PATCH sessions/{session_id}/cancel; PATCH sessions/{session_id}/complete; PATCH sessions/{session_id}/no-show;
POST checkout/{provider}; GET orders/{order_id}; GET mentorship/session/{session_id};
GET requests/me; GET requests/incoming; POST requests/{request_id}/approve; POST requests/{request_id}/reject;
POST requests/{request_id}/withdraw
"""


def test_the_promised_calls_are_there():
    paths = api.get_openapi_schema()["paths"]
    for call in CONTRACT.split(";"):
        method, path = call.split()
        assert method.lower() in paths[f"/api/{path}"], call


@pytest.mark.django_db
def test_the_documentation_is_served_from_here(client: Any) -> None:
    page = client.get("/api/docs").content.decode()
    assert "https://" not in page
    assert 'data-api-csrf="true"' in page


def test_demo_calls_exist_only_in_the_demo():
    in_document = any(path.startswith("/api/demo/") for path in api.get_openapi_schema()["paths"])
    assert in_document == django_settings.DEMO
