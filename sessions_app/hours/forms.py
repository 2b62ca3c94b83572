from __future__ import annotations

from typing import Any

from django import forms

from mentorship.people.models import MentorProfile
from mentorship.people.models.mentor import HORIZON_DAYS
from mentorship.people.zones import choices as zone_choices
from sessions_app.availability import DAY_MINUTES
from sessions_app.hours.forms_week import ClockField, minute
from sessions_app.models import DateException
from sessions_app.services.hours import BOOKING_RULES

STEPS = (5, 10, 15, 20, 30, 45, 60, 90, 120)
NOTE_MAX = 120


class DayField(forms.DateField):
    """A day as a browser's own calendar sends it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)


class DateForm(forms.Form):
    """One date that differs from the week. After `is_valid()`, `kind` and `minutes` are what `add_exception` takes."""

    OFF, CLOSED, EXTRA = "off", "closed", "extra"

    day = DayField(label="Day")
    differs = forms.ChoiceField(
        label="What is different?",
        choices=[(EXTRA, "Extra hours"), (OFF, "Closed all day"), (CLOSED, "Closed for some hours")],
        widget=forms.RadioSelect,
        initial=EXTRA,
    )
    start = ClockField(label="From", required=False)
    end = ClockField(label="Until", required=False, help_text="An end before its start lies on the next day.")

    kind: str
    minutes: tuple[int, int] | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        differs = cleaned.get("differs")
        self.kind = DateException.Kind.EXTRA if differs == self.EXTRA else DateException.Kind.CLOSED
        if differs in (self.EXTRA, self.CLOSED) and not self.has_error("start") and not self.has_error("end"):
            self.minutes = self._minutes(cleaned.get("start"), cleaned.get("end"))
        return cleaned

    def _minutes(self, start: Any, end: Any) -> tuple[int, int] | None:
        for name, value, word in (("start", start, "begin"), ("end", end, "end")):
            if value is None:
                self.add_error(name, f"Say when these hours {word}.")
        if start is None or end is None:
            return None
        first, last = minute(start), minute(end)
        if first == last and first != 0:
            self.add_error("end", "This ends when it begins.")
        return first, last if last > first else last + DAY_MINUTES


class VacationForm(forms.Form):
    """The days, as they are asked about; whether they can be is `what_if_away`'s question."""

    first_day = DayField(label="First day away")
    last_day = DayField(label="Last day away", help_text="You are back on the day after it.")
    note = forms.CharField(
        label="A word to your students", required=False, max_length=NOTE_MAX, help_text="They read it with the dates."
    )

    def clean_note(self) -> str:
        return " ".join(self.cleaned_data["note"].split())


class RulesForm(forms.ModelForm):
    """How a mentor is booked."""

    slot_step_minutes = forms.TypedChoiceField(
        label="A start every", coerce=int, help_text="Counted from the start of each stretch of hours."
    )
    horizon_days = forms.IntegerField(
        label="Days ahead, at most",
        required=False,
        min_value=HORIZON_DAYS[0],
        max_value=HORIZON_DAYS[1],
        help_text="How far ahead somebody who buys may choose a time. Sessions already bought can be booked until they expire.",
    )

    class Meta:
        model = MentorProfile
        fields = BOOKING_RULES
        labels = {
            "notice_hours": "Hours of notice, at least",
            "buffer_before_minutes": "Free minutes before a session",
            "buffer_after_minutes": "Free minutes after a session",
            "most_sessions_a_day": "Sessions a day, at most",
            "most_changes_a_pack": "Free changes a pack, at most",
        }
        help_texts = {
            "notice_hours": "1 to 72. Nobody books a time that is nearer. Requests always need at least 24.",
            "buffer_before_minutes": "Nothing else is booked in them. Sessions already booked keep the breaks they have.",
            "buffer_after_minutes": "Up to 240.",
            "most_sessions_a_day": "Empty: as many as fit. Counted on a day of your zone.",
            "most_changes_a_pack": "How often a student may move or cancel in time. Empty: as often as they need.",
        }

    def __init__(self, *args: Any, usual_horizon: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = sorted({*STEPS, self.instance.slot_step_minutes})
        step = self.fields["slot_step_minutes"]
        step.choices = [(n, f"{n} minutes" if n < 60 or n % 60 else _hours(n // 60)) for n in steps]  # type: ignore[attr-defined]
        self.fields["horizon_days"].widget.attrs["placeholder"] = str(usual_horizon)
        for name, least, most in (
            ("notice_hours", 1, 72),
            ("most_sessions_a_day", 1, 24),
            ("most_changes_a_pack", 1, 50),
        ):
            self.fields[name].widget.attrs.update({"min": least, "max": most})
        for name in ("buffer_before_minutes", "buffer_after_minutes"):
            self.fields[name].widget.attrs.update({"min": 0, "max": 240, "step": 5})
        for field in self.fields.values():
            if isinstance(field, forms.IntegerField):
                field.widget.attrs["inputmode"] = "numeric"


def _hours(n: int) -> str:
    return "hour" if n == 1 else f"{n} hours"


class ZoneForm(forms.Form):
    """Where the mentor is from now on."""

    to = forms.ChoiceField(label="Your time zone", choices=zone_choices)
