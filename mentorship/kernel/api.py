"""What every API router shares: camelCase schemas, instants, keyset pages, the signed-in user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from django.db import models
from django.http import HttpRequest
from ninja import Schema
from ninja.security import SessionAuth
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

from mentorship.kernel import clock
from mentorship.kernel.refusals import Malformed

PAGE_SIZE = 50


class CamelSchema(Schema):
    """camelCase on the wire, snake_case in code; unknown fields of a request are ignored, never trusted."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


def _iso_text(at: object) -> object:
    """Only ISO-8601 text: pydantic would also read 1700000000 as seconds since 1970."""
    if isinstance(at, int | float) or (isinstance(at, str) and "-" not in at[1:]):
        raise ValueError("must be an ISO-8601 instant with its offset, like 2026-11-24T18:00:00Z")
    return at


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999") from None


# What comes in must carry an offset (naive is refused as malformed); what goes out is UTC with a Z.
Instant = Annotated[
    AwareDatetime, BeforeValidator(_iso_text), AfterValidator(_in_utc), PlainSerializer(clock.iso, return_type=str)
]


class SignedIn(SessionAuth):
    """Session cookie, with CSRF checked by Django's middleware semantics. Anonymous: 401 `login_required`."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Any | None:
        return request.user if request.user.is_authenticated else None


signed_in = SignedIn()


def page_by_id(rows: models.QuerySet[Any], cursor: str | None, size: int = PAGE_SIZE) -> tuple[list[Any], str | None]:
    """Keyset page over ascending integer ids. Raises Malformed for a cursor that is none."""
    if cursor:
        if not (cursor.isdecimal() and len(cursor) < 19):
            raise Malformed("This cursor is not one of ours.")
        rows = rows.filter(pk__gt=int(cursor))
    found = list(rows.order_by("pk")[: size + 1])
    return found[:size], str(found[size - 1].pk) if len(found) > size else None


def ensure_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
