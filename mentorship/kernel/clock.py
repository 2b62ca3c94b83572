"""The one source of `now`. Read it once at the edge (view, task, command) and pass it down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import F

from mentorship.kernel.models import ClockOffset


def now() -> datetime:
    """The product's time: machine time, plus the demo clock's offset when the demo is on."""
    return machine_now() + offset()


def machine_now() -> datetime:
    """Real time, for what the demo clock must not move: cookies, signature stamps, codes, rate limits, leases, retries."""
    return datetime.now(UTC)


def offset() -> timedelta:
    if not settings.DEMO:
        return timedelta()
    return ClockOffset.objects.values_list("offset", flat=True).first() or timedelta()


def advance(by: timedelta) -> datetime:
    """Move the demo clock forward. Returns the new now. Raises RuntimeError outside the demo, ValueError backwards."""
    if not settings.DEMO:
        raise RuntimeError("the clock moves only in the demo")
    if by < timedelta():
        raise ValueError("the clock only moves forward")
    ClockOffset.objects.get_or_create(pk=1, defaults={"offset": timedelta()})
    ClockOffset.objects.update(offset=F("offset") + by)
    return now()


def utc(moment: datetime) -> datetime:
    """The same instant in UTC: what counts elapsed minutes on, or compares, does it here. Python adds to a zone's clock as
    if it never changed, and calls no time of a repeated hour equal to the same instant in another zone.
    """
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """UTC with a `Z`, as the API writes every instant."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
