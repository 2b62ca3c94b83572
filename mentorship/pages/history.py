"""Past sessions of one side, newest first, a page at a time by key: the last page costs what the first one does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q

from mentorship.kernel import clock
from mentorship.pages.session_card import MADE_UP, SessionCard, cards
from mentorship.people.http import SignedInRequest
from sessions_app.models import Session

PAGE = 20


def history_page(request: SignedInRequest, **side: Any) -> dict[str, Any]:
    """Context of a history list: `past` (cards) and `more_url`. `side` is student=… or mentor=…; reads ?before=."""
    now = request.now
    rows = Session.objects.filter(**side).exclude(status__in=Session.BLOCKING)
    rows = rows.select_related("student", "mentor", "pack").numbered().annotate(made_up=MADE_UP)
    rows = rows.order_by("-starts_at", "-pk")
    if before := _read(request.GET.get("before", "")):
        starts_at, pk = before
        rows = rows.filter(Q(starts_at__lt=starts_at) | Q(starts_at=starts_at, pk__lt=pk))
    found = cards(rows[: PAGE + 1], request.user, now)
    return {"past": found[:PAGE], "more_url": _next(request, found[PAGE - 1]) if len(found) > PAGE else ""}


def _next(request: SignedInRequest, last: SessionCard) -> str:
    before = f"{clock.iso(last.session.starts_at)}~{last.session.pk}"
    return "?" + urlencode({"tab": request.GET.get("tab", ""), "before": before})


def _read(text: str) -> tuple[datetime, UUID] | None:
    """The key of the page's start; None for anything that is not one."""
    moment, _, pk = text.partition("~")
    try:
        starts_at = datetime.fromisoformat(moment)
        return (starts_at if starts_at.tzinfo else starts_at.replace(tzinfo=UTC)).astimezone(UTC), UUID(pk)
    except (ValueError, OverflowError):
        return None
