from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from sessions_app.availability import DAY_MINUTES, join

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_WINDOWS = 6

Rule = tuple[int, int, int]


class ClockField(forms.TimeField):
    """A wall-clock time; 24:00 is understood as the midnight it is."""

    widget = forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")

    def to_python(self, value: Any) -> time | None:
        return super().to_python("00:00" if value == "24:00" else value)


class WeekForm(forms.Form):
    """A mentor's whole week: up to six windows a day, each two times. An end not after its start lies on the next day.

    Two buttons change the week before it is read: `remove` ("0-1": Monday's second window) and `copy` ("0": Monday's hours
    replace those of the days in `copy-0`). After `is_valid()`, `rules` has the week, windows of a day that touch or overlap
    joined.
    """

    def __init__(self, data: QueryDict | None = None, *, rules: Iterable[Rule] = ()) -> None:
        self.rules: list[Rule] = list(rules)
        saved = {day: join((start, end) for d, start, end in self.rules if d == day) for day in range(7)}
        # A change of zone may bring more windows together on one day than the form would offer.
        self.most = max(MOST_WINDOWS, *map(len, saved.values()))
        super().__init__(_without_removed(data) if data is not None else None)
        for day in range(7):
            for n in range(self.most):
                window = saved[day][n] if n < len(saved[day]) else None
                start, end = f"{day}-{n}-from", f"{day}-{n}-until"
                self.fields[start] = ClockField(required=False, initial=_clock(window[0]) if window else None)
                self.fields[end] = ClockField(required=False, initial=_clock(window[1]) if window else None)
                self.fields[start].label = f"{DAY_NAMES[day]}, from"
                self.fields[end].label = f"{DAY_NAMES[day]}, until"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        week = {day: self._windows_of(day) for day in range(7)}
        if not self.errors:
            for day in _copy_targets(self.data):
                week[day] = week[int(self.data["copy"])]
            self.rules = [(day, start, end) for day, windows in week.items() for start, end in windows]
        return cleaned

    def _windows_of(self, day: int) -> list[tuple[int, int]]:
        found = []
        for n in range(self.most):
            names = f"{day}-{n}-from", f"{day}-{n}-until"
            start, end = (self.cleaned_data.get(name) for name in names)
            if self.has_error(names[0]) or self.has_error(names[1]) or (start is None and end is None):
                continue
            if start is None or end is None:
                missing, word = (names[0], "starts") if start is None else (names[1], "ends")
                self.add_error(missing, f"Say when this {word}, or empty both fields.")
            elif start == end != time(0):
                self.add_error(names[1], "This ends when it starts.")
            else:
                first, last = minute(start), minute(end)
                found.append((first, last if last > first else last + DAY_MINUTES))
        joined = join(found)
        if any(last - first > DAY_MINUTES for first, last in joined):
            self.add_error(None, f"{DAY_NAMES[day]}: these hours run into each other for more than a day.")
        return joined

    def days(self) -> list[dict[str, Any]]:
        """For the template: each day with its windows, one spare window, and the other days."""
        return [
            {"number": day, "name": name, "windows": self._rows(day), "spare": self._spare(day), "others": _others(day)}
            for day, name in enumerate(DAY_NAMES)
        ]

    def _row(self, day: int, n: int) -> dict[str, Any]:
        start, end = self[f"{day}-{n}-from"], self[f"{day}-{n}-until"]
        first, last = (str(field.value() or "")[:5] for field in (start, end))
        return {"key": f"{day}-{n}", "start": start, "end": end, "overnight": "00:00" < last <= first}

    def _filled(self, day: int) -> int:
        """How many rows of this day are in use: up to the last that has anything in it."""
        rows = [n for n in range(self.most) if self[f"{day}-{n}-from"].value() or self[f"{day}-{n}-until"].value()]
        return rows[-1] + 1 if rows else 0

    def _rows(self, day: int) -> list[dict[str, Any]]:
        return [self._row(day, n) for n in range(self._filled(day))]

    def _spare(self, day: int) -> dict[str, Any] | None:
        n = self._filled(day)
        return self._row(day, n) if n < self.most else None


def _without_removed(data: QueryDict) -> MultiValueDict[str, str]:
    data = data.copy()
    if removed := data.get("remove"):
        for end in ("from", "until"):
            data.pop(f"{removed}-{end}", None)
    return data


def _copy_targets(data: Any) -> list[int]:
    days = [str(day) for day in range(7)]
    source = data.get("copy")
    if source not in days:
        return []
    return [int(day) for day in data.getlist(f"copy-{source}") if day in days]


def _others(day: int) -> list[tuple[int, str]]:
    return [(n, name) for n, name in enumerate(DAY_NAMES) if n != day]


def minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)
