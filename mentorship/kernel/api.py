"""What every API router shares: camelCase schemas, instants, keyset pages, the signed-in user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from django.db import models
from django.http import HttpRequest
from ninja import Schema
from ninja.security import SessionAuth
from pydantic import AfterValidator, AwareDatetime, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

from mentorship.kernel import clock
from mentorship.kernel.refusals import Malformed

PAGE_SIZE = 50


class CamelSchema(Schema):
    """camelCase on the wire, snake_case in code; unknown fields of a request are ignored, never trusted."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


# What comes in must carry an offset (naive is refused as malformed); what goes out is UTC with a Z.
Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC)), PlainSerializer(clock.iso, return_type=str)]


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
