"""The demo over JSON: its clock, its mails, its door. No CSRF token: the demo guards nothing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from mentorship.demo import drawer, durations, moving
from mentorship.demo.entrance import become
from mentorship.kernel import clock
from mentorship.kernel.api import CamelSchema, Instant
from mentorship.kernel.http import PageRequest
from mentorship.people.api import Me, me
from mentorship.people.http import SignedInRequest

router = Router(tags=["demo"])


class Now(CamelSchema):
    now: Instant


class MoveIn(CamelSchema):
    advance: str = Field(
        max_length=40, description="ISO-8601 duration, like PT71H59M59S or P1D; PT0S only runs the jobs"
    )
    run_jobs: bool = True


class RanOut(CamelSchema):
    job: str
    rows: int
    error: str | None = None


class MoveOut(CamelSchema):
    now: Instant
    ran: list[RanOut]


class MailOut(CamelSchema):
    to: str
    subject: str
    text: str
    html: str
    kind: str
    sent_at: Instant


class MailsOut(CamelSchema):
    items: list[MailOut]


class MailFilters(CamelSchema):
    to: str = Field("", max_length=254)


class LoginIn(CamelSchema):
    email: str = Field(max_length=254)


@router.get("demo/clock", response=Now)
def read_clock(request: HttpRequest) -> dict[str, Any]:
    return {"now": clock.now()}


@router.post("demo/clock", response=MoveOut)
def move_clock(request: HttpRequest, body: MoveIn) -> dict[str, Any]:
    """Let time pass, and everything happen that is due by then. With `runJobs` false nothing is run: the beat stands."""
    now, ran = moving.move(durations.read(body.advance), run_jobs=body.run_jobs)
    return {"now": now, "ran": ran}


@router.get("demo/mails", response=MailsOut)
def mails(request: PageRequest, filters: Query[MailFilters]) -> dict[str, Any]:
    """Every mail sent so far, newest first."""
    return {"items": drawer.mails(request.now, filters.to)}


@router.post("demo/login", response=Me)
def login(request: SignedInRequest, body: LoginIn) -> dict[str, object]:
    """Become somebody. An unknown address becomes a new verified student."""
    become(request, body.email)
    return me(request)
