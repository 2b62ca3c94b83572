from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class MentorListing(models.Model):
    """What the marketplace shows of a mentor's free seats and times: a projection, a hint, never trusted at commit."""

    mentor = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="listing")
    next_free_at = models.DateTimeField(null=True, blank=True)
    free_hours = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        help_text="Hours of the UTC week (0 = Monday 00:00) in which a free time starts within the next 14 days.",
    )
    sorts_at = models.DateTimeField(
        help_text="The marketplace's order: the next free time; for the full, and for those without one, far in the future."
    )
    refreshed_at = models.DateTimeField()

    class Meta:
        indexes = [
            GinIndex(fields=["free_hours"], name="pages_listing_hours"),
            models.Index(fields=["sorts_at", "mentor"], name="pages_listing_order"),
        ]

    def __str__(self) -> str:
        return f"listing of {self.mentor_id}"


class AuditRun(models.Model):
    """What the audit found, and since when something has been broken: a record of a look, of which only the last counts."""

    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(verbose_name="took, ms")
    broken = models.PositiveIntegerField(help_text="Rows that must never be.")
    overdue = models.PositiveIntegerField(help_text="Rows for which a job is late, or that wait for a person.")
    notes = models.PositiveIntegerField(help_text="Rows worth a look.")
    broken_since = models.DateTimeField(
        null=True, blank=True, help_text="The first of the runs in a row that found something broken."
    )
    findings = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        get_latest_by = "id"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.result}"

    @property
    def result(self) -> str:
        """ "clean", or since when it is not."""
        return f"broken since {self.broken_since:%Y-%m-%d %H:%M}" if self.broken_since else "clean"


class MentorClosing(models.Model):
    """A mentor who is being closed: begun once, worked off student by student, looked at again until nothing is left."""

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="closings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=250)
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0, help_text="People with whom all is ended.")
    waiting = models.PositiveIntegerField(default=0, help_text="People who stood in the line and were told.")
    problems = models.JSONField(default=dict, blank=True, help_text="By student, why theirs could not end yet.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mentor"], condition=models.Q(finished_at__isnull=True), name="pages_one_open_closing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mentor} since {self.began_at:%Y-%m-%d}"
