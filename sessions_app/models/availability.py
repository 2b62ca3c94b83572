from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class WeeklyRule(models.Model):
    """A weekly window in which the mentor can be booked: wall-clock time in the mentor's zone.

    Minutes count from the day's midnight; an `end_minute` of 1440 is the midnight after it, and one beyond that reaches
    into the next day.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="weekly_rules")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    start_minute = models.PositiveSmallIntegerField()
    end_minute = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["weekday", "start_minute"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="sessions_rule_weekday"),
            models.CheckConstraint(condition=Q(start_minute__range=(0, 1439)), name="sessions_rule_starts_on_its_day"),
            models.CheckConstraint(
                condition=Q(end_minute__gt=models.F("start_minute"), end_minute__lte=models.F("start_minute") + 1440),
                name="sessions_rule_ends_after_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["mentor", "weekday"], name="sessions_rules_of_mentor")]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {clock(self.start_minute)}-{clock(self.end_minute)}"


class DateException(models.Model):
    """One date that differs from the week: extra hours, or closed ones (without minutes: the whole day)."""

    class Kind(models.TextChoices):
        EXTRA = "EXTRA", "extra hours"
        CLOSED = "CLOSED", "closed"

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="date_exceptions")
    day = models.DateField(help_text="In the mentor's zone.")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    start_minute = models.PositiveSmallIntegerField(null=True, blank=True)
    end_minute = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["day", "start_minute"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="CLOSED", start_minute__isnull=True, end_minute__isnull=True)
                | Q(
                    start_minute__range=(0, 1439),
                    end_minute__gt=models.F("start_minute"),
                    end_minute__lte=models.F("start_minute") + 1440,
                ),
                name="sessions_exception_has_its_hours",
            ),
        ]
        indexes = [models.Index(fields=["mentor", "day"], name="sessions_exceptions")]

    def __str__(self) -> str:
        return f"{self.day} {self.get_kind_display()} {self.hours}".rstrip()

    @property
    def hours(self) -> str:
        """ "09:00-12:00", or nothing for the whole day."""
        if self.start_minute is None or self.end_minute is None:
            return ""
        return f"{clock(self.start_minute)}-{clock(self.end_minute)}"


class Vacation(models.Model):
    """Whole days on which the mentor is away: nothing can be booked, whatever the week and its extra hours say."""

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="vacations")
    first_day = models.DateField(help_text="In the mentor's zone.")
    last_day = models.DateField(help_text="Still away on this day.")
    note = models.CharField(max_length=120, blank=True, help_text="Students read it.")
    moved_packs = ArrayField(
        models.BigIntegerField(), default=list, blank=True, help_text="Packs whose expiry it moved by its length."
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=models.F("first_day")), name="sessions_vacation_in_order")
        ]
        indexes = [models.Index(fields=["mentor", "last_day"], name="sessions_vacations")]

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


def clock(minute: int) -> str:
    """Minutes after midnight as wall-clock text; the midnight at the end of a day is 24:00."""
    if minute > 1440:
        minute -= 1440
    return f"{minute // 60:02d}:{minute % 60:02d}"
