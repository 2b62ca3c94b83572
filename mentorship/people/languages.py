"""The languages people may name, from Babel's list: stored as codes, shown as words."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from babel import Locale


@cache
def all_names() -> dict[str, str]:
    """Code -> English name, in the order of the names: the languages with a two-letter code."""
    known = Locale("en").languages
    return dict(sorted(((code, name) for code, name in known.items() if len(code) == 2), key=lambda p: p[1]))


def is_language(code: str) -> bool:
    return code in all_names()


def name(code: str) -> str:
    """ "de" is German; an unknown code stays as it is."""
    return all_names().get(code, code)


def names(codes: Iterable[str]) -> str:
    """ "German, English"."""
    return ", ".join(name(code) for code in codes)


def choices() -> list[tuple[str, str]]:
    return list(all_names().items())
