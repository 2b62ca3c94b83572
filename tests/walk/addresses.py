"""Every address of the product, as the URLconf has it, in words a test can compare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

# Not ours to walk; each is tested by its makers, and keeps no row of a student or mentor behind an id of ours.
NOT_WALKED = {
    "admin/": "Django's admin: staff only, by its own door",
    "accounts/": "django-allauth: its keys are signed, its rows the reader's own",
    "static/": "files that everybody may have",
}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>")


@dataclass(frozen=True)
class Address:
    route: str
    name: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(a or b for a, b in PARAMETER.findall(self.route))


def addresses() -> list[Address]:
    """All routes once, sorted, without those of NOT_WALKED."""
    found = {route: Address(route, name) for route, name in _walk(get_resolver().url_patterns, "")}
    return sorted(found.values(), key=lambda address: address.route)


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if any(route.startswith(left_out) for left_out in NOT_WALKED):
            continue
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern.name or ""
