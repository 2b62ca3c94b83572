"""A time that somebody at the desk types, in their own zone; where the clocks show it twice, with the words that tell which."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget

from mentorship.kernel import local_time
from sessions_app.availability import instants

YEARS = range(2000, 2101)
TYPED = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?: (\S+))?")


def _zone() -> ZoneInfo:
    """The reader's: the desk's pages are read and drawn in it."""
    return ZoneInfo(timezone.get_current_timezone_name())


def _parts(typed: Any) -> tuple[datetime, str] | None:
    """The wall-clock time and the word behind it, or None for what is none."""
    found = TYPED.fullmatch(str(typed).strip())
    if found is None:
        return None
    try:
        wall = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return None
    return (wall, found[3] or "") if wall.year in YEARS else None


def _readings(wall: datetime, zone: ZoneInfo) -> dict[str, datetime]:
    """ "18:00", or both of "02:30 CEST" and "02:30 CET", each with its instant; nothing where the clocks skip it."""
    return {local_time.words(at, zone, style="time"): at for at in instants(wall, zone)}


def typed(moment: datetime, zone: ZoneInfo) -> str:
    """An instant as one would type it: "2026-11-24T18:00", "2026-10-25 02:30 CET"."""
    local = moment.astimezone(zone)
    said = local_time.words(moment, zone, style="time")
    return f"{local:%Y-%m-%d} {said}" if " " in said else f"{local:%Y-%m-%dT%H:%M}"


class MomentInput(UnfoldAdminTextInputWidget):
    """The browser's own picker; it has no place for the word that tells two equal times apart, so there one types."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"})

    def format_value(self, value: Any) -> str | None:
        return typed(value, _zone()) if isinstance(value, datetime) else super().format_value(value)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        parts = _parts(context["widget"]["value"])
        if parts and (parts[1] or len(instants(parts[0], _zone())) == 2):
            context["widget"]["type"] = "text"
        return context


class MomentField(forms.DateTimeField):
    """Wall-clock time in the reader's zone, in years for which every other zone has a time, too."""

    def prepare_value(self, value: Any) -> Any:
        return value  # the widget writes an instant in the reader's zone

    def to_python(self, value: Any) -> datetime | None:
        if value not in self.empty_values and (parts := _parts(value)):
            return self._read(*parts)
        moment = super().to_python(value)
        if moment is not None and moment.year not in YEARS:
            raise forms.ValidationError(f"A day between {YEARS.start} and {YEARS.stop - 1}, please.", code="invalid")
        return moment

    def _read(self, wall: datetime, which: str) -> datetime:
        readings = _readings(wall, _zone())
        said = f"{wall:%H:%M} {which.upper()}".strip()
        if said in readings:
            return readings[said]
        if not readings:
            trouble = f"The clocks skip {wall:%H:%M} that day."
        elif len(readings) == 2:
            first, second = (f"“{wall:%Y-%m-%d} {reading}”" for reading in readings)
            trouble = f"The clocks go back that day, and {wall:%H:%M} comes twice. Write {first} or {second}."
        else:
            trouble = f"{wall:%H:%M} comes once that day. Leave “{which}” out."
        raise forms.ValidationError(trouble, code="invalid")


def moment_field(label: str, help_text: str) -> MomentField:
    return MomentField(
        label=label,
        help_text=help_text,
        widget=MomentInput(),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )
