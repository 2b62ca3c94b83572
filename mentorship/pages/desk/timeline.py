"""One timeline of a person, newest first: every source one statement, whatever there is, cut to a page."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db.models import Q

from mentorship.pages.desk.sources import SOURCES, Line, Reader, Source
from mentorship.people.models import User
from notifications.models import Delivery, Notification
from packs.models import SessionPack
from payments.models import Order
from seats.models import Seat
from sessions_app.models import BookingRequest, Session

PAGE = 50


@dataclass(frozen=True)
class Timeline:
    lines: list[Line] = field(default_factory=list)
    next: str = ""


@dataclass(frozen=True)
class _Mark:
    """The last line of a page: the next one begins after it. Lines of one instant stand in the order of the sources."""

    at: datetime
    source: int
    pk: str

    def after(self, number: int, source: Source) -> Q:
        earlier = Q(**{f"{source.at}__lt": self.at})
        same = Q(**{source.at: self.at})
        if number > self.source:
            return earlier | same
        return earlier | (same & Q(pk__lt=self.pk)) if number == self.source else earlier


def timeline(
    person: User,
    *,
    reader: Reader,
    seen: Collection[str],
    kind: str = "",
    other_id: int | None = None,
    before: str = "",
) -> Timeline:
    """What happened to this person: of the kinds in `seen` (or only `kind`), with everybody or only with `other_id`."""
    mark = _read(before)
    found: list[tuple[tuple[Any, ...], Line]] = []
    for number, source in enumerate(SOURCES):
        if source.kind not in seen or kind not in ("", source.kind):
            continue
        rows = source.rows(_who(source, person, other_id))
        if mark is not None:
            rows = rows.filter(mark.after(number, source))
        if source.model is Notification:
            rows = rows.prefetch_related("deliveries")
        for row in rows.order_by(f"-{source.at}", "-pk")[: PAGE + 1]:
            found.append(((-getattr(row, source.at).timestamp(), number), (row, source)))  # type: ignore[arg-type]
    # Stable: rows of one source and instant keep the order of their ids.
    found.sort(key=lambda one: one[0])
    page: list[Any] = [one[1] for one in found[:PAGE]]
    more = len(found) > PAGE
    lines = [source.tell(row, reader) for row, source in page]
    return Timeline(lines, _write(*page[-1]) if more else "")


def _who(source: Source, person: User, other_id: int | None) -> Q:
    if source.model is Notification:
        told = Q(recipient=person)
        return told & Q(about__in=_abouts(person, other_id)) if other_id is not None else told
    if source.model is Delivery:
        owned = [person.email, *EmailAddress.objects.filter(user=person).values_list("email", flat=True)]
        return Q(pk__in=[]) if other_id is not None else Q(notification=None, to__in=owned)
    student, mentor = f"{source.pair}student", f"{source.pair}mentor"
    if other_id is None:
        return Q(**{student: person}) | Q(**{mentor: person})
    return Q(**{student: person, mentor: other_id}) | Q(**{student: other_id, mentor: person})


def _abouts(person: User, other_id: int) -> list[str]:
    """What a notification about this pair is about."""
    pair = Q(student=person, mentor=other_id) | Q(student=other_id, mentor=person)
    models: dict[str, Any] = {
        "session": Session,
        "order": Order,
        "pack": SessionPack,
        "seat": Seat,
        "request": BookingRequest,
    }
    told = [
        f"{name}:{pk}"
        for name, model in models.items()
        for pk in model.objects.filter(pair).values_list("pk", flat=True)
    ]
    return [*told, f"pair:{person.pk}:{other_id}", f"pair:{other_id}:{person.pk}"]


def _write(row: Any, source: Source) -> str:
    mark = [getattr(row, source.at).isoformat(), SOURCES.index(source), str(row.pk)]
    return base64.urlsafe_b64encode(json.dumps(mark).encode()).decode()


def _read(text: str) -> _Mark | None:
    """Where the page begins; a mark that was tampered with is none."""
    try:
        at, number, pk = json.loads(base64.urlsafe_b64decode(text.encode()))
        pk = str(pk)  # as it was written: a null is no id
        source, moment = SOURCES[int(number)], datetime.fromisoformat(at)
        source.model._meta.pk.to_python(pk)  # type: ignore[union-attr]
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError, RecursionError, ValidationError):
        return None
    return _Mark(moment, int(number), pk) if moment.tzinfo and int(number) >= 0 else None
