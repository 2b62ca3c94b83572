from __future__ import annotations

from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from mentorship.kernel import money


class SessionPackQuerySet(models.QuerySet["SessionPack"]):
    def open(self, now: datetime) -> SessionPackQuerySet:
        """Packs whose credits can be booked: ACTIVE and not past expiry, whether or not a job has run."""
        return self.filter(self.unexpired(now))

    def lapsed(self, now: datetime) -> SessionPackQuerySet:
        """Packs that are past expiry but not yet marked so."""
        return self.filter(status=SessionPack.Status.ACTIVE, expires_at__lte=now, frozen_at=None, paused_at=None)

    @staticmethod
    def unexpired(now: datetime) -> Q:
        """ACTIVE and not past expiry. While a pack is frozen or paused its clock stands: no deadline is reached."""
        stands = Q(frozen_at__isnull=False) | Q(paused_at__isnull=False)
        return Q(stands | Q(expires_at__gt=now), status=SessionPack.Status.ACTIVE)

    def keeping_a_seat(self, now: datetime) -> SessionPackQuerySet:
        """Seat-taking packs for whose sake an ACTIVE seat stays: unexpired, or with a session still scheduled.

        Where expired packs get a grace too, they keep the seat until it enters that grace.
        """
        live = self.unexpired(now)
        held = Q(status__in=[SessionPack.Status.ACTIVE, SessionPack.Status.EXPIRED], sessions_held__gt=0)
        keeping = live | held
        if settings.MENTORSHIP.expiry_grace_hours:
            keeping |= self.in_expiry_grace(now)
        return self.filter(keeping, takes_seat=True)

    @staticmethod
    def in_expiry_grace(now: datetime) -> Q:
        """Expired less than the expiry grace ago (by default there is none), whether or not a job has marked it."""
        since = now - timedelta(hours=settings.MENTORSHIP.expiry_grace_hours)
        either = [SessionPack.Status.ACTIVE, SessionPack.Status.EXPIRED]
        return Q(status__in=either, expires_at__gt=since, expires_at__lte=now, frozen_at=None, paused_at=None)


class SessionPack(models.Model):
    """Credits of one length with one mentor. The counters are a summary of the entries, which explain every change."""

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", "active"
        DEPLETED = "DEPLETED", "used up"
        EXPIRED = "EXPIRED", "expired"
        REFUNDED = "REFUNDED", "refunded"

    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="packs")
    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sold_packs")
    title = models.CharField(max_length=120)
    duration_minutes = models.PositiveSmallIntegerField()
    sessions_total = models.PositiveIntegerField(default=0)
    sessions_held = models.PositiveIntegerField(default=0)
    sessions_used = models.PositiveIntegerField(default=0)
    sessions_remaining = models.GeneratedField(
        expression=F("sessions_total") - F("sessions_held") - F("sessions_used"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    takes_seat = models.BooleanField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    depleted_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    no_renewal_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then its student has to ask before buying another pack."
    )

    objects = SessionPackQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sessions_total__gte=0, sessions_held__gte=0, sessions_used__gte=0),
                name="packs_counters_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(sessions_total__gte=F("sessions_held") + F("sessions_used")),
                name="packs_held_and_used_within_total",
            ),
            models.CheckConstraint(condition=~Q(student=F("mentor")), name="packs_not_with_oneself"),
            models.UniqueConstraint(
                fields=["student", "mentor", "duration_minutes"],
                condition=Q(status="ACTIVE", takes_seat=True),
                name="packs_one_open_per_pair_and_length",
            ),
        ]
        indexes = [
            models.Index(fields=["student", "mentor"], name="packs_pair"),
            models.Index(fields=["mentor", "expires_at"], condition=Q(status="ACTIVE"), name="packs_expiring"),
            models.Index(fields=["mentor", "student"], condition=Q(sessions_held__gt=0), name="packs_with_held"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.pk})"

    def is_open(self, now: datetime) -> bool:
        """Its credits can be booked (the same word as the queryset's)."""
        return self.status == self.Status.ACTIVE and not self.has_lapsed(now)

    def has_lapsed(self, now: datetime) -> bool:
        """Past expiry but not yet marked so. While it is frozen or paused its clock stands."""
        return self.status == self.Status.ACTIVE and self.expires_at <= now and not self.clock_stands

    @property
    def clock_stands(self) -> bool:
        return self.frozen_at is not None or self.paused_at is not None

    # What everybody is shown: the same before and after the job that tidies up has run.

    def remaining_at(self, now: datetime) -> int:
        """Credits that can be booked at `now`."""
        return self.sessions_total - self.sessions_held - self.sessions_used if self.is_open(now) else 0

    def total_at(self, now: datetime) -> int:
        """Total without what has lapsed by `now`."""
        return self.sessions_held + self.sessions_used if self.has_lapsed(now) else self.sessions_total

    def status_at(self, now: datetime) -> str:
        return self.Status.EXPIRED.value if self.has_lapsed(now) else self.status

    @property
    def unsettled(self) -> int:
        """Sessions still to complete: free and booked ones."""
        return self.sessions_total - self.sessions_used

    def get_absolute_url(self) -> str:
        return f"/student/packs/{self.pk}"


class Freeze(models.Model):
    """Why a pack is frozen: a dispute, a claim. While one stands nothing can be booked from it and its clock stands."""

    pack = models.ForeignKey(SessionPack, on_delete=models.PROTECT, related_name="freezes")
    cause = models.CharField(max_length=100, help_text="What froze it; once for each pack.")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pack", "cause"], name="packs_frozen_once_per_cause")]

    def __str__(self) -> str:
        return f"{self.cause} since {self.since:%Y-%m-%d}"


class Pause(models.Model):
    """A pause of a pack: one side asks, the other agrees; while it runs the pack's `paused_at` is set."""

    class Status(models.TextChoices):
        ASKED = "ASKED", "asked for"
        RUNNING = "RUNNING", "running"
        DECLINED = "DECLINED", "declined"
        WITHDRAWN = "WITHDRAWN", "taken back"
        LAPSED = "LAPSED", "out of date"
        ENDED = "ENDED", "over"

    pack = models.ForeignKey(SessionPack, on_delete=models.PROTECT, related_name="pauses")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ASKED)
    days = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    seconds = models.PositiveIntegerField(default=0, help_text="How long it lasted.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pack"], condition=Q(status__in=["ASKED", "RUNNING"]), name="packs_one_open_pause"
            ),
            models.CheckConstraint(
                condition=~Q(status="RUNNING") | Q(began_at__isnull=False, ends_at__isnull=False),
                name="packs_running_pause_has_its_end",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(status="RUNNING"), name="packs_pauses_ending")]

    def __str__(self) -> str:
        return f"pause of {self.days} days"


class DaysGiven(models.Model):
    """Days that lie ahead and for which a pack is valid longer already: where its clock stands in them, they do not count
    a second time.
    """

    pack = models.ForeignKey(SessionPack, on_delete=models.PROTECT, related_name="days_given")
    cause = models.CharField(max_length=100, help_text="What they were given for; once for each pack.")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "days given"
        constraints = [
            models.UniqueConstraint(fields=["pack", "cause"], name="packs_days_given_once_per_cause"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="packs_days_given_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.cause}: {self.begins_at:%Y-%m-%d} to {self.ends_at:%Y-%m-%d}"


class Purchase(models.Model):
    """One payment's share of a pack. `order_id` is the paying order's id (payments stand above, so no foreign key)."""

    pack = models.ForeignKey(SessionPack, on_delete=models.PROTECT, related_name="purchases")
    order_id = models.UUIDField(null=True, blank=True, unique=True)
    offering = models.ForeignKey(
        "offerings.Offering", null=True, blank=True, on_delete=models.PROTECT, related_name="purchases"
    )
    title = models.CharField(max_length=120)
    sessions = models.PositiveIntegerField()
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["pack", "id"], name="packs_purchases_in_order")]

    def __str__(self) -> str:
        return f"{self.sessions} for {self.price_display}"

    @property
    def price_display(self) -> str:
        return money.display(self.amount_minor, self.currency)


class CreditEntry(models.Model):
    """One change of a pack's counters: what, by whom, why. Never updated, never deleted; sums equal the counters."""

    class Kind(models.TextChoices):
        GRANTED = "GRANTED", "bought"
        GIVEN = "GIVEN", "given"
        TAKEN = "TAKEN", "taken back"
        HELD = "HELD", "booked"
        RETURNED = "RETURNED", "came back"
        USED = "USED", "used"
        LAPSED = "LAPSED", "lapsed"
        REVIVED = "REVIVED", "revived"
        REFUNDED = "REFUNDED", "refunded"
        MOVED_OUT = "MOVED_OUT", "moved to a make-up pack"
        MOVED_IN = "MOVED_IN", "make-up"
        CORRECTED = "CORRECTED", "judged anew"
        # These move no credit: they explain why nothing could be booked for a while, why the pack ends later, and what
        # support has changed besides.
        PAUSED = "PAUSED", "paused"
        EXPIRY = "EXPIRY", "expiry moved"
        NOTED = "NOTED", "noted"

    pack = models.ForeignKey(SessionPack, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    total_delta = models.IntegerField(default=0)
    held_delta = models.IntegerField(default=0)
    used_delta = models.IntegerField(default=0)
    purchase = models.ForeignKey(Purchase, null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    session_id = models.UUIDField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When this entry moved the expiry: to when.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "credit entries"
        indexes = [
            models.Index(fields=["pack", "id"], name="packs_statement"),
            models.Index(fields=["purchase"], name="packs_entries_of_purchase"),
            models.Index(fields=["session_id"], name="packs_entries_of_session"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.total_delta:+d}/{self.held_delta:+d}/{self.used_delta:+d}"

    @property
    def free_delta(self) -> int:
        """What the entry changed in the credits that can be booked."""
        return self.total_delta - self.held_delta - self.used_delta
