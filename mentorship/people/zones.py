"""IANA time zones: the list people choose from, and the check that a name is one of them."""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError


@cache
def names() -> tuple[str, ...]:
    """Every zone people may choose: regions with a city, and UTC."""
    return (
        "UTC",
        *sorted(
            z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "posix/", "right/", "SystemV/"))
        ),
    )


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    return name in names()


def validate_zone(name: str) -> None:
    if not is_zone(name):
        raise ValidationError("Choose a time zone from the list.", code="zone")


def zone(name: str) -> ZoneInfo:
    """The zone of this name, or UTC for a name that is none (a forged cookie)."""
    return ZoneInfo(name if is_zone(name) else "UTC")


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """For a select: the cities grouped by continent, UTC first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for key in names()[1:]:
        continent, _, city = key.partition("/")
        groups.setdefault(continent, []).append((key, city.replace("_", " ").replace("/", ", ")))
    return [("Everywhere", [("UTC", "UTC")]), *groups.items()]
