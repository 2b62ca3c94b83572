from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Value


class CalendarBlock(models.Model):
    """A person's time that is taken, [start, end). Presence is the state: a block that ends is deleted.

    One exclusion constraint guards every person in every role: nobody is in two places at once.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks")
    span = DateTimeRangeField()
    session = models.ForeignKey("sessions_app.Session", on_delete=models.CASCADE, related_name="blocks")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="sessions_nobody_twice",
                expressions=[
                    # A range of one id compares by overlap like a span does, so no btree_gist extension is needed.
                    (Func(F("person"), F("person"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    ("span", RangeOperators.OVERLAPS),
                ],
            ),
            models.UniqueConstraint(fields=["session", "person"], name="sessions_one_block_a_side"),
            models.CheckConstraint(condition=models.Q(span__isempty=False), name="sessions_block_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.span}"


class BusyTime(models.Model):
    """A person's time that an outside calendar says is taken, [start, end). Spans of one source may overlap others."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="busy_times")
    span = DateTimeRangeField()
    source = models.CharField(max_length=60, help_text="Which calendar says so; a sync replaces its own.")

    class Meta:
        indexes = [models.Index(fields=["person", "source"], name="sessions_busy_of_source")]
        constraints = [models.CheckConstraint(condition=models.Q(span__isempty=False), name="sessions_busy_not_empty")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.span} ({self.source})"
