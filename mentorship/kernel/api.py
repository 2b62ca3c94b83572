"""What every API router shares: camelCase schemas, ids and instants, keyset pages, the signed-in user."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from ninja import Schema
from ninja.security import SessionAuth
from ninja.utils import check_csrf
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from mentorship.kernel import clock, limits
from mentorship.kernel.refusals import CsrfFailed, LoginRequired, Malformed

PAGE_SIZE = 50
BIGGEST_ID = 2**63 - 1


class CamelSchema(Schema):
    """camelCase on the wire, snake_case in code; unknown fields of a request are ignored, never trusted."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Problem(Schema):
    """RFC 9457: what every refusal looks like. `code` is for programs, `detail` for people."""

    status: int
    code: str
    title: str
    detail: str


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


def _no_boolean(value: object) -> object:
    """pydantic would read `true` as 1."""
    if isinstance(value, bool | float):
        raise ValueError("must be an integer")
    return value


# What comes in must carry an offset (naive is refused as malformed); what goes out is UTC with a Z.
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_iso_text),
    AfterValidator(_in_utc),
    PlainSerializer(clock.iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _absolute(url: str, info: ValidationInfo) -> str:
    return info.context["request"].build_absolute_uri(url) if info.context and url.startswith("/") else url


# An answer's link: a path of ours leads back to the host of the request.
Link = Annotated[str, AfterValidator(_absolute), WithJsonSchema({"type": "string", "format": "uri"})]

# A row's id as a client may send it: an integer, or one in a string. PostgreSQL knows none beyond bigint.
Id = Annotated[int, BeforeValidator(_no_boolean), Field(ge=0, le=BIGGEST_ID)]


class SignedIn(SessionAuth):
    """Session cookie. Judged before anything else: 401 `login_required`, then 403 `csrf_failed`, then the limit's 429.

    ninja checks CSRF before it asks who is there; an anonymous POST would be told about a token it has no use for.
    """

    def __init__(self, limit: Callable[[HttpRequest], None] | None = None) -> None:
        super().__init__()
        self.limit = limit

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            raise LoginRequired
        if check_csrf(request) is not None:
            raise CsrfFailed
        if self.limit is not None:
            self.limit(request)
        return request.user


signed_in = SignedIn()


def at_most(what: str, number: str) -> SignedIn:
    """Signed in, and at most `settings.MENTORSHIP.<number>` attempts a minute, counted by distinct Idempotency-Key."""

    def spend(request: HttpRequest) -> None:
        key = request.headers.get("Idempotency-Key") or None
        limits.spend(what, str(request.user.pk), getattr(settings.MENTORSHIP, number), key)

    return SignedIn(spend)


def page_by_id(rows: models.QuerySet[Any], cursor: str | None, field: str = "pk") -> tuple[list[Any], str | None]:
    """Keyset page over ascending integer ids: the rows' own, or a foreign key's. Raises Malformed for a cursor that is none."""
    if cursor:
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
            raise Malformed("This cursor is not one of ours.")
        rows = rows.filter(**{f"{field}__gt": int(cursor)})
    found = list(rows.order_by(field)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return shown, str(getattr(shown[-1], field)) if len(found) > PAGE_SIZE else None


def page_by_time(rows: models.QuerySet[Any], cursor: str | None, field: str) -> tuple[list[Any], str | None]:
    """Keyset page over (an instant, a UUID primary key), ascending. Raises Malformed for a cursor that is none."""
    if cursor:
        at, pk = _read_time_cursor(cursor)
        rows = rows.filter(models.Q(**{f"{field}__gt": at}) | models.Q(**{field: at, "pk__gt": pk}))
    found = list(rows.order_by(field, "pk")[: PAGE_SIZE + 1])
    if len(found) <= PAGE_SIZE:
        return found, None
    last = found[PAGE_SIZE - 1]
    return found[:PAGE_SIZE], f"{clock.iso(getattr(last, field))}_{last.pk}"


def _read_time_cursor(cursor: str) -> tuple[datetime, UUID]:
    at, _, pk = cursor.partition("_")
    try:
        moment, key = datetime.fromisoformat(at), UUID(pk)
        return moment.astimezone(UTC), key
    except (ValueError, OverflowError):
        raise Malformed("This cursor is not one of ours.") from None
