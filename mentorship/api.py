"""The JSON API: one frame, and the routers of all apps."""

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import Router

from mentorship.kernel.api import CamelSchema
from mentorship.kernel.api_frame import FramedAPI
from mentorship.pages.api_packs import router as packs
from mentorship.pages.api_public import router as mentors
from mentorship.pages.api_waiting import router as waiting
from mentorship.people.api import router as people
from offerings.api import router as offerings
from payments.api import router as payments
from seats.api import router as seats
from sessions_app.api import router as sessions
from sessions_app.api_requests import router as requests
from sessions_app.api_slots import router as slots

api = FramedAPI(
    title="Mentorship",
    version="1",
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
    description=(
        "Session packs, limited seats, bookings. Sign in with the session cookie; unsafe calls carry the `csrftoken` "
        "cookie's value as `X-CSRFToken`. Money is in minor units, instants are UTC, refusals are problem+json."
    ),
)

own = Router(tags=["api"])


class Csrf(CamelSchema):
    csrf_token: str


@own.get("csrf", response=Csrf)
def csrf(request: HttpRequest) -> dict[str, str]:
    """Sets the `csrftoken` cookie, for a client that has seen no page yet."""
    return {"csrf_token": get_token(request)}


for router in (own, people, mentors, offerings, packs, sessions, requests, slots, seats, payments, waiting):
    api.add_router("", router)

if settings.DEMO:
    from mentorship.demo.api import router as demo

    api.add_router("", demo)
