"""CSV files people open in a spreadsheet: a cell that begins like a formula is never run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # or spreadsheets read UTF-8 as something else


def cell(value: object) -> str:
    """The value as text; an apostrophe in front keeps a spreadsheet from running it. Plain numbers stay numbers."""
    text = "" if value is None else str(value)
    if text.lstrip(" ").startswith(STARTS_A_FORMULA) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The file line by line, for a streaming answer."""
    yield BOM
    for row in rows:
        written = io.StringIO()
        csv.writer(written).writerow([cell(value) for value in row])
        yield written.getvalue()
